"""Send the gradient of every window to the pixel that won it.

Three ways, for the three rules for ties: the first of several maxima gets everything,
they share it, or each gets all of it. A scatter-add in every case.
"""

from dataclasses import dataclass
from math import prod

import numpy as np

from .._dtypes import Arithmetic
from .._lazily import lazily
from .._masking import BITS, pass_where
from .._typing import Array, Images, Ties
from ..tiling.tiles import Axes, blocks, most_threads, most_windows, tiles
from ..tiling.workers import run
from ..window import Tap, Window
from .winners import (
    Pay,
    has_nan,
    pay_all_at_once,
    pay_by_axes,
    pay_by_taps,
    same_or_nan,
)

__all__ = [
    "MaxPoolCache",
    "flat",
    "scatter",
    "to_every_winner",
    "to_the_first",
]

VERY_FEW_TAPS = 4  # with more of them, windows side by side are paid all at once
FEW_TAPS = 16  # with more of them, one axis after another is faster


@dataclass(frozen=True, eq=False, repr=False)
class MaxPoolCache:
    """What `max_pool_backward` needs to know of `max_pool_forward`."""

    x: Images
    y: Images
    window: Window
    ties: Ties

    @lazily
    def argmax(self) -> Array:
        """Flat index in the image of every first maximum, in the shape of `y`."""
        places = np.arange(prod(self.window.spatial))
        places = places.reshape(1, *self.window.spatial, 1)
        argmax = np.zeros(self.y.shape, np.int64)
        # From the last tap to the first, so that the first maximum is written last.
        for tap in reversed(list(self.window.taps())):
            np.copyto(argmax[tap.stops], places[tap.pixels], where=self.wins(tap))
        return argmax

    def wins(self, tap: Tap) -> Array:
        """Tell in which windows this tap reads the maximum, or a NaN."""
        x, y = self.x[tap.pixels], self.y[tap.stops]
        return same_or_nan(x, y, any_nan=self.any_nan)

    @lazily
    def any_nan(self) -> bool:
        """Whether any window has a NaN, which equals nothing."""
        return has_nan(self.y)


def to_the_first(dy: Images, cache: MaxPoolCache, dtypes: Arithmetic) -> Images:
    """Give the first of several maxima all of the gradient, tile by tile."""
    axes = cache.window.axes
    dx = np.zeros(cache.x.shape, dtypes.result)
    numbers = dy.shape[-1] * prod(cache.window.kernel_size)
    size = axes, numbers, dtypes.working.itemsize
    most = most_windows(*size)
    pay = way_to_pay(axes, dtypes.working)

    def hand_out(images: tuple[slice, ...]) -> None:
        x, y, owed = (a[images] for a in (cache.x, cache.y, dy))
        paid = dx[images].astype(dtypes.working, copy=False)
        for tile in tiles(len(x), axes, most):
            pixels, stops = tile.pixels, tile.stops
            pay(x[pixels], y[stops], owed[stops], paid[pixels], tile)
        if dx.dtype != paid.dtype:
            dx[images] = paid

    images = blocks((len(dx),), most // prod(cache.window.output_size))
    run(hand_out, images, most=most_threads(*size))
    return dx


def way_to_pay(axes: Axes, dtype: np.dtype) -> Pay:
    """Choose how to find who won a window, and to pay."""
    taps = prod(axis.kernel for axis in axes)
    if taps > VERY_FEW_TAPS and all(axis.windows_abut for axis in axes):
        return pay_all_at_once
    return pay_by_taps if taps <= FEW_TAPS and dtype.itemsize in BITS else pay_by_axes


def to_every_winner(dy: Images, cache: MaxPoolCache) -> Images:
    """Give each of several maxima its share of the gradient, or all of it."""
    taps = [(tap, cache.wins(tap)) for tap in cache.window.taps()]
    if cache.ties == "split":
        winners = np.zeros(dy.shape, dy.dtype)
        for tap, wins in taps:
            winners[tap.stops] += wins
        dy = dy / winners
    dx = np.zeros(cache.x.shape, dy.dtype)
    for tap, wins in taps:
        dx[tap.pixels] += pass_where(wins, dy[tap.stops])
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
