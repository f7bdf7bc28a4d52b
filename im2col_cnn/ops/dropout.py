"""Dropout: in training, a random share of all numbers becomes 0.

So a network cannot rely on any number alone. What is kept is divided by the share that
is kept: the mean stays what it was, and at inference nothing needs to be done.
"""

from dataclasses import dataclass

import numpy as np

from .._checks import (
    as_array,
    as_below_one,
    as_flag,
    as_rng,
    as_upstream,
    hinting,
    require_cache,
)
from .._dtypes import mean_arithmetic
from .._masking import pass_where
from .._typing import Array, ArrayLike, Shape

__all__ = ["DropoutCache", "dropout_backward", "dropout_forward"]


@dataclass(frozen=True, eq=False, repr=False)
class DropoutCache:
    """What `dropout_backward` needs to know of `dropout_forward`."""

    shape: Shape
    kept: Array | None  # None where everything is
    rate: float


@hinting
def dropout_forward(
    x: ArrayLike,
    rate: float,
    *,
    rng: "np.random.Generator",  # in quotes: to name it would load numpy.random
    training: bool = True,
) -> tuple[Array, DropoutCache]:
    """
    Replace a share of all numbers by 0 and scale up the others.

    Parameters
    ----------
    x : array of any shape
    rate : float
        The share that is dropped, from 0 to less than 1.
    rng : numpy.random.Generator
        Decides which. The same generator in the same state drops the same.
    training : bool, default True
        False drops nothing. An operation is read beside its gradient, so its default
        is training; a layer is used more often than it is trained, so there it is not.

    Returns
    -------
    y : array, shape of `x`
        In the dtype of `x`; whole numbers become float64.
    cache : DropoutCache
        For `dropout_backward`.

    Raises
    ------
    TypeError, ValueError
        If `x` does not hold real numbers, `rate` is no such share or `rng` is not a
        generator.

    Notes
    -----
    One random number and one multiplication per number; at inference, a copy.

    References
    ----------
    Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from
    Overfitting", 2014.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn import dropout_forward
    >>> y, cache = dropout_forward(np.ones(8), 0.5, rng=np.random.default_rng(1))
    >>> y
    array([2., 2., 0., 2., 0., 0., 2., 0.])
    """
    x, rate = as_array(x, "x"), as_below_one(rate, "rate")
    rng, training = as_rng(rng), as_flag(training, "training")
    kept = rng.random(x.shape) >= rate if training and rate > 0 else None
    cache = DropoutCache(x.shape, kept, rate)
    return drop(x, cache), cache


def dropout_backward(dy: ArrayLike, cache: DropoutCache) -> Array:
    """
    Drop and scale the gradient as the numbers were.

    Parameters
    ----------
    dy : array, shape of `y`
        Gradient of the loss with respect to the output.
    cache : DropoutCache
        What `dropout_forward` returned beside `y`. It may be used again.

    Returns
    -------
    array, shape of `x`
        In the dtype of `dy`, float64 if that is whole.

    Raises
    ------
    TypeError, ValueError
        If `cache` is not one of `dropout_forward` or `dy` not of the shape of `y`.

    Notes
    -----
    One multiplication per number.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn import dropout_backward, dropout_forward
    >>> y, cache = dropout_forward(np.ones(8), 0.5, rng=np.random.default_rng(1))
    >>> dropout_backward(np.arange(8.0), cache)
    array([ 0.,  2.,  0.,  6.,  0.,  0., 12.,  0.])
    """
    cache = require_cache(cache, DropoutCache, "dropout_forward")
    return drop(as_upstream(dy, cache.shape), cache)


def drop(x: Array, cache: DropoutCache) -> Array:
    """Return what is kept of `x`, scaled up, and 0 elsewhere, even for infinities."""
    result, working = mean_arithmetic(x)
    if cache.kept is None:
        return x.astype(result)
    scale = working.type(1 / (1 - cache.rate))
    kept = pass_where(cache.kept, x.astype(working, copy=False))
    return np.asarray(kept * scale, result)
