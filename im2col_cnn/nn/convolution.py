"""Convolution layers, which slide kernels over images: `Conv`, `ConvTranspose`."""

from abc import abstractmethod
from dataclasses import KW_ONLY
from typing import final

from .._checks import as_flag, as_function, as_per_axis, as_shape, require_window
from .._typing import Padding, Shape, Sizes
from ..ops.conv import conv_backward, conv_forward
from ..ops.conv_transpose import conv_transpose_backward, conv_transpose_forward
from .initializers import Initializer, he_normal
from .layer import COUNT, Operation, Rules, Shapes, WeightedLayer

__all__ = ["Conv", "ConvTranspose"]


class BaseConv(WeightedLayer):
    """The settings that `Conv` and `ConvTranspose` share."""

    rules = Rules(filters=COUNT, groups=COUNT, bias=as_flag, initializer=as_function)

    filters: int
    kernel_size: Sizes
    _: KW_ONLY
    stride: Sizes = 1
    padding: Padding = 0
    dilation: Sizes = 1
    groups: int = 1
    bias: bool = True
    initializer: Initializer = he_normal

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.filters % self.groups:
            raise ValueError(
                f"groups = {self.groups} must divide filters = {self.filters}"
            )
        require_window(self.kernel_size, self.stride, self.padding, self.dilation)

    @abstractmethod
    def channels(self, C: int) -> tuple[int, int]:
        """Return the last two axes of ``w``, for images of C channels."""

    def array_shapes(self, shape: Shape) -> Shapes:
        """Return the shapes of ``w`` and ``b``."""
        *spatial, C = as_shape(shape, "shape", at_least=1)
        if not spatial:
            raise ValueError(f"a convolution reads images, got vectors: {shape}")
        if C % self.groups:
            raise ValueError(f"groups = {self.groups} must divide C = {C} channels")
        kernel = as_per_axis(self.kernel_size, "kernel_size", len(spatial), at_least=1)
        w = (*kernel, *self.channels(C))
        return {"w": w, "b": (self.filters,)} if self.bias else {"w": w}


@final
class Conv(BaseConv):
    """
    Slide kernels over images: ``(*SPATIAL, C) -> (*OUT, filters)``.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn.nn import Conv
    >>> conv = Conv(16, 3, padding="same")
    >>> conv.build((8, 6, 1), rng=np.random.default_rng(0), dtype=np.float32)
    (8, 6, 16)
    >>> {name: array.shape for name, array in conv.parameters.items()}
    {'w': (3, 3, 1, 16), 'b': (16,)}
    """

    kind = "conv"
    operation = Operation(conv_forward, conv_backward)
    operation_settings = ("stride", "padding", "dilation", "groups")

    def channels(self, C: int) -> tuple[int, int]:
        """Return what a filter reads, and how many filters there are."""
        return C // self.groups, self.filters


@final
class ConvTranspose(BaseConv):
    """Paint kernels onto a larger image: ``(*SPATIAL, C) -> (*OUT, filters)``."""

    kind = "conv_transpose"
    operation = Operation(conv_transpose_forward, conv_transpose_backward)
    operation_settings = (*Conv.operation_settings, "output_padding")

    _: KW_ONLY
    output_padding: Sizes = 0

    def channels(self, C: int) -> tuple[int, int]:
        """Return what a pixel paints, and how many channels it has."""
        return self.filters // self.groups, C
