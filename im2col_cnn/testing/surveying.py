"""Put many laws to an implementation at once, on inputs that they share.

Inputs are dear and laws are cheap: what is drawn for one law is put to all of them.
"""

from collections.abc import Mapping, Sequence
from functools import partial

import hypothesis.strategies as st

from .laws.manners import small_calls_return
from .laws.table import Law
from .subject import Subject, SubjectError
from .trials import Trial, feed, settle, sharing

__all__ = ["calls_again", "survey"]


class StoppedError(BaseException):
    """Ends a round of inputs; Hypothesis lets it through."""


def survey(
    laws: Sequence[Law], subject: Subject, *, seed: int, examples: int
) -> dict[str, Trial]:
    """
    Find the laws that an implementation breaks.

    Parameters
    ----------
    laws : sequence of Law
    subject : Subject
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
    failures: dict[str, Trial] = {}

    def put(laws: Sequence[Law], data: st.DataObject) -> None:
        shared = sharing(subject, data)
        for law in laws:
            trial = settle(law, shared, data.draw)
            if trial.stopped:
                failures[law.name] = trial
                raise StoppedError
            if trial.failure is not None:
                failures.setdefault(law.name, trial)

    once = [law for law in laws if law.demand is small_calls_return]
    for group, count in (once, 1), ([law for law in laws if law not in once], examples):
        left = [law for law in group if not is_known(law, failures)]
        while left:
            try:
                feed(partial(put, left), seed=seed, examples=count)
                break
            except StoppedError:
                left = [law for law in group if not is_known(law, failures)]
    return failures


def is_known(law: Law, failures: Mapping[str, Trial]) -> bool:
    """Tell whether a law is broken, or would call again what never returned."""
    stops = [trial for trial in failures.values() if trial.stopped]
    return law.name in failures or any(calls_again(law, stop) for stop in stops)


def calls_again(law: Law, stop: Trial) -> bool:
    """Tell whether a law would call again what never returned."""
    error = stop.failure
    in_forward = isinstance(error, SubjectError) and error.part == "forward"
    return in_forward or "backward" in law.judges
