"""The notebook, line by line, says the same in English and in Chinese."""

import re
from pathlib import Path

import pytest

from tests.notes.markdown import FENCE, LINK, NOTES, prose_of, text_of

DEFECTS = [f"S{n}" for n in range(1, 19)]
ENGLISH, CHINESE = NOTES / "notebook.md", NOTES / "notebook.zh.md"


def sections_of(page: Path) -> list[str]:
    return re.split(r"^## ", text_of(page), flags=re.MULTILINE)


def test_both_languages_show_the_same_code_and_the_same_outputs() -> None:
    assert FENCE.findall(text_of(ENGLISH)) == FENCE.findall(text_of(CHINESE))


def test_both_languages_give_the_same_numbers_in_every_section() -> None:
    english, chinese = (
        [
            sorted(re.findall(r"\d+(?:\.\d+)?", LINK.sub(r"\2", prose_of(section))))
            for section in sections
        ]
        for sections in map(sections_of, (ENGLISH, CHINESE))
    )

    assert english == chinese


def test_both_languages_name_the_same_things() -> None:
    english, chinese = (
        [sorted(set(re.findall(r"`[^`]+`", prose_of(section)))) for section in sections]
        for sections in map(sections_of, (ENGLISH, CHINESE))
    )

    assert english == chinese


@pytest.mark.parametrize("page", [ENGLISH, CHINESE], ids=lambda page: page.name)
def test_every_defect_of_the_notebook_has_a_row_and_a_section(page: Path) -> None:
    text = text_of(page)
    rows = re.findall(r"^\| (S\d+) \| ([\d–、, ]+) \|", text, re.MULTILINE)
    sections = re.findall(
        r"^## (S\d+)\W+(?:lines? |第 )([\d–、, ]*\d)", text, re.MULTILINE
    )

    assert [key for key, _ in rows] == DEFECTS
    assert rows == sections


@pytest.mark.parametrize("page", [ENGLISH, CHINESE], ids=lambda page: page.name)
def test_every_defect_is_shown_by_code_that_runs(page: Path) -> None:
    defects = [each for each in sections_of(page) if re.match(r"S\d+\b", each)]

    assert all("```pycon\n>>> " in defect for defect in defects)
