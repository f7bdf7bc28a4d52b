"""A layer that normalizes every channel by what a batch says of it: `BatchNorm`.

In training, batch normalization lets the images of a batch see each other, which no
other layer does: the gradients of two halves of a batch are not those of the whole.
It says so by `mixes_images`.
"""

from dataclasses import KW_ONLY, dataclass
from typing import Any, final

import numpy as np

from .._checks import as_at_least_zero, as_share
from .._typing import Array, Shape
from ..ops.normalization import batch_norm_backward, batch_norm_forward
from .layer import Back, Layer, Random, Rules, Shapes

__all__ = ["BatchNorm"]


@final
@dataclass(frozen=True, eq=False, repr=False)
class BatchNorm(Layer):
    """
    Normalize every channel to a mean and a scale that are learned; any shape.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn.nn import BatchNorm
    >>> norm = BatchNorm(momentum=0.5)
    >>> norm.build((1,), rng=np.random.default_rng(0), dtype=np.float64)
    (1,)
    >>> y, cache = norm.forward(np.array([[2.0], [4.0]]), training=True)
    >>> norm.update_state(cache)  # `fit` does so in each step
    >>> norm.state["running_mean"], norm.state["running_var"]
    (array([1.5]), array([1.5]))
    """

    kind = "batch_norm"
    rules = Rules(momentum=as_share, epsilon=as_at_least_zero)
    mixes_images = True
    min_training_values = 2  # one has no variance

    _: KW_ONLY
    momentum: float = 0.1
    epsilon: float = 1e-5

    def array_shapes(self, shape: Shape) -> Shapes:
        """Return four times one number per channel."""
        *_, C = shape
        return dict.fromkeys(("gamma", "beta", "running_mean", "running_var"), (C,))

    def draw(self, shapes: Shapes, rng: np.random.Generator, dtype: np.dtype) -> None:
        """Start with mean 0 and scale 1, learned and running."""
        C = shapes["gamma"]
        self.parameters.update(gamma=np.ones(C, dtype), beta=np.zeros(C, dtype))
        # float16 would lose small changes of a running mean.
        kept = np.float32 if dtype == np.float16 else dtype
        self.state.update(running_mean=np.zeros(C, kept), running_var=np.ones(C, kept))

    def apply(self, x: Array, training: bool, rng: Random) -> tuple[Array, Any]:
        """Normalize; see `batch_norm_forward`."""
        parameters = self.require_parameters()
        return batch_norm_forward(
            x,
            parameters["gamma"],
            parameters["beta"],
            running_mean=self.state["running_mean"],
            running_var=self.state["running_var"],
            training=training,
            momentum=self.momentum,
            epsilon=self.epsilon,
        )

    def differentiate(self, dy: Array, cache: Any, input_gradient: bool) -> Back:
        """Return ``dx``, and ``dgamma`` and ``dbeta``; see `batch_norm_backward`."""
        dx, dgamma, dbeta = batch_norm_backward(dy, cache)
        return dx if input_gradient else None, {"gamma": dgamma, "beta": dbeta}
