"""Pay the first maximum of every window of a tile, in one of three ways.

    tap by tap      one comparison per pixel and window that reads it
    all at once     where windows lie side by side: all maxima are paid, and where
                    several won, the others give it back
    axis by axis    first among the rows of a column, then among the columns

Axis by axis, the maximum of a window is the largest of the maxima of its columns. Each
column says in which row its first maximum stands; of the columns that hold the maximum
of the window, the first in reading order is the one whose row is least, and of these
the leftmost. So places are numbers, ``row * KW + column``, and the least of them wins.
"""

from collections.abc import Callable
from math import prod

import numpy as np

from .._masking import BITS, pass_where
from .._typing import Array, Images
from ..tiling.pooling import lowest, reduce_axis
from ..tiling.scratch import scratch, scratch_zeros
from ..tiling.tiles import Tile
from ..window import EVERY

__all__ = [
    "Pay",
    "has_nan",
    "pay_all_at_once",
    "pay_by_axes",
    "pay_by_taps",
    "same_or_nan",
]

Pay = Callable[[Images, Images, Images, Images, Tile], None]


def pay_by_taps(x: Images, y: Images, dy: Images, dx: Images, tile: Tile) -> None:
    """Pay what each window owes while walking through the kernel.

    What is left to pay is what was owed, less the bits of what was paid: all or none.
    """
    bits = BITS[dx.dtype.itemsize]
    left, share = (scratch(name, dy.shape, dx.dtype) for name in ("left", "share"))
    left[...] = dy
    any_nan = has_nan(y)
    alone = all(axis.stride >= axis.span for axis in tile.axes)  # windows never meet
    for stops, pixels in tile.taps():
        wins = same_or_nan(x[pixels], y[stops], any_nan=any_nan)
        paid = dx[pixels] if alone else share[stops]
        pass_where(wins, left[stops], out=paid)
        left.view(bits)[stops] ^= paid.view(bits)
        if not alone:
            dx[pixels] += paid


def pay_all_at_once(x: Images, y: Images, dy: Images, dx: Images, tile: Tile) -> None:
    """Pay all maxima of windows that lie side by side, then take back what is too much.

    A row of windows is one run of pixels here, beside their maxima repeated as often.
    """
    n, *stops, C = y.shape
    *height, width = tile.kernel
    rows = [size for pair in zip(stops, height, strict=False) for size in pair]
    lines, apart = (n, *rows, stops[-1] * width, C), (n, *rows, stops[-1], width, C)
    along = (EVERY, *(EVERY, None) * len(height))
    dy = dy.astype(dx.dtype, copy=False)
    largest, owed = (np.repeat(array, width, axis=-2)[along] for array in (y, dy))
    wins = same_or_nan(x.reshape(lines), largest, any_nan=has_nan(y))
    paid = dx.reshape(lines)
    pass_where(wins, owed, out=paid)
    if np.count_nonzero(wins) == y.size:
        return  # each window has a winner, so none has two

    wins, paid = wins.reshape(apart), paid.reshape(apart)
    winners, count = wins.view(np.uint8), np.min_scalar_type(prod(tile.kernel))
    for axis in range(2, 2 + len(stops)):  # long runs first
        winners = np.add.reduce(winners, axis, dtype=count)
    image, *places, channel = np.nonzero(winners > 1)
    window = image, *(side for place in places for side in (place, EVERY)), channel
    first = wins[window].reshape(image.size, prod(tile.kernel)).argmax(axis=1)
    tap = np.unravel_index(first, tile.kernel)
    sides = (side for pair in zip(places, tap, strict=True) for side in pair)
    paid[window] = 0
    paid[(image, *sides, channel)] = dy[(image, *places, channel)]


def pay_by_axes(x: Images, y: Images, dy: Images, dx: Images, tile: Tile) -> None:
    """Find the least place of a maximum along each axis, and go back the same way."""
    none = np.prod(tile.kernel, dtype=object)  # no place: larger than all of them
    dtype = np.min_scalar_type(none)
    values, places = x, np.broadcast_to(np.zeros((), dtype), x.shape)
    climbed, start = [], lowest(x.dtype)
    for i, axis in enumerate(tile.axes, start=1):
        if i < len(tile.axes):
            largest = reduce_axis(np.maximum, start, values, i, axis, dtype=x.dtype)
        else:
            largest = y
        any_nan = has_nan(largest)
        best = scratch(f"places {i}", largest.shape, dtype)
        best.fill(none)
        before = (EVERY,) * i
        for k, *sides in axis.taps:
            stops, read = ((*before, side) for side in sides)
            wins = same_or_nan(values[read], largest[stops], any_nan=any_nan)
            here = places[read] * dtype.type(axis.kernel) + dtype.type(k)
            np.maximum(here, ~wins * dtype.type(none), out=here)
            np.minimum(best[stops], here, out=best[stops])
        climbed.append((values.shape, best % dtype.type(axis.kernel)))
        values, places = largest, best
    owed = dy.astype(dx.dtype, copy=False)
    for i, axis in reversed(list(enumerate(tile.axes, start=1))):
        shape, taps = climbed[i - 1]
        paid = dx if i == 1 else scratch_zeros(f"paid {i}", shape, dx.dtype)
        before = (EVERY,) * i
        for k, *sides in axis.taps:
            stops, read = ((*before, side) for side in sides)
            paid[read] += pass_where(taps[stops] == dtype.type(k), owed[stops])
        owed = paid


def same_or_nan(x: Array, largest: Array, *, any_nan: bool) -> Array:
    """Tell where the maximum stands: NaN is one, and equals nothing."""
    same: Array = np.equal(x, largest)
    if any_nan:
        same |= np.isnan(x)
    return same


def has_nan(array: Array) -> bool:
    """Tell whether there is any NaN to look out for."""
    return array.dtype.kind == "f" and bool(np.isnan(array).any())
