"""Train a network on labelled images: `fit`, and the loops inside it.

One step of training is four lines, and they are all there is:

    scores, caches = network.forward(images, training=True)
    loss, dscores = softmax_cross_entropy(scores, labels)
    _, gradients = network.backward(dscores, caches)
    optimizer.step(network.parameters, gradients)

Around them `Trainer.run` goes through the epochs, `Trainer.run_epoch` through the
batches of one, and `Trainer.step` through the shards of one batch.
"""

import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from copy import deepcopy
from dataclasses import dataclass
from itertools import islice
from math import isfinite, prod
from pathlib import Path
from typing import Any, TypeAlias
from zlib import crc32

import numpy as np

from .._checks import (
    as_above_zero,
    as_at_least_zero,
    as_function,
    as_int,
    as_path,
    as_rng,
    hinting,
    quoted,
)
from .._interrupts import without_interrupt
from .._typing import AnyPath, Array, ArrayLike
from ..files.atomic import in_use, require_writable
from ..files.stored_images import StoredImages
from ..files.weights import require_portable
from ..tiling.blas import with_one_blas_thread
from ..tiling.winograd import winograd_unless_refused
from .activations import Softmax
from .batches import Images, batches, compute_each, portable_batches, shuffled
from .checkpoint import TrainingState, load_checkpoint, save_checkpoint
from .evaluation import as_examples
from .executors import Engine, WorkerError, as_cluster
from .gradients import IMAGES, Augment, Shard, clip_by_norm, compute_shard
from .history import History
from .network import Network
from .optimizers import Optimizer
from .progress import Progress
from .validation import Validation, hold_out

__all__ = ["Callbacks", "Settings", "Trainer", "fit"]

Piece: TypeAlias = tuple[Images, Array, tuple[int, ...]]  # images, labels, seed


@hinting
def fit(
    network: Network,
    images: ArrayLike | StoredImages,
    labels: ArrayLike,
    *,
    epochs: int,
    batch_size: int,
    optimizer: Optimizer,
    rng: np.random.Generator,
    executor: Engine = None,
    validation: Validation = None,
    patience: int | None = None,
    schedule: Callable[[int], float] | None = None,
    clip: float | None = None,
    augment: Augment | None = None,
    accumulate: int = 1,
    checkpoint: AnyPath | None = None,
    resume: AnyPath | None = None,
    on_step: Callable[[Progress], object] | None = None,
    on_epoch: Callable[[Progress], object] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> History:
    """
    Train a network, in place, on mini-batches in random order.

    Parameters
    ----------
    network : Sequential or Graph
        Built; its parameters change.
    images : array, shape (N, *SPATIAL, C), or StoredImages
        Of any dtype; at least one. Those of `open_dataset` stay in their file, and
        memory stays flat however many there are.
    labels : array of int, shape (N,)
        Which score should be the highest.
    epochs : int
        How many times to see every image.
    batch_size : int
        Images per step. The last batch of an epoch is smaller where it must be; one
        too small for batch normalization is refused, before any work.
    optimizer : Optimizer
        Keeps its memory: fitting twice goes on where the first time ended.
    rng : numpy.random.Generator
        Shuffles the images before each epoch, and is the only source of randomness:
        what layers and `augment` draw comes from a seed per batch, made of its state.
    executor : concurrent.futures.Executor or Cluster, optional
        What computes the batches of a step, `accumulate` at a time, and evaluates the
        network: threads, processes, those of Dask or of MPI. The network learned is
        the same to the last bit for any number of workers, and without any.
    validation : float or (images, labels), optional
        Images to evaluate the network on after every epoch, and never to learn from: a
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
    Where a worker is lost, a `WorkerError` says so. Whatever ends training, Ctrl-C
    too, the network is as it was after the last whole step.

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
    callbacks = Callbacks(on_step=on_step, on_epoch=on_epoch, should_stop=should_stop)
    settings = Settings(
        epochs=epochs,
        batch_size=batch_size,
        validation=validation,
        patience=patience,
        schedule=schedule,
        clip=clip,
        augment=augment,
        accumulate=accumulate,
        checkpoint=checkpoint,
        resume=resume,
    )
    trainer = Trainer(
        network,
        images,
        labels,
        optimizer=optimizer,
        rng=rng,
        settings=settings,
        executor=executor,
    )
    return trainer.run(callbacks)


@dataclass(kw_only=True)
class Settings:
    """The settings of `fit`, checked; `fit` explains each."""

    epochs: int
    batch_size: int
    validation: Validation = None
    patience: int | None = None
    schedule: Callable[[int], float] | None = None
    clip: float | None = None
    augment: Augment | None = None
    accumulate: int = 1
    checkpoint: AnyPath | None = None
    resume: AnyPath | None = None

    def __post_init__(self) -> None:
        self.epochs = as_int(self.epochs, "epochs", at_least=1)
        self.batch_size = as_int(self.batch_size, "batch_size", at_least=1)
        self.accumulate = as_int(self.accumulate, "accumulate", at_least=1)
        for name in "schedule", "augment":
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

    @property
    def fixed(self) -> dict[str, Any]:
        """The settings that must be the same when training is resumed."""
        return {
            "batch_size": self.batch_size,
            "accumulate": self.accumulate,
            "clip": self.clip,
            "patience": self.patience,
            "schedule": named(self.schedule),
            "augment": named(self.augment),
        }


@dataclass(kw_only=True)
class Callbacks:
    """Functions to call after every step, after every epoch, and to ask for a stop."""

    on_step: Callable[[Progress], object] | None = None
    on_epoch: Callable[[Progress], object] | None = None
    should_stop: Callable[[], bool] | None = None

    def __post_init__(self) -> None:
        for name in "on_step", "on_epoch", "should_stop":
            if getattr(self, name) is not None:
                as_function(getattr(self, name), name)

    def tell(self, progress: Progress) -> bool:
        """Call `on_step`, at the end of an epoch `on_epoch`; return whether to stop."""
        if self.on_step is not None:
            self.on_step(progress)
        if self.on_epoch is not None and progress.step == progress.steps:
            self.on_epoch(progress)
        return self.should_stop is not None and bool(self.should_stop())


class Trainer:
    """
    A network, its examples, and what changes while it learns from them.

    Making one checks everything, holds images out and reads the checkpoint to resume
    from; what fails later is a file, a callback, or arithmetic. Arguments and refusals
    are those of `fit`.
    """

    def __init__(
        self,
        network: Network,
        images: ArrayLike | StoredImages,
        labels: ArrayLike,
        *,
        optimizer: Optimizer,
        rng: np.random.Generator,
        settings: Settings,
        executor: Engine = None,
    ) -> None:
        self.settings = settings
        self.executor = None if executor is None else as_cluster(executor)
        self.images, self.labels = as_examples(network, images, labels)
        as_rng(rng)
        if not isinstance(optimizer, Optimizer):
            raise TypeError(
                f"optimizer must be an optimizer, SGD() say, got {quoted(optimizer)}"
            )
        require_scores(network)
        if settings.accumulate > 1:
            warn_of_mixing(network)
        held_out = hold_out(settings.validation, network, self.images, self.labels, rng)
        N = len(self.images) - (len(held_out.indices) if held_out.drawn else 0)
        require_batches(network, N, settings.batch_size)
        if settings.checkpoint is not None:
            require_portable(network.dtype)
            require_unmapped(Path(settings.checkpoint), images, settings.validation)
        fixed = {
            **settings.fixed,
            "images": [*self.images.shape, self.images.dtype.name],
            "labels": crc32(self.labels.tobytes()),
            "held_out": len(held_out.indices),
        }
        self.state = TrainingState(network, optimizer, rng, fixed, held_out)
        if settings.resume is None:
            optimizer.require_served(network.parameters)
        else:
            load_checkpoint(settings.resume, self.state)

    @with_one_blas_thread
    def run(self, callbacks: Callbacks) -> History:
        """Train to the end, in place."""
        history = self.state.history
        # An overflow is reported once, by the loss it spoils, not by every operation,
        # and an underflow is no fault.
        quiet = np.errstate(all="ignore")
        with winograd_unless_refused(), quiet:
            for epoch in range(len(history.epochs) + 1, self.settings.epochs + 1):
                if history.stopped or self.is_out_of_patience:
                    break
                with closing(self.run_epoch(epoch)) as steps:
                    for progress in steps:
                        if callbacks.tell(progress):
                            history.stopped = True
                            break
        self.state.restore_best()
        return history

    def run_epoch(self, epoch: int) -> Generator[Progress, None, None]:
        """Learn from every image once, and yield the progress after every step."""
        order, count = self.order(), self.settings.accumulate
        steps = -(-len(order) // (self.settings.batch_size * count))
        total = Totals()
        pieces = self.pieces(order, epoch)
        for step in range(1, steps + 1):
            self.set_learning_rate((epoch - 1) * steps + step - 1)
            shard = self.step(islice(pieces, count), f"step {step} of epoch {epoch}")
            total.add(shard)
            progress = Progress(
                epoch, step, steps, shard.mean_loss, total.mean_loss, total.accuracy
            )
            if step == steps:
                progress = self.with_validation(progress)
            self.state.history.steps.append(progress)
            if step == steps:
                self.finish_epoch(epoch)
            yield progress

    def pieces(self, order: Array, epoch: int) -> Iterator[Piece]:
        """Yield what each shard of an epoch is computed from, wherever that is."""
        # A copy draws: images come in the same order, whether layers draw or not.
        entropy = int(deepcopy(self.state.rng).integers(2**63))
        cut = batches if self.executor is None else portable_batches
        shards = cut(self.images, order, self.settings.batch_size)
        for number, (indices, images) in enumerate(shards):
            yield images, self.labels[indices], (entropy, epoch, number)

    def step(self, pieces: Iterable[Piece], where: str) -> Shard:
        """
        Learn once from a batch, shard by shard; nothing moves unless all is finite.

        Parameters
        ----------
        pieces : iterable of (images, labels, seed)
            The shards; the images of each pass through the network at once.
        where : str
            Which step it is, for refusals.

        Returns
        -------
        Shard
            The sums over the whole batch, before clipping.

        Raises
        ------
        FloatingPointError, WorkerError
            If the loss or a gradient is not finite, or a worker is lost; the network
            has not changed.
        """
        network = self.state.network
        total: Shard | None = None
        shared, count = (network, self.settings.augment), self.settings.accumulate
        shards = compute_each(compute_shard, shared, pieces, self.executor, ahead=count)
        try:
            for shard in shards:
                self.require_finite_shard(shard, where)
                total = shard if total is None else total + shard
        except WorkerError as error:
            raise WorkerError(
                f"{error}: the network is as it was before {where}; to resume from a "
                f"checkpoint leads to the same bits"
            ) from error
        assert total is not None  # there is no batch without images
        gradients = {
            name: gradient / gradient.dtype.type(total.images)
            for name, gradient in total.gradients.items()
        }
        if self.settings.clip is not None:
            gradients = clip_by_norm(gradients, self.settings.clip)
        with without_interrupt():
            self.state.optimizer.step(network.parameters, gradients)
            for name, array in total.state.items():
                network.arrays[name][...] = array
        return total

    def finish_epoch(self, epoch: int) -> None:
        """Keep the network if it is the best so far, and write the checkpoint."""
        self.require_finite_network(epoch)
        if self.settings.patience is not None:
            self.state.keep_best()
        if self.settings.checkpoint is not None:
            save_checkpoint(self.settings.checkpoint, self.state)

    @property
    def is_out_of_patience(self) -> bool:
        """Whether too many epochs have passed since the lowest validation loss."""
        patience = self.settings.patience
        return patience is not None and self.state.history.epochs_since_best >= patience

    def order(self) -> Array:
        """Return the indices of the images to learn from, in random order."""
        order, held_out = shuffled(self.images, self.state.rng), self.state.held_out
        if held_out.drawn:
            order = order[np.isin(order, held_out.indices, invert=True)]
        return order

    def set_learning_rate(self, step: int) -> None:
        """Set the learning rate of a step, counted from 0 over all epochs."""
        if self.settings.schedule is not None:
            rate = self.settings.schedule(step)
            self.state.optimizer.learning_rate = as_at_least_zero(rate, "schedule")

    def with_validation(self, progress: Progress) -> Progress:
        """Return the progress with loss and accuracy of the images held out."""
        evaluation = self.state.held_out.evaluate(self.state.network, self.executor)
        if evaluation is None:
            return progress
        if not isfinite(evaluation.loss):
            raise FloatingPointError(
                f"the loss of the images held out is {evaluation.loss} after epoch "
                f"{progress.epoch}: look for NaN and infinity in them, or lower the "
                f"learning rate, {self.state.optimizer.learning_rate}"
            )
        return progress._replace(
            validation_loss=evaluation.loss, validation_accuracy=evaluation.accuracy
        )

    def require_finite_shard(self, shard: Shard, where: str) -> None:
        """Refuse to learn from what is not finite, and say where it first was not."""
        if shard.fault is None:
            return
        way_out = f"lower the learning rate, {self.state.optimizer.learning_rate}"
        if shard.fault == IMAGES:
            way_out = "replace NaN and infinity in them"
        raise FloatingPointError(
            f"the loss is {shard.mean_loss} at {where}, and first not finite is "
            f"{shard.fault}: {way_out}"
        )

    def require_finite_network(self, epoch: int) -> None:
        """Refuse to keep a network that holds NaN or infinity."""
        for name, array in self.state.network.arrays.items():
            if not np.isfinite(array).all():
                raise FloatingPointError(
                    f"{name} is not finite after epoch {epoch}: lower the learning "
                    f"rate, {self.state.optimizer.learning_rate}"
                )


@dataclass
class Totals:
    """Sums over the shards of an epoch, and their means over its images."""

    loss: float = 0.0
    right: int = 0
    images: int = 0

    def add(self, shard: Shard) -> None:
        """Add the sums of one more shard."""
        self.loss += shard.loss
        self.right += shard.right
        self.images += shard.images

    @property
    def mean_loss(self) -> float:
        """The loss per image."""
        return self.loss / self.images

    @property
    def accuracy(self) -> float:
        """The share of images whose highest score is that of their label."""
        return self.right / self.images


def named(function: Any) -> str | None:
    """Return words for a function that are the same when it is made again."""
    if function is None:
        return None
    words = repr(function)
    if " at 0x" in words:  # an address in memory says nothing the next time
        return str(getattr(function, "__name__", type(function).__name__))
    return words


def require_scores(network: Network) -> None:
    """Refuse a network that gives out probabilities: the loss makes some of scores."""
    (output,) = network.outputs
    if network.layers[output].kind == Softmax.kind:
        raise ValueError(
            f"the network ends in {output}, a softmax, and the loss takes the scores "
            f"before it: leave that layer out, and apply softmax_forward to scores"
        )


def require_batches(network: Network, N: int, batch_size: int) -> None:
    """Refuse batches of N images whose last one is too small for a layer."""
    last = N % batch_size or min(N, batch_size)
    shapes = network.input_shapes | network.shapes
    for name, layer in network.layers.items():
        shape = shapes[network.reads[name][0]]
        least, values = layer.min_training_values, prod(shape[:-1])
        if last * values < least:
            smaller = range(min(batch_size, N) - 1, 1, -1)
            fitting = (n for n in (*smaller, N) if (N % n or n) * values >= least)
            found = next(fitting, None)
            way_out = "" if found is None else f": batch_size={found}, say"
            raise ValueError(
                f"the last batch of an epoch would be {last} image of {N}, and {name} "
                f"needs at least {least} values per channel to train on{way_out}"
            )


def require_unmapped(checkpoint: Path, *sources: Any) -> None:
    """Refuse a checkpoint that would take the place of images mapped into memory."""
    for source in sources:
        for array in source if isinstance(source, tuple | list) else [source]:
            mapped = isinstance(array, np.memmap) and array.filename is not None
            if mapped and in_use(checkpoint, [Path(array.filename)]):
                raise ValueError(
                    f"checkpoint {checkpoint} is the file of the images: name another"
                )


def warn_of_mixing(network: Network) -> None:
    """Warn of layers that make a batch more than the sum of its shards."""
    mixing = [name for name, layer in network.layers.items() if layer.mixes_images]
    if mixing:
        warnings.warn(
            f"{', '.join(mixing)}: images see each other here, so accumulated batches "
            f"are not the same as one large batch",
            stacklevel=4,  # the caller of `fit`
        )
