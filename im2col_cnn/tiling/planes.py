"""Fold windows plane by plane, where a pixel has few channels.

A window of few channels is a short run of numbers, and thousands of short runs are
added up slowly. So here dX is computed the other way round, one row per tap and channel
and one column per window:

    dX.T = W @ dy.T           (taps * C, windows)

and what one tap owes to all pixels is a plane, added in runs as long as a row of
windows, images side by side in it. At stride s, pixels are sorted by their place modulo
s first: then those that a tap reads lie side by side as well.
"""

from itertools import product
from math import prod

import numpy as np

from .._typing import Array, Images, Kernels
from ..axis import Axis, every
from ..window import EVERY
from .painting import paint_images
from .scratch import scratch, scratch_zeros
from .tiles import Axes, Tile

__all__ = ["image_gradient", "suits"]

FEW = 8  # numbers from window to window: longer runs are added up well as they are


def suits(axes: Axes, C: int) -> bool:
    """Tell whether runs of numbers are so short that it pays."""
    return axes[-1].stride * C <= FEW


def image_gradient(
    dy: Images, w: Kernels, axes: Axes, out: Images, b: Array | None = None
) -> None:
    """Add up what every pixel owes to its windows, as `bilinear.image_gradient`."""
    K, F = prod(w.shape[:-1]), w.shape[-1]
    W = w.reshape(K, F)

    def paint(dy: Images, tile: Tile, pixels: Images) -> None:
        D = np.moveaxis(dy[tile.stops], 0, -2)  # (OH, OW, n, F)
        D = np.ascontiguousarray(D, w.dtype).reshape(tile.size, F)
        planes = scratch("columns", (K, tile.size), w.dtype)
        fold_planes(np.matmul(W, D.T, out=planes), tile, pixels)

    paint_images(dy, axes, out, numbers=K, dtype=w.dtype, b=b, paint=paint)


def fold_planes(planes: Array, tile: Tile, pixels: Images) -> None:
    """Add (taps * C, OH * OW * n) up to the pixels of a tile, (n, H, W, C)."""
    C = pixels.shape[-1]
    n, *stops = tile.out
    steps = tuple(axis.stride for axis in tile.axes)
    rows = (-(-axis.padded_size // axis.stride) for axis in tile.axes)
    by_place = scratch_zeros("pixels", (*steps, C, *rows, n), planes.dtype)
    taps = product(*(reads(axis, k) for axis, k in zip(tile.axes, stops, strict=True)))
    for plane, tap in zip(planes.reshape(-1, C, *stops, n), taps, strict=True):
        place, lines = zip(*tap, strict=True)
        here = by_place[(*place, EVERY, *lines)]
        here += plane
    for where in product(*map(range, steps)):
        combs = [
            every(axis.stride, k, axis.before, axis.size)
            for axis, k in zip(tile.axes, where, strict=True)
        ]
        teeth, lines = zip(*combs, strict=True)
        here = pixels[(EVERY, *teeth)]
        here += np.moveaxis(by_place[(*where, EVERY, *lines)], (0, -1), (-1, 0))


def reads(axis: Axis, stops: int) -> list[tuple[int, slice]]:
    """Return the place of every tap modulo the stride, and the pixels it reads."""
    reach = (divmod(k * axis.dilation, axis.stride) for k in range(axis.kernel))
    return [(place, slice(first, first + stops)) for first, place in reach]
