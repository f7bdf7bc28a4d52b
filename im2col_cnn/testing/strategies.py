"""Draw legal convolutions and poolings: the space this package promises to get right.

Four choices are made here, once, for every test. Arrays hold small whole numbers, so
that sums and products are exact in floating point and tests compare with ``==`` instead
of a tolerance. Arrays are read-only, so that a function that scribbles on its arguments
fails. Every axis is drawn apart, so that rows and columns cannot be mixed up unseen.
Sizes are built backwards from the output, so that every draw is legal and nothing is
filtered away; strides need not divide and pixels may stay unread.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import hypothesis.strategies as st
import numpy as np
import numpy.typing as npt

from .._typing import Array, Padding, Shape

__all__ = ["Case", "convolutions", "poolings", "unfoldings", "whole_arrays"]

MOST_TAPS = 3  # per axis; two for images with three axes, or the loops take too long


class Case(NamedTuple):
    """One call: ``forward(*arrays, **settings)``."""

    arrays: tuple[Array, ...]
    settings: Mapping[str, Any]


class Geometry(NamedTuple):
    """The size of an image and a window that fits in it."""

    spatial: Shape
    kernel_size: Shape
    settings: dict[str, Any]


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


@st.composite
def geometries(
    draw: st.DrawFn, *, axes: int | None = None, pooling: bool = False
) -> Geometry:
    """Draw one to three axes, and one of the ways to write their padding."""
    count = axes or draw(st.integers(1, 3), label="axes")
    most = 2 if count == 3 else MOST_TAPS
    word = draw(st.sampled_from(["pairs", "valid", "same", "same_lower"]))
    drawn = [draw(sides(word, most=most, pooling=pooling)) for _ in range(count)]
    pairs = tuple((side.before, side.after) for side in drawn)
    padding = draw(st.sampled_from(spellings(pairs))) if word == "pairs" else word
    return Geometry(
        spatial=tuple(side.size for side in drawn),
        kernel_size=tuple(side.kernel for side in drawn),
        settings={
            "stride": tuple(side.stride for side in drawn),
            "padding": padding,
            "dilation": tuple(side.dilation for side in drawn),
        },
    )


class Side(NamedTuple):
    """One axis of an image, and how a window moves along it."""

    size: int
    kernel: int
    stride: int
    dilation: int
    before: int
    after: int


@st.composite
def sides(draw: st.DrawFn, word: str, *, most: int, pooling: bool) -> Side:
    """Draw the stops first, then the pixels they need and some they do not."""
    kernel, stops, stride = (draw(st.integers(1, most)) for _ in range(3))
    dilation = draw(st.integers(1, most)) if kernel > 1 else 1
    span = dilation * (kernel - 1) + 1
    if word in ("same", "same_lower"):
        # Any size is legal, but a pooling window must not straddle the whole image.
        size = draw(st.integers(dilation if pooling else 1, 2 * most + dilation))
        return Side(size, kernel, stride, dilation, 0, 0)
    unread = draw(st.integers(0, stride - 1))
    padded = span + stride * (stops - 1) + unread
    if word == "valid":
        return Side(padded, kernel, stride, dilation, 0, 0)
    if pooling:
        # The first window starts, and the last one ends, at most a span outside.
        before = draw(st.integers(0, min(span - 1, padded - dilation)))
        after = draw(st.integers(0, min(span - 1 + unread, padded - dilation - before)))
    else:
        before = draw(st.integers(0, padded - 1))
        after = draw(st.integers(0, padded - 1 - before))
    return Side(padded - before - after, kernel, stride, dilation, before, after)


def spellings(pairs: tuple[tuple[int, int], ...]) -> list[Padding]:
    """List the ways to write a padding: pairs, ints where sides agree, one int."""
    ways: list[Padding] = [pairs]
    if all(before == after for before, after in pairs):
        ways.append(tuple(before for before, _ in pairs))
        if len(set(pairs)) == 1:
            ways.append(pairs[0][0])
    return ways


@st.composite
def unfoldings(draw: st.DrawFn, dtype: npt.DTypeLike = np.float64) -> Case:
    """Draw the arguments of `im2col`: images, and a window that slides over them."""
    geometry = draw(geometries())
    N, C = (
        draw(st.sampled_from([1, 2, 3, 0]), label="N"),
        draw(st.integers(1, 3), label="C"),
    )
    x = draw(whole_arrays((N, *geometry.spatial, C), dtype), label="x")
    return Case((x,), {"kernel_size": geometry.kernel_size, **geometry.settings})


@st.composite
def convolutions(
    draw: st.DrawFn,
    dtype: npt.DTypeLike = np.float64,
    *,
    axes: int | None = None,
    most_groups: int = 3,
) -> Case:
    """Draw the arguments ``(x, w, b)`` and the settings of a convolution."""
    geometry = draw(geometries(axes=axes))
    N = draw(st.sampled_from([1, 2, 3, 0]), label="N")
    groups = draw(st.integers(1, most_groups), label="groups")
    depth, filters = draw(st.integers(1, 2)), draw(st.integers(1, 2))
    C, F = groups * depth, groups * filters
    bias_shape = draw(
        st.sampled_from([(F,), (1, F), (1,) * len(geometry.spatial) + (1, F)])
    )
    x = draw(whole_arrays((N, *geometry.spatial, C), dtype), label="x")
    w = draw(whole_arrays((*geometry.kernel_size, depth, F), dtype), label="w")
    b = draw(whole_arrays(bias_shape, dtype), label="b")
    return Case((x, w, b), {**geometry.settings, "groups": groups})


@st.composite
def poolings(draw: st.DrawFn, dtype: npt.DTypeLike = np.float64) -> Case:
    """Draw the images and the settings that all poolings share."""
    geometry = draw(geometries(pooling=True))
    N, C = (
        draw(st.sampled_from([1, 2, 3, 0]), label="N"),
        draw(st.integers(1, 3), label="C"),
    )
    x = draw(whole_arrays((N, *geometry.spatial, C), dtype), label="x")
    settings = {"kernel_size": geometry.kernel_size, **geometry.settings}
    settings["ceil_mode"] = draw(st.booleans(), label="ceil_mode")
    return Case((x,), settings)
