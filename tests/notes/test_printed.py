"""What is printed holds every question, exercise and picture, and no early answer."""

import re
from pathlib import Path

import pytest

from tests.notes.markdown import FOLDED, LINK, code_of, text_of
from tests.notes.printed import DOCUMENTS, answers, print_all, slides, tasks, worksheet
from tests.notes.site import EXERCISES, LESSONS


@pytest.fixture(autouse=True)
def _site() -> None:
    for needed in "markdown", "latex2mathml":
        pytest.importorskip(needed, reason=f"needs {needed}")


def test_the_worksheet_asks_all_and_answers_nothing() -> None:
    sheet = worksheet()

    assert len(tasks()) == 6 + len(EXERCISES[1:])
    assert sheet.count('class="room"') == len(tasks())
    assert "Solution" not in sheet
    assert "check_" not in sheet


def test_the_answers_hold_every_solution() -> None:
    sheet = re.sub(r"<[^>]*>|\s", "", answers()).replace("&gt;", ">")

    for exercise in EXERCISES[1:]:
        *_, (_, folded) = FOLDED.findall(text_of(exercise))
        for code in code_of(folded):
            assert re.sub(r"\s", "", code) in sheet


def test_every_picture_of_a_lesson_is_on_a_slide_as_it_is_at_its_end() -> None:
    shown = slides()
    pictures = [link for page in LESSONS for link in LINK.findall(text_of(page))]

    for mark, _, target in pictures:
        assert not mark or f"/{target}#still" in shown
    assert shown.count("<section>") == sum(bool(mark) for mark, *_ in pictures)
    assert not re.search(r"\$|\]\(", shown)


@pytest.mark.browser
def test_everything_is_printed(tmp_path: Path) -> None:
    try:
        printed = print_all(tmp_path)
    except FileNotFoundError as error:
        pytest.skip(str(error))

    assert [pdf.stem for pdf in printed] == [*DOCUMENTS]
    pages = [len(re.findall(rb"/Type\s*/Page\b", pdf.read_bytes())) for pdf in printed]
    assert min(pages) >= 3
    assert pages[-1] == slides().count("<section>")
