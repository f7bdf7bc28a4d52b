"""Softmax, scores as probabilities that add up to 1, and its logarithm.

Classes lie along the last axis. The largest score is subtracted first: that changes
no probability, and no exponential overflows.
"""

from dataclasses import dataclass
from functools import reduce

import numpy as np

from .._checks import as_scores, as_upstream, hinting, require_cache
from .._dtypes import mean_arithmetic
from .._typing import Array, ArrayLike

__all__ = [
    "LogSoftmaxCache",
    "SoftmaxCache",
    "log_probabilities",
    "log_softmax_backward",
    "log_softmax_forward",
    "softmax_backward",
    "softmax_forward",
]

MAX_CLASSES_ONE_BY_ONE = 16  # of more, rows are long enough for NumPy


@dataclass(frozen=True, eq=False, repr=False)
class SoftmaxCache:
    """What `softmax_backward` needs to know of `softmax_forward`."""

    y: Array


@dataclass(frozen=True, eq=False, repr=False)
class LogSoftmaxCache:
    """What `log_softmax_backward` needs to know of `log_softmax_forward`."""

    y: Array


@hinting
def softmax_forward(x: ArrayLike) -> tuple[Array, SoftmaxCache]:
    """
    Return the softmax of scores: probabilities that add up to 1.

    Parameters
    ----------
    x : array, shape (..., K)
        One score per class.

    Returns
    -------
    y : array, shape of `x`
        ``exp(x) / sum(exp(x))`` along the last axis, in the dtype of `x`; of whole
        numbers, float64.
    cache : SoftmaxCache
        For `softmax_backward`. It holds `y` itself: do not write into that before.

    Raises
    ------
    TypeError, ValueError
        If `x` does not hold real numbers or has no class.

    Notes
    -----
    One exponential per score.

    References
    ----------
    Bridle, "Probabilistic Interpretation of Feedforward Classification Network Outputs,
    with Relationships to Statistical Pattern Recognition", 1990.

    Examples
    --------
    >>> from im2col_cnn import softmax_forward
    >>> y, cache = softmax_forward([[1e4, 1e4]])
    >>> y
    array([[0.5, 0.5]])
    """
    x = as_scores(x, "x")
    result, working = mean_arithmetic(x)
    with np.errstate(under="ignore"):
        y = probabilities(x, working).astype(result, copy=False)
    return y, SoftmaxCache(y)


def softmax_backward(dy: ArrayLike, cache: SoftmaxCache) -> Array:
    """
    Return ``y * (dy - <y, dy>)``.

    Parameters
    ----------
    dy : array, shape of `y`
        Gradient of the loss with respect to the output.
    cache : SoftmaxCache
        What `softmax_forward` returned beside `y`. It may be used again.

    Returns
    -------
    array, shape of `x`
        In the dtype ``np.result_type(y, dy)``. It adds up to 0: a shift of all scores
        changes no probability.

    Raises
    ------
    TypeError, ValueError
        If `cache` is not one of `softmax_forward` or `dy` not of the shape of `y`.

    Notes
    -----
    Two multiplications per score, and no exponential.

    Examples
    --------
    >>> from im2col_cnn import softmax_backward, softmax_forward
    >>> y, cache = softmax_forward([[1e4, 1e4]])
    >>> softmax_backward([[4, 0]], cache)
    array([[ 1., -1.]])
    """
    cache = require_cache(cache, SoftmaxCache, "softmax_forward")
    dy = as_upstream(dy, cache.y.shape)
    result, working = mean_arithmetic(cache.y, dy)
    y, dy = (np.ascontiguousarray(a, working) for a in (cache.y, dy))
    dx = y * (dy - (y * dy).sum(axis=-1, keepdims=True))
    return np.asarray(dx, result)


@hinting
def log_softmax_forward(x: ArrayLike) -> tuple[Array, LogSoftmaxCache]:
    """
    Return the logarithm of the softmax of scores.

    Parameters
    ----------
    x : array, shape (..., K)
        One score per class.

    Returns
    -------
    y : array, shape of `x`
        ``x - log(sum(exp(x)))`` along the last axis, in the dtype of `x`; of whole
        numbers, float64. Finite also where the probability itself would round to 0.
    cache : LogSoftmaxCache
        For `log_softmax_backward`. It holds `y` itself: do not write into that before.

    Raises
    ------
    TypeError, ValueError
        If `x` does not hold real numbers or has no class.

    Notes
    -----
    One exponential per score and one logarithm per row.

    Examples
    --------
    >>> from im2col_cnn import log_softmax_forward
    >>> y, cache = log_softmax_forward([[0.0, 1e4]])
    >>> y
    array([[-10000.,      0.]])
    """
    x = as_scores(x, "x")
    result, working = mean_arithmetic(x)
    y = log_probabilities(np.ascontiguousarray(x, working)).astype(result, copy=False)
    return y, LogSoftmaxCache(y)


def log_softmax_backward(dy: ArrayLike, cache: LogSoftmaxCache) -> Array:
    """
    Return ``dy - exp(y) * sum(dy)``.

    Parameters
    ----------
    dy : array, shape of `y`
        Gradient of the loss with respect to the output.
    cache : LogSoftmaxCache
        What `log_softmax_forward` returned beside `y`. It may be used again.

    Returns
    -------
    array, shape of `x`
        In the dtype ``np.result_type(y, dy)``.

    Raises
    ------
    TypeError, ValueError
        If `cache` is not one of `log_softmax_forward` or `dy` not of the shape of `y`.

    Notes
    -----
    One exponential and one multiplication per score.

    Examples
    --------
    >>> from im2col_cnn import log_softmax_backward, log_softmax_forward
    >>> y, cache = log_softmax_forward([[0.0, 1e4]])
    >>> log_softmax_backward([[1, 1]], cache)
    array([[ 1., -1.]])
    """
    cache = require_cache(cache, LogSoftmaxCache, "log_softmax_forward")
    dy = as_upstream(dy, cache.y.shape)
    result, working = mean_arithmetic(cache.y, dy)
    y, dy = (np.ascontiguousarray(a, working) for a in (cache.y, dy))
    dx = dy - np.exp(y) * dy.sum(axis=-1, keepdims=True)
    return np.asarray(dx, result)


def probabilities(scores: Array, dtype: np.dtype) -> Array:
    """Return ``softmax(scores)`` along the last axis, in an array of its own."""
    *_, K = scores.shape
    if K > MAX_CLASSES_ONE_BY_ONE:
        y = np.array(scores, dtype, order="C")
        y -= y.max(axis=-1, keepdims=True)
        np.exp(y, out=y)
        y /= y.sum(axis=-1, keepdims=True)
        return y
    # Class by class: NumPy is slow along short rows. Sums are the same for any rows.
    y = np.array(scores.reshape(-1, K).T, dtype, order="C")
    y -= y.max(axis=0)
    np.exp(y, out=y)
    y /= reduce(np.add, y)
    return np.ascontiguousarray(y.T).reshape(scores.shape)


def log_probabilities(scores: Array) -> Array:
    """Return ``log(softmax(scores))`` along the last axis."""
    shifted = scores - scores.max(axis=-1, keepdims=True)
    with np.errstate(under="ignore"):
        sums = np.exp(shifted).sum(axis=-1, keepdims=True)
    return np.asarray(shifted - np.log(sums))
