"""The layer that multiplies vectors by weights: `Dense`."""

from dataclasses import KW_ONLY
from typing import final

from .._checks import as_flag, as_function, as_shape
from .._typing import Shape
from ..ops.dense import dense_backward, dense_forward
from .initializers import Initializer, he_normal
from .layer import COUNT, Operation, Rules, Shapes, WeightedLayer

__all__ = ["Dense"]


@final
class Dense(WeightedLayer):
    """Multiply vectors by a matrix: ``(D,) -> (features,)``."""

    kind = "dense"
    operation = Operation(dense_forward, dense_backward)
    operation_settings = ()
    rules = Rules(features=COUNT, bias=as_flag, initializer=as_function)

    features: int
    _: KW_ONLY
    bias: bool = True
    initializer: Initializer = he_normal

    def array_shapes(self, shape: Shape) -> Shapes:
        """Return the shapes of ``w`` and ``b``."""
        shape = as_shape(shape, "shape", at_least=1)
        if len(shape) != 1:
            raise ValueError(f"a dense layer reads vectors, got {shape}: flatten first")
        w = (*shape, self.features)
        return {"w": w, "b": (self.features,)} if self.bias else {"w": w}
