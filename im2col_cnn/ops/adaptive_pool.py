"""Adaptive pooling: the output has the size that is asked for.

Along an axis of S pixels, bin o of O covers the pixels from ``floor(o * S / O)`` up to
``ceil((o + 1) * S / O)``; where O does not divide S, neighbours share a pixel. Bins are
rectangles, so one axis can be pooled after the other.

No axis takes more steps than it has pixels: where there are more bins than pixels, a
bin covers one pixel or two, and all bins are pooled at once.
"""

from dataclasses import dataclass
from functools import reduce
from math import prod

import numpy as np

from .._checks import (
    as_bins,
    as_images,
    as_upstream,
    hint_at_lone_image,
    hinting,
    require_cache,
)
from .._dtypes import arithmetic, mean_arithmetic
from .._typing import Array, ArrayLike, Images, Shape, Sizes
from .max_gradient import scatter
from .sums import sum_along

__all__ = [
    "AdaptiveAvgPoolCache",
    "AdaptiveMaxPoolCache",
    "adaptive_avg_pool_backward",
    "adaptive_avg_pool_forward",
    "adaptive_max_pool_backward",
    "adaptive_max_pool_forward",
    "bins",
]


@dataclass(frozen=True, eq=False, repr=False)
class AdaptiveMaxPoolCache:
    """What backward needs to know of forward; `argmax` is as for `max_pool_forward`."""

    argmax: Array
    spatial: Shape


@dataclass(frozen=True, eq=False, repr=False)
class AdaptiveAvgPoolCache:
    """What backward needs to know of forward."""

    shape: Shape
    spatial: Shape


@hinting
def adaptive_max_pool_forward(
    x: ArrayLike, output_size: Sizes
) -> tuple[Images, AdaptiveMaxPoolCache]:
    """
    Keep the largest pixel of each of so many bins.

    Parameters
    ----------
    x : array, shape (N, *SPATIAL, C)
        A batch of images of any real dtype.
    output_size : int or sequence of int
        Bins along each spatial axis; they need not divide the image.

    Returns
    -------
    y : array, shape (N, *output_size, C)
        In the dtype of `x`. A bin with a NaN gives NaN.
    cache : AdaptiveMaxPoolCache
        For `adaptive_max_pool_backward`; ``cache.argmax`` is that of `max_unpool`.

    Raises
    ------
    TypeError, ValueError
        If `x` has no spatial axis or `output_size` is malformed.

    Notes
    -----
    One pass over the images per spatial axis. Bins are those of PyTorch.

    References
    ----------
    He, Zhang, Ren and Sun, "Spatial Pyramid Pooling in Deep Convolutional Networks for
    Visual Recognition", 2014, pool to a number of bins, whatever the size of the image.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn import adaptive_max_pool_forward
    >>> y, cache = adaptive_max_pool_forward(np.arange(5).reshape(1, 5, 1), 2)
    >>> y.ravel()
    array([2, 4])
    """
    x = as_images(x, selects=True)
    _, *spatial, _ = x.shape
    hint_at_lone_image(x, output_size)
    output_size = as_bins(output_size, len(spatial))
    if not x.size:  # the places alone could fill the memory
        y = np.zeros((len(x), *output_size, x.shape[-1]), x.dtype)
        return y, AdaptiveMaxPoolCache(np.zeros(y.shape, np.intp), tuple(spatial))
    places = np.arange(prod(spatial)).reshape(1, *spatial, 1)
    y, argmax = x, np.broadcast_to(places, x.shape)
    # From the last axis to the first, so that the first of equals wins.
    for axis in reversed(range(1, x.ndim - 1)):
        size, count = spatial[axis - 1], output_size[axis - 1]
        if count > size:
            first, last = ends(size, count)
            y, argmax = larger_of(
                (y.take(first, axis), argmax.take(first, axis)),
                (y.take(last, axis), argmax.take(last, axis)),
            )
            continue
        values, found = [], []
        for part in bins(size, count):
            here = (*[slice(None)] * axis, part)
            winner = y[here].argmax(axis, keepdims=True)
            values.append(np.take_along_axis(y[here], winner, axis))
            found.append(np.take_along_axis(argmax[here], winner, axis))
        y, argmax = np.concatenate(values, axis), np.concatenate(found, axis)
    return y, AdaptiveMaxPoolCache(argmax, tuple(spatial))


def adaptive_max_pool_backward(dy: ArrayLike, cache: AdaptiveMaxPoolCache) -> Images:
    """
    Send the gradient of every bin to its first maximum.

    Parameters
    ----------
    dy : array, shape of `y`
        Gradient of the loss with respect to the output.
    cache : AdaptiveMaxPoolCache
        What `adaptive_max_pool_forward` returned beside `y`. It may be used again.

    Returns
    -------
    array, shape of `x`
        In the dtype of `dy`; whole numbers are added up in int64.

    Raises
    ------
    TypeError, ValueError
        If `cache` is not one of that function or `dy` not of the shape of `y`.

    Notes
    -----
    One addition per number of `dy`.

    Examples
    --------
    Two bins of five pixels share the one in the middle, which wins the first:

    >>> import numpy as np
    >>> from im2col_cnn import adaptive_max_pool_backward, adaptive_max_pool_forward
    >>> y, cache = adaptive_max_pool_forward(np.arange(5).reshape(1, 5, 1), 2)
    >>> adaptive_max_pool_backward([[[3], [6]]], cache).ravel()
    array([0, 0, 3, 0, 6])
    """
    cache = require_cache(cache, AdaptiveMaxPoolCache, "adaptive_max_pool_forward")
    dy = as_upstream(dy, cache.argmax.shape)
    result, working = arithmetic(dy)
    dx = scatter(dy.astype(working, copy=False), cache.argmax, cache.spatial)
    return dx.astype(result, copy=False)


@hinting
def adaptive_avg_pool_forward(
    x: ArrayLike, output_size: Sizes
) -> tuple[Images, AdaptiveAvgPoolCache]:
    """
    Replace each of so many bins by the mean of its pixels.

    Parameters
    ----------
    x : array, shape (N, *SPATIAL, C)
        A batch of images of any real dtype.
    output_size : int or sequence of int
        Bins along each spatial axis; they need not divide the image.

    Returns
    -------
    y : array, shape (N, *output_size, C)
        In the dtype of `x`; means of whole numbers are float64.
    cache : AdaptiveAvgPoolCache
        For `adaptive_avg_pool_backward`.

    Raises
    ------
    TypeError, ValueError
        If `x` has no spatial axis or `output_size` is malformed.

    Notes
    -----
    One pass over the images per spatial axis. Bins are those of PyTorch.

    References
    ----------
    He, Zhang, Ren and Sun, "Spatial Pyramid Pooling in Deep Convolutional Networks for
    Visual Recognition", 2014, pool to a number of bins, whatever the size of the image.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn import adaptive_avg_pool_forward
    >>> y, cache = adaptive_avg_pool_forward(np.arange(5).reshape(1, 5, 1), 2)
    >>> y.ravel()
    array([1., 3.])
    """
    x = as_images(x)
    N, *spatial, C = x.shape
    hint_at_lone_image(x, output_size)
    output_size = as_bins(output_size, len(spatial))
    result, working = mean_arithmetic(x)
    y = np.ascontiguousarray(x, working)
    if max(output_size) == 1:  # one bin: all pixels lie along one axis
        pixels = prod(spatial)
        cache = AdaptiveAvgPoolCache((N, *output_size, C), tuple(spatial))
        total = sum_along(y.reshape(N, pixels, C), 1).reshape(cache.shape)
        mean = total / total.dtype.type(pixels)
        return mean.astype(result, copy=False), cache
    for axis, count in enumerate(output_size, start=1):
        size = y.shape[axis]
        if count > size:
            first, last = ends(size, count)
            both = (last > first).reshape(-1, *[1] * (y.ndim - axis - 1))
            y = y.take(first, axis) + np.where(both, y.take(last, axis), 0)
        elif count < size:
            parts = bins(size, count)
            sums = [sum_along(y[(*[slice(None)] * axis, p)], axis) for p in parts]
            y = np.concatenate(sums, axis)
    cache = AdaptiveAvgPoolCache(y.shape, tuple(spatial))
    return (y / counts(cache, y.dtype)).astype(result, copy=False), cache


def adaptive_avg_pool_backward(dy: ArrayLike, cache: AdaptiveAvgPoolCache) -> Images:
    """
    Share the gradient of every bin equally among its pixels.

    Parameters
    ----------
    dy : array, shape of `y`
        Gradient of the loss with respect to the output.
    cache : AdaptiveAvgPoolCache
        What `adaptive_avg_pool_forward` returned beside `y`. It may be used again.

    Returns
    -------
    array, shape of `x`
        In the dtype of `dy`, float64 if that is whole.

    Raises
    ------
    TypeError, ValueError
        If `cache` is not one of that function or `dy` not of the shape of `y`.

    Notes
    -----
    One pass over the images per spatial axis.

    Examples
    --------
    Two bins of three pixels share the one in the middle:

    >>> import numpy as np
    >>> from im2col_cnn import adaptive_avg_pool_backward, adaptive_avg_pool_forward
    >>> y, cache = adaptive_avg_pool_forward(np.arange(5).reshape(1, 5, 1), 2)
    >>> adaptive_avg_pool_backward([[[3.0], [6.0]]], cache).ravel()
    array([1., 1., 3., 2., 2.])
    """
    cache = require_cache(cache, AdaptiveAvgPoolCache, "adaptive_avg_pool_forward")
    dy = as_upstream(dy, cache.shape)
    result, working = mean_arithmetic(dy)
    dx = dy.astype(working, copy=False) / counts(cache, working)
    for axis, size in enumerate(cache.spatial, start=1):
        shares, count = dx, dx.shape[axis]
        before = [slice(None)] * axis
        if count > size:  # turned around: pixel i lies in the bins of bin i of `size`
            sums = [sum_along(shares[(*before, p)], axis) for p in bins(count, size)]
            dx = np.concatenate(sums, axis)
            continue
        dx = np.zeros((*dx.shape[:axis], size, *dx.shape[axis + 1 :]), shares.dtype)
        for o, part in enumerate(bins(size, count)):
            dx[(*before, part)] += shares[(*before, slice(o, o + 1))]
    return dx.astype(result, copy=False)


def bins(size: int, count: int) -> list[slice]:
    """Cut an axis into bins that cover it; neighbours may share a pixel."""
    return [slice(o * size // count, -(-(o + 1) * size // count)) for o in range(count)]


def ends(size: int, count: int) -> tuple[Array, Array]:
    """Return the first and the last pixel of every bin."""
    o = np.arange(count)
    return o * size // count, -(-(o + 1) * size // count) - 1


def larger_of(
    one: tuple[Array, Array], other: tuple[Array, Array]
) -> tuple[Array, Array]:
    """Return the larger numbers and their places; NaN is largest, the first wins."""
    (y, places), (rival, its_places) = one, other
    with np.errstate(invalid="ignore"):
        wins = (rival > y) | ((rival != rival) & (y == y))  # noqa: PLR0124 — NaN
    return np.where(wins, rival, y), np.where(wins, its_places, places)


def counts(cache: AdaptiveAvgPoolCache, dtype: np.dtype) -> Array:
    """Count the pixels of every bin, with an axis for the channels."""
    lengths = (
        (last - first + 1).astype(dtype)
        for first, last in map(ends, cache.spatial, cache.shape[1:-1])
    )
    return np.asarray(reduce(np.multiply.outer, lengths))[..., None]
