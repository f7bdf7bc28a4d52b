"""Pay the first maximum of every window of a tile: tap by tap, or axis by axis.

    tap by tap      one comparison per pixel and window that reads it
    axis by axis    first among the rows of a column, then among the columns

The maximum of a window is the largest of the maxima of its columns. Each column says in
which row its first maximum stands; of the columns that hold the maximum of the window,
the first in reading order is the one whose row is least, and of these the leftmost. So
places are numbers, ``row * KW + column``, and the least of them wins.
"""

import numpy as np

from .._gating import BITS, pass_where
from .._typing import Array, Images
from ..tiling.reducing import lowest, reduce_axis
from ..tiling.scratch import scratch, scratch_zeros
from ..tiling.tiles import Tile
from ..window import EVERY

__all__ = ["has_nan", "pay_by_axes", "pay_by_taps", "same_or_nan"]


def pay_by_taps(x: Images, y: Images, dy: Images, dx: Images, tile: Tile) -> None:
    """Pay what each window owes while walking through the kernel.

    What is left to pay is what was owed, less the bits of what was paid: all or none.
    """
    bits = BITS[dx.dtype.itemsize]
    left, share = (scratch(name, dy.shape, dx.dtype) for name in ("left", "share"))
    left[...] = dy
    any_nan = has_nan(y)
    for stops, pixels in tile.taps():
        wins = same_or_nan(x[pixels], y[stops], any_nan=any_nan)
        pass_where(wins, left[stops], out=share[stops])
        left.view(bits)[stops] ^= share.view(bits)[stops]
        dx[pixels] += share[stops]


def pay_by_axes(x: Images, dy: Images, dx: Images, tile: Tile) -> None:
    """Find the least place of a maximum along each axis, and go back the same way."""
    none = np.prod(tile.kernel, dtype=object)  # no place: larger than all of them
    dtype = np.min_scalar_type(none)
    values, places = x, np.broadcast_to(np.zeros((), dtype), x.shape)
    climbed, start = [], lowest(x.dtype)
    for i, axis in enumerate(tile.axes, start=1):
        largest = reduce_axis(np.maximum, start, values, i, axis, dtype=x.dtype)
        any_nan = has_nan(largest)
        best = scratch(f"places {i}", largest.shape, dtype)
        best.fill(none)
        before = (EVERY,) * i
        for k in axis.live:
            stops, read = ((*before, side) for side in axis.tap(k))
            wins = same_or_nan(values[read], largest[stops], any_nan=any_nan)
            here = places[read] * dtype.type(axis.kernel) + dtype.type(k)
            np.maximum(here, ~wins * dtype.type(none), out=here)
            np.minimum(best[stops], here, out=best[stops])
        climbed.append((values.shape, best % dtype.type(axis.kernel)))
        values, places = largest, best
    owed = dy
    for i, axis in reversed(list(enumerate(tile.axes, start=1))):
        shape, taps = climbed[i - 1]
        paid = dx if i == 1 else scratch_zeros(f"paid {i}", shape, dx.dtype)
        before = (EVERY,) * i
        for k in axis.live:
            stops, read = ((*before, side) for side in axis.tap(k))
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
