"""The page of symptoms finds a bug by what a learner sees of it."""

import subprocess
import sys

import pytest

from im2col_cnn.testing.bugs.museum import MUSEUM
from tests.notes.museum import kept
from tests.notes.symptoms import PAGE, read_page, symptoms_of, write_page
from tests.profile import in_turn

SEEN = {
    "C3": "It is right until windows overlap; The loss is right, and dx is wrong",
    "C4b": "It is right until the stride is 2; The loss is right, dx and dw are wrong",
    "C15": "It is right without padding, and wrong with it; "
    "The output is wrong, and so are gradients; "
    "It is right inside, and wrong at the border",
    "C19b": "It is right for one image, and wrong for several; "
    "The loss is right, and dw is wrong; "
    "A result is too large or too small by a factor",
    "C2": "It is right with padding, and wrong without; "
    "The loss is right, and dx is wrong; A result has the wrong shape",
    "S9": "The numbers are right, the dtype is not",
}


def test_the_page_is_what_its_symptoms_make_it() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert write_page(read_page(page)) == page


def test_every_bug_stands_on_the_page() -> None:
    for key, symptoms in read_page(PAGE.read_text(encoding="utf-8")).items():
        assert symptoms, key


@pytest.mark.parametrize("key", SEEN)
def test_a_bug_is_found_by_what_a_learner_sees(key: str) -> None:
    exhibit = next(bug for bug in MUSEUM if bug.key == key)

    assert "; ".join(symptoms_of(exhibit, kept()[key])) == SEEN[key]


@in_turn(8)
def test_the_symptoms_on_the_page_are_those_of_the_bugs() -> None:
    verify = [sys.executable, "-m", "tests.notes.symptoms"]

    assert subprocess.run(verify, cwd=PAGE.parents[1], check=False).returncode == 0
