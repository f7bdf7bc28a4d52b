"""Sigmoid, with values from 0 to 1, and tanh, from -1 to 1, and their gradients.

Backward multiplies by the slope, which both functions know from their own result:

    sigmoid    dx = dy * y * (1 - y)
    tanh       dx = dy * (1 - y) * (1 + y)
"""

from dataclasses import dataclass

import numpy as np

from .._checks import as_array, as_upstream, hinting, require_cache
from .._dtypes import mean_arithmetic
from .._typing import Array, ArrayLike

__all__ = [
    "SigmoidCache",
    "TanhCache",
    "logistic",
    "sigmoid_backward",
    "sigmoid_forward",
    "tanh_backward",
    "tanh_forward",
]


@dataclass(frozen=True, eq=False, repr=False)
class SigmoidCache:
    """What `sigmoid_backward` needs to know of `sigmoid_forward`."""

    y: Array


@dataclass(frozen=True, eq=False, repr=False)
class TanhCache:
    """What `tanh_backward` needs to know of `tanh_forward`."""

    y: Array


@hinting
def sigmoid_forward(x: ArrayLike) -> tuple[Array, SigmoidCache]:
    """
    Return the logistic sigmoid of every number: ``1 / (1 + exp(-x))``.

    Parameters
    ----------
    x : array of any shape

    Returns
    -------
    y : array, shape of `x`
        In the dtype of `x`; whole numbers become float64. No input overflows.
    cache : SigmoidCache
        For `sigmoid_backward`. It holds `y` itself: do not write into that before.

    Raises
    ------
    TypeError
        If `x` does not hold real numbers.

    Notes
    -----
    One exponential per number. Below -88, or -709 in float64, it is infinite, and what
    would be too small for a normal number is 0.

    Examples
    --------
    >>> from im2col_cnn import sigmoid_forward
    >>> y, cache = sigmoid_forward([-1e4, 0.0, 1e4])
    >>> y
    array([0. , 0.5, 1. ])
    """
    x = as_array(x, "x")
    result, working = mean_arithmetic(x)
    y = logistic(x.astype(working, copy=False)).astype(result, copy=False)
    return y, SigmoidCache(y)


def sigmoid_backward(dy: ArrayLike, cache: SigmoidCache) -> Array:
    """
    Multiply the gradient by ``y * (1 - y)``.

    Parameters
    ----------
    dy : array, shape of `y`
        Gradient of the loss with respect to the output.
    cache : SigmoidCache
        What `sigmoid_forward` returned beside `y`. It may be used again.

    Returns
    -------
    array, shape of `x`
        In the dtype ``np.result_type(y, dy)``.

    Raises
    ------
    TypeError, ValueError
        If `cache` is not one of `sigmoid_forward` or `dy` not of the shape of `y`.

    Notes
    -----
    Two multiplications per number, and no exponential.

    Examples
    --------
    The slope is largest at 0, where it is a quarter:

    >>> from im2col_cnn import sigmoid_backward, sigmoid_forward
    >>> y, cache = sigmoid_forward([-1e4, 0.0, 1e4])
    >>> sigmoid_backward([4, 4, 4], cache)
    array([0., 1., 0.])
    """
    cache = require_cache(cache, SigmoidCache, "sigmoid_forward")
    dy = as_upstream(dy, cache.y.shape, cache.y)
    result, working = mean_arithmetic(cache.y, dy)
    y = cache.y.astype(working, copy=False)
    return np.asarray(dy * (y * (1 - y)), result)


@hinting
def tanh_forward(x: ArrayLike) -> tuple[Array, TanhCache]:
    """
    Return the hyperbolic tangent of every number.

    Parameters
    ----------
    x : array of any shape

    Returns
    -------
    y : array, shape of `x`
        In the dtype of `x`; whole numbers become float64.
    cache : TanhCache
        For `tanh_backward`. It holds `y` itself: do not write into that before.

    Raises
    ------
    TypeError
        If `x` does not hold real numbers.

    Notes
    -----
    One hyperbolic tangent per number.

    Examples
    --------
    >>> from im2col_cnn import tanh_forward
    >>> y, cache = tanh_forward([-1e4, 0.0, 1e4])
    >>> y
    array([-1.,  0.,  1.])
    """
    x = as_array(x, "x")
    result, working = mean_arithmetic(x)
    y = np.asarray(np.tanh(x.astype(working, copy=False)), result)
    return y, TanhCache(y)


def tanh_backward(dy: ArrayLike, cache: TanhCache) -> Array:
    """
    Multiply the gradient by ``1 - y ** 2``.

    Parameters
    ----------
    dy : array, shape of `y`
        Gradient of the loss with respect to the output.
    cache : TanhCache
        What `tanh_forward` returned beside `y`. It may be used again.

    Returns
    -------
    array, shape of `x`
        In the dtype ``np.result_type(y, dy)``.

    Raises
    ------
    TypeError, ValueError
        If `cache` is not one of `tanh_forward` or `dy` not of the shape of `y`.

    Notes
    -----
    Two multiplications per number, and no exponential.

    Examples
    --------
    The slope is largest at 0, where it is 1:

    >>> from im2col_cnn import tanh_backward, tanh_forward
    >>> y, cache = tanh_forward([-1e4, 0.0, 1e4])
    >>> tanh_backward([4, 4, 4], cache)
    array([0., 4., 0.])
    """
    cache = require_cache(cache, TanhCache, "tanh_forward")
    dy = as_upstream(dy, cache.y.shape, cache.y)
    result, working = mean_arithmetic(cache.y, dy)
    y = cache.y.astype(working, copy=False)
    return np.asarray(dy * ((1 - y) * (1 + y)), result)


def logistic(x: Array) -> Array:
    """Return ``1 / (1 + exp(-x))``, which is 0 where the exponential overflows."""
    y = np.asarray(np.negative(x))
    with np.errstate(under="ignore", over="ignore"):
        np.exp(y, out=y)
        y += 1
        return np.asarray(np.divide(1, y, out=y))
