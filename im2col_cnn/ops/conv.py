"""Convolve by matrix products over unfolded images.

With X the windows of `x`, one per row, and W the kernel, one filter per column:

    y = X @ W          dW = X.T @ dy          dX = dy @ W.T,  folded back into dx

Three maps, one trilinear form: ``<correlate(x, w), dy>`` is also ``<x, dx>`` and
``<w, dw>``. With groups, each group of channels has a product of its own. Which way is
taken, tile by tile, is chosen in `tiling.dispatch`: the plain one in `tiling.gemm`.
"""

from dataclasses import dataclass
from typing import Literal, overload

import numpy as np

from .._checks import as_convolution, as_flag, as_upstream, hinting, require_cache
from .._dtypes import arithmetic
from .._typing import Array, ArrayLike, Bias, Images, Kernels, Padding, Sizes
from ..placing import sliding_window
from ..tiling.dispatch import bias_gradient, correlate, gradients, kernel_gradient
from ..window import Window

__all__ = ["ConvCache", "conv_backward", "conv_cache", "conv_forward"]


@dataclass(frozen=True, eq=False, repr=False)
class ConvCache:
    """What `conv_backward` needs to know of `conv_forward`."""

    x: Images
    w: Kernels
    b: Bias | None
    window: Window
    groups: int
    dtype: np.dtype  # of y


@hinting
def conv_forward(
    x: ArrayLike,
    w: ArrayLike,
    b: ArrayLike | None = None,
    *,
    stride: Sizes = 1,
    padding: Padding = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> tuple[Images, ConvCache]:
    """
    Convolve a batch of images with F kernels and add a bias.

    Parameters
    ----------
    x : array, shape (N, *SPATIAL, C)
        A batch of images, channels last, with one or more spatial axes.
    w : array, shape (*KERNEL, C // groups, F)
        F kernels. They are not flipped: "convolution" is cross-correlation here, as
        in every framework.
    b : array of F numbers, optional
        Added to every pixel of the output, one number per filter, in any shape.
    stride : int or sequence of int, default 1
        Pixels from one window to the next, along all axes or along each.
    padding : int, sequence or str, default 0
        Zeros around the image: an int, one int or one ``(before, after)`` pair per
        axis, ``"valid"``, ``"same"`` or ``"same_lower"``. See `Window`.
    dilation : int or sequence of int, default 1
        Pixels from one tap of the kernel to the next.
    groups : int, default 1
        Channels and filters are split into this many groups that do not see each
        other. ``groups=C`` is a depthwise convolution.

    Returns
    -------
    y : array, shape (N, *OUT, F)
        In the dtype ``np.result_type(x, w, b)``. float16 is added up in float32; if
        all arguments are whole numbers, so is `y`, in int64.
    cache : ConvCache
        For `conv_backward`. It holds `x` and `w` themselves, not copies.

    Raises
    ------
    TypeError
        If an array does not hold real numbers or a setting is not a whole number.
    ValueError
        If channels, groups, axes or the length of `b` do not go together, or if the
        kernel does not fit in the padded image.

    See Also
    --------
    conv_backward : The gradients.
    conv_transpose_forward : The adjoint map, from `y` to `x`.

    Notes
    -----
    ``N * prod(OUT) * prod(KERNEL) * C // groups * F`` multiply-adds. NaN and infinity
    propagate; a zero of the padding times an infinite weight is NaN.

    Every entry is rounded like a sum of its terms, so that small ones keep their digits
    beside large ones. `winograd` trades that for speed.

    References
    ----------
    Chellapilla, Puri and Simard, "High Performance Convolutional Neural Networks for
    Document Processing", 2006.

    Examples
    --------
    The pixel at row ``i``, column ``j`` holds ``10 * i + j``. A kernel that subtracts
    a pixel from the one below it finds tens, and its bias adds 0.5:

    >>> import numpy as np
    >>> from im2col_cnn import conv_forward
    >>> i, j = np.ogrid[:3, :4]
    >>> x = (10.0 * i + j).reshape(1, 3, 4, 1)
    >>> w = np.array([-1.0, 1.0]).reshape(2, 1, 1, 1)
    >>> y, cache = conv_forward(x, w, b=[0.5])
    >>> y[0, :, :, 0]
    array([[10.5, 10.5, 10.5, 10.5],
           [10.5, 10.5, 10.5, 10.5]])
    """
    cache = conv_cache(
        x, w, b, stride=stride, padding=padding, dilation=dilation, groups=groups
    )
    dtypes = arithmetic(cache.dtype)
    y = correlate(cache.x, cache.w, cache.window, groups, dtypes=dtypes, b=cache.b)
    return y, cache


@overload
def conv_backward(
    dy: ArrayLike, cache: ConvCache, *, input_gradient: Literal[True] = True
) -> tuple[Images, Kernels, Array | None]: ...
@overload
def conv_backward(
    dy: ArrayLike, cache: ConvCache, *, input_gradient: Literal[False]
) -> tuple[None, Kernels, Array | None]: ...
@overload
def conv_backward(
    dy: ArrayLike, cache: ConvCache, *, input_gradient: bool
) -> tuple[Images | None, Kernels, Array | None]: ...
def conv_backward(
    dy: ArrayLike, cache: ConvCache, *, input_gradient: bool = True
) -> tuple[Images | None, Kernels, Array | None]:
    """
    Return the gradients of a convolution.

    Parameters
    ----------
    dy : array, shape of `y`
        Gradient of the loss with respect to the output.
    cache : ConvCache
        What `conv_forward` returned beside `y`. It may be used again.
    input_gradient : bool, default True
        Whether to compute `dx`. The first layer of a network does not need it.

    Returns
    -------
    dx : array, shape of `x`, or None
        None if `input_gradient` is False. Pixels that no window reads get 0.
    dw : array, shape of `w`
    db : array, shape of `b`, or None
        None if there was no bias. All are in the dtype ``np.result_type(y, dy)``.

    Raises
    ------
    TypeError
        If `cache` is not one of `conv_forward`.
    ValueError
        If `dy` does not have the shape of `y`.

    Notes
    -----
    `dw` and `dx` cost as many multiply-adds as `conv_forward` each.

    Examples
    --------
    Where every pixel of `y` has the gradient 1, col2im adds up as many as there are
    windows that read a pixel of `x`:

    >>> import numpy as np
    >>> from im2col_cnn import conv_backward, conv_forward
    >>> y, cache = conv_forward(np.ones((1, 3, 4, 1)), np.ones((2, 2, 1, 1)))
    >>> dx, dw, db = conv_backward(np.ones((1, 2, 3, 1)), cache)
    >>> dx[0, :, :, 0]
    array([[1., 2., 2., 1.],
           [2., 4., 4., 2.],
           [1., 2., 2., 1.]])
    >>> dw[:, :, 0, 0]
    array([[6., 6.],
           [6., 6.]])
    """
    cache = require_cache(cache, ConvCache, "conv_forward")
    input_gradient = as_flag(input_gradient, "input_gradient")
    x, w, window, groups = cache.x, cache.w, cache.window, cache.groups
    N, F = x.shape[0], w.shape[-1]
    dy = as_upstream(dy, (N, *window.output_size, F))
    dtypes = arithmetic(cache.dtype, dy)
    dx = None
    if input_gradient:
        dx, dw = gradients(x, dy, w, window, groups, dtypes=dtypes)
    else:
        dw = kernel_gradient(x, dy, window, groups, dtypes=dtypes)
    db = None
    if cache.b is not None:
        db = bias_gradient(dy, dtypes).reshape(cache.b.shape)
    return dx, dw, db


def conv_cache(
    x: ArrayLike,
    w: ArrayLike,
    b: ArrayLike | None,
    *,
    stride: Sizes,
    padding: Padding,
    dilation: Sizes,
    groups: int,
) -> ConvCache:
    """Check the arguments of a convolution and keep what backward needs of them."""
    x, w, b = as_convolution(x, w, b, groups)
    window = sliding_window(
        x.shape[1:-1], w.shape[:-2], stride=stride, padding=padding, dilation=dilation
    )
    dtype = arithmetic(x, w, b).result
    return ConvCache(x, w, b, window, groups, dtype)
