"""Transposed convolution: the adjoint of a convolution, as an operation of its own.

What a convolution does to `dy` on its way to `dx`, this does to its input; and what
this needs on the way back is the convolution itself:

    forward     y  = image_gradient(x, w)       every pixel of x paints a window of y
    backward    dx = correlate(dy, w)           dw = kernel_gradient(dy, x)
"""

from dataclasses import dataclass
from typing import Literal, overload

import numpy as np

from .._checks import (
    as_flag,
    as_transposed_convolution,
    as_upstream,
    hinting,
    require_cache,
)
from .._dtypes import arithmetic
from .._typing import Array, ArrayLike, Bias, Images, Kernels, Padding, Shape, Sizes
from ..placing import reached, transposed_window
from ..tiling.dispatch import bias_gradient, correlate, image_gradient, kernel_gradient
from ..window import Window

__all__ = ["ConvTransposeCache", "conv_transpose_backward", "conv_transpose_forward"]


@dataclass(frozen=True, eq=False, repr=False)
class ConvTransposeCache:
    """What `conv_transpose_backward` needs to know of `conv_transpose_forward`."""

    x: Images
    w: Kernels
    b: Bias | None
    window: Window  # of the convolution that is transposed: it slides over y
    spatial: Shape  # of y, to which `output_padding` may add what no window reads
    groups: int
    dtype: np.dtype  # of y


@hinting
def conv_transpose_forward(
    x: ArrayLike,
    w: ArrayLike,
    b: ArrayLike | None = None,
    *,
    stride: Sizes = 1,
    padding: Padding = 0,
    output_padding: Sizes = 0,
    dilation: Sizes = 1,
    groups: int = 1,
    output_size: Sizes | None = None,
) -> tuple[Images, ConvTransposeCache]:
    """
    Add every pixel times the kernel into a larger image, and add a bias.

    Parameters
    ----------
    x : array, shape (N, *OUT, C)
        A batch of images: what the transposed convolution would give out.
    w : array, shape (*KERNEL, F // groups, C)
        The kernels of the convolution that this one transposes, from F channels to C.
    b : array of F numbers, optional
        Added to every pixel of the output, one number per channel, in any shape.
    stride : int or sequence of int, default 1
        Pixels of `y` from one painted window to the next.
    padding : int, sequence or str, default 0
        The padding of the transposed convolution, in any form of `Window`: so much is
        cut off from what was painted. ``"same"`` gives ``spatial = OUT * stride``.
    output_padding : int or sequence of int, default 0
        Pixels of `y` beyond the smallest size, along each axis less than the stride or
        the dilation: the pixels that a stride which does not divide leaves unread.
    dilation : int or sequence of int, default 1
        Pixels of `y` from one tap to the next.
    groups : int, default 1
        As for `conv_forward`.
    output_size : int, sequence of int or None, default None
        The spatial size of `y`, instead of `output_padding`.

    Returns
    -------
    y : array, shape (N, *SPATIAL, F)
        ``SPATIAL = (OUT - 1) * stride + span - before - after + output_padding`` along
        each axis, with ``span = dilation * (KERNEL - 1) + 1``. In the dtype that
        `conv_forward` would give.
    cache : ConvTransposeCache
        For `conv_transpose_backward`.

    Raises
    ------
    TypeError
        If an array does not hold real numbers or a setting is not a whole number.
    ValueError
        If channels, groups, axes or the length of `b` do not go together, if nothing
        of the output is left, or if it is no size that the convolution reduces to
        `OUT`.

    See Also
    --------
    conv_forward : The map that this one transposes.

    Notes
    -----
    ``N * prod(OUT) * prod(KERNEL) * C * F // groups`` multiply-adds.

    References
    ----------
    Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016.

    Examples
    --------
    Every pixel paints three; where they overlap they add up:

    >>> import numpy as np
    >>> from im2col_cnn import conv_transpose_forward
    >>> x, w = np.array([1, 10]).reshape(1, 2, 1), np.array([1, 2, 3]).reshape(3, 1, 1)
    >>> y, cache = conv_transpose_forward(x, w, stride=2)
    >>> y.ravel()
    array([ 1,  2, 13, 20, 30])
    """
    x, w, b = as_transposed_convolution(x, w, b, groups)
    window, spatial = transposed_window(
        x.shape[1:-1],
        w.shape[:-2],
        stride=stride,
        padding=padding,
        output_padding=output_padding,
        dilation=dilation,
        output_size=output_size,
    )
    dtypes = arithmetic(x, w, b)
    cache = ConvTransposeCache(x, w, b, window, spatial, groups, dtypes.result)
    y = image_gradient(x, w, window, groups, dtypes=dtypes, b=b)
    return extended(y, cache), cache


@overload
def conv_transpose_backward(
    dy: ArrayLike, cache: ConvTransposeCache, *, input_gradient: Literal[True] = True
) -> tuple[Images, Kernels, Array | None]: ...
@overload
def conv_transpose_backward(
    dy: ArrayLike, cache: ConvTransposeCache, *, input_gradient: Literal[False]
) -> tuple[None, Kernels, Array | None]: ...
@overload
def conv_transpose_backward(
    dy: ArrayLike, cache: ConvTransposeCache, *, input_gradient: bool
) -> tuple[Images | None, Kernels, Array | None]: ...
def conv_transpose_backward(
    dy: ArrayLike, cache: ConvTransposeCache, *, input_gradient: bool = True
) -> tuple[Images | None, Kernels, Array | None]:
    """
    Return the gradients of a transposed convolution.

    Parameters
    ----------
    dy : array, shape of `y`
        Gradient of the loss with respect to the output.
    cache : ConvTransposeCache
        What `conv_transpose_forward` returned beside `y`. It may be used again.
    input_gradient : bool, default True
        Whether to compute `dx`.

    Returns
    -------
    dx : array, shape of `x`, or None
        None if `input_gradient` is False.
    dw : array, shape of `w`
    db : array, shape of `b`, or None
        None if there was no bias. All are in the dtype ``np.result_type(y, dy)``.

    Raises
    ------
    TypeError, ValueError
        If `cache` is not one of `conv_transpose_forward` or `dy` not of the shape of
        `y`.

    Notes
    -----
    `dw` and `dx` cost as many multiply-adds as `conv_transpose_forward` each.

    Examples
    --------
    The gradient of a transposed convolution is a convolution:

    >>> import numpy as np
    >>> from im2col_cnn import conv_transpose_backward, conv_transpose_forward
    >>> x, w = np.array([1, 10]).reshape(1, 2, 1), np.array([1, 2, 3]).reshape(3, 1, 1)
    >>> y, cache = conv_transpose_forward(x, w, stride=2)
    >>> dx, dw, db = conv_transpose_backward(np.arange(5).reshape(1, 5, 1), cache)
    >>> dx.ravel()  # 0 * 1 + 1 * 2 + 2 * 3, and so on
    array([ 8, 20])
    """
    cache = require_cache(cache, ConvTransposeCache, "conv_transpose_forward")
    window, groups = cache.window, cache.groups
    N, F = cache.x.shape[0], cache.w.shape[-2] * groups
    dy = as_upstream(dy, (N, *cache.spatial, F))
    dtypes = arithmetic(cache.dtype, dy)
    painted = dy[reached(window)]
    dx = None
    if as_flag(input_gradient, "input_gradient"):
        dx = correlate(painted, cache.w, window, groups, dtypes=dtypes)
    dw = kernel_gradient(painted, cache.x, window, groups, dtypes=dtypes)
    db = None
    if cache.b is not None:
        db = bias_gradient(dy, dtypes).reshape(cache.b.shape)
    return dx, dw, db


def extended(y: Images, cache: ConvTransposeCache) -> Images:
    """Add the pixels that no window reads; they hold the bias alone."""
    if y.shape[1:-1] == cache.spatial:
        return y
    larger = np.zeros((len(y), *cache.spatial, y.shape[-1]), y.dtype)
    if cache.b is not None:
        larger += cache.b.ravel().astype(y.dtype)
    larger[reached(cache.window)] = y
    return larger
