"""Losses and gradients as sums over images, so that the pieces of a batch add up.

    loss_and_gradients(a + b)  ==  loss_and_gradients(a)  +  loss_and_gradients(b)

A loss is a mean, and means of pieces of different size do not add up; sums do. So a
batch can be cut into shards that fit the memory, or that other machines work on, and
the sums divided once, by the number of all images. One layer breaks this law: batch
normalization, in which the images of a shard see each other and no others.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import isfinite, sqrt
from typing import Self, TypeAlias

import numpy as np

from .._dtypes import arithmetic
from .._typing import Array, ArrayLike
from ..ops.losses import softmax_cross_entropy
from .batches import Images, loaded
from .evaluation import as_examples
from .layer import Gradients, Random
from .network import Network

__all__ = [
    "IMAGES",
    "Augment",
    "Shard",
    "clip_by_norm",
    "compute_shard",
    "loss_and_gradients",
]

IMAGES = "the images"
Augment: TypeAlias = Callable[[Array, np.random.Generator], Array]


def loss_and_gradients(
    network: Network, images: ArrayLike, labels: ArrayLike, *, rng: Random = None
) -> tuple[float, Gradients, int]:
    """
    Return the sum of the losses, the sums of the gradients, and the number of images.

    Parameters
    ----------
    network : Sequential or Graph
        Built; it does not change.
    images : array, shape (N, *SPATIAL, C)
    labels : array of int, shape (N,)
    rng : numpy.random.Generator, optional
        For layers that draw at random in training.

    Returns
    -------
    loss : float
        The sum over the images; divided by `n` it is the mean that `fit` reports.
    gradients : dict of str to array
        One sum per parameter; of float16, in float32.
    n : int
        How many images there are.

    Raises
    ------
    TypeError, ValueError
        If there are no images, or labels do not match them.

    Notes
    -----
    The shards of a batch add up to the whole batch, up to rounding, unless a layer has
    ``mixes_images``: `BatchNorm` has. `Dropout` draws anew for every shard.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn.nn import Dense, Sequential, loss_and_gradients
    >>> rng = np.random.default_rng(0)
    >>> network = Sequential([Dense(2)]).build((3,), rng=rng)
    >>> x, labels = rng.random((5, 3)), np.array([0, 1, 1, 0, 1])
    >>> whole, _, n = loss_and_gradients(network, x, labels)
    >>> first, _, _ = loss_and_gradients(network, x[:2], labels[:2])
    >>> rest, _, _ = loss_and_gradients(network, x[2:], labels[2:])
    >>> n, bool(np.isclose(first + rest, whole))
    (5, True)
    """
    x, truth = as_examples(network, images, labels)
    shard = forward_backward(network, np.asarray(x[:]), truth, rng)
    return shard.loss, shard.gradients, shard.images


@dataclass(frozen=True)
class Shard:
    """
    Sums over some images: losses, gradients, images, and answers that are right.

    `state` is the mean over the images of what the running statistics become, each time
    from what they were before; `fault` names what is first not finite, if anything is.
    """

    loss: float
    gradients: Gradients
    images: int
    right: int
    state: dict[str, Array]
    fault: str | None = None

    def __add__(self, other: Self) -> Self:
        """Return the sums over the images of both."""
        gradients = {
            name: gradient + other.gradients[name]
            for name, gradient in self.gradients.items()
        }
        images = self.images + other.images
        share = other.images / images
        state = {k: a + (other.state[k] - a) * share for k, a in self.state.items()}
        right = self.right + other.right
        return type(self)(self.loss + other.loss, gradients, images, right, state)

    @property
    def mean_loss(self) -> float:
        """The loss per image."""
        return self.loss / self.images


def compute_shard(
    shared: tuple[Network, Augment | None],
    images: Images,
    labels: Array,
    seed: tuple[int, ...],
) -> Shard:
    """Return the sums over a shard: chance is its seed, and nothing else changes."""
    network, augment = shared
    x, rng = loaded(images), np.random.default_rng(seed)
    if augment is not None:
        changed = augment(x, rng)
        if np.shape(changed) != x.shape:
            raise ValueError(
                f"augment must return an array of shape {x.shape}, as it was given, "
                f"got {np.shape(changed)}"
            )
        x = np.asarray(changed)
    shard = forward_backward(network, x, labels, rng)
    if isfinite(shard.loss) and all(
        np.isfinite(gradient).all() for gradient in shard.gradients.values()
    ):
        return shard
    return replace(shard, fault=first_non_finite(network, x, shard.gradients))


def forward_backward(
    network: Network, images: Array, labels: Array, rng: Random
) -> Shard:
    """Return loss and gradients of a batch: one forward and one backward pass."""
    N = len(images)
    scores, caches = network.forward(images, training=True, rng=rng)
    loss, dscores = softmax_cross_entropy(scores, labels)
    _, found = network.backward(dscores * N, caches, input_gradient=False)
    gradients = {
        # Sums of float16 go on in float32: what is small would vanish beside them.
        name: gradient.astype(arithmetic(gradient).working, copy=False)
        for name, gradient in found.items()
    }
    right = int(np.sum(scores.argmax(axis=1) == labels))
    state = {
        f"{name}.{key}": getattr(caches[name], key)
        for name, layer in network.layers.items()
        for key in layer.state
    }
    return Shard(loss * N, gradients, N, right, state)


def clip_by_norm(gradients: Gradients, max_norm: float) -> Gradients:
    """Return gradients whose norm, all taken together, is at most `max_norm`."""
    flat = [g.ravel().astype(np.float64, copy=False) for g in gradients.values()]
    norm = sqrt(sum(float(g @ g) for g in flat))
    if norm <= max_norm:
        return gradients
    return {
        name: gradient * gradient.dtype.type(max_norm / norm)
        for name, gradient in gradients.items()
    }


def first_non_finite(
    network: Network, images: Array, gradients: Gradients | None = None
) -> str:
    """Return the name of what is first not finite in a forward and a backward pass."""
    if not np.isfinite(images.astype(network.dtype, copy=False)).all():
        return IMAGES
    outputs = network.run(network.as_images(images), list(network.layers))
    for name, layer in network.layers.items():
        for key, array in layer.arrays.items():
            if not np.isfinite(array).all():
                return f"{name}.{key}"
        if not np.isfinite(outputs[name]).all():
            return f"the output of {name}"
    for name, gradient in (gradients or {}).items():  # last layer first
        if not np.isfinite(gradient).all():
            return f"the gradient of {name}"
    return "the loss"
