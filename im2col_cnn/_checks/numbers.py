"""Refuse numbers: exponents, rates, slopes that lie outside their range."""

from math import inf, isfinite
from typing import Any

import numpy as np

from .quoting import quoted

__all__ = [
    "as_above_zero",
    "as_at_least_zero",
    "as_below_one",
    "as_exponent",
    "as_real",
    "as_rng",
    "as_share",
    "as_slope",
]


def as_exponent(value: Any) -> float:
    """Return `value` as the exponent of a norm: finite, and at least 1."""
    p = as_real(value, "p")
    if p < 1:
        raise ValueError(f"p must be at least 1, got {quoted(value)}: less is no norm")
    return p


def as_slope(value: Any) -> float:
    """Return `value` as the slope of a line: any finite number."""
    return as_real(value, "slope")


def as_below_one(value: Any, name: str) -> float:
    """Return `value` as a share that leaves something."""
    share = as_real(value, name)
    if not 0 <= share < 1:
        raise ValueError(f"{name} must be at least 0 and below 1, got {quoted(value)}")
    return share


def as_share(value: Any, name: str) -> float:
    """Return `value` as a share of a whole."""
    share = as_real(value, name)
    if not 0 <= share <= 1:
        raise ValueError(f"{name} must lie between 0 and 1, got {quoted(value)}")
    return share


def as_at_least_zero(value: Any, name: str) -> float:
    """Return `value` as a finite float that is not negative."""
    number = as_real(value, name)
    if number < 0:
        raise ValueError(f"{name} must be at least 0, got {quoted(value)}")
    return number


def as_above_zero(value: Any, name: str) -> float:
    """Return `value` as a finite float above 0."""
    number = as_real(value, name)
    if number <= 0:
        raise ValueError(f"{name} must be above 0, got {quoted(value)}")
    return number


def as_rng(value: Any) -> "np.random.Generator":  # in quotes: see `dropout_forward`
    """Return `value` if it is a generator of random numbers; a seed is not one."""
    if not isinstance(value, np.random.Generator):
        raise TypeError(
            f"rng must be a numpy.random.Generator, got {quoted(value)}: "
            f"np.random.default_rng(seed) makes one"
        )
    return value


def as_real(value: Any, name: str) -> float:
    """Return `value` as a finite float."""
    real = int | float | np.integer | np.floating
    if isinstance(value, bool | np.bool_) or not isinstance(value, real):
        raise TypeError(f"{name} must be a number, got {quoted(value)}")
    try:
        number = float(value)
    except OverflowError:
        number = inf
    if not isfinite(number):
        raise ValueError(f"{name} must be finite, got {quoted(value)}")
    return number
