"""Find the smallest input on which an implementation breaks a law."""

from contextlib import suppress

import hypothesis
import hypothesis.strategies as st

from .laws.table import Law
from .subject import Subject
from .trials import Trial, quietly, settle

__all__ = ["hunt"]

PATIENCE = 250  # calls spent on making a counterexample smaller


class EnoughError(BaseException):
    """Ends a search; Hypothesis lets it through."""


def hunt(
    law: Law,
    subject: Subject,
    *,
    seed: int,
    examples: int,
    patience: int = PATIENCE,
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

    @quietly(seed, examples, phases=phases)
    def search(data: st.DataObject) -> None:
        nonlocal calls_left
        trial = settle(law, subject, data.draw)
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
    with suppress(EnoughError, Exception):
        search()
    # What never returned, or the smallest; of equally small ones the last, for it has
    # the simplest numbers.
    return min(
        reversed(failures),
        key=lambda trial: (not trial.stopped, *trial.size),
        default=None,
    )
