"""Draw legal convolutions and poolings: the space this package promises to get right.

Four choices are made here, once, for every test. Arrays hold small whole numbers, so
that sums and products are exact in floating point and tests compare with ``==`` instead
of a tolerance. Arrays are read-only, so that a function that scribbles on its arguments
fails. Every axis is drawn apart, so that rows and columns cannot be mixed up unseen.
Sizes are built backwards from the output, so that every draw is legal and nothing is
filtered away; strides need not divide and pixels may stay unread.

An implementation that takes less than everything says so in a `Support`, and is asked
for nothing else.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import hypothesis.strategies as st
import numpy as np
import numpy.typing as npt

from .._typing import Array, Shape
from .support import EVERYTHING, Support
from .sweeps import geometries

__all__ = ["Case", "convolutions", "poolings", "unfoldings", "whole_arrays"]


class Case(NamedTuple):
    """One call: ``forward(*arrays, **settings)``."""

    arrays: tuple[Array, ...]
    settings: Mapping[str, Any]


@st.composite
def whole_arrays(
    draw: st.DrawFn,
    shape: Shape,
    dtype: npt.DTypeLike = np.float64,
    *,
    low: int = -9,
    high: int = 9,
) -> Array:
    """
    Draw a read-only array of whole numbers between `low` and `high`.

    The simplest one counts ``1, 2, 3, ...``, so that in a smallest counterexample every
    number says where it came from; the others are random.
    """
    seed = draw(st.integers(0, 2**16))
    size = int(np.prod(shape))
    if seed == 0:
        numbers = np.arange(1, size + 1) % (high + 1)
    else:
        numbers = np.random.default_rng(seed).integers(low, high + 1, size)
    array = numbers.astype(dtype).reshape(shape)
    array.flags.writeable = False
    return array


def batches(support: Support) -> st.SearchStrategy[int]:
    """Draw the number of images."""
    return st.sampled_from([1, 2, 3, 0] if support.empty_batch else [1, 2, 3])


@st.composite
def unfoldings(
    draw: st.DrawFn,
    dtype: npt.DTypeLike = np.float64,
    *,
    support: Support = EVERYTHING,
) -> Case:
    """Draw the arguments of `im2col`: images, and a window that slides over them."""
    geometry = draw(geometries(support))
    N, C = draw(batches(support), label="N"), draw(st.integers(1, 3), label="C")
    x = draw(whole_arrays((N, *geometry.spatial, C), dtype), label="x")
    return Case((x,), {"kernel_size": geometry.kernel_size, **geometry.settings})


@st.composite
def convolutions(
    draw: st.DrawFn,
    dtype: npt.DTypeLike = np.float64,
    *,
    support: Support = EVERYTHING,
) -> Case:
    """Draw the arguments ``(x, w, b)`` and the settings of a convolution."""
    geometry = draw(geometries(support))
    N = draw(batches(support), label="N")
    groups = draw(st.integers(1, 3), label="groups") if support.groups else 1
    depth, filters = draw(st.integers(1, 2)), draw(st.integers(1, 2))
    C, F = groups * depth, groups * filters
    shapes: list[Shape] = [(F,)]
    if support.bias_shapes:
        shapes += [(1, F), (1,) * len(geometry.spatial) + (1, F)]
    bias_shape = draw(st.sampled_from(shapes))
    x = draw(whole_arrays((N, *geometry.spatial, C), dtype), label="x")
    w = draw(whole_arrays((*geometry.kernel_size, depth, F), dtype), label="w")
    b = draw(whole_arrays(bias_shape, dtype), label="b")
    settings = {**geometry.settings, "groups": groups}
    return Case((x, w, b), settings if support.groups else geometry.settings)


@st.composite
def poolings(
    draw: st.DrawFn,
    dtype: npt.DTypeLike = np.float64,
    *,
    support: Support = EVERYTHING,
) -> Case:
    """Draw the images and the settings that all poolings share."""
    geometry = draw(geometries(support, pooling=True))
    N, C = draw(batches(support), label="N"), draw(st.integers(1, 3), label="C")
    x = draw(whole_arrays((N, *geometry.spatial, C), dtype), label="x")
    # Without a stride, a pooling would move by its kernel's size.
    settings = {"kernel_size": geometry.kernel_size, "stride": 1, **geometry.settings}
    if support.ceil_mode:
        settings["ceil_mode"] = draw(st.booleans(), label="ceil_mode")
    if support.count_include_pad:
        settings["count_include_pad"] = draw(st.booleans(), label="count_include_pad")
    return Case((x,), settings)
