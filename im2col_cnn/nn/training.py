"""Let a network learn from labelled images.

One step of training is four lines, and they are all there is:

    scores, caches = network.forward(images, training=True)
    loss, dscores = softmax_cross_entropy(scores, labels)
    _, gradients = network.backward(dscores, caches)
    optimizer.step(network.parameters, gradients)

The rest is bookkeeping: which images, how often, when to stop, and what to tell whoever
waits.
"""

from collections.abc import Callable
from os import PathLike

import numpy as np

from .._typing import Array, ArrayLike
from ..files.stored_images import StoredImages
from .history import History, Progress
from .network import Sequential
from .optimizers import Optimizer
from .plan import Plan
from .preparing import prepare
from .validation import Validation

__all__ = ["fit"]


def fit(
    network: Sequential,
    images: ArrayLike | StoredImages,
    labels: ArrayLike,
    *,
    epochs: int,
    batch_size: int,
    optimizer: Optimizer,
    rng: np.random.Generator,
    validation: Validation = None,
    patience: int | None = None,
    schedule: Callable[[int], float] | None = None,
    clip: float | None = None,
    augment: Callable[[Array, np.random.Generator], Array] | None = None,
    accumulate: int = 1,
    checkpoint: str | PathLike[str] | None = None,
    resume: str | PathLike[str] | None = None,
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
    images : array, shape (N, *SPATIAL, C), or StoredImages
        Of any dtype; at least one. Those of `open_dataset` stay in their file, and
        memory stays flat however many there are.
    labels : array of int, shape (N,)
        Which score should be the highest.
    epochs : int
        How many times to see every image.
    batch_size : int
        Images per step. The last batch of an epoch is smaller where it must be.
    optimizer : Optimizer
        Keeps its memory: fitting twice goes on where the first time ended.
    rng : numpy.random.Generator
        Shuffles the images before each epoch, and is all the chance there is.
    validation : float or (images, labels), optional
        Images to judge the network by after every epoch, and never to learn from: a
        share of `images`, drawn once, or others.
    patience : int, optional
        Stop after so many epochs without a lower validation loss. The network is then,
        and at the end in any case, as it was after its best epoch.
    schedule : callable, optional
        The learning rate as a function of the step, counted from 0 over all epochs:
        `cosine`, say. It takes the place of the optimizer's.
    clip : float, optional
        The largest norm of all gradients taken together; longer ones are shortened.
    augment : callable, optional
        From images and generator to other images of that shape: `Augmentation`.
    accumulate : int, default 1
        Learn from so many batches at a time as if they were one, at the memory of one.
    checkpoint : path, optional
        Written after every epoch, whole or not at all: all it takes to go on.
    resume : path, optional
        A checkpoint to go on from, bit for bit as if the run had never stopped. All
        settings but `epochs` must be those it was started with.
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
        If loss or gradients are no longer finite numbers. It says where they first
        were not; the parameters are as they were before that step, and the checkpoint
        as it was after the last epoch.

    Warns
    -----
    UserWarning
        If batches are accumulated through a layer in which images see each other.

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
    plan = Plan(
        epochs,
        batch_size,
        validation=validation,
        patience=patience,
        schedule=schedule,
        clip=clip,
        augment=augment,
        accumulate=accumulate,
        checkpoint=checkpoint,
        resume=resume,
        on_step=on_step,
        on_epoch=on_epoch,
        should_stop=should_stop,
    )
    training = prepare(network, images, labels, optimizer=optimizer, rng=rng, plan=plan)
    return training.go()
