"""Pool as the notebook does: one window, and all windows there and back.

A_prev (m, n_H_prev, n_W_prev, n_C_prev)      Z, dJ_dZ (m, n_H, n_W, n_C_prev)
"""

from collections.abc import Callable, Mapping
from math import prod
from typing import Any

import numpy as np

from .._checks import (
    as_choice,
    as_hyperparameters,
    as_notebook_cache,
    as_number,
    as_shape,
    as_window,
)
from .._typing import Array, ArrayLike, Sizes
from ..ops.avg_pool import avg_pool_backward, avg_pool_forward
from ..ops.max_pool import max_pool_backward, max_pool_forward

__all__ = ["average_pool", "max_pool", "pool_backward", "pool_forward"]

Hyperparameters = Mapping[str, Any]
PoolCache = tuple[ArrayLike, Hyperparameters]


def max_pool(Z_slice: ArrayLike) -> Array:
    """
    Mark the pixel of one window that gets its gradient.

    Parameters
    ----------
    Z_slice : array
        One window of the input, in any shape.

    Returns
    -------
    array of bool, shape of `Z_slice`
        True at one place: the first maximum in reading order, or the first NaN.

    Raises
    ------
    TypeError, ValueError
        If `Z_slice` does not hold real numbers, or none at all.

    Examples
    --------
    >>> from im2col_cnn import step_by_step as notebook
    >>> notebook.max_pool([[6, 6], [2, 6]])
    array([[ True, False],
           [False, False]])
    """
    Z_slice = as_window(Z_slice, "Z_slice")
    mask = np.zeros(Z_slice.shape, np.bool_)
    mask[np.unravel_index(np.argmax(Z_slice), Z_slice.shape)] = True
    return mask


def average_pool(dJ_dZ_slice: float, shape: Sizes) -> Array:
    """
    Share one gradient equally among the pixels of one window.

    Parameters
    ----------
    dJ_dZ_slice : number
        Gradient of the cost with respect to the mean of the window.
    shape : tuple of int
        Shape of the window.

    Returns
    -------
    array, shape `shape`

    Raises
    ------
    TypeError, ValueError
        If the first is not one real number or the shape has no pixels.

    Examples
    --------
    >>> from im2col_cnn import step_by_step as notebook
    >>> notebook.average_pool(0.666, (2, 2))
    array([[0.1665, 0.1665],
           [0.1665, 0.1665]])
    """
    owed = as_number(dJ_dZ_slice, "dJ_dZ_slice")
    shape = as_shape(shape, "shape", at_least=1)
    return np.full(shape, owed / prod(shape))


def pool_forward(
    A_prev: ArrayLike, hyperparameters: Hyperparameters, mode: str = "max"
) -> tuple[Array, PoolCache]:
    """
    Pool every window by its maximum or its mean.

    Parameters
    ----------
    A_prev : array, shape (m, n_H_prev, n_W_prev, n_C_prev)
    hyperparameters : dict
        ``{"f": ..., "stride": ...}`` and, if wanted, ``"padding"``.
    mode : {"max", "average"}

    Returns
    -------
    Z : array, shape (m, n_H, n_W, n_C_prev)
    cache : tuple
        ``(A_prev, hyperparameters)``.

    Raises
    ------
    TypeError, ValueError
        As `max_pool_forward`, and if a hyperparameter is missing or unknown.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn import step_by_step as notebook
    >>> A_prev = np.array([[1, 3], [2, 6]]).reshape(1, 2, 2, 1)
    >>> Z, cache = notebook.pool_forward(A_prev, {"f": 2, "stride": 2}, "average")
    >>> Z
    array([[[[3.]]]])
    >>> notebook.pool_backward(np.full_like(Z, 0.666), cache, "average")[0, :, :, 0]
    array([[0.1665, 0.1665],
           [0.1665, 0.1665]])
    """
    forward, _ = pooling(mode)
    Z, _ = forward(A_prev, **pool_settings(hyperparameters))
    return Z, (A_prev, hyperparameters)


def pool_backward(dJ_dZ: ArrayLike, cache: PoolCache, mode: str = "max") -> Array:
    """
    Return the gradient of `pool_forward` with respect to its input.

    Parameters
    ----------
    dJ_dZ : array, shape of `Z`
        Gradient of the cost with respect to the output.
    cache : tuple
        ``(A_prev, hyperparameters)``.
    mode : {"max", "average"}
        The mode of `pool_forward`.

    Returns
    -------
    array, shape of `A_prev`

    Raises
    ------
    TypeError, ValueError
        As `max_pool_backward`, and if the cache is not such a tuple.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn import step_by_step as notebook
    >>> cache = np.array([[1, 3], [2, 6]]).reshape(1, 2, 2, 1), {"f": 2, "stride": 2}
    >>> notebook.pool_backward(np.full((1, 1, 1, 1), 0.666), cache)[0, :, :, 0]
    array([[0.   , 0.   ],
           [0.   , 0.666]])
    """
    A_prev, hyperparameters = as_notebook_cache(cache, ("A_prev", "hyperparameters"))
    forward, backward = pooling(mode)
    _, pool_cache = forward(A_prev, **pool_settings(hyperparameters))
    return backward(dJ_dZ, pool_cache)


def pooling(mode: str) -> tuple[Callable[..., Any], Callable[..., Array]]:
    """Return forward and backward of a mode."""
    if as_choice(mode, "mode", ("max", "average")) == "max":
        return max_pool_forward, max_pool_backward
    return avg_pool_forward, avg_pool_backward


def pool_settings(hyperparameters: Hyperparameters) -> dict[str, Any]:
    """Write the notebook's hyperparameters of a pooling as settings of this package."""
    settings = as_hyperparameters(
        hyperparameters, required=("f", "stride"), optional=("padding",)
    )
    return {"kernel_size": settings.pop("f"), **settings}
