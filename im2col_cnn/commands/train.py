"""Train a small network on labelled images, and say how well it does on others."""

from enum import StrEnum
from pathlib import Path
from time import perf_counter
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from .._checks import by
from ..files.atomic import require_writable, write_whole
from ..files.datasets import DIGITS, Dataset, read_dataset
from ..files.weights import save_weights
from ..nn.evaluation import Evaluation, evaluate
from ..nn.models import small_cnn
from ..nn.network import Sequential
from ..nn.optimizers import SGD, Adam, Optimizer
from ..nn.training import fit
from .curve import draw_curve
from .refusals import refusing, require_extra
from .screen import open_screen, percent, say, show_table, watching
from .stopping import stop_on_interrupt

__all__ = ["train"]


class OptimizerName(StrEnum):
    """The optimizers to choose from."""

    adam = "adam"
    sgd = "sgd"


def train(
    data: Annotated[
        Path | None,
        typer.Argument(
            metavar="DATA.h5",
            help="Labelled images; without it, the 8x8 digits that come along.",
        ),
    ] = None,
    *,
    test_data: Annotated[
        Path | None,
        typer.Option(
            metavar="TEST.h5", help="The test images, if DATA.h5 does not hold them."
        ),
    ] = None,
    epochs: Annotated[
        int, typer.Option(min=1, help="How many times to see every image.")
    ] = 25,
    batch_size: Annotated[int, typer.Option(min=1, help="Images per step.")] = 32,
    learning_rate: Annotated[
        float | None,
        typer.Option(
            help="How far a step goes.", show_default="0.002 for adam, 0.02 for sgd"
        ),
    ] = None,
    optimizer: Annotated[
        OptimizerName, typer.Option(help="How steps are chosen.")
    ] = OptimizerName.adam,
    seed: Annotated[
        int, typer.Option(min=0, help="The same seed gives the same network.")
    ] = 0,
    save: Annotated[
        Path | None,
        typer.Option(metavar="WEIGHTS.h5", help="Write what was learned to this file."),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(metavar="CURVE.svg", help="Draw how it went to this file."),
    ] = None,
) -> None:
    """
    Train a small convolutional network and report its accuracy on test images.

    Ctrl-C stops after the current step; what was learned by then is reported and saved.
    """
    path = DIGITS if data is None else data
    with refusing():  # whatever can be refused is refused here, before any work
        chosen = choose_optimizer(optimizer, learning_rate)
        require_outputs(save, plot, inputs=(path, test_data))
        dataset = read_dataset(path, test_data)
        rng = np.random.default_rng(seed)
        network = small_cnn(
            dataset.shape, len(dataset.classes), pixel_maximum=dataset.pixel_maximum
        ).build(dataset.shape, rng=rng)

    screen = open_screen()
    say(screen, f"{path.name}: {describe(dataset)}")
    show_network(screen, network)

    started = perf_counter()
    with watching(screen, epochs) as watch, stop_on_interrupt() as should_stop:
        history = fit(
            network,
            *dataset.train,
            epochs=epochs,
            batch_size=batch_size,
            optimizer=chosen,
            rng=rng,
            on_step=watch.on_step,
            on_epoch=watch.on_epoch,
            should_stop=should_stop,
        )
    seconds = perf_counter() - started

    # Files first: whoever reads the report may hang up in the middle of it.
    evaluation = evaluate(network, *dataset.test)
    with refusing():
        if save is not None:
            save_weights(save, network)
        if plot is not None:
            write_whole(plot, draw_curve(history, evaluation.accuracy))
    if history.stopped:
        last = history.steps[-1]
        say(
            screen,
            f"stopped in epoch {last.epoch}, after step {last.step}/{last.steps}",
        )
    show_evaluation(screen, evaluation, dataset.classes)
    say(screen, f"{seconds:.1f} seconds of training")
    for kind, file in ("weights", save), ("curve", plot):
        if file is not None:
            say(screen, f"{kind} written to {file}")


def choose_optimizer(name: OptimizerName, learning_rate: float | None) -> Optimizer:
    """Return a new optimizer; without a learning rate, with one that suits it."""
    if name is OptimizerName.sgd:
        return SGD(0.02 if learning_rate is None else learning_rate)
    return Adam(0.002 if learning_rate is None else learning_rate)


def require_outputs(
    save: Path | None, plot: Path | None, *, inputs: tuple[Path | None, ...]
) -> None:
    """Refuse files that could not be written at the end, or that should not be."""
    if plot is not None:
        require_extra("matplotlib", "viz", purpose="--plot")
        if plot.suffix.lower() != ".svg":
            raise ValueError(
                f"--plot {plot}: is drawn as SVG, so its name ends in .svg"
            )
    taken = {path.resolve() for path in inputs if path is not None}
    for option, path in ("--save", save), ("--plot", plot):
        if path is None:
            continue
        if path.resolve() in taken:
            raise ValueError(f"{option} {path}: is in use already, name another file")
        taken.add(path.resolve())
        require_writable(path)


def describe(dataset: Dataset) -> str:
    """Say how much there is to learn from."""
    return (
        f"{len(dataset.train.images)} images to learn from, {len(dataset.test.images)} "
        f"to be tested on, {by(dataset.shape)}, {len(dataset.classes)} classes"
    )


def show_network(screen: Console, network: Sequential) -> None:
    """Show a row per layer, and what they add up to."""
    rows = network.summary()
    show_table(
        screen,
        ("layer", "output", "parameters"),
        [
            *((row.name, by(row.shape), f"{row.parameters:,}") for row in rows),
            ("total", "", f"{sum(row.parameters for row in rows):,}"),
        ],
    )


def show_evaluation(
    screen: Console, evaluation: Evaluation, classes: tuple[str, ...]
) -> None:
    """Show what part of the test images was recognised, class by class."""
    shares, counts = evaluation.accuracy_per_class, evaluation.images_per_class
    show_table(
        screen,
        ("class", "test accuracy", "images"),
        [
            (name, percent(share) if count else "-", f"{count}")
            for name, share, count in zip(classes, shares, counts, strict=True)
        ],
    )
    say(
        screen,
        f"test accuracy {percent(evaluation.accuracy).strip()}, "
        f"{evaluation.correct} of {evaluation.images} images",
        style="bold",
    )
