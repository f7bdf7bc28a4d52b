"""Wrap the poolings in layers: windows go in, one number per channel comes out.

Like their neighbours in ``layers.py`` they hold settings only; each setting is
explained where the work is done, in ``im2col_cnn.ops``.
"""

from dataclasses import KW_ONLY, dataclass
from typing import ClassVar, final

from .._checks import as_choice, as_exponent, as_flag, require_window
from .._typing import Padding, Sizes, Ties
from ..ops.avg_pool import avg_pool_backward, avg_pool_forward
from ..ops.lp_pool import lp_pool_backward, lp_pool_forward
from ..ops.max_pool import max_pool_backward, max_pool_forward
from .wrapping import Operation, Wrapped

__all__ = ["AvgPool", "LpPool", "MaxPool"]


@final
@dataclass(frozen=True, eq=False, repr=False)
class MaxPool(Wrapped):
    """Keep the largest pixel of every window: ``(*SPATIAL, C) -> (*OUT, C)``."""

    kind: ClassVar[str] = "max_pool"
    operation: ClassVar[Operation] = Operation(max_pool_forward, max_pool_backward)

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


@final
@dataclass(frozen=True, eq=False, repr=False)
class AvgPool(Wrapped):
    """Average every window: ``(*SPATIAL, C) -> (*OUT, C)``."""

    kind: ClassVar[str] = "avg_pool"
    operation: ClassVar[Operation] = Operation(avg_pool_forward, avg_pool_backward)

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


@final
@dataclass(frozen=True, eq=False, repr=False)
class LpPool(Wrapped):
    """Take the p-norm of every window: ``(*SPATIAL, C) -> (*OUT, C)``."""

    kind: ClassVar[str] = "lp_pool"
    operation: ClassVar[Operation] = Operation(lp_pool_forward, lp_pool_backward)

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
