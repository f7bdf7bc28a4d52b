"""Reduce windows to one number per channel, and spread numbers over them, by axes.

The maximum over a window is the maximum over its columns of the maximum over their
rows, and so it is with sums: a window of k by k is read in 2 k steps instead of k * k.
"""

from math import prod

import numpy as np

from .._typing import Array, Images
from ..axis import Axes, Axis
from ..window import EVERY
from .scratch import scratch
from .tiles import Tile, room

__all__ = [
    "lowest",
    "pooling_room",
    "reads_all",
    "reduce_axis",
    "reduce_windows",
    "repeat",
    "spread_over_windows",
]

POOLING_TILE_BYTES = 2**22  # of pixels: with fewer, two threads wait for each other


def pooling_room(axes: Axes, C: int, itemsize: int) -> tuple[int, int]:
    """Return windows per tile, as for `room`: they take pixels, and as much again."""
    pixels = prod(min(axis.stride, axis.padded_size) for axis in axes)
    return room((), C * pixels, itemsize, POOLING_TILE_BYTES)


def reduce_windows(
    combine: np.ufunc, start: float, pixels: Images, tile: Tile, dtype: np.dtype
) -> Array:
    """Combine the pixels of every window, (n, *OUT, C), until the next call."""
    for i, axis in enumerate(tile.axes, start=1):
        pixels = reduce_axis(combine, start, pixels, i, axis, dtype=dtype)
    return pixels


def reduce_axis(
    combine: np.ufunc,
    start: float,
    pixels: Images,
    i: int,
    axis: Axis,
    *,
    dtype: np.dtype,
) -> Array:
    """Combine the pixels of every window along axis `i`, until the next call for it."""
    shape = *pixels.shape[:i], axis.output_size, *pixels.shape[i + 1 :]
    reduced = scratch(f"axis {i}", shape, dtype)
    before = (EVERY,) * i
    taps = [sides for _, *sides in axis.taps]
    all_stops = slice(0, axis.output_size)
    pair = [read for stops, read in taps[:2] if stops == all_stops]
    if len(pair) == 2:  # most windows are so: two taps at once, and no start
        combine(*(pixels[(*before, read)] for read in pair), out=reduced, dtype=dtype)
        taps = taps[2:]
    else:
        reduced.fill(start)
    for stops, read in taps:
        here = reduced[(*before, stops)]
        combine(here, pixels[(*before, read)], out=here)
    return reduced


def spread_over_windows(shares: Array, tile: Tile, out: Images, *, start: int) -> None:
    """Give every number, (n, *OUT, C), to all pixels of its window: the transpose.

    Lines of pixels before `start` hold what came before, to be added to; the others
    hold nothing yet.
    """
    first, *others = tile.axes
    for i, axis in reversed(list(enumerate(others, start=2))):
        if axis.windows_abut:  # a tile has no pixels that no window reads
            shares = repeat(shares, axis.kernel, i, f"axis {i}")
            continue
        shape = *shares.shape[:i], axis.size, *shares.shape[i + 1 :]
        pixels = scratch(f"axis {i}", shape, shares.dtype)
        spread_axis(shares, i, axis, pixels, start=0)
        shares = pixels
    spread_axis(shares, 1, first, out, start=start)


def spread_axis(shares: Array, i: int, axis: Axis, out: Array, *, start: int) -> None:
    """Give numbers to the pixels of their windows along axis `i`, from `start` on new.

    The first taps, as many as there are pixels from one window to the next, together
    read each pixel once: these write, and only the others add.
    """
    before = (EVERY,) * i
    writing = axis.stride if reads_all(axis) else 0
    unwritten = axis.output_size * writing - axis.before
    out[(*before, slice(max(start, unwritten), None))] = 0
    for tap, stops, read in axis.taps:
        here, there = out[(*before, read)], shares[(*before, stops)]
        added = len(range(*read.indices(start))) if tap < writing else None
        if added != 0:
            old = *before, slice(added)
            here[old] += there[old]
        if added is not None:
            new = *before, slice(added, None)
            here[new] = there[new]


def reads_all(axis: Axis) -> bool:
    """Tell whether windows leave no gaps, neither inside nor between them."""
    return axis.dilation == 1 and axis.stride <= axis.kernel


def repeat(numbers: Array, times: int, axis: int, purpose: str) -> Array:
    """Return what ``np.repeat`` does, in memory that is there, until the next call."""
    *before, size = numbers.shape[: axis + 1]
    shape = *before, size * times, *numbers.shape[axis + 1 :]
    repeated = scratch(purpose, shape, numbers.dtype)
    places = np.arange(size).repeat(times)
    # All places exist; but only if none is said to be refused is there no copy.
    return np.take(numbers, places, axis, out=repeated, mode="clip")


def lowest(dtype: np.dtype) -> float | int | bool:
    """Return the value from which every maximum starts."""
    if dtype.kind == "f":
        return -np.inf
    return False if dtype.kind == "b" else int(np.iinfo(dtype).min)
