"""Put many laws to an implementation at once, on inputs that they share.

Inputs are dear and laws are cheap: what is drawn for one law is put to all of them.
Before that comes a first look at small calls, for what never returns is asked no more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import hypothesis.strategies as st

from .laws.table import FIRST, Law
from .subject import Subject, SubjectError
from .trials import Trial, feed, settle, sharing

__all__ = ["calls_again", "first_look", "survey"]


class StoppedError(BaseException):
    """Ends a round of inputs; Hypothesis lets it through."""


def survey(
    laws: Sequence[Law],
    subject: Subject,
    begun: Mapping[str, Trial],
    *,
    seed: int,
    examples: int,
) -> dict[str, Trial]:
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
    dict
        From the name of each broken law to the first trial that broke it. A law that
        would call again what never returned is not put.
    """
    failures = dict(begun)

    def put(laws: Sequence[Law], data: st.DataObject) -> None:
        shared = sharing(subject, data)
        for law in laws:
            trial = settle(law, shared, data.draw)
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
            feed(
                partial(put, left),
                seed=seed,
                examples=examples,
                deadline=subject.deadline,
            )
        except StoppedError:
            continue
        break
    return failures


def first_look(subject: Subject) -> dict[str, Trial]:
    """Make the small calls, in their order, until one never returns.

    What is raised counts on the simplest of them only; the laws find out the rest.
    """
    first: dict[str, Trial] = {}
    for case in subject.small:
        trial = settle(FIRST, subject, lambda *_, one=case, **__: one)
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
    return in_forward or "backward" in law.judges
