"""Let a saved network judge labelled images, and show who was taken for whom."""

from pathlib import Path
from typing import Annotated

import typer

from .._checks import by
from ..files.atomic import require_writable, write_whole
from ..files.datasets import DIGITS, Dataset, open_dataset
from ..nn.evaluation import evaluate as judge
from ..nn.network import Sequential
from .confusion import draw_confusion, show_confusion
from .refusals import refusing
from .report import show_evaluation
from .screen import open_screen, say

__all__ = ["evaluate"]


def evaluate(
    weights: Annotated[
        Path, typer.Argument(metavar="WEIGHTS.h5", help="What `train --save` wrote.")
    ],
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
    confusion: Annotated[
        Path | None,
        typer.Option(metavar="MATRIX.svg", help="Draw who was taken for whom."),
    ] = None,
) -> None:
    """Judge the test images of a data set by a saved network."""
    path = DIGITS if data is None else data
    with refusing():
        if confusion is not None:
            require_writable(confusion)
            if confusion.resolve() in {weights.resolve(), path.resolve()}:
                raise ValueError(f"--confusion {confusion}: is in use already")
        network = Sequential.load(weights)
        with open_dataset(path, test_data) as dataset:
            require_suited(network, dataset, weights, path)
            evaluation = judge(network, *dataset.test)
            classes = dataset.classes
        if confusion is not None:
            write_whole(confusion, draw_confusion(evaluation.confusion, classes))

    screen = open_screen()
    say(screen, f"{weights.name} on {path.name}: {by(network.input_shape)}")
    show_evaluation(screen, evaluation, classes)
    show_confusion(screen, evaluation.confusion, classes)
    if confusion is not None:
        say(screen, f"confusion matrix written to {confusion}")


def require_suited(
    network: Sequential, dataset: Dataset, weights: Path, path: Path
) -> None:
    """Refuse images or classes that the network does not know."""
    if network.input_shape != dataset.shape:
        raise ValueError(
            f"{weights}: reads images of {by(network.input_shape)}, {path} holds "
            f"{by(dataset.shape)}"
        )
    if network.classes and network.classes != dataset.classes:
        raise ValueError(
            f"{weights}: knows the classes {', '.join(network.classes):.60}, {path} "
            f"holds {', '.join(dataset.classes):.60}"
        )
    *_, (scores, *_) = network.shapes.values()
    if scores != len(dataset.classes):
        raise ValueError(
            f"{weights}: has {scores} scores, {path} {len(dataset.classes)} classes"
        )
