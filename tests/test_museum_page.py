"""The museum's page says what the museum holds."""

import os

import pytest

from im2col_cnn.testing.bugs.matrix import matrix
from im2col_cnn.testing.bugs.museum import MUSEUM
from tests.museum import PAGE, read_matrix, write_page


def test_the_page_is_the_one_the_museum_writes() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert write_page(read_matrix(page)) == page


def test_every_bug_on_the_page_is_killed_by_some_law() -> None:
    killers = read_matrix(PAGE.read_text(encoding="utf-8"))

    assert killers.keys() == {exhibit.key for exhibit in MUSEUM}
    assert all(names != ("",) for names in killers.values())


@pytest.mark.skipif(
    os.environ.get("HYPOTHESIS_PROFILE") != "ci",
    reason="it takes minutes to put every law to every bug: the ci profile does",
)
def test_the_laws_on_the_page_are_those_that_kill() -> None:
    assert read_matrix(PAGE.read_text(encoding="utf-8")) == matrix()
