"""Pool every image to a single pixel: adaptive pooling, asked for one bin."""

from .._typing import ArrayLike, Images
from .adaptive_pool import (
    AdaptiveAvgPoolCache,
    AdaptiveMaxPoolCache,
    adaptive_avg_pool_backward,
    adaptive_avg_pool_forward,
    adaptive_max_pool_backward,
    adaptive_max_pool_forward,
)

__all__ = [
    "global_avg_pool_backward",
    "global_avg_pool_forward",
    "global_max_pool_backward",
    "global_max_pool_forward",
]


def global_max_pool_forward(x: ArrayLike) -> tuple[Images, AdaptiveMaxPoolCache]:
    """
    Keep the largest pixel of every image, channel by channel.

    Parameters
    ----------
    x : array, shape (N, *SPATIAL, C)

    Returns
    -------
    y : array, shape (N, 1, ..., 1, C)
        In the dtype of `x`. The spatial axes stay, with one pixel each, as in ONNX.
    cache : AdaptiveMaxPoolCache
        For `global_max_pool_backward`.

    Raises
    ------
    TypeError, ValueError
        If `x` does not hold real numbers or has no spatial axis.

    Notes
    -----
    One pass over the images per spatial axis.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn import global_max_pool_forward
    >>> y, cache = global_max_pool_forward(np.arange(12).reshape(1, 2, 3, 2))
    >>> y
    array([[[[10, 11]]]])
    """
    return adaptive_max_pool_forward(x, 1)


def global_max_pool_backward(dy: ArrayLike, cache: AdaptiveMaxPoolCache) -> Images:
    """
    Send the gradient of every image to its first maximum.

    Parameters
    ----------
    dy : array, shape (N, 1, ..., 1, C)
        Gradient of the loss with respect to the output.
    cache : AdaptiveMaxPoolCache
        What `global_max_pool_forward` returned beside `y`. It may be used again.

    Returns
    -------
    array, shape of `x`
        In the dtype of `dy`; whole numbers become int64.

    Raises
    ------
    TypeError, ValueError
        If `cache` is not one of a global or adaptive pooling of this kind, or `dy`
        not of the shape of `y`.

    Notes
    -----
    One addition per number of `dy`.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn import global_max_pool_backward, global_max_pool_forward
    >>> y, cache = global_max_pool_forward(np.array([[1, 9], [2, 3]])[None, ..., None])
    >>> global_max_pool_backward([[[[5]]]], cache)[0, :, :, 0]
    array([[0, 5],
           [0, 0]])
    """
    return adaptive_max_pool_backward(dy, cache)


def global_avg_pool_forward(x: ArrayLike) -> tuple[Images, AdaptiveAvgPoolCache]:
    """
    Replace every image by its mean, channel by channel.

    Parameters
    ----------
    x : array, shape (N, *SPATIAL, C)

    Returns
    -------
    y : array, shape (N, 1, ..., 1, C)
        In the dtype of `x`; means of whole numbers are float64. The spatial axes stay,
        with one pixel each, as in ONNX.
    cache : AdaptiveAvgPoolCache
        For `global_avg_pool_backward`.

    Raises
    ------
    TypeError, ValueError
        If `x` does not hold real numbers or has no spatial axis.

    Notes
    -----
    One pass over the images per spatial axis.

    References
    ----------
    Lin, Chen and Yan, "Network In Network", 2013.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn import global_avg_pool_forward
    >>> y, cache = global_avg_pool_forward(np.arange(12).reshape(1, 2, 3, 2))
    >>> y
    array([[[[5., 6.]]]])
    """
    return adaptive_avg_pool_forward(x, 1)


def global_avg_pool_backward(dy: ArrayLike, cache: AdaptiveAvgPoolCache) -> Images:
    """
    Share the gradient of every image equally among its pixels.

    Parameters
    ----------
    dy : array, shape (N, 1, ..., 1, C)
        Gradient of the loss with respect to the output.
    cache : AdaptiveAvgPoolCache
        What `global_avg_pool_forward` returned beside `y`. It may be used again.

    Returns
    -------
    array, shape of `x`
        In the dtype of `dy`, float64 if that is whole.

    Raises
    ------
    TypeError, ValueError
        If `cache` is not one of a global or adaptive pooling of this kind, or `dy`
        not of the shape of `y`.

    Notes
    -----
    One pass over the images per spatial axis.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn import global_avg_pool_backward, global_avg_pool_forward
    >>> y, cache = global_avg_pool_forward(np.array([[1, 9], [2, 3]])[None, ..., None])
    >>> global_avg_pool_backward([[[[8.0]]]], cache)[0, :, :, 0]
    array([[2., 2.],
           [2., 2.]])
    """
    return adaptive_avg_pool_backward(dy, cache)
