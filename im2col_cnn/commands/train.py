"""The command `train`: train a small network on labelled images, then test it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from math import prod
from pathlib import Path
from time import perf_counter
from typing import Annotated, Literal, TypeAlias

import numpy as np
from rich.console import Console
from typer import Option

from .._interrupts import stop_on_interrupt
from ..files.datasets import DIGITS, Dataset, open_dataset, read_dataset
from ..files.stored_images import NotFiniteError
from ..nn.evaluation import evaluate
from ..nn.executors import WorkerError
from ..nn.models import small_cnn
from ..nn.network import Sequential
from ..nn.optimizers import SGD, Adam, Optimizer
from ..nn.preprocessing import Augmentation
from ..nn.schedules import cosine
from ..nn.training import Callbacks, Settings, Trainer
from .arguments import (
    Data,
    TestData,
    refusing,
    require_dataset,
    require_extra,
    require_outputs,
    require_svg,
    write_output,
)
from .charts import draw_learning_curve
from .evaluation_table import show_evaluation
from .terminal import open_screen, say, show_table, watching
from .workers import AnyMachine, Engaged, Scheduler, WorkerCount, working

__all__ = ["train"]

MAX_BYTES_IN_MEMORY = 2**28  # of images; more are read from the file
Schedule: TypeAlias = Literal["constant", "cosine"]


class OptimizerName(StrEnum):
    """The optimizers to choose from."""

    adam = "adam"
    sgd = "sgd"


def train(
    data: Data = None,
    *,
    test_data: TestData = None,
    epochs: Annotated[
        int, Option(min=1, help="How many times to see every image.")
    ] = 25,
    batch_size: Annotated[int, Option(min=1, help="Images per step.")] = 32,
    learning_rate: Annotated[
        float | None,
        Option(
            help="How far a step goes.", show_default="0.002 for adam, 0.02 for sgd"
        ),
    ] = None,
    optimizer: Annotated[
        OptimizerName, Option(help="How steps are chosen.")
    ] = OptimizerName.adam,
    seed: Annotated[
        int, Option(min=0, help="The same seed gives the same network.")
    ] = 0,
    validation: Annotated[
        float, Option(min=0, max=0.9, help="Share held out to measure epochs by.")
    ] = 0.0,
    patience: Annotated[
        int | None,
        Option(
            min=1, help="Stop after so many epochs without progress; keep the best."
        ),
    ] = None,
    schedule: Annotated[
        Schedule, Option(help="How the learning rate changes.")
    ] = "constant",
    weight_decay: Annotated[
        float, Option(min=0, help="How strongly weights are drawn to 0.")
    ] = 0.0,
    clip: Annotated[
        float | None, Option(help="The largest norm of all gradients.")
    ] = None,
    shift: Annotated[
        int, Option(min=0, max=65_535, help="Pixels that images shift by, at most.")
    ] = 0,
    flip: Annotated[bool, Option("--flip", help="Mirror half of them.")] = False,
    accumulate: Annotated[
        int, Option(min=1, help="Learn from so many batches at a time.")
    ] = 1,
    checkpoint: Annotated[
        Path | None,
        Option(metavar="RUN.h5", help="Keep all it takes to go on, each epoch."),
    ] = None,
    resume: Annotated[
        Path | None,
        Option(
            metavar="RUN.h5", help="Go on from a checkpoint, and keep it up to date."
        ),
    ] = None,
    save: Annotated[
        Path | None,
        Option(metavar="WEIGHTS.h5", help="Write what was learned to this file."),
    ] = None,
    workers: WorkerCount = None,
    scheduler: Scheduler = None,
    any_machine: AnyMachine = False,
    plot: Annotated[
        Path | None, Option(metavar="CURVE.svg", help="Draw how it went to this file.")
    ] = None,
) -> None:
    """
    Train a small convolutional network and report its accuracy on test images.

    Ctrl-C stops after the current step; what was learned by then is reported and saved.
    """
    path = DIGITS if data is None else data
    with ExitStack() as stack:
        with refusing():  # before any work
            chosen = choose_optimizer(optimizer, learning_rate, weight_decay)
            checkpoint = resume if checkpoint is None else checkpoint
            if plot is not None:
                require_extra("matplotlib", "viz", purpose="--plot")
            require_svg("--plot", plot)
            outputs = {"--save": save, "--plot": plot, "--checkpoint": checkpoint}
            inputs = path, test_data, resume if resume != checkpoint else None
            require_outputs(outputs, *inputs)
            require_dataset(path)
            dataset = stack.enter_context(opened(path, test_data))
            rng = np.random.default_rng(seed)
            network = small_cnn(
                dataset.shape, len(dataset.classes), pixel_maximum=dataset.pixel_maximum
            ).build(dataset.shape, rng=rng)
            network.classes = dataset.classes
            N = len(dataset.train.images)
            steps = epochs * -(
                -(N - round(validation * N)) // (batch_size * accumulate)
            )
            rate, augment = chosen.learning_rate, Augmentation(shift=shift, flip=flip)
            settings = Settings(
                epochs=epochs,
                batch_size=batch_size,
                validation=validation or None,
                patience=patience,
                schedule=cosine(rate, steps) if schedule == "cosine" else None,
                clip=clip,
                augment=augment if shift or flip else None,
                accumulate=accumulate,
                checkpoint=checkpoint,
                resume=resume,
            )
            engaged = stack.enter_context(
                working(workers, scheduler, any_machine=any_machine)
            )
            trainer = Trainer(
                network,
                *dataset.train,
                optimizer=chosen,
                rng=rng,
                settings=settings,
                executor=engaged.cluster,
            )
        screen = open_screen()
        show_network(screen, f"{path.name}: {dataset.described}", network)
        advise(screen, engaged, accumulate)
        started = perf_counter()
        # From here on, only files can be to blame.
        with refusing(OSError, NotFiniteError, WorkerError):
            show = watching(screen, epochs, engaged.in_words)
            with show as watch, stop_on_interrupt() as should_stop:
                callbacks = Callbacks(
                    on_step=watch.on_step,
                    on_epoch=watch.on_epoch,
                    should_stop=should_stop,
                )
                history = trainer.run(callbacks)
            seconds = perf_counter() - started
            evaluation = evaluate(network, *dataset.test, executor=engaged.cluster)
    # Files first: the report may go to a pipe that is closed in the middle of it.
    with refusing(OSError):
        if save is not None:
            network.save(save)
    if plot is not None:
        write_output(plot, draw_learning_curve(history, evaluation.accuracy))
    if history.stopped:
        last = history.steps[-1]
        say(
            screen,
            f"stopped in epoch {last.epoch}, after step {last.step}/{last.steps}",
        )
        if checkpoint is not None and history.epochs:
            epoch = history.epochs[-1].epoch
            say(screen, f"--resume {checkpoint} goes on after epoch {epoch}")
    show_evaluation(screen, evaluation, dataset.classes)
    say(screen, f"{seconds:.1f} seconds of training")
    for kind, file in ("weights", save), ("curve", plot):
        if file is not None:
            say(screen, f"{kind} written to {file}")


@contextmanager
def opened(path: Path, test_path: Path | None) -> Iterator[Dataset]:
    """Open a dataset, and bring it into memory unless it is large."""
    with open_dataset(path, test_path) as dataset:
        images = prod(dataset.train.images.shape) * dataset.train.images.dtype.itemsize
        if images > MAX_BYTES_IN_MEMORY:
            yield dataset
            return
    yield read_dataset(path, test_path)


def choose_optimizer(
    name: OptimizerName, learning_rate: float | None, weight_decay: float
) -> Optimizer:
    """Return a new optimizer; without a learning rate, with one that suits it."""
    if name is OptimizerName.sgd:
        rate = 0.02 if learning_rate is None else learning_rate
        return SGD(rate, weight_decay=weight_decay)
    rate = 0.002 if learning_rate is None else learning_rate
    return Adam(rate, weight_decay=weight_decay)


def show_network(screen: Console, images: str, network: Sequential) -> None:
    """Show what there is to learn from, a row per layer, and what they add up to."""
    say(screen, images)
    head, *rows = network.summary().table
    show_table(screen, head, rows)


def advise(screen: Console, engaged: Engaged, accumulate: int) -> None:
    """Say so where a step has less batches than there are workers."""
    if engaged.size > accumulate:
        say(
            screen,
            f"workers share the batches of a step, {accumulate} here: --accumulate "
            f"{engaged.size} has one for each of {engaged.in_words}",
        )
