"""The command `predict`: the most probable classes of photographs."""

from itertools import chain
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from .._checks import by
from .._typing import Array
from ..files.photos import read_photo
from ..nn.network import Sequential
from ..nn.preprocessing import Rescale
from ..ops.softmax import softmax_forward
from .arguments import Fitting, Weights, refusing, require_extra, require_finite
from .terminal import is_live, open_screen, percent, show_table

__all__ = ["predict"]


def predict(
    weights: Weights,
    images: Annotated[
        list[Path], typer.Argument(metavar="IMAGE...", help="PNG or JPEG files.")
    ],
    *,
    top: Annotated[
        int, typer.Option(min=1, help="How many classes to name per image.")
    ] = 3,
    fit: Fitting = "crop",
) -> None:
    """Name the class of each image, and how probable it is."""
    with refusing():
        require_extra("PIL", "images", purpose="predict")
        network = Sequential.load(weights)
        require_photos(network, weights)
        pixels = np.stack(
            [read_photo(path, network.input_shape, fit) for path in images]
        )
    with np.errstate(over="ignore", invalid="ignore"):  # looked for where it ends
        scores = network.predict(as_trained(network, pixels))
    require_finite(scores, weights)
    probabilities, _ = softmax_forward(scores)
    names = network.classes or tuple(map(str, range(scores.shape[1])))
    top = min(top, len(names))
    order = np.argsort(-probabilities, axis=1, kind="stable")[:, :top]
    best = [
        [(names[k], percent(row[k])) for k in places]
        for row, places in zip(probabilities, order, strict=True)
    ]
    screen = open_screen()
    if is_live(screen):  # narrow: a row per class
        header: tuple[str, ...] = ("image", "class", "probability")
        rows: list[tuple[str, ...]] = [
            (str(path) * (place == 0), *answer)
            for path, answers in zip(images, best, strict=True)
            for place, answer in enumerate(answers)
        ]
    else:  # a line per image
        header = ("image", *("class", "probability") * top)
        rows = [
            (str(path), *chain.from_iterable(answers))
            for path, answers in zip(images, best, strict=True)
        ]
    show_table(screen, header, rows)


def require_photos(network: Sequential, weights: Path) -> None:
    """Refuse a network that does not read photographs and name classes."""
    *_, output = network.shapes.values()
    shape = network.input_shape
    if len(shape) != 3 or shape[-1] not in (1, 3) or len(output) != 1:
        raise ValueError(
            f"{weights}: must read grey or colour images and give one score per class, "
            f"it reads {by(shape)} and gives {by(output)}"
        )
    if network.classes and len(network.classes) != output[0]:
        raise ValueError(
            f"{weights}: names {len(network.classes)} classes for {output[0]} scores"
        )


def as_trained(network: Sequential, pixels: Array) -> Array:
    """Scale pixels from 0 to 255 to what the network was trained on, if it says so."""
    first = next(iter(network.layers.values()))
    if isinstance(first, Rescale):
        return pixels * (first.pixel_maximum / 255)
    return pixels
