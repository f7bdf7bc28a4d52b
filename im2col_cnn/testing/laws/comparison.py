"""Compare a result with the right one, and say where they differ.

Laws are put to small whole numbers, so that right answers are whole numbers too, or
simple fractions, and ``==`` would do for loops and matrix products in any float dtype.
An FFT cannot be exact, nor a division that is done as a product; so outsiders are
allowed a rounding of ``2**10`` units in the last place of the largest number, and of
small numbers never more than a quarter: a wrong answer is off by more, a rounded one by
far less.
"""

from typing import Any

import numpy as np

from ..._typing import Array
from ..errors import NOT_WRITTEN, SubjectError

__all__ = [
    "BrokenLawError",
    "assert_equal",
    "assert_refused",
    "equal",
    "largest_term",
    "tolerance",
]


MIN_LARGE_NUMBER = 2**20  # as large as numbers drawn in units of this size


class BrokenLawError(AssertionError):
    """A law that does not hold, with the two answers that should have been equal."""

    def __init__(self, what: str, problem: str, found: Any, wanted: Any = None) -> None:
        super().__init__(f"{what} {problem}")
        self.what, self.problem, self.found, self.wanted = what, problem, found, wanted


def largest_term(*arrays: Array) -> float:
    """Return the size of the largest product of one number of each array."""
    sizes = (np.abs(array[np.isfinite(array)]) for array in arrays)
    return float(np.prod([max(1.0, each.max(initial=0)) for each in sizes]))


def assert_equal(
    found: Any, wanted: Any, what: str, *, strict: bool = False, term: float = 1.0
) -> None:
    """Break the law unless two arrays have the same shape and the same numbers.

    Where terms as large as `term` cancel, what they were rounded by does not.
    """
    if wanted is None and found is None:
        return
    if found is None or wanted is None or not isinstance(found, np.ndarray):
        raise BrokenLawError(what, f"is {found!r}, not an array", found, wanted)
    if found.shape != wanted.shape:
        problem = f"has shape {found.shape} instead of {wanted.shape}"
        raise BrokenLawError(what, problem, found, wanted)
    if strict and found.dtype != wanted.dtype:
        problem = f"has dtype {found.dtype} instead of {wanted.dtype}"
        raise BrokenLawError(what, problem, found, wanted)
    wrong = ~equal(found, wanted, 0.0 if strict else tolerance(found, wanted, term))
    if wrong.any():
        first = tuple(map(int, np.argwhere(wrong)[0]))
        problem = (
            f"is wrong in {np.count_nonzero(wrong)} of {wrong.size} places, first at "
            f"{list(first)}: {found[first]:g} instead of {wanted[first]:g}"
        )
        raise BrokenLawError(what, problem, found, wanted)


def assert_refused(call: Any, what: str, problem: str) -> None:
    """Raise `BrokenLawError` if a call that makes no sense returns as if it did."""
    try:
        call()
    except SubjectError as error:
        if error.kind == NOT_WRITTEN:
            raise
        return
    except Exception:  # any refusal will do, whatever its kind
        return
    raise BrokenLawError(what, problem, None)


def tolerance(found: Array, wanted: Array, term: float = 1.0) -> float:
    """Return how far apart two numbers may be and still count as the same."""
    if found.dtype.kind != "f":
        return 0.0
    sizes = np.abs(wanted[np.isfinite(wanted)])
    largest = max(1.0, term, float(sizes.max(initial=0)))
    rounding = 2**10 * float(np.finfo(found.dtype).eps) * largest
    return rounding if largest >= MIN_LARGE_NUMBER else min(0.25, rounding)


def equal(found: Array, wanted: Array, allowed: float) -> Array:
    """Compare number by number; NaN equals NaN here."""
    with np.errstate(invalid="ignore"):  # inf - inf
        close = np.abs(np.subtract(found, wanted, dtype=np.float64)) <= allowed
    same = (found == wanted) | ((found != found) & (wanted != wanted))  # noqa: PLR0124
    return np.asarray(same | close)
