"""Say how much memory an operation may work in: 64 MiB, or what `workspace` says."""

from .._checks import as_int
from .scoped import Scoped, Setting

__all__ = [
    "BUDGET_BYTES",
    "MEBIBYTE",
    "budget_bytes",
    "most_results",
    "workspace",
]

MEBIBYTE = 2**20
BUDGET_BYTES = 64 * MEBIBYTE  # for all threads together

_budget = Setting("workspace")


def workspace(size: int) -> Scoped:
    """
    Set how many bytes the operations may use beyond their arguments and results.

    Parameters
    ----------
    size : int
        At least 1; 64 MiB without this call. What a single window needs is used in any
        case, so a tiny number means the smallest tiles there are.

    Returns
    -------
    context manager
        As for `threads`.
    """
    return _budget.set(as_int(size, "size", at_least=1))


def budget_bytes() -> int:
    """Return how many bytes all threads together may use."""
    return _budget.get() or BUDGET_BYTES


def most_results(size: int) -> int:
    """Return how many results of so many bytes fit in the half that tiles leave."""
    return max(1, budget_bytes() // (2 * max(size, 1)))
