"""Convolve channel by channel: where each has kernels of its own, do without products.

A matrix product of one column is no use. So numbers are multiplied and added up one by
one, with all channels side by side; and where windows stand side by side, too, a part
of a line of outputs is one run:

    y[stop] += x[pixel] * w[tap]         dw[tap] += x[pixel] * dy[stop]
"""

from math import gcd

import numpy as np

from .._typing import Array, Images, Kernels
from ..axis import Axes
from ..window import EVERY
from .gemm import as_rows, repeated
from .over_tiles import paint_images
from .phases import correlate_phases, phases_of
from .scratch import scratch
from .threads import run
from .tiles import Tile, kept_tiles, room
from .unfold import has_lines, pad, strides, view
from .wide_windows import is_finite

__all__ = ["correlate", "image_gradient", "kernel_gradient"]

MAX_LINES_BYTES = 2**20  # of a kernel written out for a run of outputs: it is in cache
MIN_RUN_NUMBERS = 1500  # of outputs: for longer ones, writing out kernels takes longer
# `einsum` adds up half as fast what it copies into its buffers: runs that fill no more
# than a third of them, unless windows are taken one by one. These want some channels.
MIN_SUMMED_NUMBERS, MIN_CHANNELS_ALONE = 2**13 // 3 + 1, 64


def correlate(
    x: Images, w: Kernels, axes: Axes, out: Images, b: Array | None = None
) -> None:
    """Slide one kernel over each channel; w is (*KERNEL, 1, C)."""
    C = x.shape[-1]
    stops = stops_per_run(axes, w, MIN_RUN_NUMBERS)
    lines = np.repeat(w, stops, axis=-2).reshape(*w.shape[:-2], stops * C)
    b = b if b is None else repeated(b, stops)
    in_place = has_lines(out) and out.dtype == w.dtype
    beside = (EVERY,) * (len(axes) - 1)

    def multiply(tile: Tile) -> None:
        here = out[tile.stops]
        windows = runs(pad(x[tile.pixels], tile, w.dtype), tile, stops)
        places, taps, width = axes_of(windows, tile)
        shape = *windows.shape[: len(places)], windows.shape[-1]
        y = here.reshape(shape) if in_place else scratch("y", shape, w.dtype)
        kernel, result = lines[..., : shape[-1]], [*places, width]
        all_axes, kernel_axes = [*places, *taps, width], [*taps, width]
        if len(tile.bands) == 1 or not is_finite(w):  # inf * 0 is NaN
            np.einsum(windows, all_axes, kernel, kernel_axes, result, out=y)
        else:
            for rows, live in tile.bands:
                read = windows[(EVERY, rows, *beside, live)]
                np.einsum(
                    read, all_axes, kernel[live], kernel_axes, result, out=y[:, rows]
                )
        if b is not None:
            y += b[: shape[-1]]
        if not in_place:
            here[...] = y.reshape(here.shape)

    most, threads = room(axes, 3 * C, w.itemsize)
    run(multiply, kept_tiles(len(x), axes, most), most=threads)


def kernel_gradient(x: Images, dy: Images, axes: Axes, out: Kernels) -> None:
    """Add up the gradient of each kernel over its channel."""
    C = x.shape[-1]
    stops = stops_per_run(axes, out, MIN_SUMMED_NUMBERS)
    if stops * C < MIN_SUMMED_NUMBERS and C >= MIN_CHANNELS_ALONE:
        stops = 1
    out[...] = 0

    def multiply(tile: Tile) -> Array:
        windows = runs(pad(x[tile.pixels], tile, out.dtype), tile, stops)
        places, taps, width = axes_of(windows, tile)
        shape = *windows.shape[: len(places)], windows.shape[-1]
        here = as_rows(dy[tile.stops], out.dtype).reshape(shape)
        all_axes, result = [*places, *taps, width], [*taps, width]
        part = np.einsum(windows, all_axes, here, [*places, width], result)
        return np.asarray(part.reshape(*tile.kernel, -1, C).sum(axis=-2))

    def add(part: Array) -> None:
        np.add(out, part.reshape(out.shape), out=out)

    most, threads = room(axes, 3 * C, out.itemsize)
    run(multiply, kept_tiles(len(x), axes, most), then=add, most=threads)


def image_gradient(
    dy: Images, w: Kernels, axes: Axes, out: Images, b: Array | None = None
) -> None:
    """Add up the gradient of each pixel over the kernels of its channel."""
    C, F = out.shape[-1], dy.shape[-1]
    if C == F and is_finite(w):  # the zeros around dy meet it, and inf * 0 is NaN
        phases = [phases_of(axis) for axis in axes]
        correlate_phases(dy, w, phases, out, b, correlate=correlate)
        return

    def paint(images: tuple[slice, ...], tile: Tile, here: Images) -> None:
        owed = as_rows(dy[images][tile.stops], w.dtype).reshape(*tile.out, F)
        pixels = here[tile.pixels]
        for tap, (stops, read) in zip(np.ndindex(tile.kernel), tile.taps, strict=True):
            share = owed[stops] * w[tap]
            pixels[read] += share.reshape(*share.shape[:-1], C, F // C).sum(-1)

    most = room(axes, 6 * F, w.itemsize)
    paint_images(out, axes, most, dtype=w.dtype, b=b, paint=paint)


def stops_per_run(axes: Axes, w: Kernels, numbers: int) -> int:
    """Return how many windows of so many numbers are one run: of a line, or one."""
    *_, last = axes
    C, W = w.shape[-1], last.output_size
    if last.stride > 1:
        return 1
    least = min(W, -(-numbers // max(C, 1)))
    most = min(W, MAX_LINES_BYTES // max(w.size * w.itemsize, 1))
    return next((n for n in range(least, most + 1) if W % n == 0), 1)


def runs(pixels: Images, tile: Tile, stops: int) -> Array:
    """View the windows over padded pixels, (n, *OUT, *KERNEL, C), or runs of them."""
    steps, taps = strides(pixels.strides, tile.axes)
    C, out = pixels.shape[-1], tile.out
    stops = gcd(stops, out[-1])  # a tile may be narrower than the image
    out, steps = (*out[:-1], out[-1] // stops), (*steps[:-1], steps[-1] * stops)
    C *= stops
    shape = *out, *tile.kernel, C
    return view(pixels, shape, (*steps, *taps, pixels.itemsize), pixels.dtype)


def axes_of(windows: Array, tile: Tile) -> tuple[range, range, int]:
    """Return numbers for axes of windows: of places, of taps, and that of runs."""
    end = windows.ndim - 1
    begin = end - len(tile.kernel)
    return range(begin), range(begin, end), end
