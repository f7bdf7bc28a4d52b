"""The law of rounding: every entry is rounded like a sum of its own terms.

With T terms, ``|found - exact| <= T * eps * sum(|terms|)`` in the dtype that they are
added up in, and one rounding to the dtype of the result. It is put to numbers of very
different sizes, for a small entry must keep its digits beside large ones. Schemes that
multiply less, Winograd's and the FFT, break it by design; so it is not among `LAWS`, by
which implementations are graded, and our own hold it wherever they do not ask for one.
"""

from collections.abc import Mapping
from typing import Any

import hypothesis.strategies as st
import numpy as np

from ..._dtypes import arithmetic
from ..._typing import Array
from ..strategies import whole_arrays
from .comparison import BrokenLawError
from .drawing import Draw, draw_case, instead
from .subject import Subject

__all__ = ["every_entry_is_rounded_like_a_sum"]


def every_entry_is_rounded_like_a_sum(subject: Subject, draw: Draw) -> None:
    """Each entry is as exact as a sum of its terms: large neighbours cost no digits."""
    dtype = draw(st.sampled_from([np.float32, np.float16, np.float64]), label="dtype")
    case = draw_case(subject, draw, dtype=dtype)
    arrays = [spread(array, draw) for array in case.arrays]
    case = instead(draw, case, *arrays)
    y, cache = subject.run(case)
    dy = spread(draw(whole_arrays(y.shape), label="dy").astype(y.dtype), draw)

    found = [y, *subject.gradients(dy, cache)]

    exact, sizes, terms = (
        step_of(subject, [change(a) for a in arrays], change(dy), case.settings)
        for change in (as_long, lambda a: abs(as_long(a)), lambda a: as_long(a) * 0 + 1)
    )
    names = "y", *(f"d{name}" for name in subject.arrays)
    for name, *numbers in zip(names, found, exact, sizes, terms, strict=True):
        assert_rounded(name, *numbers)


def spread(array: Array, draw: Draw) -> Array:
    """Multiply numbers by powers of two, up to 2**18 and down to 2**-18."""
    powers = draw(whole_arrays(array.shape), label="powers").astype(int)
    powers = np.clip(powers, -9, 9)
    powers = powers // 4 if array.dtype == np.float16 else 2 * powers
    return np.asarray(np.ldexp(array, powers), array.dtype)


def as_long(array: Array) -> Array:
    """Return the numbers in the most exact dtype there is."""
    return array.astype(np.longdouble)


def step_of(
    subject: Subject, arrays: list[Array], dy: Array, settings: Mapping[str, Any]
) -> list[Array]:
    """Return the output and all gradients, as the loops find them."""
    oracle = subject.oracle
    assert oracle is not None
    assert oracle.backward is not None
    y, cache = oracle.forward(*arrays, **settings)
    return [y, *oracle.backward(dy, cache)]


def assert_rounded(
    name: str, found: Array, exact: Array, sizes: Array, terms: Array
) -> None:
    """Break the law if an entry is further from the exact one than a sum would be."""
    working = arithmetic(found).working
    with np.errstate(over="ignore"):
        rounded = np.abs(exact).astype(found.dtype)
    last = np.spacing(rounded) if found.dtype != working else np.zeros_like(rounded)
    # At least the smallest number: where terms underflow, so does their sum.
    info = np.finfo(working)
    allowed = terms * (info.eps * sizes + info.tiny) + last
    wrong = ~(np.abs(found - exact) <= allowed) & np.isfinite(rounded)
    if wrong.any():
        first = tuple(map(int, np.argwhere(wrong)[0]))
        problem = (
            f"is rounded more than a sum at {list(first)}: {found[first]!r}, where "
            f"{exact[first]!r} is exact and {allowed[first]:.3g} is allowed"
        )
        raise BrokenLawError(name, problem, found, exact)
