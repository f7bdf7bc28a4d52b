"""Every bug on show is killed by a law, every law kills one, and each gets its name."""

from functools import cache

import pytest

from im2col_cnn.testing.bugs.exhibit import Exhibit
from im2col_cnn.testing.bugs.museum import MUSEUM
from im2col_cnn.testing.grading.diagnosis import name_the_bug
from im2col_cnn.testing.grading.kill_matrix import kill, on_show, oracle
from im2col_cnn.testing.grading.kinds import KINDS
from im2col_cnn.testing.grading.search import Trial, draw_trials, try_again
from im2col_cnn.testing.laws.table import LAWS, Law, laws_for
from tests.notes.museum import kept
from tests.profile import in_turn

# The law that a reader would expect to find a bug; where none is said, any one will do.
EXPECTED = {
    "S2": "dx equals the loops",
    "S6": "channels that do not match are refused",
    "S7": "a gradient of another shape is refused",
    "S8": "a stride of 0 is refused",
    "S9": "a float dtype is kept",
    "S11": "tied maxima follow the rule",
    "S12": "nan and infinity go where the loops send them",
    "E1": "dw equals the loops",
    "C3": "forward and backward are adjoint",
    "C7": "forward equals the loops",
    "C10": "memory layout does not matter",
    "C13": "every gradient has the shape of its array",
    "C15": "the mean of a constant is the constant",
    "C17b": "db equals the loops",
    "C19a": "dw equals the loops",
    "E2": "the bias is added once",
    "E3": "a batch is the concatenation of its images",
    "E4": "pixels that no window reads get gradient 0",
    "E5": "arguments are left alone",
    "E6": "backward can be called again",
    "E7": "backward goes with its own forward",
    "C14a": "a float dtype is kept",
    "C14m": "a float dtype is kept",
    "E10a": "a gradient of another shape is refused",
    "E10m": "a gradient of another shape is refused",
    "E11a": "arguments are left alone",
    "E11m": "arguments are left alone",
    "E13": "tied maxima follow the rule",
    "S12m": "nan and infinity go where the loops send them",
    "E14": "the sum of dx is the sum of dy",
}


@cache
def trials_of(kind: str, law: Law) -> list[Trial]:
    """Put a law to what is right, on inputs that all bugs share."""
    return draw_trials([law], oracle(kind), count=24, seed=0)[law.name]


# Which law kills which bug stands on the pages, which test_museum_page.py verifies.
def test_bugs_are_killed_by_the_laws_that_a_reader_would_expect() -> None:
    killers = kept()

    for key, law in EXPECTED.items():
        assert law in killers[key], key


def test_no_law_is_idle() -> None:
    busy = {name for names in kept().values() for name in names}

    assert [law.name for law in LAWS if law.name not in busy] == []


@in_turn(48)
@pytest.mark.parametrize("exhibit", MUSEUM, ids=lambda e: e.key)
def test_every_bug_is_named(exhibit: Exhibit) -> None:
    subject = on_show(exhibit)
    law, trial = killed(exhibit)
    laws = [law for law in LAWS if law.oracle and law.is_put_to(subject)][:2]
    others = [
        try_again(subject, other)
        for each in ([law] if exhibit.key in EXPECTED else laws)
        for other in trials_of(exhibit.kind, each)[:16]
    ]

    named = name_the_bug([trial, *others], subject)

    assert named is not None
    assert named.key == exhibit.key


def killed(exhibit: Exhibit) -> tuple[Law, Trial]:
    """Return a law that kills a bug, the expected one if there is one, and how."""
    subject = on_show(exhibit)
    expected = EXPECTED.get(exhibit.key)
    return next(
        (law, trial)
        for law in LAWS
        if law.is_put_to(subject) and expected in (None, law.name)
        if (trial := kill(exhibit, trials_of(exhibit.kind, law))) is not None
    )


@in_turn(3)
@pytest.mark.parametrize("kind", ["im2col", "mask", "share"])
def test_the_oracles_of_this_package_alone_break_no_law(kind: str) -> None:
    for law in laws_for(oracle(kind)):
        for trial in trials_of(kind, law):
            assert trial.failure is None, (law.name, trial)


def test_exhibits_can_be_told_apart_and_say_all_there_is_to_say() -> None:
    assert len({exhibit.key for exhibit in MUSEUM}) == len(MUSEUM)
    for exhibit in MUSEUM:
        assert exhibit.kind in KINDS
        assert all((exhibit.name, exhibit.why, exhibit.fix, exhibit.source))
