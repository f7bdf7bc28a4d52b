"""A bug keeps its name in whichever dialect it is handed in."""

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from im2col_cnn.testing.bugs.exhibit import Exhibit
from im2col_cnn.testing.bugs.museum import MUSEUM
from im2col_cnn.testing.dialects.capabilities import tried
from im2col_cnn.testing.dialects.dialect import Offer
from im2col_cnn.testing.dialects.table import DIALECTS, guess
from im2col_cnn.testing.errors import SubjectError
from im2col_cnn.testing.grading.diagnosis import (
    agrees,
    diagnose,
    find_tie_rule,
    has_ties,
    in_words,
    name_the_bug,
)
from im2col_cnn.testing.grading.kinds import KINDS, subject_of
from im2col_cnn.testing.grading.search import Trial, draw_trials, try_again
from im2col_cnn.testing.laws.subject import Subject
from im2col_cnn.testing.laws.table import LAWS, TIES, Law
from im2col_cnn.testing.support import Support
from tests.profile import IN_FULL, TODAY, in_turn, some_of
from tests.testing.handed_in import PRESENTED, offer_of

# In the ci profile every dialect gets every bug, otherwise some: other ones each day.
DRAWS = 8
NUMBERS = [law for law in LAWS if law.oracle and not law.follows]
OTHERS = [law for law in LAWS if law not in NUMBERS]
REPORTED = MUSEUM[TODAY % 16 :: 16]
TIED = [bug for bug in MUSEUM if bug.key in ("C6", "S11")]


def subject_in(offer: Offer) -> Subject:
    """Return what a dialect makes of a bug, ready to be judged."""
    pair = offer.forward, offer.backward
    return subject_of(offer.kind, *pair, taken(offer), graded=offer.graded)


def taken(offer: Offer) -> Support:
    """Return what can be asked of a bug."""
    return tried(offer)[0] if offer.claims else offer.support


def failures(subject: Subject, support: Support) -> list[Trial]:
    """Return the trials of the first law that a bug breaks; numbers come first."""
    for law in [*NUMBERS, *OTHERS]:
        if law.is_put_to(subject):
            trials = trials_of(law, subject, support)
            if trials[0].failure is not None:
                return trials
    return []


def trials_of(law: Law, subject: Subject, support: Support) -> list[Trial]:
    """Put a law to a bug several times; those that break it come first."""
    right = right_trials(law, subject.kind, support)
    trials = [try_again(subject, trial) for trial in right]
    return sorted(trials, key=lambda trial: trial.failure is None)


@cache
def right_trials(law: Law, kind: str, support: Support) -> list[Trial]:
    oracle = subject_of(kind, *KINDS[kind].oracle, support)
    return draw_trials([law], oracle, count=DRAWS, seed=0)[law.name]


@in_turn(6)
@pytest.mark.parametrize("dialect", PRESENTED)
def test_bugs_keep_their_names(dialect: str) -> None:
    offers = ((bug, offer_of(dialect, bug)) for bug in some_of(MUSEUM, 64))
    for bug, offer in offers:
        if offer is None:
            continue  # this dialect has no such function
        subject = subject_in(offer)
        if not (trials := failures(subject, taken(offer))):
            continue  # this dialect cannot express it

        found = name_the_bug(trials, subject)

        # Where a dialect cannot tell two bugs apart, either name will do.
        assert found is not None, bug.key
        assert found.key == bug.key or agrees(bug, subject, trials), bug.key


@in_turn(3)
@pytest.mark.parametrize("dialect", PRESENTED)
def test_a_rule_for_ties_is_named_without_failing_unless_another_is_asked(
    dialect: str,
) -> None:
    for bug in TIED:
        offer = offer_of(dialect, bug)
        if offer is None or not has_ties(subject := subject_in(offer)):
            continue  # this dialect does not show who is paid

        words = in_words(find_tie_rule(subject), subject)
        held_to_all = trials_of(TIES, replace(subject, ties="all"), taken(offer))
        held_to_first = trials_of(TIES, replace(subject, ties="first"), taken(offer))

        assert f'the rule "all": {bug.name} ({bug.key}; seen: {bug.source})' in words
        assert not any(trial.failure for trial in held_to_all)
        assert name_the_bug(held_to_first, subject) == bug


@in_turn(64)
@pytest.mark.parametrize("dialect", PRESENTED)
@pytest.mark.parametrize("bug", REPORTED, ids=lambda bug: bug.key)
def test_a_report_names_one_bug_and_no_other(dialect: str, bug: Exhibit) -> None:
    if (offer := offer_of(dialect, bug)) is None:
        return  # this dialect has no such function

    subject = subject_in(offer)
    verdicts = diagnose(subject, seed=0, examples=25 if IN_FULL else 10)

    named = {v.finding.exhibit for v in verdicts if v.finding is not None}
    trials = failures(subject, taken(offer))
    for other in named - {bug}:
        assert other is not None
        assert agrees(other, subject, trials), other.key


def test_a_course_may_have_other_words_for_a_pooling() -> None:
    words = DIALECTS["coursera"].words_for

    assert [words(kind)["dy"] for kind in ("conv", "max_pool")] == ["dZ", "dA"]
    assert [words(kind)["y"] for kind in ("conv", "mask")] == ["Z", "the mask"]


def test_a_gradient_under_another_name_is_told_which_names_there_are() -> None:
    class Conv2d:
        """A student's, who calls gradients by other names."""

        def __init__(self, *_: Any, **settings: Any) -> None:
            self.W, self.b = settings["weight_init_fn"](), settings["bias_init_fn"]()

        def forward(self, A: Any) -> Any:
            return A

        def backward(self, dLdZ: Any) -> Any:
            self.grad = self.W
            return dLdZ

    offer = DIALECTS["cmu"].read({"Conv2d": Conv2d})[0]
    subject = subject_in(offer)
    case = subject.small[0]
    _, cache = subject.run(case)

    said = "left no dLdW on .*; arrays on the object are W, b, grad"
    with pytest.raises(SubjectError, match=said):
        subject.gradients(case.arrays[0], cache)


def test_a_dialect_is_known_by_the_names_a_file_defines() -> None:
    def function(*_: Any) -> None:
        """Stand for anything."""

    def with_a_dict(A_prev: Any, W: Any, b: Any, hparameters: Any) -> None:
        """Stand for the course's forward."""

    def with_settings(x: Any, w: Any, b: Any, stride: int = 1) -> None:
        """Stand for ours."""

    def dialect(**names: Any) -> str | None:
        found = guess(names)
        return None if found is None else found.name

    assert dialect(conv_forward=with_a_dict) == "coursera"
    assert dialect(conv_forward=with_settings) == "native"
    assert dialect(conv_backward=function) == "coursera"
    assert dialect(average_pool=function, max_pool=function) == "notebook"
    assert dialect(max_pool_backward_naive=function) == "cs231n"
    assert dialect(MeanPool2d=function) == "cmu"
    assert dialect(conv2d=function) == "torch"
    assert dialect(something_else=function) is None
