"""The functions of the notebook "Convolutional Neural Networks: Step by Step".

They are corrected, but keep their names, spelling included, the words for the arrays,
and the cache ``(A_prev, W, b, hyperparameters)``; behind them are the operations of
this package. The two forward functions that the notebook lacked stand beside them.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from math import prod
from typing import Any, cast

import numpy as np

from ._checks import as_array, as_choice, as_shape, as_window, quoted
from ._typing import Array, ArrayLike, Mode, Sizes
from .ops.avg_pool import avg_pool_backward, avg_pool_forward
from .ops.conv import conv_backward, conv_cache, conv_forward
from .ops.max_pool import max_pool_backward, max_pool_forward

__all__ = [
    "average_pool",
    "conv_backward_propogation",
    "conv_forward_propogation",
    "max_pool",
    "pool_backward",
    "pool_forward",
]


WORDS = {
    "dy": "dJ_dZ",
    "kernel_size": "f",
    "w": "W",
    "x": "A_prev",
    "y": "Z",
}  # of this package, and what the notebook calls them

Hyperparameters = Mapping[str, Any]
ConvCache = tuple[ArrayLike, ArrayLike, ArrayLike, Hyperparameters]


def conv_forward_propogation(
    A_prev: ArrayLike, W: ArrayLike, b: ArrayLike, hyperparameters: Hyperparameters
) -> tuple[Array, ConvCache]:
    """
    Convolve, and return the notebook's cache beside the output.

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
    with in_the_notebooks_words():
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
    with in_the_notebooks_words():
        conv = conv_cache(A_prev, W, b, dilation=1, groups=1, **settings)
        gradients = cast(tuple[Array, Array, Array], conv_backward(dJ_dZ, conv))
    dJ_dA, dJ_dW, dJ_db = gradients
    return dJ_dA, dJ_dW, dJ_db.reshape(1, 1, 1, -1)


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
    gradient = as_number(dJ_dZ_slice, "dJ_dZ_slice")
    shape = as_shape(shape, "shape", at_least=1)
    return np.full(shape, gradient / prod(shape))


def pool_forward(
    A_prev: ArrayLike, hyperparameters: Hyperparameters, mode: Mode = "max"
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
    with in_the_notebooks_words():
        Z, _ = forward(A_prev, **pool_settings(hyperparameters))
    return Z, (A_prev, hyperparameters)


def pool_backward(dJ_dZ: ArrayLike, cache: PoolCache, mode: Mode = "max") -> Array:
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
    with in_the_notebooks_words():
        _, pool_cache = forward(A_prev, **pool_settings(hyperparameters))
        return backward(dJ_dZ, pool_cache)


@contextmanager
def in_the_notebooks_words() -> Iterator[None]:
    """Let refusals name the arguments as the notebook does; what they quote stays."""
    try:
        yield
    except (TypeError, ValueError) as error:
        words = rf"'[^']*'|\b({'|'.join(WORDS)})\b"
        said = re.sub(words, lambda found: WORDS.get(found[0], found[0]), str(error))
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(said) from None


def pooling(mode: Mode) -> tuple[Callable[..., Any], Callable[..., Array]]:
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


def as_hyperparameters(
    value: Any, *, required: tuple[str, ...], optional: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return `value` as a dict with the keys that are required, and no unknown ones."""
    if not isinstance(value, Mapping):
        raise TypeError(f"hyperparameters must be a dict, got {quoted(value)}")
    missing = [key for key in required if key not in value]
    unknown = [key for key in value if key not in required + optional]
    if missing or unknown:
        raise ValueError(
            f"hyperparameters must have the keys {', '.join(map(repr, required))}, got "
            f"{', '.join(map(repr, value)) or 'none'}"
        )
    return dict(value)


def as_notebook_cache(cache: Any, names: tuple[str, ...]) -> tuple[Any, ...]:
    """Return `cache` if it is a tuple with one entry per name."""
    if not isinstance(cache, tuple | list) or len(cache) != len(names):
        raise TypeError(
            f"cache must be the tuple ({', '.join(names)}), got {quoted(cache)}"
        )
    return tuple(cache)


def require_bias(b: Any) -> None:
    """Refuse a bias of None: the notebook always has one."""
    if b is None:
        raise TypeError(
            "b must hold one number per filter, got None: np.zeros((1, 1, 1, n_C)) "
            "adds nothing"
        )


def as_number(value: ArrayLike, name: str) -> Any:
    """Return `value` as one real number, in whatever dtype it has."""
    number = as_array(value, name)
    if number.size != 1:
        raise ValueError(f"{name} must be one number, got shape {number.shape}")
    return number.ravel()[0]
