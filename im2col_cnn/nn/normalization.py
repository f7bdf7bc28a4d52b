"""Layers that normalize: each channel by its batch, or by the channels beside it.

In training, batch normalization lets the images of a batch see each other, which no
other layer does: the gradients of two halves of a batch are not those of the whole.
It says so by `mixes_images`.
"""

from dataclasses import KW_ONLY
from typing import Any, final

import numpy as np

from .._checks import as_at_least_zero, as_real, as_share
from .._dtypes import mean_arithmetic
from .._typing import Array, Shape
from ..ops.normalization import batch_norm_backward, batch_norm_forward
from .layer import COUNT, Back, Layer, PureLayer, Random, Rules, Shapes

__all__ = ["BatchNorm", "LocalResponseNorm"]


@final
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


@final
class LocalResponseNorm(PureLayer):
    """
    Divide by a power of the mean square of neighbouring channels, as AlexNet does.

    Parameters
    ----------
    size : int
        Channels that count; of an even number, one more after than before.
    alpha, beta, k : float
        ``y = x / (k + alpha / size * sum(x ** 2)) ** beta``.

    References
    ----------
    Krizhevsky, Sutskever and Hinton, "ImageNet Classification with Deep Convolutional
    Neural Networks", 2012.
    """

    kind = "local_response_norm"
    rules = Rules(size=COUNT, alpha=as_real, beta=as_real, k=as_real)

    size: int
    _: KW_ONLY
    alpha: float = 1e-4
    beta: float = 0.75
    k: float = 1.0

    def compute(self, x: Array) -> tuple[Array, Any]:
        """Divide; the cache is `x` and what it was divided by the power of."""
        if not x.ndim or not x.shape[-1]:
            raise ValueError(
                f"x must have axes (N, ..., C), of one channel at least, got {x.shape}"
            )
        result, working = mean_arithmetic(x)
        before, wide_x = (self.size - 1) // 2, x.astype(working, copy=False)
        base = self.k + self.alpha / self.size * self.around(wide_x**2, before)
        base = base.astype(working, copy=False)
        return (wide_x * base**-self.beta).astype(result, copy=False), (x, base)

    def pull_back(self, dy: Array, cache: Any) -> Array:
        """Pass back what flows through each number and through its neighbours."""
        x, base = cache
        dtype = np.result_type(mean_arithmetic(x).result, dy)
        x = x.astype(base.dtype, copy=False)
        after = self.size - 1 - (self.size - 1) // 2
        through = self.around(dy * x * base ** (-self.beta - 1), after)
        shared = 2 * self.alpha * self.beta / self.size * x * through
        return np.asarray(dy * base**-self.beta - shared, dtype)

    def around(self, x: Array, before: int) -> Array:
        """Add up `size` channels, from so many before each."""
        pad = [(0, 0)] * (x.ndim - 1) + [(before, self.size - 1 - before)]
        windows = np.lib.stride_tricks.sliding_window_view(
            np.pad(x, pad), self.size, axis=-1
        )
        return np.asarray(windows.sum(-1))
