"""Change how numbers are laid out or scaled, and nothing else: `Flatten`, `Rescale`."""

from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np

from .._checks import as_above_zero
from .._typing import Array
from ..ops.dense import flatten_backward, flatten_forward
from .layer import Fixed, Gradients
from .wrapping import Operation, Wrapped

__all__ = ["Flatten", "Rescale"]


@final
@dataclass(frozen=True, eq=False, repr=False)
class Flatten(Wrapped):
    """Write each image as one vector: ``(*SPATIAL, C) -> (prod(SPATIAL) * C,)``."""

    kind: ClassVar[str] = "flatten"
    operation: ClassVar[Operation] = Operation(flatten_forward, flatten_backward)


@final
@dataclass(frozen=True, eq=False, repr=False)
class Rescale(Fixed):
    """
    Divide pixels by the largest value they can have, so that they run from 0 to 1.

    With it as its first layer a network reads pixels as they are stored, and nobody
    who uses it has to know how they were scaled.
    """

    kind: ClassVar[str] = "rescale"

    pixel_maximum: float

    def __post_init__(self) -> None:
        as_above_zero(self.pixel_maximum, "pixel_maximum")

    def forward(
        self,
        x: Array,
        *,
        training: bool = False,
        rng: np.random.Generator | None = None,
    ) -> tuple[Array, Any]:
        """Divide."""
        return x / float(self.pixel_maximum), None

    def backward(
        self, dy: Array, cache: Any, *, input_gradient: bool = True
    ) -> tuple[Array | None, Gradients]:
        """Divide the gradient too."""
        return dy / float(self.pixel_maximum) if input_gradient else None, {}
