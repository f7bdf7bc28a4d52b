"""Unfold images into a matrix of windows, and fold such a matrix back.

    im2col : (N, *SPATIAL, C) -> (N * prod(OUT), prod(KERNEL) * C)
    col2im : the transpose, <im2col(x), c> == <x, col2im(c)> for all x and c

With its windows written out, a convolution is one matrix product, and the gradient
of that product flows back to the image through col2im. The two functions are one loop
over the taps of the kernel, read in opposite directions:

    columns[stops + offset] = x[pixels]      unfold: copy each pixel out
    x[pixels] += columns[stops + offset]     fold: add each copy back
"""

import numpy as np

from .._checks import (
    as_array,
    as_batch_shape,
    as_choice,
    as_fill,
    as_images,
    hint_at_lone_image,
    hinting,
    require_columns,
)
from .._dtypes import arithmetic, mean_arithmetic
from .._typing import (
    Array,
    ArrayLike,
    Columns,
    Images,
    Padding,
    Reduction,
    Shape,
    Sizes,
)
from ..window import Window

__all__ = ["col2im", "fold", "im2col", "unfold"]


@hinting
def im2col(
    x: ArrayLike,
    kernel_size: Sizes,
    *,
    stride: Sizes = 1,
    padding: Padding = 0,
    dilation: Sizes = 1,
    fill: float = 0,
) -> Columns:
    """
    Unfold images into a matrix with one row per window.

    Parameters
    ----------
    x : array, shape (N, *SPATIAL, C)
        A batch of images, channels last, with one or more spatial axes.
    kernel_size : int or sequence of int
        Taps of the window along each spatial axis. An int means the same along all.
    stride : int or sequence of int, default 1
        Pixels from one window to the next.
    padding : int, sequence or str, default 0
        Pixels added around the image, in any of the six forms of `Window`.
    dilation : int or sequence of int, default 1
        Pixels from one tap to the next. 1 means none are skipped.
    fill : number, default 0
        The value of the padding; it must be one the dtype of `x` can hold.

    Returns
    -------
    array, shape (N * prod(OUT), prod(KERNEL) * C)
        A copy, in the dtype of `x`, whichever that is. Rows run over images, then
        over windows in reading order; within a row, taps run in reading order and
        the channels of one pixel lie side by side. It is the order in which
        ``w.reshape(-1, F)`` lists a kernel ``w`` of shape ``(*KERNEL, C, F)``.

    Raises
    ------
    TypeError, ValueError
        If `x` has fewer than three axes, a setting is malformed, or the kernel does
        not fit in the padded image.

    See Also
    --------
    col2im : The transpose of this map.
    windows : The same numbers as a view, without the copy.

    Notes
    -----
    ``OUT = (SPATIAL + before + after - span) // stride + 1`` along each axis, with
    ``span = dilation * (KERNEL - 1) + 1``. Pixels that no window reaches are dropped.
    Every pixel of the matrix is written once; it is about
    ``prod(KERNEL) / prod(stride)`` times as large as `x`.

    References
    ----------
    Chellapilla, Puri and Simard, "High Performance Convolutional Neural Networks for
    Document Processing", 2006, unfold a convolution into a matrix product.

    Examples
    --------
    The pixel at row ``i``, column ``j`` holds ``10 * i + j``, so every entry says
    where it came from:

    >>> import numpy as np
    >>> from im2col_cnn import im2col
    >>> i, j = np.ogrid[:3, :4]
    >>> im2col((10 * i + j).reshape(1, 3, 4, 1), kernel_size=2, stride=2)
    array([[ 0,  1, 10, 11],
           [ 2,  3, 12, 13]])

    With its windows written out, convolving is a product of two matrices:

    >>> x, w = np.ones((1, 3, 4, 2)), np.ones((2, 2, 2, 5))
    >>> (im2col(x, 2) @ w.reshape(-1, 5)).reshape(1, 2, 3, 5)[0, 0, 0]
    array([8., 8., 8., 8., 8.])
    """
    x = as_images(x, kinds="biufc", selects=True)
    hint_at_lone_image(x, kernel_size)
    N, *spatial, C = x.shape
    window = Window(
        spatial, kernel_size, stride=stride, padding=padding, dilation=dilation
    )
    fill = as_fill(fill, x.dtype)
    return unfold(x, window, fill).reshape(window.columns_shape(N, C))


@hinting
def col2im(
    columns: ArrayLike,
    shape: Shape,
    kernel_size: Sizes,
    *,
    stride: Sizes = 1,
    padding: Padding = 0,
    dilation: Sizes = 1,
    reduce: Reduction = "sum",
) -> Images:
    """
    Add every entry of a column matrix to the pixel it was read from.

    Parameters
    ----------
    columns : array, shape (N * prod(OUT), prod(KERNEL) * C)
        A matrix in the order of `im2col`.
    shape : tuple of int
        Shape ``(N, *SPATIAL, C)`` of the images to fold into.
    kernel_size, stride, padding, dilation
        As for `im2col`. What is added to the padding is dropped.
    reduce : {"sum", "mean"}, default "sum"
        ``"sum"`` is the transpose of `im2col`. ``"mean"`` divides by the number of
        windows that read a pixel, and so undoes `im2col` exactly wherever a pixel
        is read (whole numbers, whose means are float64, up to 2**53).

    Returns
    -------
    array, shape `shape`
        A new array; pixels that no window reads hold 0. Sums of whole numbers are
        int64, their means float64, and float16 is added up in float32; other dtypes
        are kept.

    Raises
    ------
    TypeError, ValueError
        As for `im2col`, and if `columns` has another shape than im2col's result.

    See Also
    --------
    im2col : The map that this one transposes.
    coverage : How many windows read each pixel: the sum of columns of ones.

    Notes
    -----
    One pass over `columns`: each entry is read and added once.

    Examples
    --------
    Folding ones counts the windows that read each pixel:

    >>> import numpy as np
    >>> from im2col_cnn import col2im, im2col
    >>> col2im(np.ones((6, 4)), (1, 3, 4, 1), kernel_size=2)[0, :, :, 0]
    array([[1., 2., 2., 1.],
           [2., 4., 4., 2.],
           [1., 2., 2., 1.]])

    The mean undoes im2col:

    >>> x = np.arange(12.0).reshape(1, 3, 4, 1)
    >>> bool((col2im(im2col(x, 2), x.shape, 2, reduce="mean") == x).all())
    True
    """
    columns = as_array(columns, "columns", kinds="biufc")
    N, *spatial, C = shape = as_batch_shape(shape, "shape")
    window = Window(
        spatial, kernel_size, stride=stride, padding=padding, dilation=dilation
    )
    reduce = as_choice(reduce, "reduce", ("sum", "mean"))
    require_columns(columns, window.columns_shape(N, C))

    columns = columns.reshape(N, *window.output_size, *window.kernel_size, C)
    if reduce == "mean":
        return mean_of_copies(columns, window)
    result, working = arithmetic(columns)
    return fold(columns.astype(working, copy=False), window).astype(result, copy=False)


def unfold(x: Images, window: Window, fill: float = 0) -> Array:
    """Copy every window out of `x`, as (N, *OUT, *KERNEL, C)."""
    N, *_, C = x.shape
    columns = np.full((N, *window.output_size, *window.kernel_size, C), fill, x.dtype)
    for offset, stops, pixels in window.taps():
        columns[stops + offset] = x[pixels]
    return columns


def fold(columns: Array, window: Window) -> Images:
    """Add every window of (N, *OUT, *KERNEL, C) back into (N, *SPATIAL, C)."""
    N, C = columns.shape[0], columns.shape[-1]
    x = np.zeros((N, *window.spatial, C), columns.dtype)
    for offset, stops, pixels in window.taps():
        # At one tap no two windows meet in a pixel, so += loses nothing.
        x[pixels] += columns[stops + offset]
    return x


def mean_of_copies(columns: Array, window: Window) -> Images:
    """
    Average what `fold` would add up.

    The mean is taken of the differences to one of the copies: where all copies agree,
    as those of `unfold` do, the differences are 0 and nothing is rounded.
    """
    result, working = mean_arithmetic(columns)
    columns = columns.astype(working, copy=False)
    counts = np.maximum(window.coverage(), 1)[..., None].astype(working)

    copy = np.zeros((columns.shape[0], *window.spatial, columns.shape[-1]), working)
    for offset, stops, pixels in window.taps():
        copy[pixels] = columns[stops + offset]
    with np.errstate(invalid="ignore"):  # inf - inf
        differences = np.zeros_like(copy)
        for offset, stops, pixels in window.taps():
            differences[pixels] += columns[stops + offset] - copy[pixels]
        mean = copy + differences / counts
        if not np.isfinite(copy).all():
            mean = np.where(np.isfinite(mean), mean, fold(columns, window) / counts)
    return np.asarray(mean, result)
