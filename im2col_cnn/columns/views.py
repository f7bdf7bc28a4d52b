"""Windows as a view of the images, and how many windows read each pixel."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from .._checks import as_fill, as_images, hint_at_lone_image, hinting
from .._typing import Array, ArrayLike, Padding, Sizes
from ..window import EVERY, Window

__all__ = ["coverage", "windows"]


@hinting
def windows(
    x: ArrayLike,
    kernel_size: Sizes,
    *,
    stride: Sizes = 1,
    padding: Padding = 0,
    dilation: Sizes = 1,
    fill: float = 0,
) -> Array:
    """
    Return a view of every window of every image; no pixel is copied.

    Parameters
    ----------
    x, kernel_size, stride, padding, dilation, fill
        As for `im2col`.

    Returns
    -------
    array, shape (N, *OUT, *KERNEL, C)
        A read-only view; of `x` itself where there is no padding, of a padded copy
        otherwise. Writing to it is refused, for windows overlap.

    Raises
    ------
    TypeError, ValueError
        As for `im2col`.

    See Also
    --------
    im2col : The same numbers, copied into a matrix.

    Notes
    -----
    Nothing is copied without padding; with it, the images once.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn import windows
    >>> i, j = np.ogrid[:3, :4]
    >>> view = windows((10 * i + j).reshape(1, 3, 4, 1), kernel_size=2)
    >>> view.shape
    (1, 2, 3, 2, 2, 1)
    >>> view[0, 1, 2, :, :, 0]
    array([[12, 13],
           [22, 23]])
    """
    x = as_images(x, kinds="biufc", selects=True)
    hint_at_lone_image(x, kernel_size)
    _, *spatial, _ = x.shape
    window = Window(
        spatial, kernel_size, stride=stride, padding=padding, dilation=dilation
    )
    fill = as_fill(fill, x.dtype)
    if any(map(any, window.padding)):
        x = np.pad(x, ((0, 0), *window.padding, (0, 0)), constant_values=fill)
    axes = tuple(range(1, x.ndim - 1))
    spans = tuple(axis.span for axis in window.axes)
    # No stride leaves the buffer: NumPy checks that a span fits before every start, and
    # what follows only slices.
    view = sliding_window_view(x, spans, axis=axes)  # (N, *(every start), C, *SPAN)
    starts = tuple(slice(None, None, step) for step in window.stride)
    taps = tuple(slice(None, None, step) for step in window.dilation)
    view = view[(EVERY, *starts, EVERY, *taps)]  # (N, *OUT, C, *KERNEL)
    return np.moveaxis(view, x.ndim - 1, -1)


@hinting
def coverage(
    spatial: Sizes,
    kernel_size: Sizes,
    *,
    stride: Sizes = 1,
    padding: Padding = 0,
    dilation: Sizes = 1,
) -> Array:
    """
    Count how many windows read each pixel.

    Parameters
    ----------
    spatial : int or tuple of int
        Size of the image along its spatial axes.
    kernel_size, stride, padding, dilation
        As for `im2col`.

    Returns
    -------
    array of int64, shape `spatial`
        The diagonal of ``col2im(im2col(x))``: each pixel comes back this many times.

    Raises
    ------
    TypeError, ValueError
        As for `im2col`.

    Notes
    -----
    Axes do not know of each other, so this is an outer product of counts per axis.

    Examples
    --------
    At stride 2 a kernel of 3 reads every other pixel twice, and in a row of six the
    last pixel is never read:

    >>> from im2col_cnn import coverage
    >>> coverage(6, 3, stride=2)
    array([1, 1, 2, 1, 1, 0])
    """
    window = Window(
        spatial, kernel_size, stride=stride, padding=padding, dilation=dilation
    )
    return window.coverage()
