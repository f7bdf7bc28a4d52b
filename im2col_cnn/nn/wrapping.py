"""Make a layer of one operation: what it is set to, the operation is told.

    class ReLU(Wrapped):
        operation = Operation(relu_forward, relu_backward)

A field of such a layer has the name of the setting it is of, so there is nothing to
write down twice.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from .._typing import Array
from .layer import Fixed, Gradients

__all__ = ["Operation", "Wrapped"]


class Operation(NamedTuple):
    """A function of ``im2col_cnn.ops``, and the one that sends gradients back."""

    forward: Callable[..., tuple[Array, Any]]
    backward: Callable[..., Any]


@dataclass(frozen=True, eq=False, repr=False)
class Wrapped(Fixed):
    """A layer that does what one operation does."""

    operation: ClassVar[Operation]

    def forward(
        self,
        x: Array,
        *,
        training: bool = False,
        rng: np.random.Generator | None = None,
    ) -> tuple[Array, Any]:
        """Apply the operation."""
        return self.operation.forward(x, **self.settings)

    def backward(
        self, dy: Array, cache: Any, *, input_gradient: bool = True
    ) -> tuple[Array | None, Gradients]:
        """Send the gradient back through the operation."""
        return self.operation.backward(dy, cache) if input_gradient else None, {}
