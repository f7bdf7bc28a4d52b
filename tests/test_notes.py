"""The notes keep their form: a question, a law, an exercise whose check has teeth.

That their code runs, and prints what they show, is the business of `test_pages`.
"""

import re
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.pages import PAGES, ROOT

NOTES = ROOT / "notes"
LESSONS = sorted(NOTES.glob("[0-9][0-9]-*.md"))
DEFECTS = [f"S{n}" for n in range(1, 19)]

FENCE = re.compile(r"^```(\w*).*\n((?s:.*?))^```$", re.MULTILINE)
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
FOLDED = re.compile(
    r"^<details>\n<summary>(\w+)</summary>\n\n((?s:.*?))^</details>$", re.MULTILINE
)

# A slip that a reader might make in each solution. The check of the page must see it.
SLIPS = {
    "01-convolution": ("w[..., f]", "w[::-1, ::-1, :, f]"),
    "02-windows": (
        "lacking // 2, lacking - lacking // 2",
        "lacking // 2, lacking // 2",
    ),
    "03-im2col": ("(padding, padding)", "(0, 2 * padding)"),
    "04-product": (" + b)", ")"),
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
}

lessons = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.stem)


class Exercise(NamedTuple):
    """The code of an exercise: what judges, and what passes."""

    check: str
    solution: str


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def title_of(page: Path) -> str:
    return text_of(page).splitlines()[0].removeprefix("# ")


def section_of(page: Path, heading: str) -> str:
    """Return a section of a page, without its heading."""
    found = re.findall(
        rf"^## {heading}\n((?s:.*?))(?=^## |^---$|\Z)", text_of(page), re.MULTILINE
    )
    assert len(found) == 1, f"{page.name} has {len(found)} sections called {heading}"
    return str(found[0])


def code_of(text: str) -> list[str]:
    """Return the Python code of a text, fence by fence."""
    return [code for language, code in FENCE.findall(text) if language == "python"]


def prose_of(text: str) -> str:
    """Return a text without its fences."""
    return FENCE.sub("", text)


def exercise_of(lesson: Path) -> Exercise:
    section = section_of(lesson, "Exercise")
    ((summary, folded),) = FOLDED.findall(section)
    (check,) = code_of(FOLDED.sub("", section))
    (solution,) = code_of(folded)
    assert summary == "Solution"
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
    assert re.search(r"^ +for .* in ", "".join(code_of(text)), re.MULTILINE)
    assert "assert " in "".join(code_of(section_of(lesson, "The law")))


@lessons
def test_the_solution_of_an_exercise_passes_its_check(lesson: Path) -> None:
    check, solution = exercise_of(lesson)
    (name,) = re.findall(r"^def (check_\w+)\(", check, re.MULTILINE)

    assert re.search(rf"^{name}\(\w+\)$", solution, re.MULTILINE)
    run(check + solution, lesson)


@lessons
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


def test_there_is_one_table_of_symbols() -> None:
    holders = [page.name for page in PAGES if "\n## Symbols\n" in text_of(page)]

    assert holders == ["README.md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere_and_pictures_say_what_they_show(page: Path) -> None:
    for picture, words, target in LINK.findall(prose_of(text_of(page))):
        if not re.match(r"\w+:|#", target):
            assert (page.parent / target).exists(), f"{page.name}: {target} is missing"
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


# The notebook -------------------------------------------------------------------------

ENGLISH, CHINESE = NOTES / "notebook.md", NOTES / "notebook.zh.md"


def sections_of(page: Path) -> list[str]:
    return re.split(r"^## ", text_of(page), flags=re.MULTILINE)


def test_both_languages_show_the_same_code_and_the_same_outputs() -> None:
    assert FENCE.findall(text_of(ENGLISH)) == FENCE.findall(text_of(CHINESE))


def test_both_languages_give_the_same_numbers_in_every_section() -> None:
    english, chinese = (
        [
            sorted(re.findall(r"\d+(?:\.\d+)?", prose_of(section)))
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


# The teachers' page -------------------------------------------------------------------


def test_lessons_for_teachers_fill_forty_five_minutes() -> None:
    plans = re.findall(
        r"^## Lesson \d.*\n((?s:.*?))(?=^## )",
        text_of(NOTES / "teachers.md"),
        re.MULTILINE,
    )

    assert len(plans) == 2
    for plan in plans:
        minutes = [
            tuple(map(int, row))
            for row in re.findall(r"^\| (\d+)–(\d+) \|", plan, re.MULTILINE)
        ]
        assert minutes[0][0] == 0
        assert minutes[-1][1] == 45
        assert all(one[1] == other[0] for one, other in pairwise(minutes))


def test_every_question_for_paper_has_an_answer_that_is_computed() -> None:
    section = section_of(NOTES / "teachers.md", "Questions for paper, with answers")
    answers = [
        folded for summary, folded in FOLDED.findall(section) if summary == "Answer"
    ]
    questions = re.findall(r"^\*\*(\d+)\.\*\*", section, re.MULTILINE)

    assert [int(n) for n in questions] == [*range(1, len(answers) + 1)]
    assert all("```pycon" in answer for answer in answers)
