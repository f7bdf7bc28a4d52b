"""Batch normalization: every channel to mean 0 and variance 1, then scaled anew.

    x_hat = (x - mean) / sqrt(var + epsilon)        y = gamma * x_hat + beta

In training, mean and variance are those of the batch, and so depend on every pixel of
it; at inference they are running averages, and constants.
"""

from dataclasses import dataclass
from math import prod

import numpy as np

from .._checks import (
    as_array,
    as_array_beside,
    as_at_least_zero,
    as_flag,
    as_share,
    as_upstream,
    hinting,
    require_cache,
)
from .._dtypes import mean_arithmetic, wide
from .._typing import Array, ArrayLike, Shape
from ..tiling.recycling import empty_result, result_like
from .sums import across, add_pixels, blocks, sum_by_channel

__all__ = ["BatchNormCache", "batch_norm_backward", "batch_norm_forward"]


@dataclass(frozen=True, eq=False, repr=False)
class BatchNormCache:
    """What backward needs to know of forward, and the running statistics to keep."""

    x_hat: Array
    gamma: Array
    beta_shape: Shape
    scale: Array  # 1 / sqrt(var + epsilon)
    training: bool
    running_mean: Array
    running_var: Array
    dtype: np.dtype  # of y


@hinting
def batch_norm_forward(
    x: ArrayLike,
    gamma: ArrayLike,
    beta: ArrayLike,
    *,
    running_mean: ArrayLike | None = None,
    running_var: ArrayLike | None = None,
    training: bool = True,
    momentum: float = 0.1,
    epsilon: float = 1e-5,
) -> tuple[Array, BatchNormCache]:
    """
    Normalize every channel over the batch and over space.

    Parameters
    ----------
    x : array, shape (N, ..., C)
        A batch of images or of vectors, channels last.
    gamma, beta : array of C numbers
        Scale and mean that every channel gets.
    running_mean, running_var : array of C numbers, optional
        Running statistics, by default 0 and 1. They are not written into: the next
        ones are ``cache.running_mean`` and ``cache.running_var``, in the dtype of `y`
        (float32 for float16).
    training : bool, default True
        Whether to normalize by the batch and move the running statistics, or to
        normalize by them. An operation is read beside its gradient, so its default is
        training; a layer is used more often than it is trained, so there it is not.
    momentum : float, default 0.1
        How far the running statistics move to those of the batch, from 0 to 1, as in
        PyTorch; Keras and ONNX call one minus this the momentum.
    epsilon : float, default 1e-5
        Added to the variance, so that a constant channel does not divide by 0.

    Returns
    -------
    y : array, shape of `x`
        In the dtype ``np.result_type(x, gamma, beta)``, float64 if that is whole.
    cache : BatchNormCache
        For `batch_norm_backward`; it holds the next running statistics.

    Raises
    ------
    TypeError, ValueError
        If an argument has the wrong kind or length, or if there are fewer than two
        values per channel to train on.

    Notes
    -----
    Means and variances are those of float64, whatever the dtype and however many the
    values: about 12 operations per value, three passes over them.

    The batch is normalized by its own variance, over M values; the running variance
    takes the unbiased one, over M - 1, as PyTorch's does. This is the one operation
    here in which the images of a batch see each other.

    References
    ----------
    Ioffe and Szegedy, "Batch Normalization: Accelerating Deep Network Training by
    Reducing Internal Covariate Shift", 2015.

    Examples
    --------
    >>> from im2col_cnn import batch_norm_forward
    >>> y, cache = batch_norm_forward([[1.0], [3.0]], gamma=[10], beta=[5], epsilon=0)
    >>> y.ravel()
    array([-5., 15.])
    >>> cache.running_mean, cache.running_var
    (array([0.2]), array([1.1]))
    """
    x = as_array(x, "x")
    C = x.shape[-1] if x.ndim > 1 else 0
    gamma, beta = as_per_channel(gamma, "gamma", x), as_per_channel(beta, "beta", x)
    training = as_flag(training, "training")
    momentum = as_share(momentum, "momentum")
    epsilon = as_at_least_zero(epsilon, "epsilon")
    result, working = mean_arithmetic(x, gamma, beta)
    mean = np.zeros(C) if running_mean is None else running_mean
    var = np.ones(C) if running_var is None else running_var
    mean = as_per_channel(mean, "running_mean", x).ravel().astype(working)
    var = as_variance(as_per_channel(var, "running_var", x)).ravel().astype(working)

    # In one order of memory, so that the order does not change how sums are rounded.
    values = np.ascontiguousarray(x, working)
    next_mean, next_var = mean, var
    exact = wide(working)
    if training:
        M = require_variance(x)
        mean, var = moments(values, M)
        next_mean = (next_mean + momentum * (mean - next_mean)).astype(working)
        next_var = next_var + momentum * (var * (M / (M - 1)) - next_var)
        next_var = next_var.astype(working)
    scale = 1 / np.sqrt(var.astype(exact) + epsilon)
    center = mean.astype(working)
    offset = (center - mean) * scale  # what rounding the mean would change
    per_channel = (center, scale, offset, gamma.ravel(), beta.ravel())
    x_hat, y = result_like(values), empty_result(values.shape, result)
    for pixels, hat, out in blocks(values, x_hat, y):
        center, factor, offset, slope, shift = (across(a, hat) for a in per_channel)
        np.subtract(pixels, center, out=hat)
        np.multiply(hat, factor, out=hat)
        np.add(hat, offset, out=hat)
        scaled = hat * slope
        scaled += shift
        out[...] = scaled
    cache = BatchNormCache(
        x_hat, gamma, beta.shape, scale, training, next_mean, next_var, result
    )
    return y, cache


def batch_norm_backward(
    dy: ArrayLike, cache: BatchNormCache
) -> tuple[Array, Array, Array]:
    """
    Return the gradients of a batch normalization.

    Parameters
    ----------
    dy : array, shape of `y`
        Gradient of the loss with respect to the output.
    cache : BatchNormCache
        What `batch_norm_forward` returned beside `y`. It may be used again.

    Returns
    -------
    dx : array, shape of `x`
        In training it adds up to 0 over every channel, and so does its product with
        `y` less `beta`: shifting and scaling a channel changes nothing.
    dgamma, dbeta : array, shapes of `gamma` and `beta`
        All are in the dtype ``np.result_type(y, dy)``.

    Raises
    ------
    TypeError, ValueError
        If `cache` is not one of `batch_norm_forward` or `dy` not of the shape of `y`.

    Notes
    -----
    Two sums over the batch, for `dgamma` and `dbeta`; `dx` follows from them at four
    operations per number.

    Examples
    --------
    >>> from im2col_cnn import batch_norm_backward, batch_norm_forward
    >>> y, cache = batch_norm_forward([[1.0], [3.0]], gamma=[10], beta=[5], epsilon=0)
    >>> dx, dgamma, dbeta = batch_norm_backward([[1], [2]], cache)
    >>> dgamma, dbeta
    (array([1.]), array([3.]))
    """
    cache = require_cache(cache, BatchNormCache, "batch_norm_forward")
    dy = as_upstream(dy, cache.x_hat.shape)
    result, working = mean_arithmetic(cache.dtype, dy)
    dy, x_hat = (np.ascontiguousarray(a, working) for a in (dy, cache.x_hat))
    dbeta, dgamma = sum_by_channel(dy), sum_by_channel(dy, x_hat)
    M = max(prod(dy.shape[:-1]), 1)
    slope = cache.gamma.ravel() * cache.scale
    # What the batch's own mean and variance take back from every value.
    per_channel = slope, dbeta / M, dgamma / M
    dx = empty_result(dy.shape, result)
    for upstream, hat, out in blocks(dy, x_hat, dx):
        factor, by_mean, by_variance = (across(a, hat) for a in per_channel)
        share = upstream
        if cache.training:
            share = upstream - by_mean
            share -= hat * by_variance
        np.multiply(share, factor, out=out, casting="same_kind")
    return (
        dx,
        dgamma.astype(result, copy=False).reshape(cache.gamma.shape),
        dbeta.astype(result, copy=False).reshape(cache.beta_shape),
    )


def moments(values: Array, M: int) -> tuple[Array, Array]:
    """Return mean and variance of every channel over its M values."""
    *_, C = values.shape
    mean = (sum_by_channel(values) / M).astype(values.dtype)
    rest, squares = np.zeros((2, C), wide(values.dtype))
    for (pixels,) in blocks(values):
        away = pixels - across(mean, pixels)
        rest += add_pixels(away, C)
        np.multiply(away, away, out=away)
        squares += add_pixels(away, C)
    # The mean was rounded: the rest of it is small, but counts M times.
    rest /= M
    return mean + rest, np.maximum(squares / M - rest * rest, 0)


def as_per_channel(value: ArrayLike, name: str, x: Array) -> Array:
    """Return `value` as one real number per channel of `x`, in whatever shape."""
    if x.ndim < 2:
        raise ValueError(f"x must have axes (N, ..., C), got shape {x.shape}")
    array = as_array_beside(value, name, x)
    if array.size != x.shape[-1]:
        raise ValueError(
            f"{name} must hold one number per channel, C = {x.shape[-1]}, got "
            f"{array.size} in shape {array.shape}"
        )
    return array


def as_variance(var: Array) -> Array:
    """Return variances, if none is negative."""
    if (var < 0).any():
        raise ValueError(f"running_var must be at least 0, got {var.min()}")
    return var


def require_variance(x: Array) -> int:
    """Return how many values each channel has, if they can vary at all."""
    M = prod(x.shape[:-1])
    if M < 2:
        raise ValueError(
            f"x must have at least 2 values per channel to train on, got {M} in shape "
            f"{x.shape}: use a larger batch, or training=False"
        )
    return M
