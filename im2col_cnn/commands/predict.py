"""The command `predict`: the most probable classes of photographs."""

from itertools import chain
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from .._checks import by
from .._typing import Array
from ..files.photo_folders import is_photo
from ..files.photos import IN_WORDS, MAX_PIXELS, read_photo
from ..nn.graph import Graph
from ..nn.preprocessing import Rescale
from ..ops.softmax import softmax_forward
from .arguments import (
    AsJson,
    Fitting,
    MaxPixels,
    Weights,
    refusing,
    require_extra,
    require_finite,
)
from .terminal import (
    is_live,
    open_screen,
    percent,
    say_error,
    say_json,
    show_table,
)

__all__ = ["predict"]


def predict(
    weights: Weights,
    images: Annotated[
        list[Path],
        typer.Argument(metavar="IMAGE...", help=f"{IN_WORDS} files, or their folders."),
    ],
    *,
    top: Annotated[
        int, typer.Option(min=1, help="How many classes to name per image.")
    ] = 3,
    fit: Fitting = "crop",
    max_pixels: MaxPixels = MAX_PIXELS,
    as_json: AsJson = False,
) -> None:
    """
    Name the class of each image, and how probable it is.

    An image that cannot be read is named on standard error, the others go on, and the
    exit status is 1.
    """
    with refusing():
        require_extra("PIL", "images", purpose="predict")
        network = Graph.load(weights)
        require_photos(network, weights)
        paths = list(chain.from_iterable(map(inside, images)))
    pixels: dict[Path, Array] = {}
    for path in paths:
        try:
            pixels[path] = read_photo(
                path, network.input_shape, fit, max_pixels=max_pixels
            )
        except OSError as error:
            say_error(str(error))
    if pixels:
        show(best_classes(network, pixels, weights, top), as_json=as_json)
    if len(pixels) < len(set(paths)):
        raise typer.Exit(1)


def inside(path: Path) -> list[Path]:
    """Return the images of a folder; of a file, the file."""
    if not path.is_dir():
        return [path]
    photos = sorted(filter(is_photo, path.iterdir()))
    if not photos:
        raise ValueError(f"{path}: holds no images")
    return photos


def best_classes(
    network: Graph, pixels: dict[Path, Array], weights: Path, top: int
) -> dict[Path, list[tuple[str, float]]]:
    """Return the most probable classes of every image, each with its probability."""
    batch = np.stack(list(pixels.values()))
    with np.errstate(over="ignore", invalid="ignore"):  # looked for where it ends
        scores = network.predict(as_trained(network, batch))
    require_finite(scores, weights)
    probabilities, _ = softmax_forward(scores)
    names = network.classes or tuple(map(str, range(scores.shape[1])))
    order = np.argsort(-probabilities, axis=1, kind="stable")[:, :top]
    return {
        path: [(names[k], float(row[k])) for k in places]
        for path, row, places in zip(pixels, probabilities, order, strict=True)
    }


def show(best: dict[Path, list[tuple[str, float]]], *, as_json: bool) -> None:
    """Print classes and probabilities, as JSON or as a table."""
    screen = open_screen()
    if as_json:
        say_json(
            [
                {
                    "image": str(path),
                    "classes": [{"class": k, "probability": p} for k, p in answers],
                }
                for path, answers in best.items()
            ]
        )
        return
    words = {path: [(k, percent(p)) for k, p in found] for path, found in best.items()}
    if is_live(screen):  # narrow: a row per class
        header: tuple[str, ...] = ("image", "class", "probability")
        rows: list[tuple[str, ...]] = [
            (str(path) * (place == 0), *answer)
            for path, answers in words.items()
            for place, answer in enumerate(answers)
        ]
    else:  # a line per image
        header = ("image", *("class", "probability") * len(next(iter(words.values()))))
        rows = [(str(path), *chain.from_iterable(a)) for path, a in words.items()]
    show_table(screen, header, rows)


def require_photos(network: Graph, weights: Path) -> None:
    """Refuse a network that does not read photographs and name classes."""
    shape, output = network.input_shape, network.output_shape
    if len(shape) != 3 or shape[-1] not in (1, 3) or not network.classifies:
        raise ValueError(
            f"{weights}: must read grey or colour images and give one score per class, "
            f"it reads {by(shape)} and gives {by(output)}"
        )
    if network.classes and len(network.classes) != output[0]:
        raise ValueError(
            f"{weights}: names {len(network.classes)} classes for {output[0]} scores"
        )


def as_trained(network: Graph, pixels: Array) -> Array:
    """Scale pixels from 0 to 255 to what the network was trained on, if it says so."""
    first = next(iter(network.layers.values()))
    if isinstance(first, Rescale):
        return pixels * (first.pixel_maximum / 255)
    return pixels
