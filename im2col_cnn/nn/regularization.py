"""Wrap what behaves differently in training: batch normalization and dropout.

In training, batch normalization lets the images of a batch see each other, which no
other layer does: the gradients of two halves of a batch are not those of the whole.
It says so by `mixes_images`.
"""

from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, final

import numpy as np
import numpy.typing as npt

from .._checks import as_at_least_zero, as_below_one, as_shape, as_share
from .._typing import Array, Shape
from ..ops.dropout import dropout_backward, dropout_forward
from ..ops.normalization import batch_norm_backward, batch_norm_forward
from .layer import Fixed, Gradients, Layer

__all__ = ["BatchNorm", "Dropout"]


@final
@dataclass(frozen=True, eq=False, repr=False)
class BatchNorm(Layer):
    """
    Bring every channel to a mean and a scale that are learned; any shape.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn.nn import BatchNorm
    >>> norm = BatchNorm(momentum=0.5)
    >>> norm.build((1,), rng=np.random.default_rng(0), dtype=np.float64)
    (1,)
    >>> y, cache = norm.forward(np.array([[2.0], [4.0]]), training=True)
    >>> norm.absorb(cache)  # `fit` does this after every batch
    >>> norm.state["running_mean"], norm.state["running_var"]
    (array([1.5]), array([1.5]))
    """

    kind: ClassVar[str] = "batch_norm"
    mixes_images: ClassVar[bool] = True

    _: KW_ONLY
    momentum: float = 0.1
    epsilon: float = 1e-5

    def __post_init__(self) -> None:
        as_share(self.momentum, "momentum")
        as_at_least_zero(self.epsilon, "epsilon")

    def array_shapes(self, shape: Shape) -> dict[str, Shape]:
        """Return four times one number per channel."""
        *_, C = as_shape(shape, "shape", at_least=1)
        return dict.fromkeys(("gamma", "beta", "running_mean", "running_var"), (C,))

    def build(
        self, shape: Shape, *, rng: np.random.Generator, dtype: npt.DTypeLike
    ) -> Shape:
        """Start with mean 0 and scale 1, learned and running."""
        *_, C = as_shape(shape, "shape", at_least=1)
        self.parameters.update(gamma=np.ones(C, dtype), beta=np.zeros(C, dtype))
        # float16 would lose small changes of a running mean.
        kept = np.float32 if np.dtype(dtype) == np.float16 else dtype
        self.state.update(running_mean=np.zeros(C, kept), running_var=np.ones(C, kept))
        return shape

    def forward(
        self,
        x: Array,
        *,
        training: bool = False,
        rng: np.random.Generator | None = None,
    ) -> tuple[Array, Any]:
        """Normalize; see `batch_norm_forward`."""
        return batch_norm_forward(
            x,
            self.built["gamma"],
            self.built["beta"],
            self.state["running_mean"],
            self.state["running_var"],
            training=training,
            momentum=self.momentum,
            epsilon=self.epsilon,
        )

    def backward(
        self, dy: Array, cache: Any, *, input_gradient: bool = True
    ) -> tuple[Array | None, Gradients]:
        """Return ``dx``, and ``dgamma`` and ``dbeta``; see `batch_norm_backward`."""
        dx, dgamma, dbeta = batch_norm_backward(dy, cache)
        return dx if input_gradient else None, {"gamma": dgamma, "beta": dbeta}


@final
@dataclass(frozen=True, eq=False, repr=False)
class Dropout(Fixed):
    """Drop a share of all numbers at random, in training only; any shape."""

    kind: ClassVar[str] = "dropout"

    rate: float

    def __post_init__(self) -> None:
        as_below_one(self.rate, "rate")

    def forward(
        self,
        x: Array,
        *,
        training: bool = False,
        rng: np.random.Generator | None = None,
    ) -> tuple[Array, Any]:
        """Drop; see `dropout_forward`."""
        if training and rng is None:
            raise ValueError("dropout draws at random in training: hand it an rng")
        generator = np.random.default_rng(0) if rng is None else rng  # not drawn from
        return dropout_forward(x, self.rate, generator, training=training)

    def backward(
        self, dy: Array, cache: Any, *, input_gradient: bool = True
    ) -> tuple[Array | None, Gradients]:
        """Drop from the gradient what was dropped; see `dropout_backward`."""
        return dropout_backward(dy, cache) if input_gradient else None, {}
