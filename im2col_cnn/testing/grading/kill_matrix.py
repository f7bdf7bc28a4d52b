"""Find out which law kills which bug."""

from collections.abc import Sequence
from functools import cache

from ..._checks import as_int, as_items
from ..bugs.exhibit import Exhibit
from ..bugs.museum import MUSEUM
from ..laws.subject import Subject
from ..laws.table import laws_for
from ..support import Support
from .kinds import KINDS, subject_of
from .search import Trial, draw_trials, try_again

__all__ = ["Matrix", "kill", "kill_matrix", "matrix", "on_show", "oracle"]

IMAGES = Support(axes=(2,), empty_batch=False)  # the exhibits know rows and columns

Matrix = dict[str, tuple[str, ...]]


def kill_matrix(
    *, bugs: Sequence[Exhibit] = MUSEUM, draws: int = 20, seed: int = 0
) -> Matrix:
    """
    Put every law to every exhibit.

    Parameters
    ----------
    bugs : sequence of Exhibit
        By default, all of them.
    draws : int
        How often each law is put; all exhibits are put to the same draws.
    seed : int
        The same seed draws the same.

    Returns
    -------
    dict
        From the key of an exhibit to the names of the laws that kill it, in the order
        of `LAWS`.
    """
    bugs = as_items(bugs, "bugs", Exhibit)
    draws = as_int(draws, "draws", at_least=1)
    seed = as_int(seed, "seed", at_least=0)
    kinds = {exhibit.kind for exhibit in bugs}
    drawn = {
        kind: draw_trials(laws_for(oracle(kind)), oracle(kind), count=draws, seed=seed)
        for kind in kinds
    }
    return {
        exhibit.key: tuple(
            name
            for name, trials in drawn[exhibit.kind].items()
            if kill(exhibit, trials) is not None
        )
        for exhibit in bugs
    }


def kill(exhibit: Exhibit, trials: list[Trial]) -> Trial | None:
    """Return the first trial in which an exhibit breaks the law."""
    subject = on_show(exhibit)
    again = (try_again(subject, trial) for trial in trials)
    return next((trial for trial in again if trial.failure is not None), None)


@cache
def on_show(exhibit: Exhibit) -> Subject:
    """Return an exhibit as the laws take it; ties are to go to the first maximum."""
    return subject_of(exhibit.kind, exhibit.forward, exhibit.backward, IMAGES)


def oracle(kind: str) -> Subject:
    """Return what is right, as a subject."""
    return subject_of(kind, *KINDS[kind].oracle, IMAGES)


matrix = kill_matrix  # its former name, kept for one release
