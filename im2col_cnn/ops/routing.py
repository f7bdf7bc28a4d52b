"""Send the gradient of every window to the pixel that won it.

Three ways, for the three rules for ties: the first of several maxima gets everything,
they share it, or each gets all of it. A scatter-add in every case.
"""

from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np

from .._dtypes import Arithmetic
from .._typing import Array, Images, Ties
from ..tiling.scratch import scratch
from ..tiling.tiles import Tile, blocks, most_threads, most_windows, tiles
from ..tiling.workers import run
from ..window import Tap, Window

__all__ = [
    "BITS",
    "FEW_TAPS",
    "MaxPoolCache",
    "flat",
    "scatter",
    "to_every_winner",
    "to_the_first",
]

BITS = {4: np.int32, 8: np.int64}  # as many bytes as the numbers have
FEW_TAPS = 16  # with more of them, the places of the maxima are found first


@dataclass(frozen=True, eq=False)
class MaxPoolCache:
    """What `max_pool_backward` needs to know of `max_pool_forward`."""

    x: Images
    y: Images
    window: Window
    ties: Ties

    @cached_property
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
        wins: Array = np.equal(x, y)
        if self.any_nan:
            wins |= np.isnan(x)
        return wins

    @cached_property
    def any_nan(self) -> bool:
        """Whether any window has a NaN, which equals nothing."""
        return self.y.dtype.kind == "f" and bool(np.isnan(self.y).any())


def to_the_first(dy: Images, cache: MaxPoolCache, dtypes: Arithmetic) -> Images:
    """Give the first of several maxima all of the gradient, tile by tile."""
    axes = cache.window.axes
    dx = np.zeros(cache.x.shape, dtypes.result)
    numbers = dy.shape[-1] * prod(cache.window.kernel_size)
    size = axes, numbers, dtypes.working.itemsize
    most = most_windows(*size)

    def hand_out(images: tuple[slice, ...]) -> None:
        x, y, owed = (a[images] for a in (cache.x, cache.y, dy))
        paid = dx[images].astype(dtypes.working, copy=False)
        for tile in tiles(len(x), axes, most):
            hand_out_tile(
                x[tile.pixels], y[tile.stops], owed[tile.stops], paid[tile.pixels], tile
            )
        if dx.dtype != paid.dtype:
            dx[images] = paid

    images = blocks((len(dx),), most // prod(cache.window.output_size))
    run(hand_out, images, most=most_threads(*size))
    return dx


def hand_out_tile(x: Images, y: Images, dy: Images, dx: Images, tile: Tile) -> None:
    """Pay what each window of a tile owes to its first maximum.

    Gradients are taken for whole numbers while they are handed out: bits times 0 or 1
    are nothing or all of them, even if they spell infinity.
    """
    bits = BITS[dx.dtype.itemsize]
    left, share = (scratch(name, dy.shape, dx.dtype) for name in ("left", "share"))
    left[...] = dy
    left_bits, share_bits = left.view(bits), share.view(bits)
    any_nan = y.dtype.kind == "f" and bool(np.isnan(y).any())
    for stops, pixels in tile.taps():
        wins = np.equal(x[pixels], y[stops])
        if any_nan:
            wins |= np.isnan(x[pixels])
        np.multiply(left_bits[stops], wins, out=share_bits[stops])
        left_bits[stops] ^= share_bits[stops]
        dx[pixels] += share[stops]


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
        dx[tap.pixels] += np.where(wins, dy[tap.stops], 0)
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
