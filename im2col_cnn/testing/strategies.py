"""Draw legal convolutions and poolings: the space this package promises to get right.

Four choices are made here, once, for every test. Arrays hold small whole numbers, so
that sums and products are exact in floating point and tests compare with ``==`` instead
of a tolerance. Arrays are read-only, so that a function that scribbles on its arguments
fails. Every axis is drawn apart, so that rows and columns cannot be mixed up unseen.
Sizes are built backwards from the output, so that every draw is legal and nothing is
filtered away; strides need not divide and pixels may stay unread.

An implementation that takes less than everything says so in a `Support`, and is asked
for nothing else. Homework is drawn larger now and then: `SIZES`.
"""

from collections.abc import Mapping
from functools import cache
from math import prod
from typing import Any, NamedTuple, TypeVar, cast

import hypothesis.strategies as st
import numpy as np
import numpy.typing as npt

from .._typing import Array, Padding, PaddingWord, Shape
from .support import EVERYTHING, Centred, Freedom, Support

__all__ = [
    "SIZES",
    "Case",
    "Geometry",
    "Sizes",
    "Sweep",
    "among",
    "convolutions",
    "draw_array",
    "most_around",
    "poolings",
    "unfoldings",
    "whole_arrays",
    "written_as",
]


SEEDS = st.integers(0, 2**16)  # of arrays
MAX_TAPS = 3  # per axis; two for images with three axes, or the loops take too long


class Sizes(NamedTuple):
    """How many there are of each; in `rows`, how long one of the axes is."""

    images: tuple[int, ...] = (1, 2, 3)
    channels: tuple[int, ...] = (1, 2, 3)
    filters: tuple[int, ...] = (1, 2)  # and channels, of each group of a convolution
    taps: int = MAX_TAPS
    rows: int = 0


SMALL = Sizes()
MANY = (1, 4, 5, 6)
# Larger in one way at a time, or loops would take too long.
SIZES = (
    SMALL,
    Sizes(images=MANY, channels=MANY, filters=MANY),
    Sizes(taps=5),
    Sizes(images=(1,), channels=(1,), filters=(1,), rows=18),
)


class Geometry(NamedTuple):
    """The size of an image and a window that fits in it."""

    spatial: Shape
    kernel_size: Shape
    settings: dict[str, Any]


class Sweep(NamedTuple):
    """How a window moves along one axis, and what it leaves unread at the end."""

    kernel: int
    stride: int
    dilation: int
    stops: int
    unread: int

    @property
    def span(self) -> int:
        """Pixels from a window's first tap to its last, both counted."""
        return self.dilation * (self.kernel - 1) + 1

    @property
    def least(self) -> int:
        """Pixels that an image must have so that no window straddles all of it."""
        return self.dilation if self.kernel > 1 else 1

    @property
    def padded_size(self) -> int:
        """Pixels that these stops need, and those they leave."""
        return self.span + self.stride * (self.stops - 1) + self.unread


def draw_geometry(
    draw: st.DrawFn, support: Support, *, pooling: bool = False, sizes: Sizes = SMALL
) -> Geometry:
    """Draw how windows move along every axis, then the image that lies under them."""
    axes = draw(among(support.axes), label="axes")
    most = 2 if axes == 3 else sizes.taps
    few = min(most, MAX_TAPS)
    form = draw(among(support.paddings or ("valid",)), label="padding")
    kernels = support.kernels or tuple(range(1, most + 1))
    strides = support.strides or tuple(range(1, most + 1))
    if form.startswith("centred"):
        kernels = tuple(k for k in kernels if k % 2)
        if form.endswith("at stride 1"):  # where it crops, there is something to crop
            kernels, strides = tuple(k for k in kernels if k > 1), (1,)
    kernel = per_axis(draw, support.kernel, axes, kernels)
    stride = per_axis(draw, support.stride, axes, strides)
    if support.stride_is_kernel:
        stride = kernel
    dilation = per_axis(draw, support.dilation, axes, tuple(range(1, few + 1)))
    longest = draw(st.integers(0, axes - 1)) if sizes.rows and axes == 2 else None
    if support.square and longest:
        longest = 0
    sweeps = [
        Sweep(
            *movement,
            stops=draw(st.integers(1, few))
            + (sizes.rows // movement[1] if axis == longest else 0),
            unread=draw(st.integers(0, movement[1] - 1)) if support.remainder else 0,
        )
        for axis, movement in enumerate(zip(kernel, stride, dilation, strict=True))
    ]
    if support.square:
        sweeps = [sweeps[0]] * axes
    spatial, written = paddings(draw, form, sweeps, support, pooling=pooling)
    settings = {
        "stride": written_as(support.stride, [sweep.stride for sweep in sweeps]),
        "padding": written if support.paddings else None,
        "dilation": written_as(support.dilation, [sweep.dilation for sweep in sweeps]),
    }
    return Geometry(
        spatial,
        tuple(sweep.kernel for sweep in sweeps),
        {name: value for name, value in settings.items() if value is not None},
    )


T = TypeVar("T")


@cache
def among(values: tuple[T, ...]) -> st.SearchStrategy[T]:
    """Return the strategy that draws one of some values: it is dear to make anew."""
    return st.sampled_from(values)


def per_axis(
    draw: st.DrawFn, freedom: Freedom, axes: int, numbers: tuple[int, ...]
) -> Shape:
    """Draw one number per axis; the same for all of them where no more is known."""
    if freedom == "none":
        return (1,) * axes
    if freedom == "one":
        return (draw(among(numbers)),) * axes
    return tuple(draw(among(numbers)) for _ in range(axes))


def written_as(freedom: Freedom, numbers: list[int]) -> Shape | int | None:
    """Write a setting the way an implementation takes it."""
    return {"none": None, "one": numbers[0], "each": tuple(numbers)}[freedom]


def paddings(
    draw: st.DrawFn, form: str, sweeps: list[Sweep], support: Support, *, pooling: bool
) -> tuple[Shape, Padding]:
    """Draw a padding, and the size of the image that is left inside it."""
    if form.startswith("centred"):
        sizes = [draw(st.integers(2, 2 * MAX_TAPS)) for _ in sweeps]
        sizes = sizes[:1] * len(sizes) if support.square else sizes
        return tuple(sizes), Centred((s.kernel // 2, s.kernel // 2) for s in sweeps)
    if form in ("same", "same_lower"):
        # Any size is legal, but a pooling window must not straddle the whole image.
        sizes = [
            draw(st.integers(s.least if pooling else 1, s.least + 2 * MAX_TAPS))
            for s in sweeps
        ]
        return tuple(sizes), cast(PaddingWord, form)
    if form == "int":
        widest = min(most_around(s, pooling=pooling) for s in sweeps)
        pads = among(support.pads) if support.pads else st.integers(0, widest)
        p = draw(pads)
        # The image is as large as its padding leaves, and never empty.
        return tuple(max(1, s.padded_size - 2 * p) for s in sweeps), p
    if form == "each":
        each = [draw(st.integers(0, most_around(s, pooling=pooling))) for s in sweeps]
        sizes = [s.padded_size - 2 * p for s, p in zip(sweeps, each, strict=True)]
        return tuple(sizes), tuple(each)
    if form == "pairs":
        both = [sides(draw, s, pooling=pooling) for s in sweeps]
        sizes = [
            s.padded_size - sum(pair) for s, pair in zip(sweeps, both, strict=True)
        ]
        return tuple(sizes), tuple(both)
    return tuple(s.padded_size for s in sweeps), "valid"


def most_around(sweep: Sweep, *, pooling: bool) -> int:
    """Return the widest padding on both sides that leaves something to read."""
    if pooling:
        # No window stands outside the image, or straddles all of it.
        return min(sweep.span - 1, (sweep.padded_size - sweep.least) // 2)
    return (sweep.padded_size - 1) // 2


def sides(draw: st.DrawFn, sweep: Sweep, *, pooling: bool) -> tuple[int, int]:
    """Draw a padding before the image, and another one after it."""
    size = sweep.padded_size
    if pooling:
        # The first window starts, and the last one ends, at most a span outside.
        most = min(sweep.span - 1, size - sweep.least)
        before = draw(st.integers(0, most))
        most = min(sweep.span - 1 + sweep.unread, size - sweep.least - before)
    else:
        before = draw(st.integers(0, size - 1))
        most = size - 1 - before
    return before, draw(st.integers(0, most))


class Case(NamedTuple):
    """One call: ``forward(*arrays, **settings)``."""

    arrays: tuple[Array, ...]
    settings: Mapping[str, Any]


def draw_array(
    draw: st.DrawFn,
    shape: Shape,
    dtype: npt.DTypeLike = np.float64,
    *,
    low: int = -9,
    high: int = 9,
) -> Array:
    """Draw one of the `whole_arrays`."""
    seed = draw(SEEDS)
    size = prod(shape)
    if seed == 0:
        numbers = np.arange(1, size + 1) % (high + 1)
    else:
        numbers = np.random.default_rng(seed).integers(low, high + 1, size)
        if not numbers.any():  # of which nothing could be told
            numbers[:1] = high
    array = numbers.astype(dtype).reshape(shape)
    array.flags.writeable = False
    return array


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
    return draw_array(draw, shape, dtype, low=low, high=high)


def batches(support: Support, sizes: Sizes) -> st.SearchStrategy[int]:
    """Draw the number of images."""
    if support.one_image:
        return st.just(1)
    return among((*sizes.images, 0) if support.empty_batch else sizes.images)


def depths(support: Support, sizes: Sizes) -> st.SearchStrategy[int]:
    """Draw the number of channels."""
    if support.one_channel:
        return st.just(1)
    return among(support.channels or sizes.channels)


@st.composite
def unfoldings(
    draw: st.DrawFn,
    dtype: npt.DTypeLike = np.float64,
    *,
    support: Support = EVERYTHING,
    sizes: Sizes = SMALL,
) -> Case:
    """Draw the arguments of `im2col`: images, and a window that slides over them."""
    geometry = draw_geometry(draw, support, sizes=sizes)
    N = draw(batches(support, sizes), label="N")
    C = draw(depths(support, sizes), label="C")
    x = draw_array(draw, (N, *geometry.spatial, C), dtype)
    return Case((x,), {"kernel_size": geometry.kernel_size, **geometry.settings})


@st.composite
def convolutions(
    draw: st.DrawFn,
    dtype: npt.DTypeLike = np.float64,
    *,
    support: Support = EVERYTHING,
    sizes: Sizes = SMALL,
) -> Case:
    """Draw the arguments ``(x, w, b)`` and the settings of a convolution."""
    geometry = draw_geometry(draw, support, sizes=sizes)
    N = draw(batches(support, sizes), label="N")
    groups = draw(st.integers(1, 3), label="groups") if support.groups else 1
    depth = draw(among(support.channels or sizes.filters))
    filters = draw(among(support.filters or sizes.filters))
    depth = 1 if support.one_channel else depth
    filters = 1 if support.one_filter else filters
    C, F = groups * depth, groups * filters
    shapes: tuple[Shape, ...] = ((F,),)
    if support.bias_shapes:
        shapes += (1, F), (1,) * len(geometry.spatial) + (1, F)
    bias_shape = draw(among(shapes))
    low = 1 if support.positive else -9
    x = draw_array(draw, (N, *geometry.spatial, C), dtype, low=low)
    w_shape = (*geometry.kernel_size, depth, F)
    w = draw_array(draw, w_shape, dtype, low=low)
    b = draw_array(draw, bias_shape, dtype, low=low)
    if not support.bias:
        b = np.zeros_like(b)
        b.flags.writeable = False
    settings = {**geometry.settings, "groups": groups}
    return Case((x, w, b), settings if support.groups else geometry.settings)


@st.composite
def poolings(
    draw: st.DrawFn,
    dtype: npt.DTypeLike = np.float64,
    *,
    support: Support = EVERYTHING,
    sizes: Sizes = SMALL,
) -> Case:
    """Draw the images and the settings that all poolings share."""
    geometry = draw_geometry(draw, support, pooling=True, sizes=sizes)
    N = draw(batches(support, sizes), label="N")
    C = draw(depths(support, sizes), label="C")
    x = draw_array(draw, (N, *geometry.spatial, C), dtype)
    # Without a stride, a pooling would move by its kernel's size.
    # Side by side windows are what it does without being told.
    settings = {"kernel_size": geometry.kernel_size, "stride": 1, **geometry.settings}
    if support.stride_is_kernel:
        settings["stride"] = geometry.kernel_size
    if support.ceil_mode:
        settings["ceil_mode"] = draw(st.booleans(), label="ceil_mode")
    if support.count_include_pad:
        settings["count_include_pad"] = draw(st.booleans(), label="count_include_pad")
    return Case((x,), settings)
