"""Say what is right, and what can be asked, for each kind of function that is judged.

kind          forward                           backward
============  ================================  =========================
``conv``      ``(x, w, b, **settings)``         ``dx, dw, db``
``max_pool``  ``(x, kernel_size, **settings)``  ``dx``
``avg_pool``  ``(x, kernel_size, **settings)``  ``dx``
``im2col``    ``(x, kernel_size, **settings)``  ``dx``, which is col2im
``mask``      ``(window)``                      none
``share``     ``(dz, shape)``                   none
============  ================================  =========================
"""

from collections.abc import Callable
from math import prod
from typing import Any, NamedTuple

import hypothesis.strategies as st
import numpy as np
import numpy.typing as npt

from .. import loops
from .._checks import require_columns
from .._typing import Array, Columns, Images, Shape
from ..loops.conv import crop, pad, place
from ..window import Window
from .small import small_calls
from .strategies import Case, convolutions, poolings, unfoldings, whole_arrays
from .subject import Oracle, Subject
from .support import EVERYTHING, Support

__all__ = ["KINDS", "subject_of"]


def subject_of(
    kind: str,
    forward: Callable[..., tuple[Array, Any]],
    backward: Callable[..., Any] | None = None,
    support: Support = EVERYTHING,
    **changes: Any,
) -> Subject:
    """Return an implementation of one of the `KINDS`, ready to be judged."""
    draw_cases, oracle, arrays = KINDS[kind]

    def cases(dtype: npt.DTypeLike) -> st.SearchStrategy[Case]:
        return draw_cases(dtype, support=support)

    return Subject(
        kind,
        cases,
        forward,
        backward,
        oracle,
        arrays,
        dtypes=support.dtypes,
        small=small_calls(kind, support),
        **{"strict": False, **changes},
    )


@st.composite
def without_ties(draw: st.DrawFn, dtype: npt.DTypeLike, *, support: Support) -> Case:
    """Draw a pooling of images whose pixels all differ, so that one of them wins."""
    (x,), settings = draw(poolings(dtype, support=support))
    return Case((ranks(x),), settings)


@st.composite
def windows(draw: st.DrawFn, dtype: npt.DTypeLike, *, support: Support) -> Case:
    """Draw one window whose pixels all differ."""
    KH = draw(st.integers(1, 3), label="KH")
    KW = KH if support.kernel == "one" else draw(st.integers(1, 3), label="KW")
    return Case((ranks(draw(whole_arrays((KH, KW), dtype), label="window")),), {})


@st.composite
def shares(draw: st.DrawFn, dtype: npt.DTypeLike, *, support: Support) -> Case:
    """Draw a gradient, and the shape of the window that is to share it."""
    case = draw(windows(dtype, support=support))
    dz = draw(whole_arrays((1,), dtype, low=1), label="dz")
    return Case((dz,), {"shape": case.arrays[0].shape})


def ranks(x: Array) -> Array:
    """Replace every number by its rank among all, half of them below 0."""
    order = np.argsort(np.argsort(x, axis=None, kind="stable")).reshape(x.shape)
    numbers = (order - (x.size - 1) // 2).astype(x.dtype)
    numbers.flags.writeable = False
    return numbers


def unfold_by_loops(
    x: Images, kernel_size: Shape, **settings: Any
) -> tuple[Columns, tuple[Shape, Window]]:
    """Write down every window of every image, one after the other."""
    N, *spatial, C = x.shape
    window = Window(spatial, kernel_size, **settings)
    padded = pad(x, window)
    rows = [
        padded[n][place(window, stop, 0, C)].ravel()
        for n in range(N)
        for stop in np.ndindex(window.output_size)
    ]
    columns = np.array(rows, x.dtype).reshape(window.columns_shape(N, C))
    return columns, (x.shape, window)


def fold_by_loops(columns: Columns, cache: tuple[Shape, Window]) -> Images:
    """Add every window back where it came from, one after the other."""
    shape, window = cache
    N, *_, C = shape
    require_columns(columns, window.columns_shape(N, C))
    x = pad(np.zeros(shape, columns.dtype), window)
    rows = iter(columns)
    for n in range(N):
        for stop in np.ndindex(window.output_size):
            here = place(window, stop, 0, C)
            x[n][here] += next(rows).reshape(x[n][here].shape)
    return crop(x, window)


def mask_of(window: Array, ties: str = "first") -> tuple[Array, None]:
    """Mark the pixels of one window that get its gradient, as weights."""
    wins = window == window.max()
    if np.isnan(window).any():
        wins = np.isnan(window)
    if ties == "first":
        wins = np.arange(window.size).reshape(window.shape) == np.argmax(wins)
    return (wins / wins.sum() if ties == "split" else wins.astype(np.float64)), None


def share_of(dz: Array, shape: Shape) -> tuple[Array, None]:
    """Share one gradient equally among the pixels of one window."""
    return np.full(shape, dz.item() / prod(shape)), None


class Kind(NamedTuple):
    """What is drawn for a kind, what is right, and the names of its arrays."""

    cases: Callable[..., st.SearchStrategy[Case]]
    oracle: Oracle
    arrays: tuple[str, ...]


KINDS = {
    "conv": Kind(
        convolutions,
        Oracle(loops.conv_forward, loops.conv_backward),
        ("x", "w", "b"),
    ),
    "max_pool": Kind(
        without_ties,
        Oracle(loops.max_pool_forward, loops.max_pool_backward),
        ("x",),
    ),
    "avg_pool": Kind(
        poolings,
        Oracle(loops.avg_pool_forward, loops.avg_pool_backward),
        ("x",),
    ),
    "im2col": Kind(unfoldings, Oracle(unfold_by_loops, fold_by_loops), ("x",)),
    "mask": Kind(windows, Oracle(mask_of), ("x",)),
    "share": Kind(shares, Oracle(share_of), ("x",)),
}
