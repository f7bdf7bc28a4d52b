"""Adaptive and global pooling with loops: over images, bins, channels, pixels."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from math import ceil, floor

import numpy as np

from .._checks import as_bins, as_images, as_upstream, require_cache
from .._dtypes import arithmetic, mean_arithmetic
from .._typing import Array, ArrayLike, Images, Shape, Sizes
from .reading import is_nan

__all__ = [
    "adaptive_avg_pool_backward",
    "adaptive_avg_pool_forward",
    "adaptive_max_pool_backward",
    "adaptive_max_pool_forward",
    "global_avg_pool_backward",
    "global_avg_pool_forward",
    "global_max_pool_backward",
    "global_max_pool_forward",
]


@dataclass(frozen=True, eq=False, repr=False)
class LoopAdaptivePoolCache:
    """What backward needs to know of forward."""

    x: Array
    y: Array


def adaptive_max_pool_forward(
    x: ArrayLike, output_size: Sizes
) -> tuple[Images, LoopAdaptivePoolCache]:
    """Keep the largest pixel of every bin, or its first NaN."""
    x = as_images(x, selects=True)
    y = np.zeros(output_shape(x, output_size), x.dtype)
    for at in np.ndindex(y.shape):
        y[at] = x[winner(x, y.shape, at)]
    return y, LoopAdaptivePoolCache(x, y)


def adaptive_max_pool_backward(dy: ArrayLike, cache: LoopAdaptivePoolCache) -> Images:
    """Send the gradient of every bin to its first maximum."""
    x, y = opened(cache)
    dy = as_upstream(dy, y.shape)
    result, working = arithmetic(dy)
    dx = np.zeros(x.shape, working)
    for at in np.ndindex(y.shape):
        dx[winner(x, y.shape, at)] += dy[at]
    return dx.astype(result)


def adaptive_avg_pool_forward(
    x: ArrayLike, output_size: Sizes
) -> tuple[Images, LoopAdaptivePoolCache]:
    """Replace every bin by the mean of its pixels."""
    x = as_images(x)
    result, working = mean_arithmetic(x)
    y = np.zeros(output_shape(x, output_size), working)
    for at in np.ndindex(y.shape):
        pixels = list(pixels_of(x, y.shape, at))
        for pixel in pixels:
            y[at] += x[pixel]
        y[at] /= len(pixels)
    y = y.astype(result)
    return y, LoopAdaptivePoolCache(x, y)


def adaptive_avg_pool_backward(dy: ArrayLike, cache: LoopAdaptivePoolCache) -> Images:
    """Share the gradient of every bin equally among its pixels."""
    x, y = opened(cache)
    dy = as_upstream(dy, y.shape)
    result, working = mean_arithmetic(dy)
    dx = np.zeros(x.shape, working)
    dy = dy.astype(working)
    for at in np.ndindex(y.shape):
        pixels = list(pixels_of(x, y.shape, at))
        for pixel in pixels:
            dx[pixel] += dy[at] / len(pixels)
    return dx.astype(result)


def global_max_pool_forward(x: ArrayLike) -> tuple[Images, LoopAdaptivePoolCache]:
    """Keep the largest pixel of every image: one bin is all of it."""
    return adaptive_max_pool_forward(x, 1)


def global_max_pool_backward(dy: ArrayLike, cache: LoopAdaptivePoolCache) -> Images:
    """Send the gradient of every image to its first maximum."""
    return adaptive_max_pool_backward(dy, cache)


def global_avg_pool_forward(x: ArrayLike) -> tuple[Images, LoopAdaptivePoolCache]:
    """Replace every image by its mean: one bin is all of it."""
    return adaptive_avg_pool_forward(x, 1)


def global_avg_pool_backward(dy: ArrayLike, cache: LoopAdaptivePoolCache) -> Images:
    """Share the gradient of every image equally among its pixels."""
    return adaptive_avg_pool_backward(dy, cache)


def opened(cache: LoopAdaptivePoolCache) -> tuple[Array, Array]:
    """Return what a cache holds, if it is one of ours."""
    name = "loops.adaptive_pool_forward"
    cache = require_cache(cache, LoopAdaptivePoolCache, name)
    return cache.x, cache.y


def output_shape(x: Images, output_size: Sizes) -> Shape:
    """Return the shape of the output."""
    N, *spatial, C = x.shape
    bins = as_bins(output_size, len(spatial))
    return N, *bins, C


def pixels_of(x: Images, shape: Shape, at: Shape) -> Iterator[Shape]:
    """Walk in reading order through the pixels of the bin at an index."""
    n, *bin_, c = at
    _, *spatial, _ = x.shape
    _, *bins, _ = shape
    ranges = (
        range(floor(o * S / O), ceil((o + 1) * S / O))
        for o, S, O in zip(bin_, spatial, bins, strict=True)  # noqa: E741 — sizes
    )
    for place in product(*ranges):
        yield n, *place, c


def winner(x: Images, shape: Shape, at: Shape) -> Shape:
    """Return the first pixel of a bin that no other pixel beats."""
    first, *others = pixels_of(x, shape, at)
    for pixel in others:
        if x[pixel] > x[first] or (is_nan(x[pixel]) and not is_nan(x[first])):
            first = pixel
    return first
