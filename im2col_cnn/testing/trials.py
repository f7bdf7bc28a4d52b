"""Put a law to an implementation, and keep what was drawn, to put it to another.

That is how a bug is named: the draws on which somebody's homework went wrong are put
to the exhibits of the museum, and the one that goes wrong in the same way is it.
"""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import hypothesis
import hypothesis.strategies as st
import numpy as np
import numpy.typing as npt

from .deadline import Deadline
from .laws.table import Law
from .laws.verdict import BrokenLawError, equal, tolerance
from .strategies import Case
from .subject import Subject, SubjectError, SubjectStoppedError

__all__ = [
    "Trial",
    "draw_trials",
    "feed",
    "quietly",
    "same_failure",
    "settle",
    "sharing",
    "stopped_by",
    "try_again",
]


FEW = 5  # tries in a run: the first two may be all zeros; of ten, more are small


class FedError(BaseException):
    """Ends a run; Hypothesis lets it through."""


@dataclass(frozen=True)
class Trial:
    """What was drawn for one law, and how it failed, if it did."""

    law: Law
    drawn: tuple[tuple[str, Any], ...]  # (label, value)
    failure: Exception | None
    stopped: bool = False  # it never returned

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


def settle(law: Law, subject: Subject, draw: Callable[..., Any]) -> Trial:
    """Put a law to a subject once."""
    drawn: list[tuple[str, Any]] = []

    def record(strategy: Any, label: str = "") -> Any:
        drawn.append((label, draw(strategy, label=label)))
        return drawn[-1][1]

    try:
        with np.errstate(all="ignore"):
            law(subject, record)
    except SubjectStoppedError as stop:
        return stopped_by(stop, law, tuple(drawn))
    except Exception as failure:  # whatever a stranger's code may raise
        if not any(isinstance(value, Case) for _, value in drawn):
            raise  # nobody else was asked yet
        return Trial(law, tuple(drawn), failure)
    return Trial(law, tuple(drawn), None)


def stopped_by(
    stop: SubjectStoppedError, law: Law, drawn: tuple[tuple[str, Any], ...] = ()
) -> Trial:
    """Return the trial in which a call never returned; by itself it says which."""
    error = SubjectError(str(stop), stop.kind, part=stop.part)
    return Trial(law, drawn or (("case", stop.case),), error, stopped=True)


def try_again(subject: Subject, trial: Trial) -> Trial:
    """Put the same law to another subject, with the same draws."""
    values = iter([value for _, value in trial.drawn])
    return settle(trial.law, subject, lambda *_, **__: next(values))


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
                trials.append(settle(law, subject, data.draw))

        feed(put, seed=seed, examples=count, deadline=subject.deadline)
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


def feed(
    put: Callable[[st.DataObject], None],
    *,
    seed: int,
    examples: int,
    deadline: Deadline,
) -> None:
    """Call ``put(data)`` so many times, with data to draw from; late, only once.

    Each time is a run of its own. Within one, Hypothesis would vary what it drew
    before, which here is a call that many laws share, and insist that a function does
    the same again, which a stranger's need not. A run begins with the simplest data,
    always the same, so those are passed by.
    """

    def once(data: st.DataObject) -> None:
        if data.draw(st.integers(0, 2**63)):
            put(data)
            raise FedError

    for number in range(examples):
        if number and deadline.is_over():
            break
        run = quietly(seed * 10**6 + number, FEW, phases=[hypothesis.Phase.generate])
        with suppress(FedError):
            run(once)()


def quietly(seed: int, examples: int, **more: Any) -> Callable[..., Callable[[], None]]:
    """Let Hypothesis draw from a seed: no database, no deadline, not a word."""

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
    """Return the kind of an error, and its words without numbers."""
    if isinstance(error, SubjectError):
        return error.kind, re.sub(r"\d+", "#", error.detail)
    return type(error).__name__, re.sub(r"\d+", "#", str(error))
