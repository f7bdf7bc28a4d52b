"""Pool by the p-norm, between the sum of magnitudes and the largest of them.

forward     y = (sum of |x| ** p) ** (1 / p)
backward    dx += dy * sign(x) * (|x| / y) ** (p - 1)
"""

from dataclasses import dataclass

import numpy as np

from .._checks import (
    as_exponent,
    as_images,
    as_upstream,
    hint_at_lone_image,
    hinting,
    require_cache,
)
from .._dtypes import mean_arithmetic, wide
from .._typing import Array, ArrayLike, Images, Padding, Sizes
from ..placing import pooling_window
from ..window import Window

__all__ = ["LpPoolCache", "lp_pool_backward", "lp_pool_forward"]

MAX_UNSCALED_EXPONENT = 50  # 2**50, and sums of many, are far from overflowing


@dataclass(frozen=True, eq=False, repr=False)
class LpPoolCache:
    """What `lp_pool_backward` needs to know of `lp_pool_forward`."""

    x: Images
    sums: Array  # of (|x| / scale) ** p, one per window, in float64 or wider
    scale: Array
    window: Window
    p: float


@hinting
def lp_pool_forward(
    x: ArrayLike,
    kernel_size: Sizes,
    *,
    p: float = 2,
    stride: Sizes | None = None,
    padding: Padding = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
) -> tuple[Images, LpPoolCache]:
    """
    Replace every window by the p-norm of its pixels.

    Parameters
    ----------
    x : array, shape (N, *SPATIAL, C)
        A batch of images of any real dtype.
    kernel_size : int or sequence of int
        Pixels of a window along each spatial axis.
    p : float, default 2
        The exponent, at least 1. 1 adds up magnitudes; the larger it is, the more
        the largest of them decides.
    stride : int, sequence of int or None, default None
        Pixels from one window to the next. None means `kernel_size`: side by side.
    padding : int, sequence or str, default 0
        Room around the image, in any form of `Window`; it adds nothing to a norm. A
        window must read at least one real pixel.
    dilation : int or sequence of int, default 1
        Pixels from one tap to the next.
    ceil_mode : bool, default False
        Keep a last window that reaches over the end of the padded image, and drop one
        that would start in the padding after the image.

    Returns
    -------
    y : array, shape (N, *OUT, C)
        In the dtype of `x`; norms of whole numbers are float64.
    cache : LpPoolCache
        For `lp_pool_backward`.

    Raises
    ------
    TypeError, ValueError
        If a setting is malformed, the kernel does not fit, or a window would read
        nothing but padding.

    Notes
    -----
    The norm is that of ONNX's LpPool: of magnitudes, whatever the sign. PyTorch's
    ``LPPool`` adds up signed powers for odd `p`, and in ``ceil_mode`` scales a last
    window up to a full one.

    The powers are taken of pixels scaled so that the largest of a window is near 1, and
    none overflows: by a power of two, which rounds nothing, or, for exponents beyond
    50, by the largest itself. They are added up in float64.

    References
    ----------
    Sermanet, Chintala and LeCun, "Convolutional Neural Networks Applied to House
    Numbers Digit Classification", 2012.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn import lp_pool_forward
    >>> y, cache = lp_pool_forward(np.array([3.0, -4.0]).reshape(1, 2, 1), 2)
    >>> y.item()
    5.0
    """
    x, p = as_images(x), as_exponent(p)
    hint_at_lone_image(x, kernel_size)
    window = pooling_window(
        x.shape[1:-1],
        kernel_size,
        stride=stride,
        padding=padding,
        dilation=dilation,
        ceil_mode=ceil_mode,
    )
    result, working = mean_arithmetic(x)
    magnitudes = np.abs(x.astype(working, copy=False))
    sums, scale = sums_of_powers(magnitudes, window, p)
    with np.errstate(under="ignore"):
        y = (power(sums, 1 / p) * scale).astype(result, copy=False)
    return y, LpPoolCache(x, sums, scale, window, p)


def lp_pool_backward(dy: ArrayLike, cache: LpPoolCache) -> Images:
    """
    Hand out the gradient of every window by the size of its pixels.

    Parameters
    ----------
    dy : array, shape of `y`
        Gradient of the loss with respect to the output.
    cache : LpPoolCache
        What `lp_pool_forward` returned beside `y`. It may be used again.

    Returns
    -------
    array, shape of `x`
        In the dtype ``np.result_type(x, dy)``, float64 if that is whole. A pixel of 0
        gets 0: of the slopes of a magnitude at its kink, the one in the middle.

    Raises
    ------
    TypeError, ValueError
        If `cache` is not one of `lp_pool_forward` or `dy` not of the shape of `y`.

    Notes
    -----
    Two powers per tap of every window.

    Examples
    --------
    Pixels of 3 and 4 have the norm 5, and get 3/5 and 4/5 of its gradient:

    >>> import numpy as np
    >>> from im2col_cnn import lp_pool_backward, lp_pool_forward
    >>> y, cache = lp_pool_forward(np.array([3.0, -4.0]).reshape(1, 2, 1), 2)
    >>> lp_pool_backward([[[5.0]]], cache).ravel()
    array([ 3., -4.])
    """
    cache = require_cache(cache, LpPoolCache, "lp_pool_forward")
    dy = as_upstream(dy, cache.sums.shape)
    result, working = mean_arithmetic(cache.x, dy)
    x, dy = cache.x.astype(working, copy=False), dy.astype(working, copy=False)
    sums, scale = (a.astype(working, copy=False) for a in (cache.sums, cache.scale))
    # (|x| / y) ** (p - 1), from the sum under the root: y itself is rounded.
    norms = power(np.where(sums == 0, 1, sums), (cache.p - 1) / cache.p)
    dx = np.zeros(x.shape, working)
    if not x.size:
        return dx.astype(result, copy=False)
    for _, stops, pixels in cache.window.taps():
        here = x[pixels]
        shares = power(np.abs(here) / scale[stops], cache.p - 1) / norms[stops]
        dx[pixels] += np.where(here == 0, 0, dy[stops] * np.sign(here) * shares)
    return dx.astype(result, copy=False)


def sums_of_powers(magnitudes: Array, window: Window, p: float) -> tuple[Array, Array]:
    """Return the sum of ``(|x| / scale) ** p`` in every window, and its scale."""
    N, *_, C = magnitudes.shape
    largest = np.zeros((N, *window.output_size, C), magnitudes.dtype)
    if not magnitudes.size:  # the taps may be millions
        return largest.astype(wide(largest.dtype)), np.ones_like(largest)
    for _, stops, pixels in window.taps():
        np.maximum(largest[stops], magnitudes[pixels], out=largest[stops])
    scale = np.where((largest > 0) & np.isfinite(largest), largest, 1)
    scale = scale.astype(largest.dtype, copy=False)
    if p <= MAX_UNSCALED_EXPONENT:
        # The power of two at or below the largest: the one above may not exist.
        scale = np.ldexp(np.ones_like(scale), np.frexp(scale)[1] - 1)
    sums = np.zeros(largest.shape, wide(largest.dtype))
    for _, stops, pixels in window.taps():
        sums[stops] += power(magnitudes[pixels] / scale[stops], p)
    return sums, scale


def power(x: Array, p: float) -> Array:
    """Return ``x ** p``; what vanishes beside the largest may do so quietly."""
    with np.errstate(under="ignore"):
        return np.asarray(x ** min(p, float(np.finfo(x.dtype).max)))
