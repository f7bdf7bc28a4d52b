"""Wrap the functions that bend numbers in layers; any shape goes in and comes out.

What each does, and what its slope is at a kink, is said in ``im2col_cnn.ops``.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np

from .._checks import as_slope
from .._typing import Array
from ..ops.relu import (
    leaky_relu_backward,
    leaky_relu_forward,
    relu_backward,
    relu_forward,
)
from ..ops.sigmoid import (
    sigmoid_backward,
    sigmoid_forward,
    tanh_backward,
    tanh_forward,
)
from .layer import Fixed, Gradients

__all__ = ["LeakyReLU", "ReLU", "Sigmoid", "Tanh"]


@final
@dataclass(frozen=True, eq=False)
class ReLU(Fixed):
    """Set what is negative to 0."""

    kind: ClassVar[str] = "relu"

    def forward(
        self,
        x: Array,
        *,
        training: bool = False,
        rng: np.random.Generator | None = None,
    ) -> tuple[Array, Any]:
        """Cut; see `relu_forward`."""
        return relu_forward(x)

    def backward(
        self, dy: Array, cache: Any, *, input_gradient: bool = True
    ) -> tuple[Array | None, Gradients]:
        """Pass the gradient on where nothing was cut; see `relu_backward`."""
        return relu_backward(dy, cache) if input_gradient else None, {}


@final
@dataclass(frozen=True, eq=False)
class LeakyReLU(Fixed):
    """Multiply what is negative by a small slope."""

    kind: ClassVar[str] = "leaky_relu"

    slope: float = 0.01

    def __post_init__(self) -> None:
        as_slope(self.slope)

    def forward(
        self,
        x: Array,
        *,
        training: bool = False,
        rng: np.random.Generator | None = None,
    ) -> tuple[Array, Any]:
        """Bend; see `leaky_relu_forward`."""
        return leaky_relu_forward(x, self.slope)

    def backward(
        self, dy: Array, cache: Any, *, input_gradient: bool = True
    ) -> tuple[Array | None, Gradients]:
        """Multiply by the slopes; see `leaky_relu_backward`."""
        return leaky_relu_backward(dy, cache) if input_gradient else None, {}


@final
@dataclass(frozen=True, eq=False)
class Sigmoid(Fixed):
    """Squeeze all numbers between 0 and 1."""

    kind: ClassVar[str] = "sigmoid"

    def forward(
        self,
        x: Array,
        *,
        training: bool = False,
        rng: np.random.Generator | None = None,
    ) -> tuple[Array, Any]:
        """Squeeze; see `sigmoid_forward`."""
        return sigmoid_forward(x)

    def backward(
        self, dy: Array, cache: Any, *, input_gradient: bool = True
    ) -> tuple[Array | None, Gradients]:
        """Multiply by the slopes; see `sigmoid_backward`."""
        return sigmoid_backward(dy, cache) if input_gradient else None, {}


@final
@dataclass(frozen=True, eq=False)
class Tanh(Fixed):
    """Squeeze all numbers between -1 and 1."""

    kind: ClassVar[str] = "tanh"

    def forward(
        self,
        x: Array,
        *,
        training: bool = False,
        rng: np.random.Generator | None = None,
    ) -> tuple[Array, Any]:
        """Squeeze; see `tanh_forward`."""
        return tanh_forward(x)

    def backward(
        self, dy: Array, cache: Any, *, input_gradient: bool = True
    ) -> tuple[Array | None, Gradients]:
        """Multiply by the slopes; see `tanh_backward`."""
        return tanh_backward(dy, cache) if input_gradient else None, {}
