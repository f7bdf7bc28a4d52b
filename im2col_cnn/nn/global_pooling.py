"""Wrap the poolings that make images of one size, whatever size comes in."""

from dataclasses import dataclass
from typing import Any, ClassVar, final

import numpy as np

from .._checks import as_shape
from .._typing import Array, Sizes
from ..ops.adaptive_pool import (
    adaptive_avg_pool_backward,
    adaptive_avg_pool_forward,
    adaptive_max_pool_backward,
    adaptive_max_pool_forward,
)
from ..ops.global_pool import (
    global_avg_pool_backward,
    global_avg_pool_forward,
    global_max_pool_backward,
    global_max_pool_forward,
)
from .layer import Fixed, Gradients

__all__ = ["AdaptiveAvgPool", "AdaptiveMaxPool", "GlobalAvgPool", "GlobalMaxPool"]


@final
@dataclass(frozen=True, eq=False)
class AdaptiveAvgPool(Fixed):
    """Average into so many windows: ``(*SPATIAL, C) -> (*output_size, C)``."""

    kind: ClassVar[str] = "adaptive_avg_pool"

    output_size: Sizes

    def __post_init__(self) -> None:
        as_shape(self.output_size, "output_size", at_least=1)

    def forward(
        self,
        x: Array,
        *,
        training: bool = False,
        rng: np.random.Generator | None = None,
    ) -> tuple[Array, Any]:
        """Pool; see `adaptive_avg_pool_forward`."""
        return adaptive_avg_pool_forward(x, self.output_size)

    def backward(
        self, dy: Array, cache: Any, *, input_gradient: bool = True
    ) -> tuple[Array | None, Gradients]:
        """Send the gradient back; see `adaptive_avg_pool_backward`."""
        return adaptive_avg_pool_backward(dy, cache) if input_gradient else None, {}


@final
@dataclass(frozen=True, eq=False)
class AdaptiveMaxPool(Fixed):
    """Keep the largest in so many windows, as `AdaptiveAvgPool` cuts them."""

    kind: ClassVar[str] = "adaptive_max_pool"

    output_size: Sizes

    def __post_init__(self) -> None:
        as_shape(self.output_size, "output_size", at_least=1)

    def forward(
        self,
        x: Array,
        *,
        training: bool = False,
        rng: np.random.Generator | None = None,
    ) -> tuple[Array, Any]:
        """Pool; see `adaptive_max_pool_forward`."""
        return adaptive_max_pool_forward(x, self.output_size)

    def backward(
        self, dy: Array, cache: Any, *, input_gradient: bool = True
    ) -> tuple[Array | None, Gradients]:
        """Send the gradient back; see `adaptive_max_pool_backward`."""
        return adaptive_max_pool_backward(dy, cache) if input_gradient else None, {}


@final
@dataclass(frozen=True, eq=False)
class GlobalAvgPool(Fixed):
    """Average every channel: ``(*SPATIAL, C) -> (1, ..., 1, C)``."""

    kind: ClassVar[str] = "global_avg_pool"

    def forward(
        self,
        x: Array,
        *,
        training: bool = False,
        rng: np.random.Generator | None = None,
    ) -> tuple[Array, Any]:
        """Pool; see `global_avg_pool_forward`."""
        return global_avg_pool_forward(x)

    def backward(
        self, dy: Array, cache: Any, *, input_gradient: bool = True
    ) -> tuple[Array | None, Gradients]:
        """Send the gradient back; see `global_avg_pool_backward`."""
        return global_avg_pool_backward(dy, cache) if input_gradient else None, {}


@final
@dataclass(frozen=True, eq=False)
class GlobalMaxPool(Fixed):
    """Keep the largest of every channel: ``(*SPATIAL, C) -> (1, ..., 1, C)``."""

    kind: ClassVar[str] = "global_max_pool"

    def forward(
        self,
        x: Array,
        *,
        training: bool = False,
        rng: np.random.Generator | None = None,
    ) -> tuple[Array, Any]:
        """Pool; see `global_max_pool_forward`."""
        return global_max_pool_forward(x)

    def backward(
        self, dy: Array, cache: Any, *, input_gradient: bool = True
    ) -> tuple[Array | None, Gradients]:
        """Send the gradient back; see `global_max_pool_backward`."""
        return global_max_pool_backward(dy, cache) if input_gradient else None, {}
