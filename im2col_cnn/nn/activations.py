"""Activation layers, which map every number on its own: any shape to the same shape.

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
from .layer import Operation, OperationLayer

__all__ = ["LeakyReLU", "ReLU", "Sigmoid", "Tanh"]


@final
@dataclass(frozen=True, eq=False, repr=False)
class ReLU(OperationLayer):
    """Set what is negative to 0; see `relu_forward`."""

    kind: ClassVar[str] = "relu"
    operation: ClassVar[Operation] = Operation(relu_forward, relu_backward)


@final
@dataclass(frozen=True, eq=False, repr=False)
class LeakyReLU(OperationLayer):
    """Multiply what is negative by a small slope; see `leaky_relu_forward`."""

    kind: ClassVar[str] = "leaky_relu"
    operation: ClassVar[Operation] = Operation(leaky_relu_forward, leaky_relu_backward)

    slope: float = 0.01

    def __post_init__(self) -> None:
        self.unwrap_settings()
        as_slope(self.slope)


@final
@dataclass(frozen=True, eq=False, repr=False)
class Sigmoid(OperationLayer):
    """Squeeze all numbers between 0 and 1; see `sigmoid_forward`."""

    kind: ClassVar[str] = "sigmoid"
    operation: ClassVar[Operation] = Operation(sigmoid_forward, sigmoid_backward)


@final
@dataclass(frozen=True, eq=False, repr=False)
class Tanh(OperationLayer):
    """Squeeze all numbers between -1 and 1; see `tanh_forward`."""

    kind: ClassVar[str] = "tanh"
    operation: ClassVar[Operation] = Operation(tanh_forward, tanh_backward)
