"""Wrap the poolings in layers: windows go in, one number per channel comes out.

Like their neighbours in ``layers.py`` they hold settings only; each setting is
explained where the work is done, in ``im2col_cnn.ops``.
"""

from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, final

import numpy as np

from .._checks import as_choice, as_exponent, as_flag
from .._typing import Array, Padding, Sizes, Ties
from ..ops.avg_pool import avg_pool_backward, avg_pool_forward
from ..ops.lp_pool import lp_pool_backward, lp_pool_forward
from ..ops.max_pool import max_pool_backward, max_pool_forward
from ._settings import require_window
from .layer import Fixed, Gradients

__all__ = ["AvgPool", "LpPool", "MaxPool"]


@final
@dataclass(frozen=True, eq=False)
class MaxPool(Fixed):
    """Keep the largest pixel of every window: ``(*SPATIAL, C) -> (*OUT, C)``."""

    kind: ClassVar[str] = "max_pool"

    kernel_size: Sizes
    _: KW_ONLY
    stride: Sizes | None = None  # None: windows side by side
    padding: Padding = 0
    dilation: Sizes = 1
    ceil_mode: bool = False
    ties: Ties = "first"

    def __post_init__(self) -> None:
        stride = self.kernel_size if self.stride is None else self.stride
        require_window(self.kernel_size, stride, self.padding, self.dilation)
        as_flag(self.ceil_mode, "ceil_mode")
        as_choice(self.ties, "ties", ("first", "split", "all"))

    def forward(
        self,
        x: Array,
        *,
        training: bool = False,
        rng: np.random.Generator | None = None,
    ) -> tuple[Array, Any]:
        """Pool; see `max_pool_forward`."""
        return max_pool_forward(
            x,
            self.kernel_size,
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
            ceil_mode=self.ceil_mode,
            ties=self.ties,
        )

    def backward(
        self, dy: Array, cache: Any, *, input_gradient: bool = True
    ) -> tuple[Array | None, Gradients]:
        """Send each gradient to the pixel that won; see `max_pool_backward`."""
        return max_pool_backward(dy, cache) if input_gradient else None, {}


@final
@dataclass(frozen=True, eq=False)
class AvgPool(Fixed):
    """Average every window: ``(*SPATIAL, C) -> (*OUT, C)``."""

    kind: ClassVar[str] = "avg_pool"

    kernel_size: Sizes
    _: KW_ONLY
    stride: Sizes | None = None  # None: windows side by side
    padding: Padding = 0
    dilation: Sizes = 1
    ceil_mode: bool = False
    count_include_pad: bool = False

    def __post_init__(self) -> None:
        stride = self.kernel_size if self.stride is None else self.stride
        require_window(self.kernel_size, stride, self.padding, self.dilation)
        as_flag(self.ceil_mode, "ceil_mode")
        as_flag(self.count_include_pad, "count_include_pad")

    def forward(
        self,
        x: Array,
        *,
        training: bool = False,
        rng: np.random.Generator | None = None,
    ) -> tuple[Array, Any]:
        """Pool; see `avg_pool_forward`."""
        return avg_pool_forward(
            x,
            self.kernel_size,
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
            ceil_mode=self.ceil_mode,
            count_include_pad=self.count_include_pad,
        )

    def backward(
        self, dy: Array, cache: Any, *, input_gradient: bool = True
    ) -> tuple[Array | None, Gradients]:
        """Share each gradient among the pixels averaged; see `avg_pool_backward`."""
        return avg_pool_backward(dy, cache) if input_gradient else None, {}


@final
@dataclass(frozen=True, eq=False)
class LpPool(Fixed):
    """Take the p-norm of every window: ``(*SPATIAL, C) -> (*OUT, C)``."""

    kind: ClassVar[str] = "lp_pool"

    kernel_size: Sizes
    _: KW_ONLY
    p: float = 2
    stride: Sizes | None = None  # None: windows side by side
    padding: Padding = 0
    dilation: Sizes = 1
    ceil_mode: bool = False

    def __post_init__(self) -> None:
        stride = self.kernel_size if self.stride is None else self.stride
        require_window(self.kernel_size, stride, self.padding, self.dilation)
        as_exponent(self.p)
        as_flag(self.ceil_mode, "ceil_mode")

    def forward(
        self,
        x: Array,
        *,
        training: bool = False,
        rng: np.random.Generator | None = None,
    ) -> tuple[Array, Any]:
        """Pool; see `lp_pool_forward`."""
        return lp_pool_forward(
            x,
            self.kernel_size,
            p=self.p,
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
            ceil_mode=self.ceil_mode,
        )

    def backward(
        self, dy: Array, cache: Any, *, input_gradient: bool = True
    ) -> tuple[Array | None, Gradients]:
        """Share each gradient as the powers say; see `lp_pool_backward`."""
        return lp_pool_backward(dy, cache) if input_gradient else None, {}
