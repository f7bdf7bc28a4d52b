"""The gradient of max pooling: find the maximum of every window, add `dy` there.

The first of several maxima gets all of it, or every one a share, or every one all of
it. The first maximum of the windows of a tile is found in one of three ways:

    tap by tap      one comparison per pixel and window that reads it
    all at once     where windows lie side by side: all maxima are given `dy`, and
                    where there were several, it is taken back from the others
    axis by axis    first among the rows of a column, then among the columns

Axis by axis, the maximum of a window is the largest of the maxima of its columns. Each
column says in which row its first maximum stands; of the columns that hold the maximum
of the window, the first in reading order is the one whose row is least, and of these
the leftmost. So places are numbers, ``row * KW + column``, and the least comes first.
"""

from collections.abc import Callable
from math import prod

import numpy as np

from .._dtypes import Arithmetic
from .._masking import INTEGER_OF_BYTES, pass_where
from .._typing import Array, Images
from ..tiling.pooling import lowest, reduce_axis
from ..tiling.scratch import scratch, scratch_zeros
from ..tiling.threads import run
from ..tiling.tiles import Axes, Tile, blocks, most_threads, most_windows, tiles
from ..window import EVERY, Window

__all__ = [
    "ScatterTile",
    "flat",
    "has_nan",
    "is_maximum",
    "scatter",
    "scatter_all_at_once",
    "scatter_by_axes",
    "scatter_by_taps",
    "to_every_maximum",
    "to_the_first",
]


MIN_TAPS_ALL_AT_ONCE = 4  # with more, windows side by side are scattered at once
MAX_TAPS_ONE_BY_ONE = 16  # with more of them, one axis after another is faster

ScatterTile = Callable[[Images, Images, Images, Images, Tile], None]


def scatter_by_taps(x: Images, y: Images, dy: Images, dx: Images, tile: Tile) -> None:
    """Add `dy` to the first maximum of every window, tap by tap.

    `left` holds each window's gradient until its first maximum is found. XOR with what
    was added clears it, because either all or none of it was added.
    """
    bits = INTEGER_OF_BYTES[dx.dtype.itemsize]
    left, share = (scratch(name, dy.shape, dx.dtype) for name in ("left", "share"))
    left[...] = dy
    any_nan = has_nan(y)
    alone = all(axis.stride >= axis.span for axis in tile.axes)  # windows never meet
    for stops, pixels in tile.taps():
        wins = is_maximum(x[pixels], y[stops], any_nan=any_nan)
        given = dx[pixels] if alone else share[stops]
        pass_where(wins, left[stops], out=given)
        left.view(bits)[stops] ^= given.view(bits)
        if not alone:
            dx[pixels] += given


def scatter_all_at_once(
    x: Images, y: Images, dy: Images, dx: Images, tile: Tile
) -> None:
    """Add `dy` to all maxima of windows side by side, then take back all but the first.

    A row of windows is one run of pixels here, beside their maxima repeated as often.
    """
    n, *stops, C = y.shape
    *height, width = tile.kernel
    rows = [size for pair in zip(stops, height, strict=False) for size in pair]
    lines, apart = (n, *rows, stops[-1] * width, C), (n, *rows, stops[-1], width, C)
    along = (EVERY, *(EVERY, None) * len(height))
    dy = dy.astype(dx.dtype, copy=False)
    largest, upstream = (np.repeat(array, width, axis=-2)[along] for array in (y, dy))
    wins = is_maximum(x.reshape(lines), largest, any_nan=has_nan(y))
    given = dx.reshape(lines)
    pass_where(wins, upstream, out=given)
    if np.count_nonzero(wins) == y.size:
        return  # each window has a winner, so none has two

    wins, given = wins.reshape(apart), given.reshape(apart)
    winners, count = wins.view(np.uint8), np.min_scalar_type(prod(tile.kernel))
    for axis in range(2, 2 + len(stops)):  # long runs first
        winners = np.add.reduce(winners, axis, dtype=count)
    image, *places, channel = np.nonzero(winners > 1)
    window = image, *(side for place in places for side in (place, EVERY)), channel
    first = wins[window].reshape(image.size, prod(tile.kernel)).argmax(axis=1)
    tap = np.unravel_index(first, tile.kernel)
    sides = (side for pair in zip(places, tap, strict=True) for side in pair)
    given[window] = 0
    given[(image, *sides, channel)] = dy[(image, *places, channel)]


def scatter_by_axes(x: Images, y: Images, dy: Images, dx: Images, tile: Tile) -> None:
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
            wins = is_maximum(values[read], largest[stops], any_nan=any_nan)
            here = places[read] * dtype.type(axis.kernel) + dtype.type(k)
            np.maximum(here, ~wins * dtype.type(none), out=here)
            np.minimum(best[stops], here, out=best[stops])
        climbed.append((values.shape, best % dtype.type(axis.kernel)))
        values, places = largest, best
    upstream = dy.astype(dx.dtype, copy=False)
    for i, axis in reversed(list(enumerate(tile.axes, start=1))):
        shape, taps = climbed[i - 1]
        given = dx if i == 1 else scratch_zeros(f"given {i}", shape, dx.dtype)
        before = (EVERY,) * i
        for k, *sides in axis.taps:
            stops, read = ((*before, side) for side in sides)
            given[read] += pass_where(taps[stops] == dtype.type(k), upstream[stops])
        upstream = given


def is_maximum(x: Array, largest: Array, *, any_nan: bool) -> Array:
    """Tell where the maximum stands: NaN is one, and equals nothing."""
    same: Array = np.equal(x, largest)
    if any_nan:
        same |= np.isnan(x)
    return same


def has_nan(array: Array) -> bool:
    """Tell whether there is any NaN to look out for."""
    return array.dtype.kind == "f" and bool(np.isnan(array).any())


def to_the_first(
    dy: Images, x: Images, y: Images, window: Window, dtypes: Arithmetic
) -> Images:
    """Give the first of several maxima all of the gradient, tile by tile."""
    axes = window.axes
    dx = np.zeros(x.shape, dtypes.result)
    numbers = dy.shape[-1] * prod(window.kernel_size)
    size = axes, numbers, dtypes.working.itemsize
    most = most_windows(*size)
    scatter_tile = fastest_scatter(axes, dtypes.working)

    def scatter_images(images: tuple[slice, ...]) -> None:
        x_, y_, dy_ = x[images], y[images], dy[images]
        dx_ = dx[images].astype(dtypes.working, copy=False)
        for tile in tiles(len(x_), axes, most):
            pixels, stops = tile.pixels, tile.stops
            scatter_tile(x_[pixels], y_[stops], dy_[stops], dx_[pixels], tile)
        if dx.dtype != dx_.dtype:
            dx[images] = dx_

    images = blocks((len(dx),), most // prod(window.output_size))
    run(scatter_images, images, most=most_threads(*size))
    return dx


def fastest_scatter(axes: Axes, dtype: np.dtype) -> ScatterTile:
    """Choose the fastest scatter for this window and dtype."""
    taps = prod(axis.kernel for axis in axes)
    if taps > MIN_TAPS_ALL_AT_ONCE and all(axis.windows_abut for axis in axes):
        return scatter_all_at_once
    one_by_one = taps <= MAX_TAPS_ONE_BY_ONE and dtype.itemsize in INTEGER_OF_BYTES
    return scatter_by_taps if one_by_one else scatter_by_axes


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
    dx = np.zeros(x.shape, dy.dtype)
    for tap, is_max in taps:
        dx[tap.pixels] += pass_where(is_max, dy[tap.stops])
    return dx


def scatter(dy: Images, argmax: Array, spatial: tuple[int, ...]) -> Images:
    """Add every gradient to the pixel it belongs to: ``dx[argmax] += dy``."""
    dx = np.zeros((dy.shape[0], *spatial, dy.shape[-1]), dy.dtype)
    # Not dx[...] += dy: where windows overlap, that would keep the last one only.
    np.add.at(dx.reshape(-1), flat(argmax, spatial).reshape(-1), dy.reshape(-1))
    return dx


def flat(argmax: Array, spatial: tuple[int, ...]) -> Array:
    """Turn indices in an image into indices in the whole batch, raveled."""
    N, *_, C = argmax.shape
    places = np.arange(N).reshape(-1, *(1 for _ in argmax.shape[1:])) * prod(spatial)
    return np.asarray((places + argmax) * C + np.arange(C))
