"""Wrap what has weights in layers: a data sheet of settings, and the calls it makes.

The work is done in ``im2col_cnn.ops``, where each setting is explained; nothing here
computes. What ``build``, ``forward`` and ``backward`` promise is said once, in `Layer`.
"""

from abc import abstractmethod
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, final

import numpy as np
import numpy.typing as npt

from .._checks import (
    as_flag,
    as_function,
    as_int,
    as_per_axis,
    as_shape,
    require_window,
)
from .._typing import Array, Padding, Shape, Sizes
from ..ops.conv import conv_backward, conv_forward
from ..ops.conv_transpose import conv_transpose_backward, conv_transpose_forward
from ..ops.dense import dense_backward, dense_forward
from .initializers import Initializer, he_normal
from .layer import Gradients, Layer, output_shape
from .wrapping import Operation

__all__ = ["Conv", "ConvTranspose", "Dense"]


@dataclass(frozen=True, eq=False, repr=False)
class Weighted(Layer):
    """A layer of one operation with weights ``w`` and, if it has one, a bias ``b``."""

    operation: ClassVar[Operation]
    told: ClassVar[tuple[str, ...]]  # which of the settings the operation is told

    def build(
        self, shape: Shape, *, rng: np.random.Generator, dtype: npt.DTypeLike
    ) -> Shape:
        """Draw ``w``, set ``b`` to 0."""
        shapes = self.array_shapes(shape)
        draw: Initializer = self.settings["initializer"]
        self.parameters["w"] = draw(shapes["w"], rng=rng, dtype=dtype)
        if "b" in shapes:
            self.parameters["b"] = np.zeros(shapes["b"], dtype)
        return output_shape(self, shape, dtype)

    def forward(
        self,
        x: Array,
        *,
        training: bool = False,
        rng: np.random.Generator | None = None,
    ) -> tuple[Array, Any]:
        """Apply the operation to ``x``, ``w`` and ``b``."""
        settings = {name: getattr(self, name) for name in self.told}
        w, b = self.built["w"], self.built.get("b")
        return self.operation.forward(x, w, b, **settings)

    def backward(
        self, dy: Array, cache: Any, *, input_gradient: bool = True
    ) -> tuple[Array | None, Gradients]:
        """Return ``dx``, and ``dw`` and ``db`` by the names of their parameters."""
        dx, dw, db = self.operation.backward(dy, cache, input_gradient=input_gradient)
        return dx, {"w": dw} if db is None else {"w": dw, "b": db}


@dataclass(frozen=True, eq=False, repr=False)
class Sliding(Weighted):
    """What convolutions have in common, whether they read windows or paint them."""

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
        filters = as_int(self.filters, "filters", at_least=1)
        if filters % as_int(self.groups, "groups", at_least=1):
            raise ValueError(f"groups = {self.groups} must divide filters = {filters}")
        as_flag(self.bias, "bias")
        as_function(self.initializer, "initializer")
        require_window(self.kernel_size, self.stride, self.padding, self.dilation)

    @abstractmethod
    def channels(self, C: int) -> tuple[int, int]:
        """Return the last two axes of ``w``, for images of C channels."""

    def array_shapes(self, shape: Shape) -> dict[str, Shape]:
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
@dataclass(frozen=True, eq=False, repr=False)
class Conv(Sliding):
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

    kind: ClassVar[str] = "conv"
    operation: ClassVar[Operation] = Operation(conv_forward, conv_backward)
    told: ClassVar[tuple[str, ...]] = ("stride", "padding", "dilation", "groups")

    def channels(self, C: int) -> tuple[int, int]:
        """Return what a filter reads, and how many filters there are."""
        return C // self.groups, self.filters


@final
@dataclass(frozen=True, eq=False, repr=False)
class ConvTranspose(Sliding):
    """Paint kernels onto a larger image: ``(*SPATIAL, C) -> (*OUT, filters)``."""

    kind: ClassVar[str] = "conv_transpose"
    operation: ClassVar[Operation] = Operation(
        conv_transpose_forward, conv_transpose_backward
    )
    told: ClassVar[tuple[str, ...]] = (*Conv.told, "output_padding")

    _: KW_ONLY
    output_padding: Sizes = 0

    def channels(self, C: int) -> tuple[int, int]:
        """Return what a pixel paints, and how many channels it has."""
        return self.filters // self.groups, C


@final
@dataclass(frozen=True, eq=False, repr=False)
class Dense(Weighted):
    """Multiply vectors by a matrix: ``(D,) -> (features,)``."""

    kind: ClassVar[str] = "dense"
    operation: ClassVar[Operation] = Operation(dense_forward, dense_backward)
    told: ClassVar[tuple[str, ...]] = ()

    features: int
    _: KW_ONLY
    bias: bool = True
    initializer: Initializer = he_normal

    def __post_init__(self) -> None:
        as_int(self.features, "features", at_least=1)
        as_flag(self.bias, "bias")
        as_function(self.initializer, "initializer")

    def array_shapes(self, shape: Shape) -> dict[str, Shape]:
        """Return the shapes of ``w`` and ``b``."""
        shape = as_shape(shape, "shape", at_least=1)
        if len(shape) != 1:
            raise ValueError(f"a dense layer reads vectors, got {shape}: flatten first")
        w = (*shape, self.features)
        return {"w": w, "b": (self.features,)} if self.bias else {"w": w}
