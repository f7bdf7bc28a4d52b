"""The teachers' page plans two lessons to the minute, and computes its answers."""

import re
from itertools import pairwise

from tests.notes.markdown import FOLDED, NOTES, section_of, text_of


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
