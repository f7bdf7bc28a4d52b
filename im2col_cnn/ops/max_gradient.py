"""The gradient of max pooling: find the maximum of every window, add `dy` there.

The first of several maxima gets all of it, or every one a share, or every one all of
it. The first maximum of the windows of a tile is found in one of three ways:

    by index        the taps before it are counted, and say where it stands
    tap by tap      where windows lie side by side: every pixel is written to once
    all at once     where few of those have several maxima: all are given `dy`, and it
                    is taken back from all but the first
"""

from functools import lru_cache
from math import prod

import numpy as np

from .._dtypes import Arithmetic
from .._masking import pass_where
from .._typing import Array, Images, Shape
from ..axis import Axes
from ..tiling.over_tiles import paint_images
from ..tiling.pooling import pooling_room, repeat
from ..tiling.recycling import empty_result, zero_result
from ..tiling.scratch import scratch
from ..tiling.tiles import Tile
from ..window import EVERY, Window

__all__ = [
    "flat",
    "has_nan",
    "is_maximum",
    "scatter",
    "to_every_maximum",
    "to_the_first",
]


MAX_TAPS_ONE_BY_ONE = 16  # in windows side by side: larger ones seldom have ties
# Of a tile in which looking for ties pays: with fewer channels, to take a single tie
# back costs more than all at once gains.
MIN_SAMPLED_WINDOWS, MIN_SAMPLED_CHANNELS = 2**15, 16
SAMPLED_ROWS = 4  # of windows, in the first image of a tile
SEARCHED_PARTS = 32  # of a tile: only those with several maxima are searched for them
MAX_CACHED_TILES = 4  # that keep where their windows begin, a number for each output


def scatter_by_index(x: Images, y: Images, dy: Images, dx: Images, tile: Tile) -> None:
    """Count the taps before the first maximum of every window, and add `dy` there.

    ``np.add.at`` takes a few nanoseconds for a number where whole numbers index a flat
    array, and adds up in the order of the windows.
    """
    x, y = x[tile.pixels], y[tile.stops]
    upstream = np.ascontiguousarray(dy[tile.stops], dx.dtype)
    taps = prod(tile.kernel)
    before = scratch("before", y.shape, np.min_scalar_type(taps))
    waiting = scratch("waiting", y.shape, np.dtype(bool))
    before.fill(0)
    waiting.fill(True)
    any_nan = has_nan(y)
    other = scratch("other", y.shape, np.dtype(bool))
    count = waiting.view(np.uint8)  # of one tap: adding up in one dtype is faster
    phases = apart(x, tile.axes[-1].stride)
    for stops, (*rows, columns) in tile.taps:
        here, is_other = waiting[stops], other[stops]
        start, phase = divmod(columns.start, columns.step or 1)
        width = stops[-1].stop - stops[-1].start
        pixels = phases[phase][(*rows, slice(start, start + width))]
        np.not_equal(pixels, y[stops], out=is_other)
        if any_nan:
            is_other &= ~np.isnan(pixels)
        here &= is_other
        before += count
    places = scratch("places", y.shape, np.dtype(np.intp))
    np.take(reach_of(tile, dx.shape), before, out=places, mode="clip")
    places += firsts_of(tile.axes, tile.out, dx.shape)
    if waiting.any():  # images have changed since forward
        upstream = np.where(waiting, dx.dtype.type(0), upstream)
        places[waiting] = 0
    np.add.at(dx.reshape(-1), places.reshape(-1), upstream.reshape(-1))


def apart(x: Images, stride: int) -> Array:
    """Copy every stride-th column next to the one before, beginning at each of some.

    What one tap reads along a row is one run of memory then, as long as the row.
    """
    if stride == 1:
        return x[None]
    *lines, W, C = x.shape
    columns = scratch("columns", (stride, *lines, -(-W // stride), C), x.dtype)
    for phase in range(stride):
        some = x[..., phase::stride, :]
        columns[phase, ..., : some.shape[-2], :] = some
    return columns


@lru_cache(MAX_CACHED_TILES)
def firsts_of(axes: Axes, out: Shape, shape: Shape) -> Array:
    """Return how far in a flat array windows begin behind the first one of a tile."""
    firsts = np.arange(out[0])
    for axis, stops, size in zip(axes, out[1:], shape[1:-1], strict=True):
        firsts = firsts[..., None] * size + axis.stride * np.arange(stops)
    *_, C = shape
    return firsts[..., None] * C + np.arange(C)


def reach_of(tile: Tile, shape: Shape) -> Array:
    """Return where the taps of the first window of a tile stand in a flat array."""
    reach = np.array([tile.stops[0].start])
    for axis, pixels, size in zip(tile.axes, tile.pixels[1:], shape[1:-1], strict=True):
        taps = pixels.start - axis.before + axis.dilation * np.arange(axis.kernel)
        reach = (reach[:, None] * size + taps).ravel()
    return reach * shape[-1]


def scatter_side_by_side(
    x: Images, y: Images, dy: Images, dx: Images, tile: Tile
) -> None:
    """Write `dy` to the first maximum of windows side by side, in the faster way."""
    large = prod(tile.kernel) > MAX_TAPS_ONE_BY_ONE
    at_once = large or not has_ties(x[tile.pixels], y[tile.stops], tile)
    (scatter_all_at_once if at_once else scatter_tap_by_tap)(x, y, dy, dx, tile)


def has_ties(x: Images, y: Images, tile: Tile) -> bool:
    """Tell whether to expect several maxima in a window, by some rows of one image."""
    if y.size < MIN_SAMPLED_WINDOWS or y.shape[-1] < MIN_SAMPLED_CHANNELS:
        return True
    some = slice(0, 1), slice(None, None, -(-y.shape[1] // SAMPLED_ROWS))
    same = (np.equal(x[pixels][some], y[some]) for _, pixels in tile.taps)
    return sum(map(np.count_nonzero, same)) > y[some].size


def scatter_tap_by_tap(
    x: Images, y: Images, dy: Images, dx: Images, tile: Tile
) -> None:
    """Write `dy` to the first maximum of windows side by side, and 0 to the others."""
    x, y, dy, dx = x[tile.pixels], y[tile.stops], dy[tile.stops], dx[tile.pixels]
    dy = dy.astype(dx.dtype, copy=False)
    waiting = scratch("waiting", y.shape, np.dtype(bool))
    wins = scratch("other", y.shape, np.dtype(bool))
    waiting.fill(True)
    any_nan = has_nan(y)
    for _, pixels in tile.taps:
        np.equal(x[pixels], y, out=wins)
        if any_nan:
            wins |= np.isnan(x[pixels])
        wins &= waiting
        waiting ^= wins
        pass_where(wins, dy, out=dx[pixels])


def scatter_all_at_once(
    x: Images, y: Images, dy: Images, dx: Images, tile: Tile
) -> None:
    """Add `dy` to all maxima of windows side by side, then take back all but the first.

    A row of windows is one run of pixels here, beside their maxima repeated as often.
    """
    x, y, dy, dx = x[tile.pixels], y[tile.stops], dy[tile.stops], dx[tile.pixels]
    n, *stops, C = y.shape
    *height, width = tile.kernel
    high = [size for pair in zip(stops, height, strict=False) for size in pair]
    lines, apart = (n, *high, stops[-1] * width, C), (n, *high, stops[-1], width, C)
    along = (EVERY, *(EVERY, None) * len(height))
    dy = dy.astype(dx.dtype, copy=False)
    largest, upstream = (
        repeat(array, width, y.ndim - 2, purpose)[along]
        for array, purpose in ((y, "largest"), (dy, "upstream"))
    )
    wins = scratch("wins", lines, np.dtype(bool))
    is_maximum(x.reshape(lines), largest, any_nan=has_nan(y), out=wins)
    given = dx.reshape(lines)
    pass_where(wins, upstream, out=given)
    rows = n * stops[0]  # of windows, one behind the other
    crowded = find_crowded(wins.reshape(rows, -1), y.size // rows)
    if not crowded.any():
        return
    wins = wins.reshape(rows, *apart[2:])[crowded]
    winners, count = wins.view(np.uint8), np.min_scalar_type(prod(tile.kernel))
    for axis in range(1, 1 + len(stops)):  # long runs first
        winners = np.add.reduce(winners, axis, dtype=count)
    row, *others, channel = np.nonzero(winners > 1)
    beside = *(side for place in others for side in (place, EVERY)), channel
    first = wins[(row, EVERY, *beside)].reshape(row.size, prod(tile.kernel)).argmax(1)
    image, *places = *np.divmod(np.flatnonzero(crowded)[row], stops[0]), *others
    tap = np.unravel_index(first, tile.kernel)
    sides = (side for pair in zip(places, tap, strict=True) for side in pair)
    given = given.reshape(apart)
    given[(image, places[0], EVERY, *beside)] = 0
    given[(image, *sides, channel)] = dy[(image, *places, channel)]


def find_crowded(wins: Array, windows: int) -> Array:
    """Tell which rows of so many windows may have windows with several winners."""
    crowded = np.zeros(len(wins), bool)
    step = -(-len(wins) // SEARCHED_PARTS)
    for start in range(0, len(wins), step):
        rows = wins[start : start + step]
        # Each window has a winner, so where there are no more, none has two.
        crowded[start : start + step] = np.count_nonzero(rows) > len(rows) * windows
    return crowded


def is_maximum(
    x: Array, largest: Array, *, any_nan: bool, out: Array | None = None
) -> Array:
    """Tell where the maximum stands: NaN is one, and equals nothing."""
    same = np.asarray(np.equal(x, largest, out=out))
    if any_nan:
        same |= np.isnan(x)
    return same


def has_nan(array: Array) -> bool:
    """Tell whether there is any NaN to look out for."""
    return array.dtype.kind == "f" and array.size > 0 and bool(np.isnan(array.max()))


def to_the_first(
    dy: Images, x: Images, y: Images, window: Window, dtypes: Arithmetic
) -> Images:
    """Give the first of several maxima all of the gradient, tile by tile."""
    axes = window.axes
    dx = empty_result(x.shape, dtypes.result)
    abut = all(axis.windows_abut for axis in axes)
    scatter_tile = scatter_side_by_side if abut else scatter_by_index

    def paint(images: tuple[slice, ...], tile: Tile, here: Images) -> None:
        scatter_tile(x[images], y[images], dy[images], here, tile)

    room = pooling_room(axes, x.shape[-1], dtypes.working.itemsize)
    paint_images(dx, axes, room, dtype=dtypes.working, paint=paint, adds=not abut)
    return dx


def to_every_maximum(
    dy: Images, x: Images, y: Images, window: Window, *, split: bool
) -> Images:
    """Give each of several maxima an equal share of the gradient, or all of it."""
    any_nan = has_nan(y)
    taps = [
        (tap, is_maximum(x[tap.pixels], y[tap.stops], any_nan=any_nan))
        for tap in window.taps()
    ]
    if split:
        maxima = np.zeros(dy.shape, dy.dtype)
        for tap, is_max in taps:
            maxima[tap.stops] += is_max
        dy = dy / maxima
    dx = zero_result(x.shape, dy.dtype)
    for tap, is_max in taps:
        dx[tap.pixels] += pass_where(is_max, dy[tap.stops])
    return dx


def scatter(dy: Images, argmax: Array, spatial: tuple[int, ...]) -> Images:
    """Add every gradient to the pixel it belongs to: ``dx[argmax] += dy``."""
    dx = zero_result((dy.shape[0], *spatial, dy.shape[-1]), dy.dtype)
    # Not dx[...] += dy: where windows overlap, that would keep the last one only.
    np.add.at(dx.reshape(-1), flat(argmax, spatial).reshape(-1), dy.reshape(-1))
    return dx


def flat(argmax: Array, spatial: tuple[int, ...]) -> Array:
    """Turn indices in an image into indices in the whole batch, raveled."""
    N, *_, C = argmax.shape
    places = np.arange(N).reshape(-1, *(1 for _ in argmax.shape[1:])) * prod(spatial)
    return np.asarray((places + argmax) * C + np.arange(C))
