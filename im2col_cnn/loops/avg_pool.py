"""Average pooling with loops: over images, windows, channels, pixels."""

from dataclasses import dataclass

import numpy as np

from .._checks import as_flag, as_images, as_upstream, require_cache
from .._dtypes import mean_arithmetic
from .._typing import Array, ArrayLike, Images, Padding, Shape, Sizes
from ..placing import pooling_window
from ..window import Window
from .reading import pixels, places

__all__ = ["avg_pool_backward", "avg_pool_forward"]


@dataclass(frozen=True, eq=False, repr=False)
class LoopAvgPoolCache:
    """What backward needs to know of forward."""

    y: Array
    window: Window
    count_include_pad: bool


def avg_pool_forward(
    x: ArrayLike,
    kernel_size: Sizes,
    *,
    stride: Sizes | None = None,
    padding: Padding = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    count_include_pad: bool = False,
) -> tuple[Images, LoopAvgPoolCache]:
    """Replace every window by the mean of its pixels."""
    x = as_images(x)
    count_include_pad = as_flag(count_include_pad, "count_include_pad")
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
    for at in np.ndindex(y.shape):
        for pixel in pixels(window, at):
            y[at] += x[pixel]
        y[at] /= count(window, at, count_include_pad)
    y = y.astype(result)
    return y, LoopAvgPoolCache(y, window, count_include_pad)


def avg_pool_backward(dy: ArrayLike, cache: LoopAvgPoolCache) -> Images:
    """Share the gradient of every window equally among its pixels."""
    cache = require_cache(cache, LoopAvgPoolCache, "loops.avg_pool_forward")
    window = cache.window
    dy = as_upstream(dy, cache.y.shape)
    result, working = mean_arithmetic(dy)

    dx = np.zeros((dy.shape[0], *window.spatial, dy.shape[-1]), working)
    dy = dy.astype(working)
    for at in np.ndindex(dy.shape):
        for pixel in pixels(window, at):
            dx[pixel] += dy[at] / count(window, at, cache.count_include_pad)
    return dx.astype(result)


def count(window: Window, at: Shape, count_include_pad: bool) -> int:
    """Count what a mean divides by: the real pixels, or those of the padding too.

    What ``ceil_mode`` reads beyond the padding counts in neither case.
    """
    if not count_include_pad:
        return sum(1 for _ in pixels(window, at))
    return sum(
        all(
            i < axis.size + axis.after
            for i, axis in zip(place, window.axes, strict=True)
        )
        for place in places(window, at)
    )
