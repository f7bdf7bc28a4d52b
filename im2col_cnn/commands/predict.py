"""The command `predict`: the most probable classes of photographs."""

from collections.abc import Callable
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import numpy as np
import typer
from typer import Argument, Option

from .._checks import by, printable, quoted
from .._typing import Array
from ..files.origin import origin_of
from ..files.photo_folders import is_photo
from ..files.photos import IN_WORDS, MAX_PIXELS, read_photo
from ..nn.activations import Softmax
from ..nn.executors import Cluster, WorkerError
from ..nn.formats.keras_models import from_keras
from ..nn.formats.onnx_files import from_onnx
from ..nn.graph import Graph
from ..nn.network import Network
from ..nn.preprocessing import Rescale
from ..nn.progress import percent
from ..ops.softmax import softmax_forward
from .arguments import (
    AsJson,
    BadInputError,
    Fitting,
    MaxPixels,
    read_sizes,
    refusing,
    require_extra,
    require_finite,
)
from .terminal import is_live, open_screen, say_error, say_json, show_table
from .workers import AnyMachine, Scheduler, WorkerCount, working

__all__ = ["predict"]

Pixels: TypeAlias = Literal["raw", "unit", "signed", "imagenet"]
MEAN = np.array([0.485, 0.456, 0.406], np.float32)  # of ImageNet, red, green and blue
SPREAD = np.array([0.229, 0.224, 0.225], np.float32)
PREPARE: dict[Pixels, Callable[[Array], Array]] = {
    "raw": lambda pixels: pixels,
    "unit": lambda pixels: pixels / np.float32(255),
    "signed": lambda pixels: pixels / np.float32(127.5) - 1,
    "imagenet": lambda pixels: (pixels / np.float32(255) - MEAN) / SPREAD,
}
MAX_LABEL_BYTES = 2**20


def predict(
    weights: Annotated[
        Path,
        Argument(
            metavar="NETWORK",
            help="What `train --save` wrote, an ONNX file or a model of Keras.",
        ),
    ],
    images: Annotated[
        list[Path],
        Argument(metavar="IMAGE...", help=f"{IN_WORDS} files, or their folders."),
    ],
    *,
    top: Annotated[int, Option(min=1, help="How many classes to name per image.")] = 3,
    fit: Fitting = "crop",
    max_pixels: MaxPixels = MAX_PIXELS,
    labels: Annotated[
        Path | None, Option(help="A text file with the name of a class a line.")
    ] = None,
    size: Annotated[
        str | None,
        Option(metavar="HxW", help="Of images, where the file leaves it open."),
    ] = None,
    pixels: Annotated[
        Pixels | None,
        Option(
            help="How the network was given pixels: 0 to 255, 0 to 1, -1 to 1, or "
            "standardized as those of ImageNet.",
            show_default="what `train --save` wrote says so",
        ),
    ] = None,
    workers: WorkerCount = None,
    scheduler: Scheduler = None,
    any_machine: AnyMachine = False,
    as_json: AsJson = False,
) -> None:
    """
    Name the class of each image, and how probable it is.

    An image that cannot be read is named on standard error, the others go on, and the
    exit status is 1.
    """
    with refusing():
        require_extra("PIL", "images", purpose="predict")
        network = load_network(weights, size)
        if labels is not None:
            network.classes = read_labels(labels)
        require_photos(network, weights, labels or weights)
        if pixels is None and is_of_others(weights):
            raise BadInputError(
                f"--pixels must say how {printable(str(weights))} was given pixels: "
                f"raw (0 to 255), unit (0 to 1), signed (-1 to 1) or imagenet"
            )
        paths = list(chain.from_iterable(map(inside, images)))
    photos: dict[Path, Array] = {}
    for path in paths:
        try:
            photos[path] = read_photo(
                path, network.input_shape, fit, max_pixels=max_pixels
            )
        except OSError as error:
            say_error(str(error))
    if photos:
        batch = prepared(network, np.stack(list(photos.values())), pixels)
        with ExitStack() as stack:
            with refusing():
                engaged = stack.enter_context(
                    working(workers, scheduler, any_machine=any_machine)
                )
            with refusing(WorkerError):
                best = best_classes(network, batch, weights, top, engaged.cluster)
        show(dict(zip(photos, best, strict=True)), as_json=as_json)
    if len(photos) < len(set(paths)):
        raise typer.Exit(1)


def load_network(path: Path, size: str | None) -> Network:
    """Load a network of ours, of Keras or in an ONNX file."""
    shape = None if size is None else read_sizes(size, "--size", "224x224")
    if shape is not None and (len(shape) != 2 or not is_of_others(path)):
        raise BadInputError(
            f"--size must be HxW such as 224x224, for a file of ONNX or Keras, got "
            f"{quoted(size)} for {printable(str(path))}"
        )
    match origin_of(path):
        case "ONNX":
            purpose = f"predict with {printable(path.name)}"
            require_extra("onnx", "onnx", purpose=purpose)
            return from_onnx(path, input_shape=shape)
        case "Keras" | "HDF5":
            return from_keras(path, input_shape=shape)
    return Graph.load(path)


def is_of_others(path: Path) -> bool:
    """Tell whether a file is of another framework, which says nothing of pixels."""
    return origin_of(path) in ("ONNX", "Keras", "HDF5")


def read_labels(path: Path) -> tuple[str, ...]:
    """Read the names of classes, one per line."""
    if not path.is_file() or path.stat().st_size > MAX_LABEL_BYTES:
        raise BadInputError(
            f"--labels must be a text file of at most {MAX_LABEL_BYTES} bytes, got "
            f"{printable(str(path))}"
        )
    lines = path.read_text("utf-8", errors="replace").splitlines()
    return tuple(printable(line.strip()) for line in lines if line.strip())


def inside(path: Path) -> list[Path]:
    """Return the images of a folder; of a file, the file."""
    if not path.is_dir():
        return [path]
    photos = sorted(filter(is_photo, path.iterdir()))
    if not photos:
        folders = any(map(Path.is_dir, path.iterdir()))
        way_out = ", but folders: name those" if folders else ""
        raise ValueError(f"{path}: holds no images{way_out}")
    return photos


def best_classes(
    network: Network,
    batch: Array,
    weights: Path,
    top: int,
    cluster: Cluster | None = None,
) -> list[list[tuple[str, float]]]:
    """Return the most probable classes of every image, each with its probability."""
    with np.errstate(over="ignore", invalid="ignore"):  # looked for where it ends
        scores = network.predict(batch, executor=cluster).reshape(len(batch), -1)
    require_finite(scores, weights)
    *_, last = network.layers.values()
    has_probabilities = isinstance(last, Softmax)
    probabilities = scores if has_probabilities else softmax_forward(scores)[0]
    names = network.classes or tuple(map(str, range(scores.shape[1])))
    order = np.argsort(-probabilities, axis=1, kind="stable")[:, :top]
    return [
        [(names[k], float(row[k])) for k in places]
        for row, places in zip(probabilities, order, strict=True)
    ]


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


def require_photos(network: Network, weights: Path, named_by: Path) -> None:
    """Refuse a network that does not read photographs and name classes."""
    shapes = list(network.input_shapes.values())
    outputs = [network.shapes[name] for name in network.outputs]
    (shape, *more), (output, *others) = shapes, outputs
    is_photo = len(shape) == 3 and shape[-1] in (1, 3) and not more
    if not is_photo or max(output) != np.prod(output) or others:
        read, given = (" and ".join(map(by, found)) for found in (shapes, outputs))
        raise ValueError(
            f"{weights}: must read grey or colour images and give one score per class, "
            f"it reads {read} and gives {given}"
        )
    if network.classes and len(network.classes) != max(output):
        raise ValueError(
            f"{named_by}: names {len(network.classes)} classes for {max(output)} scores"
        )


def prepared(network: Network, pixels: Array, how: Pixels | None) -> Array:
    """Scale pixels from 0 to 255 to what the network was trained on."""
    if how is not None:
        return PREPARE[how](pixels)
    first = next(iter(network.layers.values()))
    if isinstance(first, Rescale) and not first.offset:
        return pixels * (first.pixel_maximum / 255)
    return pixels
