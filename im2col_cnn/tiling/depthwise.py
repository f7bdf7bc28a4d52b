"""Convolve channel by channel: where each has kernels of its own, do without products.

A matrix product of one column is no use. So every tap is multiplied and added on its
own, for all channels side by side, over tiles so small that sums stay in the cache:

    y[stop] += x[pixel] * w[tap]
"""

from math import prod

import numpy as np

from .._typing import Array, Images, Kernels
from .gemm import as_rows
from .over_tiles import paint_images
from .phases import turn, turned_axes
from .scratch import scratch
from .threads import run
from .tiles import Axes, Tile, room, tiles
from .unfold import pad, view_windows
from .wide_windows import is_finite

__all__ = ["correlate", "image_gradient", "kernel_gradient"]

LINES = 2**24  # bytes of a kernel that is written out for a whole line of outputs


def correlate(
    x: Images, w: Kernels, axes: Axes, out: Images, b: Array | None = None
) -> None:
    """Slide one kernel over each channel; w is (*KERNEL, 1, C)."""
    C = x.shape[-1]
    lines = as_lines(w, axes[-1].output_size)

    def multiply(tile: Tile) -> None:
        windows = view_windows(
            pad(x[tile.pixels], tile, w.dtype), tile
        )  # (n, *OUT, *KERNEL, C)
        windows = np.moveaxis(windows, -1, len(tile.out))  # (n, *OUT, C, *KERNEL)
        y, product = (
            scratch(name, (*tile.out, C), w.dtype) for name in ("y", "product")
        )
        y[...] = 0 if b is None else b
        for tap in np.ndindex(tile.kernel):
            line = lines[tap][tile.stops[-1]]
            y += np.multiply(windows[(..., *tap)], line, out=product)
        out[tile.stops] = y

    most, threads = room(axes, 6 * C, w.itemsize)
    run(multiply, tiles(len(x), axes, most), most=threads)


def as_lines(w: Kernels, stops: int) -> Array:
    """Return (*KERNEL, OW, C): every tap as often as a line of outputs is long.

    Written out, they are multiplied faster; a heavy kernel is only viewed so.
    """
    shape = *w.shape[:-2], stops, w.shape[-1]
    if prod(shape) * w.itemsize <= LINES:
        return np.repeat(w, stops, axis=-2)
    return np.broadcast_to(w, shape)


def kernel_gradient(x: Images, dy: Images, axes: Axes, out: Kernels) -> None:
    """Add up the gradient of each kernel over its channel."""
    C = x.shape[-1]
    out[...] = 0

    def multiply(tile: Tile) -> Array:
        windows = view_windows(pad(x[tile.pixels], tile, out.dtype), tile)
        windows = np.moveaxis(windows, -1, len(tile.out))
        here = as_rows(dy[tile.stops], out.dtype).reshape(*tile.out, C)
        product = scratch("product", here.shape, out.dtype)
        ones = np.ones(tile.size, out.dtype)
        part = np.empty_like(out)
        for tap in np.ndindex(tile.kernel):
            np.multiply(windows[(..., *tap)], here, out=product)
            part[tap] = ones @ product.reshape(tile.size, C)
        return part

    def add(part: Array) -> None:
        np.add(out, part, out=out)

    most, threads = room(axes, 6 * C, out.itemsize)
    run(multiply, tiles(len(x), axes, most), then=add, most=threads)


def image_gradient(
    dy: Images, w: Kernels, axes: Axes, out: Images, b: Array | None = None
) -> None:
    """Add up the gradient of each pixel over the kernels of its channel."""
    C, F = out.shape[-1], dy.shape[-1]
    turned = turned_axes(axes)
    if turned is not None and C == F and is_finite(w):  # inf * 0 is NaN
        correlate(dy, turn(w).swapaxes(-1, -2), turned, out, b)
        return

    def paint(dy: Images, tile: Tile, pixels: Images) -> None:
        owed = as_rows(dy[tile.stops], w.dtype).reshape(*tile.out, F)
        for tap, (stops, read) in zip(
            np.ndindex(tile.kernel), tile.taps(), strict=True
        ):
            share = owed[stops] * w[tap]
            pixels[read] += share.reshape(*share.shape[:-1], C, F // C).sum(-1)

    paint_images(dy, axes, out, numbers=6 * F, dtype=w.dtype, b=b, paint=paint)
