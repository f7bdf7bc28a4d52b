"""Lp pooling with loops: over images, windows, channels, pixels."""

from dataclasses import dataclass

import numpy as np

from .._checks import as_exponent, as_images, as_upstream, require_cache
from .._dtypes import mean_arithmetic
from .._typing import Array, ArrayLike, Images, Padding, Sizes
from ..placing import pooling_window
from ..window import Window
from .reading import pixels

__all__ = ["lp_pool_backward", "lp_pool_forward"]


@dataclass(frozen=True, eq=False, repr=False)
class LoopLpPoolCache:
    """What backward needs to know of forward."""

    x: Array
    y: Array
    window: Window
    p: float


def lp_pool_forward(
    x: ArrayLike,
    kernel_size: Sizes,
    *,
    p: float = 2,
    stride: Sizes | None = None,
    padding: Padding = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
) -> tuple[Images, LoopLpPoolCache]:
    """Replace every window by the p-norm of its pixels."""
    x, p = as_images(x), as_exponent(p)
    window = pooling_window(
        x.shape[1:-1],
        kernel_size,
        stride=stride,
        padding=padding,
        dilation=dilation,
        ceil_mode=ceil_mode,
    )
    result, working = mean_arithmetic(x)
    y = np.zeros((x.shape[0], *window.output_size, x.shape[-1]), working)
    magnitudes = np.abs(x.astype(working))
    for at in np.ndindex(y.shape):
        for pixel in pixels(window, at):
            y[at] += magnitudes[pixel] ** p
        y[at] **= 1 / p
    y = y.astype(result)
    return y, LoopLpPoolCache(x, y, window, p)


def lp_pool_backward(dy: ArrayLike, cache: LoopLpPoolCache) -> Images:
    """Give each pixel ``sign(x) * (|x| / y) ** (p - 1)`` of its window's gradient."""
    cache = require_cache(cache, LoopLpPoolCache, "loops.lp_pool_forward")
    x, y, window, p = cache.x, cache.y, cache.window, cache.p
    dy = as_upstream(dy, y.shape)
    result, working = mean_arithmetic(x, dy)

    dx = np.zeros(x.shape, working)
    x, y, dy = x.astype(working), y.astype(working), dy.astype(working)
    for at in np.ndindex(y.shape):
        for pixel in pixels(window, at):
            if x[pixel] != 0:
                share = (abs(x[pixel]) / y[at]) ** (p - 1)
                dx[pixel] += dy[at] * np.sign(x[pixel]) * share
    return dx.astype(result)
