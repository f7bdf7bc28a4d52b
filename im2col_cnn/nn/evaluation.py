"""Evaluate a network on labelled images."""

from dataclasses import dataclass

import numpy as np

from .._checks import as_array, as_int, as_labels, hinting, quoted
from .._typing import Array, ArrayLike
from ..files.stored_images import StoredImages
from ..ops.losses import softmax_cross_entropy
from ..tiling.blas import with_one_blas_thread
from .batches import (
    Images,
    ImageSource,
    batches,
    compute_each,
    loaded,
    portable_batches,
)
from .executors import Engine
from .network import Network

__all__ = ["Evaluation", "as_examples", "evaluate", "evaluate_indices"]


@dataclass(frozen=True)
class Evaluation:
    """Mean loss and confusion matrix: ``confusion[label, answer]`` counts images."""

    loss: float
    confusion: Array

    @property
    def images(self) -> int:
        """The number of images."""
        return int(self.confusion.sum())

    @property
    def correct(self) -> int:
        """The number of images whose highest score is that of their label."""
        return int(self.confusion.trace())

    @property
    def accuracy(self) -> float:
        """The share of images that are correct."""
        return self.correct / self.images

    @property
    def images_per_class(self) -> Array:
        """The number of images of each class."""
        return np.asarray(self.confusion.sum(axis=1))

    @property
    def accuracy_per_class(self) -> Array:
        """The share of each class that is correct; NaN for a class without images."""
        with np.errstate(invalid="ignore"):
            return np.asarray(self.confusion.diagonal() / self.images_per_class)


@hinting
def evaluate(
    network: Network,
    images: ArrayLike | StoredImages,
    labels: ArrayLike,
    *,
    batch_size: int = 256,
    executor: Engine = None,
) -> Evaluation:
    """
    Return the mean loss of labelled images, and the confusion matrix.

    Parameters
    ----------
    network : Sequential or Graph
        Built; it does not change.
    images : array, shape (N, *SPATIAL, C), or StoredImages
    labels : array of int, shape (N,)
    batch_size : int, default 256
        Images at once.
    executor : concurrent.futures.Executor or Cluster, optional
        What computes the batches, to the same bits; see `fit`.

    Returns
    -------
    Evaluation
        The mean loss, and how often each class was taken for each other.

    Raises
    ------
    TypeError, ValueError
        If there are no images, or labels do not match them.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn.nn import Flatten, Sequential, evaluate
    >>> scores = np.array([[9.0, 0.0], [0.0, 9.0], [9.0, 0.0]])
    >>> network = Sequential([Flatten()]).build((2,), rng=np.random.default_rng())
    >>> result = evaluate(network, scores, labels=[0, 1, 1])
    >>> result.confusion
    array([[1, 0],
           [1, 1]])
    >>> result.accuracy_per_class
    array([1. , 0.5])
    """
    x, truth = as_examples(network, images, labels)
    size = as_int(batch_size, "batch_size", at_least=1)
    return evaluate_indices(
        network, x, truth, np.arange(len(x)), batch_size=size, executor=executor
    )


@with_one_blas_thread
def evaluate_indices(
    network: Network,
    images: ImageSource,
    labels: Array,
    indices: Array,
    *,
    batch_size: int = 256,
    executor: Engine = None,
) -> Evaluation:
    """Evaluate a network on the images at some indices."""
    truth = labels[indices]
    cut = batches if executor is None else portable_batches
    pieces = ((x, batch_size) for _, x in cut(images, indices, batch_size))
    scores = np.concatenate([*compute_each(scores_of, network, pieces, executor)])
    loss, _ = softmax_cross_entropy(scores, truth)
    K = scores.shape[1]
    pairs = np.bincount(truth * K + scores.argmax(axis=1), minlength=K * K)
    return Evaluation(loss, pairs.reshape(K, K))


def scores_of(network: Network, images: Images, batch_size: int) -> Array:
    """Return the scores of a batch."""
    return np.asarray(network.predict(loaded(images), batch_size=batch_size))


def as_examples(
    network: Network, images: ArrayLike | StoredImages, labels: ArrayLike
) -> tuple[ImageSource, Array]:
    """Return images that this network reads and their labels, checked."""
    if not isinstance(network, Network):
        raise TypeError(f"network must be a Sequential or Graph, got {quoted(network)}")
    if len(network.inputs) > 1 or len(network.outputs) > 1:
        raise ValueError(
            f"the network must have one input and one output here, it reads "
            f"{', '.join(network.inputs)} and gives {', '.join(network.outputs)}: "
            f"predict takes several, and network.forward, network.backward and "
            f"optimizer.step(network.parameters, gradients) train it"
        )
    x = images if isinstance(images, StoredImages) else as_array(images, "images")
    network.require_images(x.shape, "images")
    if len(x) == 0:
        raise ValueError("images must hold at least one image, got none")
    output = network.output_shape
    if not network.classifies:
        raise ValueError(
            f"the network must end in one score per class, its output is {output}"
        )
    return x, as_labels(labels, len(x), *output).astype(np.intp, copy=False)
