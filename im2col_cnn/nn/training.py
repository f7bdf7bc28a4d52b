"""Let a network learn from labelled images.

One step of training is four lines, and they are all there is:

    scores, caches = network.forward(images, training=True)
    loss, dscores = softmax_cross_entropy(scores, labels)
    _, gradients = network.backward(dscores, caches)
    optimizer.step(network.parameters, gradients)

The rest is bookkeeping: which images, how often, when to stop, and what to tell whoever
waits.
"""

import warnings
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from math import isfinite
from os import PathLike
from typing import Any
from zlib import crc32

import numpy as np
from threadpoolctl import threadpool_limits

from .._checks import (
    as_above_zero,
    as_at_least_zero,
    as_function,
    as_int,
    as_path,
    as_rng,
    quoted,
)
from .._typing import Array, ArrayLike
from ..files.atomic import require_writable
from ..files.stored_images import StoredImages
from .batches import Pictures, batches, shuffled
from .checkpoint import Run, resume_run, save_run
from .evaluation import HeldOut, Validation, as_examples, hold_out
from .gradients import IMAGES, Shard, added, clipped, first_fault, look_back
from .history import History
from .network import Sequential
from .optimizers import Optimizer
from .progress import Progress

__all__ = [
    "Plan",
    "Training",
    "fit",
    "go_through",
    "prepare",
    "require_finite_network",
    "take_step",
]


@dataclass
class Plan:
    """What every epoch does; each setting is explained at `fit`."""

    epochs: int
    batch_size: int
    _: KW_ONLY
    validation: Validation = None
    patience: int | None = None
    schedule: Callable[[int], float] | None = None
    clip: float | None = None
    augment: Callable[[Array, np.random.Generator], Array] | None = None
    accumulate: int = 1
    checkpoint: str | PathLike[str] | None = None
    resume: str | PathLike[str] | None = None
    on_step: Callable[[Progress], object] | None = None
    on_epoch: Callable[[Progress], object] | None = None
    should_stop: Callable[[], bool] | None = None

    def __post_init__(self) -> None:
        self.epochs = as_int(self.epochs, "epochs", at_least=1)
        self.batch_size = as_int(self.batch_size, "batch_size", at_least=1)
        self.accumulate = as_int(self.accumulate, "accumulate", at_least=1)
        for name in "schedule", "augment", "on_step", "on_epoch", "should_stop":
            if getattr(self, name) is not None:
                as_function(getattr(self, name), name)
        if self.checkpoint is not None:
            self.checkpoint = as_path(self.checkpoint, "checkpoint")
            require_writable(self.checkpoint)
        if self.resume is not None:
            self.resume = as_path(self.resume, "resume")
        if self.clip is not None:
            self.clip = as_above_zero(self.clip, "clip")
        if self.patience is not None:
            self.patience = as_int(self.patience, "patience", at_least=1)
            if self.validation is None:
                raise ValueError(
                    "patience needs validation, to tell which epoch is best"
                )


@dataclass(frozen=True)
class Training:
    """A training that can begin, or go on."""

    run: Run
    images: Pictures
    labels: Array
    judges: HeldOut
    plan: Plan

    def go(self) -> History:
        """Train to the end, in place; see `fit`."""
        run, plan = self.run, self.plan
        # An overflow is reported once, by the loss it spoils, not by every operation.
        with threadpool_limits(1, "blas"), np.errstate(over="ignore", invalid="ignore"):
            for epoch in range(len(run.history.epochs) + 1, plan.epochs + 1):
                if (
                    plan.patience is not None
                    and run.history.epochs_since_best >= plan.patience
                ):
                    break
                go_through(
                    run,
                    self.images,
                    self.labels,
                    judges=self.judges,
                    plan=plan,
                    epoch=epoch,
                )
                if run.history.stopped:
                    break
        run.bring_back_best()
        return run.history


def prepare(
    network: Sequential,
    images: ArrayLike | StoredImages,
    labels: ArrayLike,
    *,
    optimizer: Optimizer,
    rng: np.random.Generator,
    plan: Plan,
) -> Training:
    """
    Check images and labels, hold some out, and go back to a checkpoint if there is one.

    Raises
    ------
    OSError, TypeError, ValueError
        As `fit` says. Once this has returned, what is refused is in the files, or is
        a callback's.
    """
    x, truth = as_examples(network, images, labels)
    as_rng(rng)
    if not isinstance(optimizer, Optimizer):
        raise TypeError(
            f"optimizer must be an optimizer, SGD() say, got {quoted(optimizer)}"
        )
    if plan.accumulate > 1:
        warn_of_mixing(network)
    judges = hold_out(plan.validation, network, x, truth, rng)
    settings: dict[str, Any] = {
        "batch_size": plan.batch_size,
        "accumulate": plan.accumulate,
        "clip": plan.clip,
        "patience": plan.patience,
        "schedule": named(plan.schedule),
        "augment": named(plan.augment),
        "images": [*x.shape, x.dtype.name],
        "labels": crc32(truth.tobytes()),
        "held_out": len(judges.indices),
    }
    run = Run(network, optimizer, rng, settings, judges.indices, len(judges.images))
    if plan.resume is not None:
        resume_run(plan.resume, run)
        judges = judges._replace(indices=run.held_out)
    return Training(run, x, truth, judges, plan)


def named(function: Any) -> str | None:
    """Say which function it is in words that are the same when it is made again."""
    if function is None:
        return None
    words = repr(function)
    if " at 0x" in words:  # where it lies in memory is nobody's business
        return str(getattr(function, "__name__", type(function).__name__))
    return words


def warn_of_mixing(network: Sequential) -> None:
    """Say which layers make a batch more than the sum of its shards."""
    mixing = [name for name, layer in network.layers.items() if layer.mixes_images]
    if mixing:
        warnings.warn(
            f"{', '.join(mixing)}: images see each other here, so accumulated batches "
            f"are not the same as one large batch",
            stacklevel=4,  # whoever called `fit`
        )


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


def go_through(
    run: Run,
    images: Pictures,
    labels: Array,
    *,
    judges: HeldOut,
    plan: Plan,
    epoch: int,
) -> None:
    """
    Learn from every image once, except from those that are held out.

    If the run is asked to stop, ``run.history.stopped`` becomes True.
    """
    order = shuffled(images, run.rng)
    if judges.drawn:
        order = order[np.isin(order, judges.indices, invert=True)]
    size = plan.batch_size * plan.accumulate
    steps = -(-len(order) // size)
    loss, right, seen = 0.0, 0, 0
    for step, (indices, batch) in enumerate(batches(images, order, size), 1):
        if plan.schedule is not None:
            rate = plan.schedule((epoch - 1) * steps + step - 1)
            run.optimizer.learning_rate = as_at_least_zero(rate, "schedule")
        shard = take_step(
            run,
            shown(batch, run, plan),
            labels[indices],
            shard_size=plan.batch_size,
            clip=plan.clip,
            where=f"step {step} of epoch {epoch}",
        )
        loss, right = loss + shard.loss, right + shard.right
        seen += shard.images
        mean = shard.loss / shard.images
        at = Progress(epoch, step, steps, mean, loss / seen, right / seen)
        if step == steps:
            at = judged(at, run, judges)
        run.history.steps.append(at)
        if step == steps:
            close(run, plan)
        tell(at, plan)
        if plan.should_stop is not None and plan.should_stop():
            run.history.stopped = True
            return


def shown(batch: Array, run: Run, plan: Plan) -> Array:
    """Return a batch as the network is to see it this time."""
    if plan.augment is None:
        return batch
    images = plan.augment(batch, run.rng)
    if np.shape(images) != batch.shape:
        raise ValueError(
            f"augment must return an array of shape {batch.shape}, as it was given, "
            f"got {np.shape(images)}"
        )
    return np.asarray(images)


def judged(at: Progress, run: Run, judges: HeldOut) -> Progress:
    """Add what the images that were held out say."""
    evaluation = judges.judged_by(run.network)
    if evaluation is None:
        return at
    if not isfinite(evaluation.loss):
        raise FloatingPointError(
            f"the loss of the images held out is {evaluation.loss} after epoch "
            f"{at.epoch}: look for NaN and infinity in them, or lower the learning "
            f"rate, {run.optimizer.learning_rate}"
        )
    return at._replace(
        validation_loss=evaluation.loss, validation_accuracy=evaluation.accuracy
    )


def close(run: Run, plan: Plan) -> None:
    """End an epoch: keep the network if it is the best, and write all of it down."""
    require_finite_network(run, f"epoch {run.history.steps[-1].epoch}")
    if plan.patience is not None:
        run.keep_best()
    if plan.checkpoint is not None:
        save_run(plan.checkpoint, run)


def tell(at: Progress, plan: Plan) -> None:
    """Tell whoever waits."""
    if plan.on_step is not None:
        plan.on_step(at)
    if plan.on_epoch is not None and at.step == at.steps:
        plan.on_epoch(at)


def take_step(
    run: Run,
    images: Array,
    labels: Array,
    *,
    shard_size: int,
    clip: float | None,
    where: str,
) -> Shard:
    """
    Learn once from a batch, in shards of a size that fits the memory.

    Parameters
    ----------
    run : Run
        Its network and its optimizer change.
    images, labels : array
        The batch.
    shard_size : int
        How many images pass through the network at a time.
    clip : float, optional
        The largest norm of all gradients together.
    where : str
        Which step it is, for refusals.

    Returns
    -------
    Shard
        The sums over the whole batch, before clipping.

    Raises
    ------
    FloatingPointError
        If the loss or a gradient is not finite; the parameters have not moved.
    """
    total: Shard | None = None
    for start in range(0, len(images), shard_size):
        piece = slice(start, start + shard_size)
        shard = look_back(run.network, images[piece], labels[piece], run.rng)
        require_finite_step(run, shard, images[piece], where)
        run.network.absorb(shard.caches)
        total = shard if total is None else added(total, shard)
    assert total is not None  # there is no batch without images
    gradients = {
        name: gradient / gradient.dtype.type(total.images)
        for name, gradient in total.gradients.items()
    }
    if clip is not None:
        gradients = clipped(gradients, clip)
    run.optimizer.step(run.network.parameters, gradients)
    return total


def require_finite_step(run: Run, shard: Shard, images: Array, where: str) -> None:
    """Refuse to learn from what is not finite, and say where it first was not."""
    if isfinite(shard.loss) and all(
        np.isfinite(gradient).all() for gradient in shard.gradients.values()
    ):
        return
    mean = shard.loss / shard.images
    fault = first_fault(run.network, images, shard.gradients)
    way_out = f"lower the learning rate, {run.optimizer.learning_rate}"
    if fault == IMAGES:
        way_out = "replace NaN and infinity in them"
    raise FloatingPointError(
        f"the loss is {mean} at {where}, and first not finite is {fault}: {way_out}"
    )


def require_finite_network(run: Run, where: str) -> None:
    """Refuse to call a network good that holds NaN or infinity."""
    for name, array in run.network.arrays.items():
        if not np.isfinite(array).all():
            raise FloatingPointError(
                f"{name} is not finite after {where}: lower the learning rate, "
                f"{run.optimizer.learning_rate}"
            )
