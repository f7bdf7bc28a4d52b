"""Laws that compare with nested loops: forward, dx, dw, db, NaN.

The loops are slow and obvious, and share no code with what is compared. These laws find
most bugs; the other laws find the rest, or find them without an oracle.
"""

from typing import Any

import hypothesis.strategies as st
import numpy as np
import numpy.typing as npt

from ..._typing import Array
from .comparison import assert_equal, largest_term
from .drawing import Draw, draw_case, draw_upstream, instead
from .subject import Subject

__all__ = [
    "db_equals_the_loops",
    "dw_equals_the_loops",
    "dx_equals_the_loops",
    "forward_equals_the_loops",
    "nan_and_infinity_go_where_the_loops_send_them",
]


def forward_equals_the_loops(subject: Subject, draw: Draw) -> None:
    """Forward gives the numbers of nested loops: everything else rests on them."""
    case = draw_case(subject, draw)

    y, _ = subject.run(case)

    term = largest_term(*case.arrays[:2])
    assert_equal(y, subject.right(case)[0], "y", strict=subject.strict, term=term)


def dx_equals_the_loops(subject: Subject, draw: Draw) -> None:
    """dx is that of nested loops: the layer below learns from nothing else."""  # noqa: D403  # its name
    gradient_equals_the_loops(subject, draw, "x")


def dw_equals_the_loops(subject: Subject, draw: Draw) -> None:
    """dw is that of nested loops: it is what a kernel learns from."""  # noqa: D403  # its name
    gradient_equals_the_loops(subject, draw, "w")


def db_equals_the_loops(subject: Subject, draw: Draw) -> None:
    """The bias gets the sum over all images and places, for it was added to them."""
    gradient_equals_the_loops(subject, draw, "b")


def gradient_equals_the_loops(subject: Subject, draw: Draw, array: str) -> None:
    """Compare one gradient, for an upstream gradient that is not all ones.

    With ones, rows and columns that were swapped would go unseen.
    """
    case = draw_case(subject, draw)
    y, cache = subject.run(case)
    right_y, right_cache = subject.right(case)
    dy = draw_upstream(subject, draw, right_y)

    index = subject.arrays.index(array)
    found = subject.gradients(dy, cache)[index]
    if not subject.strict:
        found = no_finer_than(y, found)

    wanted = subject.right_gradients(dy, right_cache)[index]
    other = {"x": case.arrays[1:2], "w": case.arrays[:1]}.get(array, ())
    term = largest_term(dy, *other)
    assert_equal(found, wanted, f"d{array}", strict=subject.strict, term=term)


def nan_and_infinity_go_where_the_loops_send_them(subject: Subject, draw: Draw) -> None:
    """A NaN in the input shows in the output, and keeps its gradient: none is lost."""
    case = draw_case(subject, draw, dtype=np.float64)
    x, *others = case.arrays
    values = [np.nan, np.inf, -np.inf] if subject.strict else [np.nan]
    most = x.size if subject.strict else 1
    x = draw(spoilt(x, values, most), label="spoilt x")
    case = instead(draw, case, x, *others)
    with np.errstate(invalid="ignore"):
        y, cache = subject.run(case)
        right_y, right_cache = subject.right(case)

        assert_equal(y, right_y, "y", strict=subject.strict)

        if subject.backward is None:
            return
        dy = draw_upstream(subject, draw, right_y)
        if subject.strict:
            dy = draw(spoilt(dy, values, most), label="spoilt dy")
        wanted = subject.right_gradients(dy, right_cache)
        for name, ours, theirs in subject.named(subject.gradients(dy, cache), wanted):
            found = ours if subject.strict else no_finer_than(y, ours)
            assert_equal(found, theirs, f"d{name}", strict=subject.strict)


def no_finer_than(y: Array, gradient: Any) -> Any:
    """Round a gradient like the output: who answers in float32 works in float32."""
    both = (y, gradient)
    if any(getattr(each, "dtype", np.dtype("O")).kind != "f" for each in both):
        return gradient
    return gradient.astype(min(y.dtype, gradient.dtype, key=lambda d: d.itemsize))


@st.composite
def spoilt(draw: st.DrawFn, array: Array, values: list[float], most: int) -> Array:
    """Replace some numbers by others that are hardly numbers."""
    if array.size == 0:
        return array
    places = draw(
        st.lists(st.integers(0, array.size - 1), min_size=min(1, most), max_size=most)
    )
    numbers: npt.NDArray[np.float64] = array.astype(np.float64)
    for place in places:
        numbers.flat[place] = draw(st.sampled_from(values))
    numbers.flags.writeable = False
    return numbers
