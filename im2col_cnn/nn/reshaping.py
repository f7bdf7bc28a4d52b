"""Layers that move numbers and change none: `Flatten`, `Reshape` and `Transpose`."""

from math import prod
from typing import Any, final

import numpy as np

from .._checks import as_shape, by
from .._typing import Array, Shape, Sizes
from ..ops.dense import flatten_backward, flatten_forward
from ..tiling.recycling import empty_result
from .layer import SIZES, Operation, OperationLayer, PureLayer, Rules

__all__ = ["Flatten", "Reshape", "Transpose"]

MAX_CHANNELS_ONE_BY_ONE = 8  # that are copied so


@final
class Flatten(OperationLayer):
    """Write each image as one vector: ``(*SPATIAL, C) -> (prod(SPATIAL) * C,)``."""

    kind = "flatten"
    operation = Operation(flatten_forward, flatten_backward)


@final
class Reshape(PureLayer):
    """
    Give each image another shape of as many numbers, in the same order.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn.nn import Reshape
    >>> y, _ = Reshape((2, 3)).forward(np.arange(12).reshape(2, 6))
    >>> y.shape
    (2, 2, 3)
    """

    kind = "reshape"
    rules = Rules(shape=SIZES)

    shape: Sizes

    def compute(self, x: Array) -> tuple[Array, Any]:
        """Reshape; the cache is the shape of before."""
        shape = as_shape(self.shape, "shape", at_least=1)
        if not x.ndim or prod(x.shape[1:]) != prod(shape):
            raise ValueError(
                f"x must hold {by(shape)} numbers per image, got shape {x.shape}"
            )
        return x.reshape(len(x), *shape), x.shape

    def pull_back(self, dy: Array, cache: Any) -> Array:
        """Reshape ``dy`` back."""
        return dy.reshape(cache)


@final
class Transpose(PureLayer):
    """
    Put the axes of each image in another order.

    Parameters
    ----------
    axes : sequence of int
        For each axis of the output, that of the input, of ``(N, *SPATIAL, C)``: from 1.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn.nn import Transpose
    >>> y, _ = Transpose((3, 1, 2)).forward(np.zeros((5, 8, 9, 3)))  # channels first
    >>> y.shape
    (5, 3, 8, 9)
    """

    kind = "transpose"
    rules = Rules(axes=SIZES)

    axes: Shape

    def __post_init__(self) -> None:
        super().__post_init__()
        axes = as_shape(self.axes, "axes", at_least=1)
        if sorted(axes) != list(range(1, len(axes) + 1)):
            raise ValueError(
                f"axes must hold each of 1 to {len(axes)} once, got {axes}"
            )

    def compute(self, x: Array) -> tuple[Array, Any]:
        """Transpose, into an array of its own; the cache is the order of axes."""
        order = (0, *as_shape(self.axes, "axes", at_least=1))
        if x.ndim != len(order):
            raise ValueError(f"axes are {len(order) - 1}, of {x.ndim - 1} in x")
        return copied(x.transpose(order)), order

    def pull_back(self, dy: Array, cache: Any) -> Array:
        """Transpose ``dy`` back."""
        return dy.transpose(np.argsort(cache))


def copied(x: Array) -> Array:
    """Return a C-contiguous array; `x` itself if it is one."""
    *_, C = x.shape
    if x.flags.c_contiguous or C > MAX_CHANNELS_ONE_BY_ONE:
        return np.ascontiguousarray(x)
    y = empty_result(x.shape, x.dtype)
    for c in range(C):  # one run of few numbers after another takes twice as long
        y[..., c] = x[..., c]
    return y
