"""Activation layers: any shape to the same shape, and but for `Softmax` by number.

What those do that have operations, and what their slope is at a kink, is said in
``im2col_cnn.ops``. The others are small: a value and its slope, 0 at a kink beyond
which there is nothing to learn.
"""

from abc import abstractmethod
from dataclasses import KW_ONLY
from typing import Any, final

import numpy as np

from .._checks import as_real, as_upstream, require_cache
from .._typing import Array, Shape
from ..ops.relu import (
    leaky_relu_backward,
    leaky_relu_forward,
    relu_backward,
    relu_forward,
)
from ..ops.sigmoid import sigmoid_backward, sigmoid_forward, tanh_backward, tanh_forward
from ..ops.softmax import softmax_backward, softmax_forward
from .layer import (
    Back,
    Layer,
    Operation,
    OperationLayer,
    PureLayer,
    Random,
    Rules,
    Shapes,
    as_axis,
    axis_within,
)
from .scale import WeightedCache, as_spread, summed

__all__ = [
    "Clip",
    "Curve",
    "HardSigmoid",
    "HardSwish",
    "LeakyReLU",
    "PReLU",
    "ReLU",
    "ReLU6",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Tanh",
]


@final
class ReLU(OperationLayer):
    """Set what is negative to 0; see `relu_forward`."""

    kind = "relu"
    operation = Operation(relu_forward, relu_backward)


@final
class LeakyReLU(OperationLayer):
    """Multiply what is negative by a small slope; see `leaky_relu_forward`."""

    kind = "leaky_relu"
    rules = Rules(slope=as_real)
    operation = Operation(leaky_relu_forward, leaky_relu_backward)

    slope: float = 0.01


@final
class PReLU(Layer):
    """
    Multiply what is negative by a slope that each channel learns; any shape.

    References
    ----------
    He, Zhang, Ren and Sun, "Delving Deep into Rectifiers", 2015.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn.nn import PReLU
    >>> layer = PReLU()
    >>> layer.build((2,), rng=np.random.default_rng(0))
    (2,)
    >>> layer.parameters["slope"][...] = [0.5, 2]
    >>> layer.forward(np.array([[-4, -4], [4, 4]]))[0]
    array([[-2., -8.],
           [ 4.,  4.]])
    """

    kind = "prelu"
    rules = Rules(first_slope=as_real)

    _: KW_ONLY
    first_slope: float = 0.25  # of all channels

    def array_shapes(self, shape: Shape) -> Shapes:
        """Return one number per channel."""
        return {"slope": shape[-1:]}

    def draw(self, shapes: Shapes, rng: np.random.Generator, dtype: np.dtype) -> None:
        """Start with the same slope everywhere."""
        self.parameters["slope"] = np.full(shapes["slope"], self.first_slope, dtype)

    def apply(self, x: Array, training: bool, rng: Random) -> tuple[Array, Any]:
        """Multiply; the cache is ``x`` and the slope of today."""
        slope = self.require_parameters()["slope"]
        x = as_spread(x, slope.shape)
        y = np.maximum(x, 0) + np.minimum(x, 0) * slope
        return y, WeightedCache(x, slope.copy())

    def differentiate(self, dy: Array, cache: Any, input_gradient: bool) -> Back:
        """Return ``dx``, and ``dslope = sum(dy * x)`` where ``x`` is negative."""
        x, slope = require_cache(cache, WeightedCache, "forward")
        dy = as_upstream(dy, x.shape)
        dslope = summed(dy * np.minimum(x, 0), slope.shape)
        dx = np.where(x > 0, dy, dy * slope) if input_gradient else None
        return dx, {"slope": dslope}


@final
class Sigmoid(OperationLayer):
    """Squeeze all numbers between 0 and 1; see `sigmoid_forward`."""

    kind = "sigmoid"
    operation = Operation(sigmoid_forward, sigmoid_backward)


@final
class Tanh(OperationLayer):
    """Squeeze all numbers between -1 and 1; see `tanh_forward`."""

    kind = "tanh"
    operation = Operation(tanh_forward, tanh_backward)


@final
class Softmax(PureLayer):
    """
    Make probabilities of scores along an axis; see `softmax_forward`.

    The axis is one of ``(N, *SPATIAL, C)``. A network that is trained ends in scores
    without it: `fit` computes the loss from those.
    """

    kind = "softmax"
    rules = Rules(axis=as_axis)

    _: KW_ONLY
    axis: int = -1

    def compute(self, x: Array) -> tuple[Array, Any]:
        """Divide exponentials by their sum."""
        axis = axis_within(self.axis, x.ndim)
        y, cache = softmax_forward(np.moveaxis(x, axis, -1))
        return np.moveaxis(y, -1, axis), cache

    def pull_back(self, dy: Array, cache: Any) -> Array:
        """Return the gradient along that axis; see `softmax_backward`."""
        dx = softmax_backward(np.moveaxis(dy, self.axis, -1), cache)
        return np.moveaxis(dx, -1, self.axis)


class Curve(PureLayer):
    """An activation said by its value and its slope."""

    def compute(self, x: Array) -> tuple[Array, Any]:
        """Return the values; the cache is ``x``."""
        return self.value(x), x

    def pull_back(self, dy: Array, cache: Any) -> Array:
        """Multiply by the slopes."""
        return dy * self.slope_at(cache)

    @abstractmethod
    def value(self, x: Array) -> Array:
        """Return the value at each number."""

    @abstractmethod
    def slope_at(self, x: Array) -> Array:
        """Return the slope at each number."""


@final
class Clip(Curve):
    """Set what is below `low` to it, and what is above `high` to that."""

    kind = "clip"
    rules = Rules(low=as_real, high=as_real)

    low: float
    high: float

    def __post_init__(self) -> None:
        super().__post_init__()
        low, high = float(self.low), float(self.high)
        if low > high:
            raise ValueError(f"low must be at most high, got {low} and {high}")

    def value(self, x: Array) -> Array:
        """Return ``min(max(x, low), high)``."""
        return np.clip(x, self.low, self.high)

    def slope_at(self, x: Array) -> Array:
        """Return 1 between the two, 0 elsewhere."""
        return (self.low < x) & (x < self.high)


@final
class ReLU6(Curve):
    """Clip to 0 and 6, as small networks do that count with few bits."""

    kind = "relu6"

    def value(self, x: Array) -> Array:
        """Return ``min(max(x, 0), 6)``."""
        return np.clip(x, 0, 6)

    def slope_at(self, x: Array) -> Array:
        """Return 1 between 0 and 6, 0 elsewhere."""
        return (x > 0) & (x < 6)


@final
class SiLU(Curve):
    """
    Multiply each number by its sigmoid, ``s``; also called swish.

    References
    ----------
    Ramachandran, Zoph and Le, "Searching for Activation Functions", 2017.
    """

    kind = "silu"

    def value(self, x: Array) -> Array:
        """Return ``x * s``."""
        y, _ = sigmoid_forward(x)
        y *= x
        return y

    def slope_at(self, x: Array) -> Array:
        """Return ``s * (1 + x * (1 - s))``."""
        s, _ = sigmoid_forward(x)
        return np.asarray(s * (1 + x * (1 - s)))


@final
class HardSigmoid(Curve):
    """
    Clip a straight line to 0 and 1: ``slope * x + offset``, a sigmoid without exp.

    The slope is 1/6 as in PyTorch and Keras 3; it is 0.2 in Keras 2 and ONNX.
    """

    kind = "hard_sigmoid"
    rules = Rules(slope=as_real, offset=as_real)

    _: KW_ONLY
    slope: float = 1 / 6
    offset: float = 0.5

    def value(self, x: Array) -> Array:
        """Return ``min(max(slope * x + offset, 0), 1)``."""
        y = np.asarray(x * float(self.slope))
        y += float(self.offset)
        return np.asarray(y.clip(0, 1, out=y))

    def slope_at(self, x: Array) -> Array:
        """Return the slope where the line is between 0 and 1, 0 elsewhere."""
        y = self.value(x)
        return np.where((y > 0) & (y < 1), y.dtype.type(self.slope), 0)


@final
class HardSwish(Curve):
    """
    Multiply each number by its `HardSigmoid`.

    References
    ----------
    Howard et al., "Searching for MobileNetV3", 2019.
    """

    kind = "hard_swish"

    def value(self, x: Array) -> Array:
        """Return ``x * min(max(x / 6 + 1 / 2, 0), 1)``."""
        y = np.asarray(x * (1 / 6))  # faster than to divide
        y += 0.5
        y.clip(0, 1, out=y)
        y *= x
        return y

    def slope_at(self, x: Array) -> Array:
        """Return ``x / 3 + 1 / 2`` from -3 to 3, 0 below and 1 above."""
        return np.where(abs(x) < 3, x / 3 + 0.5, x > 0)
