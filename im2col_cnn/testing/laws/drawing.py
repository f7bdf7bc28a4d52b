"""Draw a call, and an upstream gradient for its output."""

from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
import numpy as np
import numpy.typing as npt

from ..._typing import Array, Shape
from ..strategies import Case, among, draw_array
from .subject import Subject

__all__ = ["Draw", "draw_case", "draw_upstream", "in_units", "instead", "read_only"]

Draw = Callable[..., Any]  # the `draw` of Hypothesis: a strategy, and a label for it


# Whole numbers, eighths, numbers of more than the 24 bits of a float32, large ones.
UNITS = (1.0, 1 / 8, 1 + 2**-26, 2.0**20)


def in_units(draw: st.DrawFn, *arrays: Array) -> tuple[Array, ...]:
    """Multiply arrays by a unit: homework must not rely on small numbers."""
    unit = draw(among(UNITS), label="unit")
    if unit == 1 or any(array.dtype != np.float64 for array in arrays):
        return arrays
    return tuple(read_only(array * unit) for array in arrays)


@st.composite
def upstreams(draw: st.DrawFn, shape: Shape, *, varies: bool) -> Array:
    """Draw whole numbers, or other ones, in a shape."""
    dy = draw_array(draw, shape)
    return in_units(draw, dy)[0] if varies else dy


def draw_case(
    subject: Subject, draw: Draw, *, dtype: npt.DTypeLike | None = None
) -> Case:
    """Draw a call that the implementation takes."""
    if dtype is None:
        dtype = draw(among(subject.inputs), label="dtype")
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
    varies = subject.varies and y.dtype == np.float64
    dy = draw(upstreams(y.shape, varies=varies), label="dy")
    # float16 cannot hold large multiples; whole numbers smaller than float32 neither.
    dtype = y.dtype if y.dtype in (np.float32, np.float64, np.int64) else np.float64
    return read_only((dy * subject.multiple).astype(dtype))


def read_only(array: Array) -> Array:
    """Make an array read-only, and return it."""
    array.flags.writeable = False
    return array
