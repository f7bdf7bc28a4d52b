"""Refuse what batch normalization cannot take: a number per channel, and variance."""

from math import prod

from .._typing import Array, ArrayLike
from .arrays import as_array

__all__ = ["as_per_channel", "as_variance", "require_variance"]


def as_per_channel(value: ArrayLike, name: str, x: Array) -> Array:
    """Return `value` as one real number per channel of `x`, in whatever shape."""
    if x.ndim < 2:
        raise ValueError(f"x must have axes (N, ..., C), got shape {x.shape}")
    array = as_array(value, name)
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
