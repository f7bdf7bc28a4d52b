"""The Chinese pages run the code of the English ones, and lead to each other."""

import re
from pathlib import Path

import pytest

from tests.notes.chinese import in_chinese
from tests.notes.markdown import LINK, NOTES, prose_of, text_of
from tests.notes.pages import original_of, with_code_of
from tests.notes.pictures import IN_CHINESE

PAGES = sorted(NOTES.glob("*.zh.md"))
ORIGINALS = {page: original_of(page) for page in PAGES}

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


@pages
def test_a_chinese_page_has_the_code_of_the_page_it_translates(page: Path) -> None:
    original, text = ORIGINALS[page], text_of(page)
    assert original is not None

    if page.name != "README.zh.md":
        code = text_of(original).count("\n```")
        assert text.count("\n```") == code, f"{original.name} has {code // 2} fences"
        assert with_code_of(text_of(original), text) == text, (
            "run python -m tests.notes.pages --update"
        )


@pages
def test_a_chinese_page_leads_to_chinese_pages_where_there_are_some(page: Path) -> None:
    _, _, rest = text_of(page).partition("\n[English](")
    targets = {NOTES / target for _, _, target in LINK.findall(prose_of(rest))}

    others = {original for other, original in ORIGINALS.items() if other != page}
    assert targets & others <= {NOTES / "README.md"}


@pages
def test_no_line_breaks_between_chinese_letters(page: Path) -> None:
    """A line break is shown as a blank, and there are none between Chinese letters."""
    letter = "[\u3001-\u9fff\uff01-\uffef]"

    assert re.findall(f"{letter}\n{letter}.*", prose_of(text_of(page))) == []


@pages
def test_emphasis_next_to_chinese_letters_is_closed(page: Path) -> None:
    """Two stars after punctuation and before a letter do not end what is strong."""
    for line in prose_of(text_of(page)).split("\n"):
        marks = re.sub(r"`[^`]*`|\$[^$]*\$", "x", line).split("**")
        assert len(marks) % 2 == 1, line
        for strong, after in zip(marks[1::2], marks[2::2], strict=True):
            ends, begins = strong[-1:], after[:1]
            assert not (re.match(r"[\W_]", ends) and re.match(r"\w", begins)), line


def test_a_translation_takes_the_code_of_its_original_and_keeps_its_words() -> None:
    original = "Words.\n\n```python\nx = 2\n```\n\nMore.\n\n```pycon\n>>> x\n2\n```\n"
    translated = original.replace("2", "1").replace("More", "Mehr")

    assert with_code_of(original, translated) == original.replace("More", "Mehr")


def test_the_pictures_of_chinese_pages_speak_chinese() -> None:
    shown = {
        target
        for page in PAGES
        for picture, _, target in LINK.findall(text_of(page))
        if picture
    }

    assert shown == {f"pictures/zh/{name}.svg" for name in IN_CHINESE}


def test_words_of_a_picture_are_chinese_and_its_code_stays() -> None:
    assert in_chinese("kernel 2×2, stride 1") == "卷积核 2×2，步长 1"
    assert in_chinese("dw[..., 0, 1]") == "dw[..., 0, 1]"
    with pytest.raises(ValueError, match="no Chinese words for 'never said'"):
        in_chinese("never said")
