"""Layers of plain arithmetic, number by number or along an axis.

    Power                y = x ** p
    Log                  y = log x
    Equal                y = 1 where x is a number, 0 elsewhere
    Sum, Mean, Max, Min  y = one number for all of x along axes

They are not trained: what models of other frameworks write out is said with them.
"""

from abc import abstractmethod
from typing import Any, ClassVar, final

import numpy as np

from .._checks import as_real, as_shape
from .._dtypes import arithmetic, mean_arithmetic, wide
from .._typing import Array, Shape
from .activations import Curve
from .layer import SIZES, PureLayer, Rules, axis_within

__all__ = ["Equal", "Log", "Max", "Mean", "Min", "Power", "Reduction", "Sum"]


@final
class Power(PureLayer):
    """Raise every number to a power: 0.5 is the square root, -1 the reciprocal."""

    kind = "power"
    rules = Rules(p=as_real)

    p: float

    def compute(self, x: Array) -> tuple[Array, Any]:
        """Raise; the cache is `x`."""
        return x ** float(self.p), x  # NumPy takes roots and squares for what they are

    def pull_back(self, dy: Array, cache: Any) -> Array:
        """Multiply by ``p * x ** (p - 1)``."""
        p = float(self.p)
        return np.asarray(dy * p * cache ** (p - 1))


@final
class Log(Curve):
    """Take the natural logarithm of every number."""

    kind = "log"

    def value(self, x: Array) -> Array:
        """Return ``log x``."""
        return np.log(x, dtype=mean_arithmetic(x).result)

    def slope_at(self, x: Array) -> Array:
        """Return ``1 / x``."""
        return np.reciprocal(x, dtype=mean_arithmetic(x).result)


@final
class Equal(Curve):
    """Write 1 where a number is this one, and 0 elsewhere: nothing to learn from."""

    kind = "equal"
    rules = Rules(number=as_real)

    number: float

    def value(self, x: Array) -> Array:
        """Compare."""
        return np.asarray(x == self.number, x.dtype)

    def slope_at(self, x: Array) -> Array:
        """Return 0."""
        return np.zeros_like(x)


class Reduction(PureLayer):
    """Make one number of all along axes of ``(N, *SPATIAL, C)``, which keep size 1."""

    rules = Rules(axes=SIZES)

    axes: Shape

    def __post_init__(self) -> None:
        super().__post_init__()
        axes = as_shape(self.axes, "axes", at_least=1)
        if len(set(axes)) < len(axes):
            raise ValueError(f"axes must hold each axis once, got {axes}")

    def compute(self, x: Array) -> tuple[Array, Any]:
        """Reduce."""
        axes = as_shape(self.axes, "axes", at_least=1)
        return self.reduce(x, tuple(axis_within(axis, x.ndim) for axis in axes))

    @abstractmethod
    def reduce(self, x: Array, axes: Shape) -> tuple[Array, Any]:
        """Return one number for all along axes counted from 0, and a cache."""


class Total(Reduction):
    """Add up along axes, and divide if it is a mean."""

    divides: ClassVar[bool]

    def reduce(self, x: Array, axes: Shape) -> tuple[Array, Any]:
        """Add up; the cache is the shape of `x`."""
        result, working = (mean_arithmetic if self.divides else arithmetic)(x)
        total = x.mean if self.divides else x.sum
        y = total(axes, wide(working), keepdims=True)
        return y.astype(result, copy=False), x.shape

    def pull_back(self, dy: Array, cache: Any) -> Array:
        """Pass ``dy`` to all, or share it out equally."""
        if self.divides:
            dtype, _ = mean_arithmetic(dy)
            dy = dy * dtype.type(dy.size / max(np.prod(cache), 1))
        return np.broadcast_to(dy, cache).copy()


@final
class Sum(Total):
    """Add up along axes, which keep size 1."""

    kind = "sum"
    divides = False


@final
class Mean(Total):
    """Take the mean along axes, which keep size 1."""

    kind = "mean"
    divides = True


class Extreme(Reduction):
    """Take the number that is the most in one way; equal ones share its gradient."""

    best: ClassVar[np.ufunc]

    def reduce(self, x: Array, axes: Shape) -> tuple[Array, Any]:
        """Take it; the cache is where it stands, and how often."""
        y = self.best.reduce(x, axes, keepdims=True)
        where = x == y
        return y, (where, where.sum(axes, keepdims=True))

    def pull_back(self, dy: Array, cache: Any) -> Array:
        """Share ``dy`` out among equal numbers."""
        where, count = cache
        share = dy / count.astype(dy.dtype)
        return np.asarray(np.where(where, share, dy.dtype.type(0)))


@final
class Max(Extreme):
    """Take the largest number along axes, which keep size 1."""

    kind = "max"
    best = np.maximum


@final
class Min(Extreme):
    """Take the smallest number along axes, which keep size 1."""

    kind = "min"
    best = np.minimum
