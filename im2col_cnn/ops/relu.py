"""ReLU and leaky ReLU, and their gradients.

Backward multiplies by the slope, ``dx = dy * f'(x)``. What a slope at a kink is, is a
convention: at 0, that of ReLU is 0 and that of leaky ReLU the leak, as in PyTorch.
"""

from dataclasses import dataclass

import numpy as np

from .._checks import as_array, as_slope, as_upstream, hinting, require_cache
from .._dtypes import arithmetic, mean_arithmetic
from .._masking import pass_where
from .._typing import Array, ArrayLike
from ..tiling.recycling import empty_result, result_like

__all__ = [
    "LeakyReluCache",
    "ReluCache",
    "leaky_relu_backward",
    "leaky_relu_forward",
    "relu_backward",
    "relu_forward",
]


@dataclass(frozen=True, eq=False, repr=False)
class ReluCache:
    """What `relu_backward` needs to know of `relu_forward`."""

    passes: Array  # bool: where x is not 0 or less


@dataclass(frozen=True, eq=False, repr=False)
class LeakyReluCache:
    """What `leaky_relu_backward` needs to know of `leaky_relu_forward`."""

    x: Array
    slope: float


@hinting
def relu_forward(x: ArrayLike) -> tuple[Array, ReluCache]:
    """
    Replace negative numbers by 0.

    Parameters
    ----------
    x : array of any shape

    Returns
    -------
    y : array, shape of `x`
        In the dtype of `x`. NaN stays NaN.
    cache : ReluCache
        For `relu_backward`.

    Raises
    ------
    TypeError
        If `x` does not hold real numbers.

    Notes
    -----
    One comparison and one multiplication per number; the cache takes a byte for each.

    References
    ----------
    Nair and Hinton, "Rectified Linear Units Improve Restricted Boltzmann Machines",
    2010.

    Examples
    --------
    >>> from im2col_cnn import relu_forward
    >>> y, cache = relu_forward([-2, 0, 3])
    >>> y
    array([0, 0, 3])
    """
    x = as_array(x, "x")
    passes = np.less_equal(x, 0, out=empty_result(x.shape, np.bool_))
    np.logical_not(passes, out=passes)  # not x > 0: NaN passes
    return pass_where(passes, x, out=result_like(x)), ReluCache(passes)


def relu_backward(dy: ArrayLike, cache: ReluCache) -> Array:
    """
    Let the gradient pass where the input was positive.

    Parameters
    ----------
    dy : array, shape of `y`
        Gradient of the loss with respect to the output.
    cache : ReluCache
        What `relu_forward` returned beside `y`. It may be used again.

    Returns
    -------
    array, shape of `x`
        In the dtype of `dy`; whole numbers become int64. 0 where `x` was 0 or less,
        even where `dy` is infinite; where `x` was NaN, `dy` passes.

    Raises
    ------
    TypeError, ValueError
        If `cache` is not one of `relu_forward` or `dy` not of the shape of `y`.

    Notes
    -----
    One multiplication per number.

    Examples
    --------
    >>> from im2col_cnn import relu_backward, relu_forward
    >>> y, cache = relu_forward([-2, 0, 3])
    >>> relu_backward([5, 5, 5], cache)
    array([0, 0, 5])
    """
    cache = require_cache(cache, ReluCache, "relu_forward")
    dy = as_upstream(dy, cache.passes.shape)
    result, _ = arithmetic(dy)
    dy = dy.astype(result, copy=False)
    return pass_where(cache.passes, dy, out=result_like(dy))


@hinting
def leaky_relu_forward(
    x: ArrayLike, slope: float = 0.01
) -> tuple[Array, LeakyReluCache]:
    """
    Multiply negative numbers by a small slope.

    Parameters
    ----------
    x : array of any shape
    slope : float, default 0.01
        What negative numbers are multiplied by: 0 is ReLU for finite numbers, 1
        changes nothing.

    Returns
    -------
    y : array, shape of `x`
        In the dtype of `x`; whole numbers become float64. NaN stays NaN.
    cache : LeakyReluCache
        For `leaky_relu_backward`.

    Raises
    ------
    TypeError, ValueError
        If `x` does not hold real numbers or `slope` is not a finite number.

    Notes
    -----
    One multiplication per number.

    References
    ----------
    Maas, Hannun and Ng, "Rectifier Nonlinearities Improve Neural Network Acoustic
    Models", 2013.

    Examples
    --------
    >>> from im2col_cnn import leaky_relu_forward
    >>> y, cache = leaky_relu_forward([-2.0, 0.0, 3.0], slope=0.5)
    >>> y
    array([-1.,  0.,  3.])
    """
    x, slope = as_array(x, "x"), as_slope(slope)
    result, working = mean_arithmetic(x)
    y = x.astype(working, copy=False) * slopes(x, slope, working)
    return np.asarray(y, result), LeakyReluCache(x, slope)


def leaky_relu_backward(dy: ArrayLike, cache: LeakyReluCache) -> Array:
    """
    Multiply the gradient by the slope where the input was 0 or less.

    Parameters
    ----------
    dy : array, shape of `y`
        Gradient of the loss with respect to the output.
    cache : LeakyReluCache
        What `leaky_relu_forward` returned beside `y`. It may be used again.

    Returns
    -------
    array, shape of `x`
        In the dtype of `dy`, float64 if that is whole.

    Raises
    ------
    TypeError, ValueError
        If `cache` is not one of `leaky_relu_forward` or `dy` not of the shape of `y`.

    Notes
    -----
    One multiplication per number.

    Examples
    --------
    >>> from im2col_cnn import leaky_relu_backward, leaky_relu_forward
    >>> y, cache = leaky_relu_forward([-2.0, 0.0, 3.0], slope=0.5)
    >>> leaky_relu_backward([4, 4, 4], cache)
    array([2., 2., 4.])
    """
    cache = require_cache(cache, LeakyReluCache, "leaky_relu_forward")
    dy = as_upstream(dy, cache.x.shape)
    result, working = mean_arithmetic(dy)
    return np.asarray(dy * slopes(cache.x, cache.slope, working), result)


def slopes(x: Array, slope: float, dtype: np.dtype) -> Array:
    """Return 1 where `x` is above 0 and the leak elsewhere."""
    return np.array([slope, 1], dtype).take(np.asarray(x > 0).view(np.int8))
