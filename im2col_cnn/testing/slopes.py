"""Measure the slope of a function, and the slope that its gradient predicts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._typing import Array

__all__ = [
    "Backward",
    "Forward",
    "GradientError",
    "Slopes",
    "listed",
    "magnitude",
    "require_gradient",
    "slopes",
]

STEPS = 10.0 ** -np.arange(3, 8)  # of the size of the inputs
TOLERANCE = 1e-5  # of the slope: central differences in float64 reach 1e-8 or better

Forward = Callable[..., Any]
Backward = Callable[..., Any]


class GradientError(AssertionError):
    """A gradient that does not predict how its function changes."""


@dataclass(frozen=True)
class Slopes:
    """The slope that a gradient predicts, and the one that is measured."""

    predicted: float
    measured: float
    doubt: float  # how far the measured slopes of neighbouring step sizes are apart
    jump: float  # from the slope to the left to that to the right, a tiny step away
    bend: float  # the same, the step away at which the slope was measured
    size: float  # of the products that the slope is a sum of

    @property
    def error(self) -> float:
        """Difference over the size of the slope."""
        return abs(self.predicted - self.measured) / (self.size or 1)

    @property
    def agree(self) -> bool:
        """Whether the two are equal as far as can be measured."""
        allowed = TOLERANCE * self.size + min(self.doubt, 1e-3 * self.size)
        return abs(self.predicted - self.measured) <= allowed

    @property
    def kink(self) -> bool:
        """Whether the slope jumps here, or somewhere within the steps."""
        return self.jump > 1e-5 * self.size or max(self.bend, self.doubt) > (
            1e-3 * self.size
        )


def slopes(
    forward: Forward,
    backward: Backward,
    values: list[Any],
    at: int,
    rng: np.random.Generator,
) -> Slopes:
    """Measure the slope of ``<forward, dy>`` along a random direction."""
    y, cache = forward(*values)
    dy = rng.normal(size=np.shape(y))
    gradient = require_gradient(listed(backward(dy, cache), values), values[at], at)
    direction = magnitude(values[at]) * rng.normal(size=values[at].shape)

    def along(step: float) -> float:
        moved = list(values)
        moved[at] = values[at] + step * direction
        return float(np.vdot(np.asarray(forward(*moved)[0], np.float64) - y, dy))

    ahead = np.array([along(step) / step for step in STEPS])
    behind = np.array([along(-step) / -step for step in STEPS])
    central = (ahead + behind) / 2
    doubts = np.abs(np.diff(central))
    best = int(np.argmin(doubts))
    return Slopes(
        predicted=float(np.vdot(gradient, direction)),
        measured=float(central[best + 1]),
        doubt=float(doubts[best]),
        jump=float(np.abs(ahead - behind)[-2]),
        bend=float(np.abs(ahead - behind)[best + 1]),
        size=float(np.abs(gradient * direction).sum() + np.abs(central[best + 1])),
    )


def require_gradient(gradients: Sequence[Any], value: Array, at: int) -> Array:
    """Refuse a gradient that is missing, misshapen or not finite."""
    gradient = gradients[at] if at < len(gradients) else None
    if gradient is None:
        raise GradientError(f"backward returned no gradient for input {at}")
    if np.shape(gradient) != value.shape:
        raise GradientError(
            f"the gradient of input {at} must have its shape, {value.shape}, got "
            f"{np.shape(gradient)}"
        )
    array = np.asarray(gradient, np.float64)
    if not np.isfinite(array).all():
        raise GradientError(f"the gradient of input {at} is not finite")
    return array


def magnitude(value: Array) -> float:
    """Return the typical size of the entries of an array, 1 where all are 0."""
    return float(np.sqrt(np.mean(value**2))) or 1.0 if value.size else 1.0


def listed(found: Any, values: list[Any]) -> list[Any]:
    """Return gradients as a list, whatever backward returned."""
    if isinstance(found, tuple | list) and len(values) > 1:
        return list(found)
    return list(found) if isinstance(found, tuple) else [found]
