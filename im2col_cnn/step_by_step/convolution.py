"""Convolve as the notebook does, and send the gradients back.

    A_prev (m, n_H_prev, n_W_prev, n_C_prev)      Z, dJ_dZ (m, n_H, n_W, n_C)
    W      (f, f, n_C_prev, n_C)                  b        (1, 1, 1, n_C)

Both take what the notebook's hyperparameters say: ``{"padding": ..., "stride": ...}``.
"""

from collections.abc import Mapping
from typing import Any, cast

from .._checks import as_hyperparameters, as_notebook_cache, require_bias
from .._typing import Array, ArrayLike
from ..ops.conv import conv_backward, conv_cache, conv_forward

__all__ = ["conv_backward_propogation", "conv_forward_propogation"]

Hyperparameters = Mapping[str, Any]
ConvCache = tuple[ArrayLike, ArrayLike, ArrayLike, Hyperparameters]


def conv_forward_propogation(
    A_prev: ArrayLike, W: ArrayLike, b: ArrayLike, hyperparameters: Hyperparameters
) -> tuple[Array, ConvCache]:
    """
    Convolve, and keep the cache that the notebook's backward unpacks.

    Parameters
    ----------
    A_prev : array, shape (m, n_H_prev, n_W_prev, n_C_prev)
    W : array, shape (f, f, n_C_prev, n_C)
        Filters; they need not be square.
    b : array, shape (1, 1, 1, n_C)
    hyperparameters : dict
        ``{"padding": ..., "stride": ...}``, as `conv_forward` takes them.

    Returns
    -------
    Z : array, shape (m, n_H, n_W, n_C)
    cache : tuple
        ``(A_prev, W, b, hyperparameters)``.

    Raises
    ------
    TypeError, ValueError
        As `conv_forward`, and if a hyperparameter is missing or unknown.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn import step_by_step as notebook
    >>> A_prev, W = np.ones((1, 3, 3, 1)), np.ones((2, 2, 1, 1))
    >>> Z, cache = notebook.conv_forward_propogation(
    ...     A_prev, W, np.zeros((1, 1, 1, 1)), {"padding": 0, "stride": 1}
    ... )
    >>> Z[0, :, :, 0]
    array([[4., 4.],
           [4., 4.]])
    """
    settings = as_hyperparameters(hyperparameters, required=("padding", "stride"))
    require_bias(b)
    Z, _ = conv_forward(A_prev, W, b, **settings)
    return Z, (A_prev, W, b, hyperparameters)


def conv_backward_propogation(
    dJ_dZ: ArrayLike, cache: ConvCache
) -> tuple[Array, Array, Array]:
    """
    Return the gradients of the notebook's convolution.

    Parameters
    ----------
    dJ_dZ : array, shape (m, n_H, n_W, n_C)
        Gradient of the cost with respect to the output.
    cache : tuple
        ``(A_prev, W, b, hyperparameters)``.

    Returns
    -------
    dJ_dA : array, shape of `A_prev`
    dJ_dW : array, shape of `W`
    dJ_db : array, shape (1, 1, 1, n_C)

    Raises
    ------
    TypeError, ValueError
        As `conv_backward`, and if the cache is not such a tuple.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn import step_by_step as notebook
    >>> A_prev, W = np.ones((1, 3, 3, 1)), np.ones((2, 2, 1, 1))
    >>> cache = A_prev, W, np.zeros((1, 1, 1, 1)), {"padding": 0, "stride": 1}
    >>> dJ_dA, dJ_dW, dJ_db = notebook.conv_backward_propogation(
    ...     np.ones((1, 2, 2, 1)), cache
    ... )
    >>> dJ_dA[0, :, :, 0]
    array([[1., 2., 1.],
           [2., 4., 2.],
           [1., 2., 1.]])
    """
    A_prev, W, b, hyperparameters = as_notebook_cache(
        cache, ("A_prev", "W", "b", "hyperparameters")
    )
    settings = as_hyperparameters(hyperparameters, required=("padding", "stride"))
    require_bias(b)
    conv = conv_cache(A_prev, W, b, dilation=1, groups=1, **settings)
    gradients = cast(tuple[Array, Array, Array], conv_backward(dJ_dZ, conv))
    dJ_dA, dJ_dW, dJ_db = gradients
    return dJ_dA, dJ_dW, dJ_db.reshape(1, 1, 1, -1)
