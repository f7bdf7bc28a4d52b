"""Let a network learn from labelled images.

One step of training is four lines, and they are all there is:

    scores, caches = network.forward(images, training=True)
    loss, dscores = softmax_cross_entropy(scores, labels)
    _, gradients = network.backward(dscores, caches)
    optimizer.step(network.parameters, gradients)

The rest is bookkeeping: which images, how often, and what to tell whoever waits.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import isfinite
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from .._checks import as_int
from .._typing import Array, ArrayLike
from ..ops.losses import softmax_cross_entropy
from .evaluation import as_examples
from .layer import Gradients
from .network import Sequential
from .optimizers import Optimizer

__all__ = ["History", "Progress", "fit"]


class Progress(NamedTuple):
    """
    How training stands after one step.

    `loss` and `accuracy` are means over the images this epoch has seen so far, each
    judged by the network as it was just before it learned from them; `batch_loss` is
    the mean over the images of this step alone.
    """

    epoch: int
    step: int
    steps: int
    batch_loss: float
    loss: float
    accuracy: float


@dataclass
class History:
    """Every step of a training, and whether it was asked to end early."""

    steps: list[Progress] = field(default_factory=list)
    stopped: bool = False

    @property
    def epochs(self) -> list[Progress]:
        """The last step of every epoch that came to its end."""
        return [progress for progress in self.steps if progress.step == progress.steps]


def fit(
    network: Sequential,
    images: ArrayLike,
    labels: ArrayLike,
    *,
    epochs: int,
    batch_size: int,
    optimizer: Optimizer,
    rng: np.random.Generator,
    on_step: Callable[[Progress], object] | None = None,
    on_epoch: Callable[[Progress], object] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> History:
    """
    Train a network, in place, on mini-batches in random order.

    Parameters
    ----------
    network : Sequential
        Built; its parameters change.
    images : array, shape (N, *SPATIAL, C)
        Of any dtype; at least one.
    labels : array of int, shape (N,)
        Which score should be the highest.
    epochs : int
        How many times to see every image.
    batch_size : int
        Images per step. The last batch of an epoch is smaller where it must be.
    optimizer : Optimizer
        Keeps its memory: fitting twice goes on where the first time ended.
    rng : numpy.random.Generator
        Shuffles the images before each epoch.
    on_step, on_epoch : callable, optional
        Called with a `Progress` after every step, and after the last of an epoch.
    should_stop : callable, optional
        Asked after every step. Once it says True, that step was the last: training
        ends between steps, never inside one, and ``history.stopped`` is True.

    Returns
    -------
    History

    Raises
    ------
    TypeError, ValueError
        If there are no images, if labels do not match them, or if a setting is not
        what it should be; before any work.
    FloatingPointError
        If the loss is no longer a finite number; the parameters are as they were
        before that step.

    Notes
    -----
    BLAS is held at one thread: products of small images are over before a second one
    has woken up, and the order of their sums, and with it the last bit of every
    parameter, does not depend on how many cores there are.

    Examples
    --------
    Two numbers and a network without a hidden layer learn which is larger:

    >>> import numpy as np
    >>> from im2col_cnn.nn import Adam, Dense, Flatten, Sequential, evaluate, fit
    >>> rng = np.random.default_rng(0)
    >>> images = rng.random((100, 1, 2, 1))
    >>> labels = images.argmax(axis=2).ravel()
    >>> network = Sequential([Flatten(), Dense(2)]).build((1, 2, 1), rng=rng)
    >>> settings = {"epochs": 20, "batch_size": 10, "optimizer": Adam(0.1)}
    >>> history = fit(network, images, labels, rng=rng, **settings)
    >>> history.epochs[-1].loss < history.epochs[0].loss
    True
    >>> evaluate(network, images, labels).accuracy > 0.9
    True
    """
    x, truth = as_examples(network, images, labels)
    epochs = as_int(epochs, "epochs", at_least=1)
    batch_size = as_int(batch_size, "batch_size", at_least=1)
    steps = -(-len(x) // batch_size)
    history = History()
    # An overflow is reported once, by the loss it spoils, not by every operation.
    with threadpool_limits(1, "blas"), np.errstate(over="ignore", invalid="ignore"):
        for epoch in range(1, epochs + 1):
            order = rng.permutation(len(x))
            loss_sum, correct = 0.0, 0
            for step in range(1, steps + 1):
                batch = order[(step - 1) * batch_size : step * batch_size]
                loss, right, gradients = look_back(network, x[batch], truth[batch])
                if not isfinite(loss):
                    raise FloatingPointError(
                        f"the loss is {loss} at step {step} of epoch {epoch}: "
                        f"lower the learning rate, {optimizer.learning_rate}"
                    )
                optimizer.step(network.parameters, gradients)

                seen = min(step * batch_size, len(x))
                loss_sum += loss * len(batch)
                correct += right
                progress = Progress(
                    epoch, step, steps, loss, loss_sum / seen, correct / seen
                )
                history.steps.append(progress)
                if on_step is not None:
                    on_step(progress)
                if on_epoch is not None and step == steps:
                    on_epoch(progress)
                if should_stop is not None and should_stop():
                    history.stopped = True
                    return history
    return history


def look_back(
    network: Sequential, images: Array, labels: Array
) -> tuple[float, int, Gradients]:
    """Return the mean loss of a batch, the number of right answers, the gradients."""
    scores, caches = network.forward(images, training=True)
    loss, dscores = softmax_cross_entropy(scores, labels)
    _, gradients = network.backward(dscores, caches)
    return loss, int(np.sum(scores.argmax(axis=1) == labels)), gradients
