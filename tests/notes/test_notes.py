"""The notes keep their form: a question, a law, an exercise whose check has teeth.

That their code runs, and prints what they show, is the business of `test_pages`.
"""

import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.notes.markdown import (
    FOLDED,
    LINK,
    NOTES,
    code_of,
    prose_of,
    section_of,
    text_of,
    title_of,
)
from tests.notes.pages import PAGES, ROOT

LESSONS = sorted(NOTES.glob("[0-9][0-9]-*.md"))

# A slip that a reader might make in each solution. The check of the page must see it.
SLIPS = {
    "01-convolution": ("w[..., f]", "w[::-1, ::-1, :, f]"),
    "02-windows": (
        "lacking // 2, lacking - lacking // 2",
        "lacking // 2, lacking // 2",
    ),
    "03-im2col": ("(padding, padding)", "(0, 2 * padding)"),
    "04-product": (" + b)", ")"),
    "dy": ("/ len(x)", "* len(x)"),
    "05-backward": ("dx[here] +=", "dx[here] ="),
    "06-col2im": ("x[:, rows, cols] +=", "x[:, rows, cols] ="),
    "07-turned-kernel": ("w[::-1, ::-1]", "w"),
    "08-transposed-convolution": ("w.reshape(-1, C)", "w[::-1].reshape(-1, C)"),
    "09-max-pool": ("left + kw] +=", "left + kw] ="),
    "10-average-pool": ("real[here].sum()", "K**2"),
    "11-unread-pixels": ("max(stride - kernel, 0)", "(stride - kernel)"),
    "12-rows-and-columns": ("rng.integers(-9, 10, y.shape)", "np.ones(y.shape, int)"),
    "13-memory": ("dW +=", "dW ="),
    "14-three-rungs": ("y +=", "y ="),
    "15-laws": ("rng.integers(1, 100, shape)", "np.ones(shape, int)"),
    "16-digits": ("w -=", "w +="),
    "17-layouts": ("np.moveaxis(w.reshape(C, H, W, -1), 0, 2)", "w"),
    "18-shortcuts": ("dy + backward", "backward"),
    "19-first-kernels": ("axis=(0, 1), keepdims", "axis=(0, 1, 2), keepdims"),
}

lessons = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.stem)
exercises = pytest.mark.parametrize(
    "lesson", [*LESSONS, NOTES / "dy.md"], ids=lambda lesson: lesson.stem
)


class Exercise(NamedTuple):
    """The code of an exercise: what checks, and what passes."""

    check: str
    solution: str


def exercise_of(lesson: Path) -> Exercise:
    section = section_of(lesson, "Exercise")
    (hint, _), (summary, folded) = FOLDED.findall(section)
    (check,) = code_of(FOLDED.sub("", section))
    (solution,) = code_of(folded)
    assert (hint, summary) == ("Hint", "Solution")
    return Exercise(check, solution)


def run(source: str, page: Path) -> dict[str, Any]:
    """Run code as a file of its own, which knows nothing of the rest of its page."""
    names: dict[str, Any] = {"__name__": "__exercise__"}
    exec(compile(source, str(page), "exec"), names)
    return names


@lessons
def test_a_lesson_answers_a_question(lesson: Path) -> None:
    assert title_of(lesson).endswith("?")


@lessons
def test_a_lesson_has_a_picture_loops_and_a_law_that_is_checked(lesson: Path) -> None:
    text = text_of(lesson)

    assert "](pictures/" in text
    assert re.search(r"^ *for .* in ", "".join(code_of(text)), re.MULTILINE)
    assert "assert " in "".join(code_of(section_of(lesson, "The law")))


@exercises
def test_the_solution_of_an_exercise_passes_its_check(lesson: Path) -> None:
    check, solution = exercise_of(lesson)
    (name,) = re.findall(r"(?:def|import) (check_\w+)", check)

    assert re.search(rf"^{name}\(\w+\)$", solution, re.MULTILINE)
    run(check + solution, lesson)


@exercises
def test_the_check_of_an_exercise_sees_a_slip_and_says_so(lesson: Path) -> None:
    check, solution = exercise_of(lesson)
    right, wrong = SLIPS[lesson.stem]
    assert right in solution

    with pytest.raises(AssertionError, match=r"."):
        run(check + solution.replace(right, wrong), lesson)


@lessons
def test_a_lesson_ends_with_the_way_to_its_neighbours(lesson: Path) -> None:
    at = LESSONS.index(lesson)
    before, after = LESSONS[max(at - 1, 0) : at], LESSONS[at + 1 : at + 2]
    ways = [
        *(f"[← {title_of(page)}]({page.name})" for page in before),
        "[all pages](README.md)",
        *(f"[{title_of(page)} →]({page.name})" for page in after),
    ]

    assert text_of(lesson).endswith(f"\n---\n\n{' · '.join(ways)}\n")


def test_questions_are_answered_in_three_sentences_and_lead_further() -> None:
    numbers = []
    for part in re.split(r"^### ", text_of(NOTES / "questions.md"), flags=re.MULTILINE)[
        1:
    ]:
        question, _, answer = part.partition("\n")
        words = re.sub(r"`[^`]*`", "it", prose_of(answer).partition("\n## ")[0])
        numbers.append(int(question.partition(".")[0]))

        assert question.endswith("?"), question
        assert len(re.findall(r"[.!?:](?=\s*$|\s+[A-Z`\[])", words)) <= 3, question
        assert LINK.search(words), question
    assert numbers == [*range(1, len(numbers) + 1)]
    assert len(numbers) >= 40


def test_lessons_are_numbered_without_gaps() -> None:
    assert [int(lesson.name[:2]) for lesson in LESSONS] == [*range(1, len(LESSONS) + 1)]


def test_the_map_lists_every_lesson_by_its_title() -> None:
    rows = re.findall(
        r"^\| (\d+) \| \[(.*)\]\((.*)\) \|", text_of(NOTES / "README.md"), re.MULTILINE
    )

    assert rows == [
        (str(n), title_of(lesson), lesson.name) for n, lesson in enumerate(LESSONS, 1)
    ]


def test_the_map_leads_to_every_page() -> None:
    linked = {target for _, _, target in LINK.findall(text_of(NOTES / "README.md"))}
    pages = {page.name for page in NOTES.iterdir() if page.suffix in (".md", ".html")}

    assert pages - {"README.md"} - linked == set()


def test_every_picture_stands_on_a_page() -> None:
    shown = {
        Path(target).stem
        for page in PAGES
        for picture, _, target in LINK.findall(text_of(page))
        if picture
    }

    assert {path.stem for path in (NOTES / "pictures").glob("*.svg")} - shown == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_gradients_are_no_debts(page: Path) -> None:
    words = r"\b(owe[ds]?|pay(s|ing)?|paid|payments?|[Ww]hoever|[Nn]obody)\b"

    assert re.findall(words, prose_of(text_of(page))) == []


def test_there_is_one_table_of_symbols() -> None:
    holders = [page.name for page in PAGES if "\n## Symbols\n" in text_of(page)]

    assert holders == ["README.md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere_and_pictures_say_what_they_show(page: Path) -> None:
    for picture, words, target in LINK.findall(prose_of(text_of(page))):
        if not re.match(r"\w+:|#", target):
            path = page.parent / target.partition("#")[0]
            assert path.exists(), f"{page.name}: {target} is missing"
        assert len(words) >= (30 if picture else 1), f"{page.name}: {target}: {words!r}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_formulas_and_code_are_closed(page: Path) -> None:
    for paragraph in prose_of(text_of(page)).split("\n\n"):
        assert paragraph.count("`") % 2 == 0, paragraph
        assert re.sub(r"`[^`]*`", "", paragraph).count("$") % 2 == 0, paragraph


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_line_of_a_paragraph_looks_like_a_list(page: Path) -> None:
    for paragraph in prose_of(text_of(page)).split("\n\n"):
        first, *others = paragraph.strip().split("\n")
        if not re.match(r"- |\d+\. ", first):
            assert not any(re.match(r"[-+*] |\d+[.)] ", other) for other in others)
