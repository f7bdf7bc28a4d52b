"""Wrap the poolings that make images of one size, whatever size comes in."""

from dataclasses import dataclass
from typing import ClassVar, final

from .._checks import as_shape
from .._typing import Sizes
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
from .wrapping import Operation, Wrapped

__all__ = ["AdaptiveAvgPool", "AdaptiveMaxPool", "GlobalAvgPool", "GlobalMaxPool"]


@final
@dataclass(frozen=True, eq=False, repr=False)
class AdaptiveAvgPool(Wrapped):
    """Average into so many windows: ``(*SPATIAL, C) -> (*output_size, C)``."""

    kind: ClassVar[str] = "adaptive_avg_pool"
    operation: ClassVar[Operation] = Operation(
        adaptive_avg_pool_forward, adaptive_avg_pool_backward
    )

    output_size: Sizes

    def __post_init__(self) -> None:
        as_shape(self.output_size, "output_size", at_least=1)


@final
@dataclass(frozen=True, eq=False, repr=False)
class AdaptiveMaxPool(Wrapped):
    """Keep the largest in so many windows, as `AdaptiveAvgPool` cuts them."""

    kind: ClassVar[str] = "adaptive_max_pool"
    operation: ClassVar[Operation] = Operation(
        adaptive_max_pool_forward, adaptive_max_pool_backward
    )

    output_size: Sizes

    def __post_init__(self) -> None:
        as_shape(self.output_size, "output_size", at_least=1)


@final
@dataclass(frozen=True, eq=False, repr=False)
class GlobalAvgPool(Wrapped):
    """Average every channel: ``(*SPATIAL, C) -> (1, ..., 1, C)``."""

    kind: ClassVar[str] = "global_avg_pool"
    operation: ClassVar[Operation] = Operation(
        global_avg_pool_forward, global_avg_pool_backward
    )


@final
@dataclass(frozen=True, eq=False, repr=False)
class GlobalMaxPool(Wrapped):
    """Keep the largest of every channel: ``(*SPATIAL, C) -> (1, ..., 1, C)``."""

    kind: ClassVar[str] = "global_max_pool"
    operation: ClassVar[Operation] = Operation(
        global_max_pool_forward, global_max_pool_backward
    )
