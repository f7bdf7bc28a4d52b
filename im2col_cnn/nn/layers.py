"""Wrap each operation in a layer: a data sheet of settings, and the calls it makes.

The work is done in ``im2col_cnn.ops``, where each setting is explained; nothing here
computes. What ``build``, ``forward`` and ``backward`` promise is said once, in `Layer`.
"""

from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, final

import numpy as np
import numpy.typing as npt

from .._checks import as_flag, as_int, as_per_axis, as_shape
from .._typing import Array, Padding, Shape, Sizes
from ..ops.activations import relu_backward, relu_forward
from ..ops.conv import conv_backward, conv_forward
from ..ops.dense import (
    dense_backward,
    dense_forward,
    flatten_backward,
    flatten_forward,
)
from ._settings import as_above_zero, require_window
from .initializers import Initializer, he_normal
from .layer import Fixed, Gradients, Layer, output_shape

__all__ = ["Conv", "Dense", "Flatten", "ReLU", "Rescale"]


@final
@dataclass(frozen=True, eq=False)
class Conv(Layer):
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
        require_window(self.kernel_size, self.stride, self.padding, self.dilation)

    def build(
        self, shape: Shape, *, rng: np.random.Generator, dtype: npt.DTypeLike
    ) -> Shape:
        """Draw ``w``, set ``b`` to 0."""
        *spatial, C = as_shape(shape, "shape", at_least=1)
        if not spatial:
            raise ValueError(f"a convolution reads images, got vectors: {shape}")
        if C % self.groups:
            raise ValueError(f"groups = {self.groups} must divide C = {C} channels")
        kernel = as_per_axis(self.kernel_size, "kernel_size", len(spatial), at_least=1)
        w_shape = (*kernel, C // self.groups, self.filters)
        self.parameters["w"] = self.initializer(w_shape, rng=rng, dtype=dtype)
        if self.bias:
            self.parameters["b"] = np.zeros(self.filters, dtype)
        return output_shape(self, shape, dtype)

    def forward(self, x: Array, *, training: bool = False) -> tuple[Array, Any]:
        """Convolve; see `conv_forward`."""
        return conv_forward(
            x,
            self.built["w"],
            self.built.get("b"),
            stride=self.stride,
            padding=self.padding,
            dilation=self.dilation,
            groups=self.groups,
        )

    def backward(
        self, dy: Array, cache: Any, *, input_gradient: bool = True
    ) -> tuple[Array | None, Gradients]:
        """Return ``dx``, and ``dw`` and ``db``; see `conv_backward`."""
        dx, dw, db = conv_backward(dy, cache, input_gradient=input_gradient)
        return dx, named(dw, db)


@final
@dataclass(frozen=True, eq=False)
class Dense(Layer):
    """Multiply vectors by a matrix: ``(D,) -> (features,)``."""

    kind: ClassVar[str] = "dense"

    features: int
    _: KW_ONLY
    bias: bool = True
    initializer: Initializer = he_normal

    def __post_init__(self) -> None:
        as_int(self.features, "features", at_least=1)
        as_flag(self.bias, "bias")

    def build(
        self, shape: Shape, *, rng: np.random.Generator, dtype: npt.DTypeLike
    ) -> Shape:
        """Draw ``w``, set ``b`` to 0."""
        shape = as_shape(shape, "shape", at_least=1)
        if len(shape) != 1:
            raise ValueError(f"a dense layer reads vectors, got {shape}: flatten first")
        w_shape = (*shape, self.features)
        self.parameters["w"] = self.initializer(w_shape, rng=rng, dtype=dtype)
        if self.bias:
            self.parameters["b"] = np.zeros(self.features, dtype)
        return output_shape(self, shape, dtype)

    def forward(self, x: Array, *, training: bool = False) -> tuple[Array, Any]:
        """Multiply; see `dense_forward`."""
        return dense_forward(x, self.built["w"], self.built.get("b"))

    def backward(
        self, dy: Array, cache: Any, *, input_gradient: bool = True
    ) -> tuple[Array | None, Gradients]:
        """Return ``dx``, and ``dw`` and ``db``; see `dense_backward`."""
        dx, dw, db = dense_backward(dy, cache, input_gradient=input_gradient)
        return dx, named(dw, db)


@final
@dataclass(frozen=True, eq=False)
class ReLU(Fixed):
    """Set what is negative to 0; any shape."""

    kind: ClassVar[str] = "relu"

    def forward(self, x: Array, *, training: bool = False) -> tuple[Array, Any]:
        """Cut; see `relu_forward`."""
        return relu_forward(x)

    def backward(
        self, dy: Array, cache: Any, *, input_gradient: bool = True
    ) -> tuple[Array | None, Gradients]:
        """Pass the gradient on where nothing was cut; see `relu_backward`."""
        return relu_backward(dy, cache) if input_gradient else None, {}


@final
@dataclass(frozen=True, eq=False)
class Flatten(Fixed):
    """Write each image as one vector: ``(*SPATIAL, C) -> (prod(SPATIAL) * C,)``."""

    kind: ClassVar[str] = "flatten"

    def forward(self, x: Array, *, training: bool = False) -> tuple[Array, Any]:
        """Flatten; see `flatten_forward`."""
        return flatten_forward(x)

    def backward(
        self, dy: Array, cache: Any, *, input_gradient: bool = True
    ) -> tuple[Array | None, Gradients]:
        """Give the gradient the shape of the image back; see `flatten_backward`."""
        return flatten_backward(dy, cache) if input_gradient else None, {}


@final
@dataclass(frozen=True, eq=False)
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

    def forward(self, x: Array, *, training: bool = False) -> tuple[Array, Any]:
        """Divide."""
        return x / float(self.pixel_maximum), None

    def backward(
        self, dy: Array, cache: Any, *, input_gradient: bool = True
    ) -> tuple[Array | None, Gradients]:
        """Divide the gradient too."""
        return dy / float(self.pixel_maximum) if input_gradient else None, {}


def named(dw: Array, db: Array | None) -> Gradients:
    """Give the gradients the names of their parameters."""
    return {"w": dw} if db is None else {"w": dw, "b": db}
