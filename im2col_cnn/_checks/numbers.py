"""Refuse numbers: exponents, rates, slopes that lie outside their range."""

from math import inf, isfinite
from typing import Any

import numpy as np

__all__ = [
    "as_exponent",
    "as_positive",
    "as_rate",
    "as_real",
    "as_rng",
    "as_share",
    "as_slope",
]


def as_exponent(value: Any) -> float:
    """Return `value` as the exponent of a norm: finite, and at least 1."""
    p = as_real(value, "p")
    if p < 1:
        raise ValueError(f"p must be at least 1, got {value!r}: less is no norm")
    return p


def as_slope(value: Any) -> float:
    """Return `value` as the slope of a line: any finite number."""
    return as_real(value, "slope")


def as_rate(value: Any) -> float:
    """Return `value` as a share that leaves something."""
    rate = as_real(value, "rate")
    if not 0 <= rate < 1:
        raise ValueError(f"rate must be at least 0 and less than 1, got {value!r}")
    return rate


def as_share(value: Any, name: str) -> float:
    """Return `value` as a share of a whole."""
    share = as_real(value, name)
    if not 0 <= share <= 1:
        raise ValueError(f"{name} must lie between 0 and 1, got {value!r}")
    return share


def as_positive(value: Any, name: str) -> float:
    """Return `value` as a finite number that is not negative."""
    number = as_real(value, name)
    if number < 0:
        raise ValueError(f"{name} must be at least 0, got {value!r}")
    return number


def as_rng(value: Any) -> "np.random.Generator":
    """Return `value` if it is a generator of random numbers; a seed is not one."""
    if not isinstance(value, np.random.Generator):
        raise TypeError(
            f"rng must be a numpy.random.Generator, got {value!r}: "
            f"np.random.default_rng(seed) makes one"
        )
    return value


def as_real(value: Any, name: str) -> float:
    """Return `value` as a finite float."""
    real = int | float | np.integer | np.floating
    if isinstance(value, bool | np.bool_) or not isinstance(value, real):
        raise TypeError(f"{name} must be a number, got {value!r}")
    try:
        number = float(value)
    except OverflowError:
        number = inf
    if not isfinite(number):
        raise ValueError(f"{name} must be finite, got {value!r}")
    return number
