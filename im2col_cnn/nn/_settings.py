"""Refuse settings of layers and optimizers, before any array has been seen."""

from typing import Any

import numpy as np

from .._checks import as_padding, as_per_axis
from .._checks.numbers import as_real
from .._typing import Padding, Sizes

__all__ = ["as_above_zero", "as_below_one", "require_window"]


def as_above_zero(value: Any, name: str) -> float:
    """Return `value` as a finite float above 0."""
    number = as_real(value, name)
    if number <= 0:
        raise ValueError(f"{name} must be above 0, got {value}")
    return number


def as_below_one(value: Any, name: str) -> float:
    """Return `value` as a float from 0 up to, but not including, 1."""
    number = as_real(value, name)
    if not 0 <= number < 1:
        raise ValueError(f"{name} must be at least 0 and below 1, got {value}")
    return number


def require_window(
    kernel_size: Sizes, stride: Sizes, padding: Padding, dilation: Sizes
) -> None:
    """Refuse a window that fits no image; how many axes that has is not known yet."""
    settings = (kernel_size, stride, dilation, padding)
    lengths = [len(s) for s in settings if np.iterable(s) and not isinstance(s, str)]
    axes = lengths[0] if lengths else 1
    as_per_axis(kernel_size, "kernel_size", axes, at_least=1)
    as_per_axis(stride, "stride", axes, at_least=1)
    as_per_axis(dilation, "dilation", axes, at_least=1)
    as_padding(padding, axes)
