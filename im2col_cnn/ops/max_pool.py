"""Max pooling: the gradient of a window goes to its maximum.

    forward     y[stops] = maximum(y[stops], x[pixels])       tap by tap
    backward    dx[argmax] += dy                              one scatter-add

Padding is never read, so it cannot win, whatever the dtype.
"""

from dataclasses import dataclass
from math import prod

import numpy as np

from .._checks import (
    as_array,
    as_choice,
    as_images,
    as_per_axis,
    as_upstream,
    by,
    hint_at_lone_image,
    hinting,
    require_cache,
    require_countable,
)
from .._dtypes import arithmetic, mean_arithmetic
from .._lazily import lazily
from .._typing import Array, ArrayLike, Images, Padding, Shape, Sizes, Ties
from ..placing import pooling_window
from ..tiling.pooling import lowest, pooling_room, reduce_windows
from ..tiling.recycling import empty_result
from ..tiling.threads import run
from ..tiling.tiles import Tile, kept_tiles
from ..window import Tap, Window
from .max_gradient import flat, has_nan, is_maximum, to_every_maximum, to_the_first

__all__ = ["MaxPoolCache", "max_pool_backward", "max_pool_forward", "max_unpool"]


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
        return is_maximum(x, y, any_nan=self.any_nan)

    @lazily
    def any_nan(self) -> bool:
        """Whether any window has a NaN, which equals nothing."""
        return has_nan(self.y)


@hinting
def max_pool_forward(
    x: ArrayLike,
    kernel_size: Sizes,
    *,
    stride: Sizes | None = None,
    padding: Padding = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    ties: Ties = "first",
) -> tuple[Images, MaxPoolCache]:
    """
    Keep the largest pixel of every window.

    Parameters
    ----------
    x : array, shape (N, *SPATIAL, C)
        A batch of images of any real dtype, bool and uint8 included.
    kernel_size : int or sequence of int
        Pixels of a window along each spatial axis.
    stride : int, sequence of int or None, default None
        Pixels from one window to the next. None means `kernel_size`: side by side.
    padding : int, sequence or str, default 0
        Room around the image, in any form of `Window`. It never wins: a window takes
        the maximum of the real pixels it reads, and must read at least one.
    dilation : int or sequence of int, default 1
        Pixels from one tap to the next.
    ceil_mode : bool, default False
        Keep a last window that reaches over the end of the padded image, and drop one
        that would start in the padding after the image.
    ties : {"first", "split", "all"}, default "first"
        Who gets the gradient of a window with several maxima: the first in reading
        order (as PyTorch and TensorFlow do), all in equal parts, or each in full,
        which counts it several times and is no gradient, but some courses do it.

    Returns
    -------
    y : array, shape (N, *OUT, C)
        In the dtype of `x`. A window with a NaN gives NaN; ``-inf`` is a value like
        any other.
    cache : MaxPoolCache
        For `max_pool_backward`. It holds `x` and `y` themselves: do not write into them
        before. ``cache.argmax``, shape of `y`, is the flat index in the image of every
        (first) maximum, as `max_unpool` takes it.

    Raises
    ------
    TypeError, ValueError
        If a setting is malformed, the kernel does not fit, or a window would read
        nothing but padding.

    Notes
    -----
    ``prod(KERNEL)`` comparisons per output, one pass over the images per tap. Sizes
    follow PyTorch and ONNX (opset 22). PyTorch sends the gradient of a window with
    several NaNs to its last one; here, as for any tie, it goes to the first.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn import max_pool_backward, max_pool_forward
    >>> i, j = np.ogrid[:4, :4]
    >>> y, cache = max_pool_forward((10 * i + j).reshape(1, 4, 4, 1), 2)
    >>> y[0, :, :, 0]
    array([[11, 13],
           [31, 33]])
    >>> max_pool_backward(np.full((1, 2, 2, 1), 5.0), cache)[0, :, :, 0]
    array([[0., 0., 0., 0.],
           [0., 5., 0., 5.],
           [0., 0., 0., 0.],
           [0., 5., 0., 5.]])
    """
    x = as_images(x, selects=True)
    as_choice(ties, "ties", ("first", "split", "all"))
    hint_at_lone_image(x, kernel_size)
    window = pooling_window(
        x.shape[1:-1],
        kernel_size,
        stride=stride,
        padding=padding,
        dilation=dilation,
        ceil_mode=ceil_mode,
    )
    N, *_, C = x.shape
    y = empty_result((N, *window.output_size, C), x.dtype)
    start = lowest(x.dtype)

    def pool(tile: Tile) -> None:
        pixels = x[tile.pixels]
        y[tile.stops] = reduce_windows(np.maximum, start, pixels, tile, x.dtype)

    most, threads = pooling_room(window.axes, C, x.itemsize)
    run(pool, kept_tiles(N, window.axes, most), most=threads)
    return y, MaxPoolCache(x, y, window, ties)


def max_pool_backward(dy: ArrayLike, cache: MaxPoolCache) -> Images:
    """
    Send the gradient of every window to its maximum.

    Parameters
    ----------
    dy : array, shape of `y`
        Gradient of the loss with respect to the output.
    cache : MaxPoolCache
        What `max_pool_forward` returned beside `y`. It may be used again.

    Returns
    -------
    array, shape of `x`
        In the dtype of `dy`; whole numbers are added up in int64, and become float64
        where ``ties="split"`` divides them. A pixel that wins several windows gets
        the sum of their gradients.

    Raises
    ------
    TypeError, ValueError
        If `cache` is not one of `max_pool_forward` or `dy` not of the shape of `y`.

    Notes
    -----
    ``prod(KERNEL)`` comparisons per number of `dy` find the winners again: the cache
    holds the images, not the places.

    Examples
    --------
    Where two pixels tie, the first gets everything, or both get their share:

    >>> import numpy as np
    >>> from im2col_cnn import max_pool_backward, max_pool_forward
    >>> x, dy = np.array([6, 6, 2, 6]).reshape(1, 2, 2, 1), np.full((1, 1, 1, 1), 3.0)
    >>> for ties in "first", "split", "all":
    ...     max_pool_backward(dy, max_pool_forward(x, 2, ties=ties)[1]).ravel()
    array([3., 0., 0., 0.])
    array([1., 1., 0., 1.])
    array([3., 3., 0., 3.])
    """
    cache = require_cache(cache, MaxPoolCache, "max_pool_forward")
    dy = as_upstream(dy, cache.y.shape)
    dtypes = (mean_arithmetic if cache.ties == "split" else arithmetic)(dy)
    if cache.ties == "first":
        return to_the_first(dy, cache.x, cache.y, cache.window, dtypes)
    dy = dy.astype(dtypes.working, copy=False)
    split = cache.ties == "split"
    dx = to_every_maximum(dy, cache.x, cache.y, cache.window, split=split)
    return dx.astype(dtypes.result, copy=False)


@hinting
def max_unpool(y: ArrayLike, argmax: ArrayLike, spatial: Sizes) -> Images:
    """
    Put every maximum back where it was found, among zeros.

    Parameters
    ----------
    y : array, shape (N, *OUT, C)
        Maxima, or anything in their place.
    argmax : array of int, shape of `y`
        Flat index of each in its image: ``cache.argmax`` of `max_pool_forward`.
    spatial : int or tuple of int
        Size of the images to make, one int per spatial axis.

    Returns
    -------
    array, shape (N, *spatial, C)
        In the dtype of `y`. Where windows overlap, several may name one pixel; the
        last of them in reading order is kept, as in ONNX's MaxUnpool (PyTorch leaves
        it open).

    Raises
    ------
    TypeError, ValueError
        If shapes differ or an index lies outside the image.

    Notes
    -----
    One write per maximum.

    References
    ----------
    Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", 2014.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn import max_pool_forward, max_unpool
    >>> y, cache = max_pool_forward(np.arange(6).reshape(1, 2, 3, 1), (2, 3))
    >>> max_unpool(y, cache.argmax, (2, 3))[0, :, :, 0]
    array([[0, 0, 0],
           [0, 0, 5]])
    """
    y = as_images(y, "y", selects=True)
    spatial = as_per_axis(spatial, "spatial", y.ndim - 2, at_least=1)
    require_countable(spatial, "spatial")
    argmax = as_array(argmax, "argmax", kinds="iu", selects=True)
    argmax = require_positions(argmax, y.shape, spatial)
    x = np.zeros((y.shape[0], *spatial, y.shape[-1]), y.dtype)
    x.reshape(-1)[flat(argmax, spatial)] = y
    return x


def require_positions(argmax: Array, shape: Shape, spatial: Shape) -> Array:
    """Refuse flat indices of another shape, or such as lie outside the image."""
    if argmax.shape != shape:
        raise ValueError(
            f"argmax must have the shape of y, {shape}, got {argmax.shape}"
        )
    pixels = prod(spatial)
    if argmax.size and not 0 <= argmax.min() <= argmax.max() < pixels:
        raise ValueError(
            f"argmax must lie between 0 and {pixels - 1} in a {by(spatial)} image, got "
            f"{argmax.min()} to {argmax.max()}"
        )
    return argmax.astype(np.int64, copy=False)
