"""Dense layers, a matrix product and a bias; images flattened to their inputs.

y = x @ w + b        dx = dy @ w.T        dw = x.T @ dy        db = sum of dy
"""

from dataclasses import dataclass
from math import prod
from typing import Literal, overload

import numpy as np

from .._checks import (
    as_array,
    as_bias,
    as_flag,
    as_matrix,
    as_upstream,
    hinting,
    require_cache,
)
from .._dtypes import arithmetic, wide
from .._typing import Array, ArrayLike, Shape
from ..tiling.products import product
from .sums import sum_by_channel

__all__ = [
    "DenseCache",
    "FlattenCache",
    "dense_backward",
    "dense_forward",
    "flatten_backward",
    "flatten_forward",
    "weight_gradient",
]

MAX_ROWS_PER_PRODUCT = 2**12  # of which a BLAS adds up float32 within 1e-6


@dataclass(frozen=True, eq=False, repr=False)
class DenseCache:
    """What `dense_backward` needs to know of `dense_forward`."""

    x: Array
    w: Array
    bias_shape: Shape | None
    dtype: np.dtype


@dataclass(frozen=True, eq=False, repr=False)
class FlattenCache:
    """What `flatten_backward` needs to know of `flatten_forward`."""

    shape: Shape


@hinting
def dense_forward(
    x: ArrayLike, w: ArrayLike, b: ArrayLike | None = None
) -> tuple[Array, DenseCache]:
    """
    Multiply a batch of vectors by a matrix and add a bias.

    Parameters
    ----------
    x : array, shape (N, D)
        A batch of vectors.
    w : array, shape (D, F)
        One column per output.
    b : array of F numbers, optional
        Added to every output, in any shape.

    Returns
    -------
    y : array, shape (N, F)
        In the dtype ``np.result_type(x, w, b)``; float16 is added up in float32, and
        whole numbers in int64.
    cache : DenseCache
        For `dense_backward`.

    Raises
    ------
    TypeError, ValueError
        If an argument does not hold real numbers or the shapes do not go together.

    Notes
    -----
    ``N * D * F`` multiply-adds. It is a convolution whose kernel is the whole image.

    Examples
    --------
    >>> from im2col_cnn import dense_forward
    >>> y, cache = dense_forward([[1, 2]], [[1, 0, 10], [0, 1, 10]], b=[0, 0, 5])
    >>> y
    array([[ 1,  2, 35]])
    """
    x, w = as_matrix(x, "x", "(N, D)"), as_matrix(w, "w", "(D, F)")
    require_inputs(x, w)
    b = None if b is None else as_bias(b, w.shape[1], x, w)
    result, working = arithmetic(x, w, b)
    y = product(*(np.ascontiguousarray(a, working) for a in (x, w)))
    if b is not None:
        y += b.ravel().astype(working, copy=False)
    cache = DenseCache(x, w, None if b is None else b.shape, result)
    return y.astype(result, copy=False), cache


@overload
def dense_backward(
    dy: ArrayLike, cache: DenseCache, *, input_gradient: Literal[True] = True
) -> tuple[Array, Array, Array | None]: ...
@overload
def dense_backward(
    dy: ArrayLike, cache: DenseCache, *, input_gradient: Literal[False]
) -> tuple[None, Array, Array | None]: ...
@overload
def dense_backward(
    dy: ArrayLike, cache: DenseCache, *, input_gradient: bool
) -> tuple[Array | None, Array, Array | None]: ...
def dense_backward(
    dy: ArrayLike, cache: DenseCache, *, input_gradient: bool = True
) -> tuple[Array | None, Array, Array | None]:
    """
    Return the gradients of a dense layer.

    Parameters
    ----------
    dy : array, shape of `y`
        Gradient of the loss with respect to the output.
    cache : DenseCache
        What `dense_forward` returned beside `y`. It may be used again.
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
        If `cache` is not one of `dense_forward` or `dy` not of the shape of `y`.

    Notes
    -----
    `dx` and `dw` cost ``N * D * F`` multiply-adds each.

    Examples
    --------
    >>> from im2col_cnn import dense_backward, dense_forward
    >>> y, cache = dense_forward([[1, 2]], [[1, 0, 10], [0, 1, 10]], b=[0, 0, 5])
    >>> dx, dw, db = dense_backward([[1, 0, 1]], cache)
    >>> dx
    array([[11, 10]])
    >>> dw
    array([[1, 0, 1],
           [2, 0, 2]])
    """
    cache = require_cache(cache, DenseCache, "dense_forward")
    input_gradient = as_flag(input_gradient, "input_gradient")
    dy = as_upstream(dy, (cache.x.shape[0], cache.w.shape[1]))
    result, working = arithmetic(cache.dtype, dy)
    x, w, dy = (np.ascontiguousarray(a, working) for a in (cache.x, cache.w, dy))
    dx = product(dy, w.T).astype(result, copy=False) if input_gradient else None
    db = None
    if cache.bias_shape is not None:
        sums = sum_by_channel(dy)
        db = sums.astype(result, copy=False).reshape(cache.bias_shape)
    return dx, weight_gradient(x, dy).astype(result, copy=False), db


@hinting
def flatten_forward(x: ArrayLike) -> tuple[Array, FlattenCache]:
    """
    Lay every image out as one vector.

    Parameters
    ----------
    x : array, shape (N, ...)
        A batch of anything.

    Returns
    -------
    y : array, shape (N, D)
        A view of `x` where its memory allows one, in the dtype of `x`.
    cache : FlattenCache
        For `flatten_backward`.

    Raises
    ------
    TypeError, ValueError
        If `x` does not hold real numbers or has no axis.

    Notes
    -----
    Nothing is copied where the memory of `x` allows a view.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn import flatten_forward
    >>> y, cache = flatten_forward(np.zeros((10, 4, 4, 3)))
    >>> y.shape
    (10, 48)
    """
    x = as_array(x, "x")
    if x.ndim == 0:
        raise ValueError("x must have axes (N, ...), got a lone number")
    N, *rest = x.shape
    return x.reshape(N, prod(rest)), FlattenCache(x.shape)


def flatten_backward(dy: ArrayLike, cache: FlattenCache) -> Array:
    """
    Give every vector the shape of its image again.

    Parameters
    ----------
    dy : array, shape of `y`
        Gradient of the loss with respect to the output.
    cache : FlattenCache
        What `flatten_forward` returned beside `y`. It may be used again.

    Returns
    -------
    array, shape of `x`
        A view of `dy` where its memory allows one.

    Raises
    ------
    TypeError, ValueError
        If `cache` is not one of `flatten_forward` or `dy` not of the shape of `y`.

    Notes
    -----
    Nothing is copied where the memory of `dy` allows a view.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn import flatten_backward, flatten_forward
    >>> y, cache = flatten_forward(np.zeros((1, 2, 2, 1)))
    >>> flatten_backward([[1, 2, 3, 4]], cache)[0, :, :, 0]
    array([[1, 2],
           [3, 4]])
    """
    cache = require_cache(cache, FlattenCache, "flatten_forward")
    N, *rest = cache.shape
    return as_upstream(dy, (N, prod(rest))).reshape(cache.shape)


def require_inputs(x: Array, w: Array) -> None:
    """Refuse a dense layer whose matrix does not take the vectors it is given."""
    if x.shape[1] != w.shape[0]:
        raise ValueError(
            f"w must have one row per entry of x, D = {x.shape[1]}, got shape {w.shape}"
        )


def weight_gradient(x: Array, dy: Array) -> Array:
    """Return ``x.T @ dy``; sums over very many vectors go on in float64."""
    N = len(x)
    if N <= MAX_ROWS_PER_PRODUCT:
        return product(x.T, dy)
    total = np.zeros((x.shape[1], dy.shape[1]), wide(x.dtype))
    for start in range(0, N, MAX_ROWS_PER_PRODUCT):
        rows = slice(start, start + MAX_ROWS_PER_PRODUCT)
        total += product(x[rows].T, dy[rows])
    return total
