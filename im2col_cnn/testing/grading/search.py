"""Search for broken laws, and shrink each counterexample to a small one.

A trial is one law put to one drawn call. `find_broken_laws` makes a few trials
of every law; `shrink` then asks Hypothesis for a smaller counterexample.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import Any

import hypothesis
import hypothesis.strategies as st
import numpy as np
import numpy.typing as npt

from ..._interrupts import without_interrupt
from ..errors import SubjectError, SubjectStoppedError, TimeIsUpError
from ..laws.comparison import BrokenLawError, equal, tolerance
from ..laws.drawing import read_only
from ..laws.subject import Deadline, Subject
from ..laws.table import FIRST, Law
from ..strategies import Case

__all__ = [
    "Trial",
    "calls_again",
    "draw_trials",
    "find_broken_laws",
    "first_look",
    "in_small_numbers",
    "numbers",
    "quiet_hypothesis",
    "run_with_data",
    "same_failure",
    "sharing",
    "shrink",
    "stopped_by",
    "try_again",
    "try_law",
]


TRIES_PER_RUN = (
    5  # tries in a run: the first two may be all zeros; of ten, more are small
)


class RunEndedError(BaseException):
    """Ends a run; Hypothesis lets it through."""


@dataclass(frozen=True)
class Trial:
    """What was drawn for one law, and how it failed, if it did."""

    law: Law
    drawn: tuple[tuple[str, Any], ...]  # (label, value)
    failure: Exception | None
    stopped: bool = False  # it never returned
    skipped: bool = False  # another part failed, so nothing is known

    @property
    def case(self) -> Case:
        """The call that was made: what was drawn, or what the law made of it."""
        cases = [value for _, value in self.drawn if isinstance(value, Case)]
        return cases[-1]

    @property
    def size(self) -> tuple[int, int]:
        """How many numbers the arrays hold, and how large settings are."""
        arrays = [value for _, value in self.drawn if isinstance(value, np.ndarray)]
        arrays += self.case.arrays
        settings = np.array([0, *numbers(tuple(self.case.settings.values()))])
        return sum(array.size for array in arrays), int(settings.sum())


def numbers(value: Any) -> list[int]:
    """List the whole numbers in a setting."""
    if isinstance(value, tuple):
        return [number for entry in value for number in numbers(entry)]
    return [int(value)] if isinstance(value, int) else []


def try_law(law: Law, subject: Subject, draw: Callable[..., Any]) -> Trial:
    """Check one law on one drawn call."""
    drawn: list[tuple[str, Any]] = []

    def record(strategy: Any, label: str = "") -> Any:
        drawn.append((label, draw(strategy, label=label)))
        return drawn[-1][1]

    try:
        with np.errstate(all="ignore"):
            law(subject, record)
    except (SubjectStoppedError, TimeIsUpError) as stop:
        return stopped_by(stop, law, tuple(drawn))
    except StopIteration:  # of draws that are made again
        raise
    except SubjectError as failure:
        if not any(isinstance(value, Case) for _, value in drawn):
            raise  # no homework was called yet
        trial = Trial(law, tuple(drawn), failure)
        if failure.part == "forward" and "forward" not in law.about(subject):
            return replace(trial, failure=None, skipped=True)
        if failure.part == "backward" and "forward" in law.about(subject):
            # A crash breaks the laws of its part: what is left is forward's.
            return try_again(replace(subject, backward=None), trial)
        return trial
    except Exception as failure:  # whatever homework may raise
        if not any(isinstance(value, Case) for _, value in drawn):
            raise  # no homework was called yet
        return Trial(law, tuple(drawn), failure)
    return Trial(law, tuple(drawn), None)


def stopped_by(
    stop: SubjectStoppedError | TimeIsUpError,
    law: Law,
    drawn: tuple[tuple[str, Any], ...] = (),
) -> Trial:
    """Return the trial in which a call never returned; by itself it says which."""
    if isinstance(stop, TimeIsUpError):
        return Trial(law, drawn, None, skipped=True)
    error = SubjectError(str(stop), stop.kind, part=stop.part)
    return Trial(law, drawn or (("case", stop.case),), error, stopped=True)


def try_again(subject: Subject, trial: Trial) -> Trial:
    """Put the same law to another subject, with the same draws."""
    values = iter([value for _, value in trial.drawn])
    try:
        return try_law(trial.law, subject, lambda *_, **__: next(values))
    except StopIteration:  # it came further than the other, and wants to draw more
        if subject.backward is not None and "forward" in trial.law.about(subject):
            return try_again(replace(subject, backward=None), trial)
        return replace(trial, failure=None, skipped=True)


def draw_trials(
    laws: Sequence[Law], subject: Subject, *, count: int, seed: int
) -> dict[str, list[Trial]]:
    """Put laws to a subject several times, by name; the same seed draws the same.

    Each law draws its own inputs: all of them together may draw more than Hypothesis
    lets one run draw.
    """
    drawn: dict[str, list[Trial]] = {}
    for law in laws:
        trials = drawn[law.name] = []

        def put(
            data: st.DataObject, law: Law = law, trials: list[Trial] = trials
        ) -> None:
            if not trials or not trials[-1].stopped:
                trials.append(try_law(law, subject, data.draw))

        run_with_data(put, seed=seed, examples=count, deadline=subject.deadline)
    return drawn


def sharing(subject: Subject, data: st.DataObject) -> Subject:
    """Let all laws draw the same calls, one for each dtype: inputs are dear."""
    drawn: dict[np.dtype, Case] = {}

    def cases(dtype: npt.DTypeLike) -> st.SearchStrategy[Case]:
        key = np.dtype(dtype)
        if key not in drawn:
            drawn[key] = data.draw(subject.cases(key), label="case")
        return st.just(drawn[key])

    return replace(subject, cases=cases)


def asked_for(subject: Subject, case: Case) -> Subject:
    """Return the subject with one call only, in any dtype."""

    def cases(dtype: npt.DTypeLike) -> st.SearchStrategy[Case]:
        arrays = tuple(read_only(array.astype(dtype)) for array in case.arrays)
        return st.just(Case(arrays, case.settings))

    return replace(subject, cases=cases)


def run_with_data(
    put: Callable[[st.DataObject], None],
    *,
    seed: int,
    examples: int,
    deadline: Deadline,
) -> None:
    """Call ``put(data)`` so many times, with data to draw from; late, only once.

    Each time is a run of its own. Within one, Hypothesis would vary what it drew
    before, which here is a call that many laws share, and insist that a function does
    the same again, which homework need not. A run begins with the simplest data,
    always the same, so those are passed by.
    """

    def once(data: st.DataObject) -> None:
        if data.draw(st.integers(0, 2**63)):
            put(data)
            raise RunEndedError

    generate = [hypothesis.Phase.generate]
    run = quiet_hypothesis(seed, TRIES_PER_RUN, phases=generate)(once)
    for number in range(examples):
        if number and deadline.is_over():
            break
        with without_interrupt(), suppress(RunEndedError):
            hypothesis.seed(seed * 10**6 + number)(run)()


def quiet_hypothesis(
    seed: int, examples: int, **more: Any
) -> Callable[..., Callable[[], None]]:
    """Let Hypothesis draw from a seed: no database, no deadline, not a word.

    To be called `without_interrupt`, which would leave Hypothesis half done.
    """

    def decorate(test: Callable[[st.DataObject], None]) -> Callable[[], None]:
        quiet = hypothesis.settings(
            max_examples=examples,
            database=None,
            deadline=None,
            report_multiple_bugs=False,
            # How slow somebody's loops are is no matter of health here.
            suppress_health_check=list(hypothesis.HealthCheck),
            verbosity=hypothesis.Verbosity.quiet,
            **more,
        )
        given = hypothesis.given(data=st.data())(test)
        wrapped: Callable[[], None] = hypothesis.seed(seed)(quiet(given))
        # Or it would read the test's source in every run, for a database of failures.
        vars(wrapped)["_hypothesis_internal_database_key"] = None
        return wrapped

    return decorate


def same_failure(one: Exception | None, other: Exception | None) -> bool:
    """Tell whether two implementations went wrong in the same way, or not at all."""
    if one is None or other is None:
        return one is other
    if not isinstance(one, BrokenLawError) or not isinstance(other, BrokenLawError):
        return type(one) is not BrokenLawError and pattern(one) == pattern(other)
    return one.what == other.what and same_numbers(one.found, other.found)


def same_numbers(one: Any, other: Any) -> bool:
    """Tell whether two wrong answers are the same."""
    if not isinstance(one, np.ndarray) or not isinstance(other, np.ndarray):
        return repr(one) == repr(other)
    return one.shape == other.shape and bool(
        np.all(equal(one, other, tolerance(one, other.astype(float))))
    )


def pattern(error: Exception) -> tuple[str, str]:
    """Return the kind of an error, and its words without numbers and shapes."""
    kind, words = type(error).__name__, str(error)
    if isinstance(error, SubjectError):
        kind, words = error.kind, error.detail
    return kind, re.sub(r"(\(\d*(, ?\d*)*\)\s*)+|\d+", "#", words)


class StoppedError(BaseException):
    """Ends a round of inputs; Hypothesis lets it through."""


def find_broken_laws(
    laws: Sequence[Law],
    subject: Subject,
    begun: Mapping[str, Trial],
    *,
    seed: int,
    examples: int,
) -> tuple[dict[str, Trial], set[str]]:
    """
    Find the laws that an implementation breaks.

    Parameters
    ----------
    laws : sequence of Law
    subject : Subject
    begun : mapping
        What is known already, in the same form as what is returned; see `first_look`.
    seed : int
        The same seed finds the same.
    examples : int
        How many inputs are put to every law.

    Returns
    -------
    failures : dict
        From the name of each broken law to the first trial that broke it. A law that
        would call again what never returned is not put.
    known : set
        The names of the laws that something is known of.
    """
    failures = dict(begun)
    known = {FIRST.name, *begun}
    # One draw may happen to tell nothing; a small image of 1, 2, 3, ... never does.
    simplest = [asked_for(subject, subject.small[0])] if subject.small else []

    def put(laws: Sequence[Law], data: st.DataObject) -> None:
        asked = [*simplest, sharing(subject.at_large(), data)]
        simplest.clear()
        for each, law in product(asked, laws):
            if each is not asked[0] and subject.deadline.is_over():
                break
            trial = try_law(law, each, data.draw)
            if not trial.skipped:
                known.add(law.name)
            if trial.stopped:
                # Whatever it was called for: that is the law it breaks.
                failures[FIRST.name] = replace(trial, law=FIRST)
                raise StoppedError
            if trial.failure is not None:
                failures.setdefault(law.name, trial)

    while left := [
        law for law in laws if law is not FIRST and not is_known(law, failures)
    ]:
        try:
            run_with_data(
                partial(put, left),
                seed=seed,
                examples=examples,
                deadline=subject.deadline,
            )
        except StoppedError:
            continue
        break
    return failures, known


def first_look(subject: Subject) -> dict[str, Trial]:
    """Make the small calls, in their order, until one never returns.

    What is raised counts on the simplest of them only; the laws find out the rest.
    """
    first: dict[str, Trial] = {}
    for case in subject.small:
        trial = try_law(FIRST, subject, lambda *_, one=case, **__: one)
        if trial.skipped:
            if case is subject.small[0]:
                raise TimeIsUpError
            break
        if trial.stopped:
            return {FIRST.name: trial}
        if trial.failure is not None and case is subject.small[0]:
            first[FIRST.name] = trial
    return first


def is_known(law: Law, failures: Mapping[str, Trial]) -> bool:
    """Tell whether a law is broken, or would call again what never returned."""
    stops = [trial for trial in failures.values() if trial.stopped]
    return law.name in failures or any(calls_again(law, stop) for stop in stops)


def calls_again(law: Law, stop: Trial) -> bool:
    """Tell whether a law would call again what never returned."""
    error = stop.failure
    in_forward = isinstance(error, SubjectError) and error.part == "forward"
    return in_forward or "backward" in law.concerns


def in_small_numbers(trial: Trial, subject: Subject) -> Trial:
    """Return a trial with whole numbers, if they fail as well, or as it is."""

    def rounded(value: Any) -> Any:
        if isinstance(value, Case):
            arrays = tuple(read_only(np.rint(array)) for array in value.arrays)
            return Case(arrays, value.settings)
        if isinstance(value, np.ndarray) and value.dtype.kind == "f":
            return read_only(np.rint(value))
        return value

    drawn = tuple((label, rounded(value)) for label, value in trial.drawn)
    again = try_again(subject, replace(trial, drawn=drawn))
    return trial if again.failure is None or again.stopped else again


MAX_SHRINK_CALLS = 250  # calls spent on making a counterexample smaller


class EnoughError(BaseException):
    """Ends a search; Hypothesis lets it through."""


def shrink(
    law: Law,
    subject: Subject,
    *,
    seed: int,
    examples: int,
    patience: int = MAX_SHRINK_CALLS,
) -> Trial | None:
    """
    Search for a trial in which a law does not hold.

    Parameters
    ----------
    law : Law
    subject : Subject
    seed : int
        The same seed finds the same.
    examples : int
        How many inputs to try before giving up.
    patience : int
        How many calls making it small may take.

    Returns
    -------
    Trial or None
        The smallest failure that was found.
    """
    failures: list[Trial] = []
    calls_left = patience
    phases = [hypothesis.Phase.generate, hypothesis.Phase.shrink]

    @quiet_hypothesis(seed, examples, phases=phases)
    def search(data: st.DataObject) -> None:
        nonlocal calls_left
        trial = try_law(law, subject, data.draw)
        if failures:
            calls_left -= 1
        if trial.failure is not None:
            failures.append(trial)
            if trial.stopped:
                raise EnoughError
        if calls_left == 0 or subject.deadline.is_over():
            raise EnoughError
        if trial.failure is not None:
            raise trial.failure

    # Failures come up here, and what Hypothesis says of fickle functions.
    with without_interrupt(), suppress(EnoughError, Exception):
        search()
    # What never returned, or the smallest; of equally small ones the last, for it has
    # the simplest numbers.
    return min(
        reversed(failures),
        key=lambda trial: (not trial.stopped, *trial.size),
        default=None,
    )
