"""Pooling layers: windows go in, one number per channel comes out.

They hold settings only; each setting is explained where the work is done, in
``im2col_cnn.ops``.
"""

from dataclasses import KW_ONLY
from typing import Any, ClassVar, final, get_args

import numpy as np

from .._checks import as_exponent, as_flag, require_window
from .._typing import Array, Padding, Sizes, Ties
from ..ops.adaptive_pool import (
    adaptive_avg_pool_backward,
    adaptive_avg_pool_forward,
    adaptive_max_pool_backward,
    adaptive_max_pool_forward,
)
from ..ops.avg_pool import avg_pool_backward, avg_pool_forward
from ..ops.global_pool import (
    global_avg_pool_backward,
    global_avg_pool_forward,
    global_max_pool_backward,
    global_max_pool_forward,
)
from ..ops.lp_pool import lp_pool_backward, lp_pool_forward
from ..ops.max_pool import max_pool_backward, max_pool_forward
from .layer import SIZES, Operation, OperationLayer, PureLayer, Rules, one_of

__all__ = [
    "AdaptiveAvgPool",
    "AdaptiveMaxPool",
    "AvgPool",
    "GlobalAvgPool",
    "GlobalMaxPool",
    "LpPool",
    "MaxPool",
]


class BasePool(OperationLayer):
    """The settings that poolings share: where their windows stand."""

    rules = Rules(ceil_mode=as_flag)

    kernel_size: Sizes
    _: KW_ONLY
    stride: Sizes | None = None  # None: windows side by side
    padding: Padding = 0
    dilation: Sizes = 1
    ceil_mode: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        stride = self.kernel_size if self.stride is None else self.stride
        require_window(self.kernel_size, stride, self.padding, self.dilation)


@final
class MaxPool(BasePool):
    """Keep the largest pixel of every window: ``(*SPATIAL, C) -> (*OUT, C)``."""

    kind = "max_pool"
    operation = Operation(max_pool_forward, max_pool_backward)
    rules = Rules(ties=one_of(*get_args(Ties)))

    _: KW_ONLY
    ties: Ties = "first"


@final
class AvgPool(BasePool):
    """Average every window: ``(*SPATIAL, C) -> (*OUT, C)``."""

    kind = "avg_pool"
    operation = Operation(avg_pool_forward, avg_pool_backward)
    rules = Rules(count_include_pad=as_flag)

    _: KW_ONLY
    count_include_pad: bool = False


@final
class LpPool(BasePool):
    """Take the p-norm of every window: ``(*SPATIAL, C) -> (*OUT, C)``."""

    kind = "lp_pool"
    operation = Operation(lp_pool_forward, lp_pool_backward)
    rules = Rules(p=as_exponent)

    _: KW_ONLY
    p: float = 2


class BaseAdaptivePool(OperationLayer):
    """The setting that adaptive poolings share: how many windows there are."""

    rules = Rules(output_size=SIZES)

    output_size: Sizes


@final
class AdaptiveAvgPool(BaseAdaptivePool):
    """Average into so many windows: ``(*SPATIAL, C) -> (*output_size, C)``."""

    kind = "adaptive_avg_pool"
    operation = Operation(adaptive_avg_pool_forward, adaptive_avg_pool_backward)


@final
class AdaptiveMaxPool(BaseAdaptivePool):
    """Keep the largest in so many windows, as `AdaptiveAvgPool` cuts them."""

    kind = "adaptive_max_pool"
    operation = Operation(adaptive_max_pool_forward, adaptive_max_pool_backward)


class BaseGlobalPool(PureLayer):
    """What global poolings share: whether the axes of one pixel stay."""

    operation: ClassVar[Operation]
    rules = Rules(keepdims=as_flag)

    _: KW_ONLY
    keepdims: bool = True

    def compute(self, x: Array) -> tuple[Array, Any]:
        """Pool, and drop the axes of one pixel if asked to."""
        y, cache = self.operation.forward(x)
        return y if self.keepdims else y.reshape(len(y), y.shape[-1]), cache

    def pull_back(self, dy: Array, cache: Any) -> Array:
        """Return the gradient that the operation returns."""
        if not self.keepdims:
            N, C = dy.shape
            dy = dy.reshape(N, *[1] * len(cache.spatial), C)
        return np.asarray(self.operation.backward(dy, cache))


@final
class GlobalAvgPool(BaseGlobalPool):
    """
    Average every channel: ``(*SPATIAL, C) -> (1, ..., 1, C)``.

    With ``keepdims=False`` to ``(C,)``, which dense layers read.
    """

    kind = "global_avg_pool"
    operation = Operation(global_avg_pool_forward, global_avg_pool_backward)


@final
class GlobalMaxPool(BaseGlobalPool):
    """Keep the largest of every channel, in shapes as of `GlobalAvgPool`."""

    kind = "global_max_pool"
    operation = Operation(global_max_pool_forward, global_max_pool_backward)
