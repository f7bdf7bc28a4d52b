"""The command `evaluate`: test a saved network, and show the confusion matrix."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from typer import Option

from .._checks import by
from ..files.datasets import DIGITS, Dataset, open_dataset
from ..files.origin import origin_of
from ..files.stored_images import NotFiniteError
from ..nn.evaluation import Evaluation
from ..nn.evaluation import evaluate as evaluate_network
from ..nn.executors import WorkerError
from ..nn.graph import Graph
from .arguments import (
    AsJson,
    Data,
    TestData,
    Weights,
    refusing,
    require_dataset,
    require_finite,
    require_outputs,
    require_svg,
    write_output,
)
from .evaluation_table import (
    draw_confusion,
    require_drawable_classes,
    show_confusion,
    show_evaluation,
)
from .terminal import open_screen, say, say_json
from .workers import AnyMachine, Scheduler, WorkerCount, working

__all__ = ["evaluate"]


def evaluate(
    weights: Weights,
    data: Data = None,
    *,
    test_data: TestData = None,
    confusion: Annotated[
        Path | None, Option(metavar="MATRIX.svg", help="Draw the confusion matrix.")
    ] = None,
    workers: WorkerCount = None,
    scheduler: Scheduler = None,
    any_machine: AnyMachine = False,
    as_json: AsJson = False,
) -> None:
    """Evaluate a saved network on the test images of a data set."""
    path = DIGITS if data is None else data
    with ExitStack() as stack:
        with refusing():
            require_svg("--confusion", confusion)
            require_outputs({"--confusion": confusion}, weights, path, test_data)
            network = load_saved(weights)
            require_dataset(path)
            dataset = stack.enter_context(open_dataset(path, test_data))
            require_suited(network, dataset, weights, path)
            if confusion is not None:
                require_drawable_classes(dataset.classes)
            engaged = stack.enter_context(
                working(workers, scheduler, any_machine=any_machine)
            )
        classes = dataset.classes
        with (
            refusing(OSError, NotFiniteError, WorkerError),  # as the images are read
            np.errstate(over="ignore", invalid="ignore"),  # looked for where it ends
        ):
            evaluation = evaluate_network(
                network, *dataset.test, executor=engaged.cluster
            )
        require_finite(evaluation.loss, weights)
    if confusion is not None:
        write_output(confusion, draw_confusion(evaluation.confusion, classes))
    if as_json:
        say_json(as_numbers(evaluation, classes))
        return
    screen = open_screen()
    say(screen, f"{weights.name} on {path.name}: {by(network.input_shape)}")
    show_evaluation(screen, evaluation, classes)
    show_confusion(screen, evaluation.confusion, classes)
    if confusion is not None:
        say(screen, f"confusion matrix written to {confusion}")


def as_numbers(evaluation: Evaluation, classes: tuple[str, ...]) -> dict[str, Any]:
    """Return the numbers of an evaluation by name; without images there is no share."""
    shares, counts = evaluation.accuracy_per_class, evaluation.images_per_class
    return {
        "loss": evaluation.loss,
        "accuracy": evaluation.accuracy,
        "correct": evaluation.correct,
        "images": evaluation.images,
        "classes": [
            {
                "class": name,
                "accuracy": float(share) if count else None,
                "images": int(count),
            }
            for name, share, count in zip(classes, shares, counts, strict=True)
        ],
        "confusion": evaluation.confusion.tolist(),
    }


def load_saved(path: Path) -> Graph:
    """Load what `train --save` wrote."""
    if origin_of(path) not in ("im2col_cnn", None):  # None: damaged, or no network
        raise ValueError(
            f"{path}: is no network that train --save wrote: predict takes those of "
            f"ONNX and Keras, too"
        )
    return Graph.load(path)


def require_suited(network: Graph, dataset: Dataset, weights: Path, path: Path) -> None:
    """Refuse images or classes that the network does not know."""
    if not network.classifies:
        raise ValueError(f"{weights}: must read images and give one score per class")
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
    scores, *_ = network.output_shape
    if scores != len(dataset.classes):
        raise ValueError(
            f"{weights}: has {scores} scores, {path} {len(dataset.classes)} classes"
        )
