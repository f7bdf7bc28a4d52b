"""Wrap the functions that bend numbers in layers; any shape goes in and comes out.

What each does, and what its slope is at a kink, is said in ``im2col_cnn.ops``.
"""

from dataclasses import dataclass
from typing import ClassVar, final

from .._checks import as_slope
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
from .layer import Operation, Wrapped

__all__ = ["LeakyReLU", "ReLU", "Sigmoid", "Tanh"]


@final
@dataclass(frozen=True, eq=False, repr=False)
class ReLU(Wrapped):
    """Set what is negative to 0; see `relu_forward`."""

    kind: ClassVar[str] = "relu"
    operation: ClassVar[Operation] = Operation(relu_forward, relu_backward)


@final
@dataclass(frozen=True, eq=False, repr=False)
class LeakyReLU(Wrapped):
    """Multiply what is negative by a small slope; see `leaky_relu_forward`."""

    kind: ClassVar[str] = "leaky_relu"
    operation: ClassVar[Operation] = Operation(leaky_relu_forward, leaky_relu_backward)

    slope: float = 0.01

    def __post_init__(self) -> None:
        as_slope(self.slope)


@final
@dataclass(frozen=True, eq=False, repr=False)
class Sigmoid(Wrapped):
    """Squeeze all numbers between 0 and 1; see `sigmoid_forward`."""

    kind: ClassVar[str] = "sigmoid"
    operation: ClassVar[Operation] = Operation(sigmoid_forward, sigmoid_backward)


@final
@dataclass(frozen=True, eq=False, repr=False)
class Tanh(Wrapped):
    """Squeeze all numbers between -1 and 1; see `tanh_forward`."""

    kind: ClassVar[str] = "tanh"
    operation: ClassVar[Operation] = Operation(tanh_forward, tanh_backward)
