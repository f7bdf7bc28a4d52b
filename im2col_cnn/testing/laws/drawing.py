"""Draw a call, and an upstream gradient for its output."""

from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
import numpy as np
import numpy.typing as npt

from ..._typing import Array
from ..strategies import Case, whole_arrays
from .subject import Subject

__all__ = ["Draw", "draw_case", "draw_upstream", "in_units", "instead", "read_only"]

Draw = Callable[..., Any]  # the `draw` of Hypothesis: a strategy, and a label for it


# Whole numbers, eighths, numbers of more than the 24 bits of a float32, large ones.
UNITS = (1.0, 1 / 8, 1 + 2**-26, 2.0**20)


@st.composite
def in_units(draw: st.DrawFn, case: Case) -> Case:
    """Multiply all arrays of a call by a unit: homework must not rely on small ones."""
    unit = draw(st.sampled_from(UNITS), label="unit")
    arrays = case.arrays
    if unit != 1 and all(array.dtype == np.float64 for array in arrays):
        arrays = tuple(read_only(array * unit) for array in arrays)
    return Case(arrays, case.settings)


def draw_case(
    subject: Subject, draw: Draw, *, dtype: npt.DTypeLike | None = None
) -> Case:
    """Draw a call that the implementation takes."""
    if dtype is None:
        dtype = draw(st.sampled_from(subject.inputs), label="dtype")
    case = draw(subject.cases(dtype), label="case")
    assert isinstance(case, Case)
    return case


def instead(draw: Draw, case: Case, *arrays: Array, **settings: Any) -> Case:
    """Make another call of what was drawn, and have that one shown in a report."""
    others = arrays or case.arrays
    made = Case(tuple(map(read_only, others)), {**case.settings, **settings})
    draw(st.just(made), label="call")
    return made


def draw_upstream(subject: Subject, draw: Draw, y: Array) -> Array:
    """Draw a gradient for `y`, of its dtype; means of it are exact."""
    drawn: st.SearchStrategy[Array] = whole_arrays(y.shape)
    if subject.varies and y.dtype == np.float64:
        one = drawn.map(lambda dy: Case((dy,), {}))
        drawn = one.flatmap(in_units).map(lambda case: case.arrays[0])
    dy = draw(drawn, label="dy")
    # float16 cannot hold large multiples; whole numbers smaller than float32 neither.
    dtype = y.dtype if y.dtype in (np.float32, np.float64, np.int64) else np.float64
    return read_only((dy * subject.multiple).astype(dtype))


def read_only(array: Array) -> Array:
    """Make an array read-only, and return it."""
    array.flags.writeable = False
    return array
