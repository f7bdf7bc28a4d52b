"""Pool with loops: over images, over windows, over channels, over pixels.

A window pools the pixels it reads, and never the padding. Forward turns them into one
number; backward hands that number's gradient out among the same pixels.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._checks import (
    as_choice,
    as_exponent,
    as_flag,
    as_images,
    as_upstream,
    require_cache,
)
from .._dtypes import arithmetic, mean_arithmetic
from .._typing import Array, ArrayLike, Images, Padding, Shape, Sizes, Ties
from ..placing import pooling_window
from ..window import Window

__all__ = [
    "avg_pool_backward",
    "avg_pool_forward",
    "is_nan",
    "lp_pool_backward",
    "lp_pool_forward",
    "max_pool_backward",
    "max_pool_forward",
]


@dataclass(frozen=True, eq=False)
class LoopMaxPoolCache:
    """What backward needs to know of forward."""

    x: Array
    y: Array
    window: Window
    ties: Ties
    argmax: Array


@dataclass(frozen=True, eq=False)
class LoopAvgPoolCache:
    """What backward needs to know of forward."""

    y: Array
    window: Window
    count_include_pad: bool


@dataclass(frozen=True, eq=False)
class LoopLpPoolCache:
    """What backward needs to know of forward."""

    x: Array
    y: Array
    window: Window
    p: float


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
    """Hand out ``sign(x) * (|x| / y) ** (p - 1)`` of every window's gradient."""
    cache = require_cache(cache, LoopLpPoolCache, "loops.lp_pool_forward")
    x, y, window, p = cache.x, cache.y, cache.window, cache.p
    dy = as_upstream(dy, y.shape)
    result, working = mean_arithmetic(y, dy)

    dx = np.zeros(x.shape, working)
    x, y, dy = x.astype(working), y.astype(working), dy.astype(working)
    for at in np.ndindex(y.shape):
        for pixel in pixels(window, at):
            if x[pixel] != 0:
                share = (abs(x[pixel]) / y[at]) ** (p - 1)
                dx[pixel] += dy[at] * np.sign(x[pixel]) * share
    return dx.astype(result)


def pixels(window: Window, at: Shape) -> Iterator[Shape]:
    """Walk in reading order through the pixels read for the output at an index."""
    n, *_, c = at
    for place in places(window, at):
        if all(0 <= i < axis.size for i, axis in zip(place, window.axes, strict=True)):
            yield n, *place, c


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


def places(window: Window, at: Shape) -> Iterator[Shape]:
    """Walk through the taps of a window, counted from the image's first pixel."""
    _, *stop, _ = at
    for offset in np.ndindex(window.kernel_size):
        yield tuple(
            o * axis.stride + k * axis.dilation - axis.before
            for o, k, axis in zip(stop, offset, window.axes, strict=True)
        )


def is_nan(value: Any) -> bool:
    """Tell whether a number is not equal to itself."""
    return bool(value != value)  # noqa: PLR0124 — np.isnan refuses other dtypes
