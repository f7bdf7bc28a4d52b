"""Max pooling with loops: over images, windows, channels, pixels."""

from dataclasses import dataclass

import numpy as np

from .._checks import as_choice, as_images, as_upstream, require_cache
from .._dtypes import arithmetic, mean_arithmetic
from .._typing import Array, ArrayLike, Images, Padding, Sizes, Ties
from ..placing import pooling_window
from ..window import Window
from .reading import is_nan, pixels

__all__ = ["max_pool_backward", "max_pool_forward"]


@dataclass(frozen=True, eq=False, repr=False)
class LoopMaxPoolCache:
    """What backward needs to know of forward."""

    x: Array
    y: Array
    window: Window
    ties: Ties
    argmax: Array


def max_pool_forward(
    x: ArrayLike,
    kernel_size: Sizes,
    *,
    stride: Sizes | None = None,
    padding: Padding = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    ties: Ties = "first",
) -> tuple[Images, LoopMaxPoolCache]:
    """Keep the largest pixel of every window, or its first NaN."""
    x = as_images(x, selects=True)
    as_choice(ties, "ties", ("first", "split", "all"))
    window = pooling_window(
        x.shape[1:-1],
        kernel_size,
        stride=stride,
        padding=padding,
        dilation=dilation,
        ceil_mode=ceil_mode,
    )
    shape = x.shape[0], *window.output_size, x.shape[-1]
    y, argmax = np.zeros(shape, x.dtype), np.zeros(shape, np.int64)
    for at in np.ndindex(shape):
        best = None
        for pixel in pixels(window, at):
            value = x[pixel]
            if best is None or value > best or (is_nan(value) and not is_nan(best)):
                best = value
                argmax[at] = np.ravel_multi_index(pixel[1:-1], window.spatial)
        y[at] = best
    return y, LoopMaxPoolCache(x, y, window, ties, argmax)


def max_pool_backward(dy: ArrayLike, cache: LoopMaxPoolCache) -> Images:
    """Send the gradient of every window to its largest pixel, or to all of them."""
    cache = require_cache(cache, LoopMaxPoolCache, "loops.max_pool_forward")
    x, y, window, ties = cache.x, cache.y, cache.window, cache.ties
    dy = as_upstream(dy, y.shape)
    result, working = (mean_arithmetic if ties == "split" else arithmetic)(dy)

    dx = np.zeros(x.shape, working)
    dy = dy.astype(working)
    for at in np.ndindex(y.shape):
        winners = [
            pixel
            for pixel in pixels(window, at)
            if x[pixel] == y[at] or (is_nan(x[pixel]) and is_nan(y[at]))
        ]
        if ties == "first":
            winners = winners[:1]
        for pixel in winners:
            dx[pixel] += dy[at] / len(winners) if ties == "split" else dy[at]
    return dx.astype(result)
