"""Fold windows back: multiply, and add up what comes together at every pixel.

    fold     pixels[window, line] += columns[window, line]      added up

The transpose of unfolding. A line of the kernel is one run of numbers, in the image as
in the columns. Lines of neighbouring windows overlap, so they are added up in turns: in
each, only windows that lie so far apart that they share no pixel.
"""

from collections.abc import Iterator
from math import prod

import numpy as np
from numpy.lib.stride_tricks import as_strided

from .._typing import Array, Images, Kernels
from ..axis import Axes, Axis
from ..window import EVERY
from .gemm import as_rows, copied
from .over_tiles import paint_images
from .scratch import scratch, scratch_zeros
from .tiles import Tile, room
from .unfold import has_lines
from .wide_windows import (
    FOLD_COST,
    is_finite,
    neighbours,
    widen_axes,
    widen_kernel,
    widen_outputs,
)

__all__ = ["image_gradient"]


def image_gradient(
    dy: Images, w: Kernels, axes: Axes, out: Images, b: Array | None = None
) -> None:
    """Return in `out` the gradient of images: ``dy @ W.T``, folded, plus b."""
    g = neighbours(axes, w.shape[-2], dy, FOLD_COST)
    if g > 1 and dy.dtype.kind == "f" and is_finite(dy):
        dy = widen_outputs(dy, g)
        w, axes = widen_kernel(w, axes, g), widen_axes(axes, g)
    *_, C, F = w.shape
    W = w.reshape(prod(w.shape[:-1]), F)
    K = len(W)

    def paint(images: tuple[slice, ...], tile: Tile, here: Images) -> None:
        columns = scratch("columns", (tile.size, K), w.dtype)
        np.matmul(as_rows(dy[images][tile.stops], w.dtype), W.T, out=columns)
        fold_tile(columns, tile, C, here[tile.pixels])

    most = room(axes, max(K, copied(dy, w.dtype)), w.itemsize)
    paint_images(out, axes, most, dtype=w.dtype, b=b, paint=paint)


def fold_tile(columns: Array, tile: Tile, C: int, out: Images) -> None:
    """Add (P, K * C) to the pixels `out`, (n, *SPATIAL, C); padding is dropped."""
    padded = out
    if tile.is_padded or not has_lines(out):
        padded = scratch_zeros("pixels", (*tile.padded, C), columns.dtype)
    *axes, last = tile.axes
    *kernel, taps = tile.kernel
    columns = columns.reshape(*tile.out, *kernel, taps * C)
    for tap in np.ndindex(*kernel):
        sides = zip(tap, axes, tile.out[1:], strict=False)
        rows = padded[(EVERY, *(reach(k, axis, stops) for k, axis, stops in sides))]
        *steps, pixel, number = rows.strides
        for stops, run in turns(last):
            place = stops.start * last.stride + run.start * last.dilation
            # The run of the last stop ends where its window does, inside the block.
            here = as_strided(
                rows[..., place:, :],
                (*tile.out[:-1], len(stops), len(run) * C),
                (*steps, stops.step * last.stride * pixel, number),
            )
            chosen = slice(stops.start, stops.stop, stops.step)
            here += columns[(..., chosen, *tap, slice(run.start * C, run.stop * C))]
    if padded is not out:
        out += padded[tile.inner]


def reach(k: int, axis: Axis, stops: int) -> slice:
    """Return the padded pixels that tap `k` reads, window after window."""
    first = k * axis.dilation
    return slice(first, first + (stops - 1) * axis.stride + 1, axis.stride)


def turns(axis: Axis) -> Iterator[tuple[range, range]]:
    """Yield windows and taps to add up at once: no two windows share a pixel there."""
    stops, taps = range(axis.output_size), range(axis.kernel)
    if axis.dilation > 1:
        for k in taps:
            yield stops, taps[k : k + 1]
    else:
        every = -(-axis.kernel // axis.stride)  # so many on, windows meet no more
        for first in stops[:every]:
            yield stops[first::every], taps
