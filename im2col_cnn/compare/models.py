"""Race whole networks in ONNX files: ours against onnxruntime, which is made for speed.

Images go in and scores come out; nothing is learned. Both read the same images, each
with channels where it has them, and each runs in a process of its own.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeAlias

import numpy as np

from .._checks import by
from .._typing import Array, Shape
from ..files.datasets import DIGITS, read_dataset
from ..nn.formats.onnx_files import from_onnx
from ..nn.graph import Graph
from ..tiling.threads import thread_count
from .case import Case
from .contestant import CannotError

__all__ = ["RUNTIMES", "Entry", "Model", "answering", "pages_of_digits", "read_model"]

RUNTIMES = ["fast", "onnxruntime"]  # the last one is what ours is measured by
FILE_AND_SHAPE = re.compile(r"(.+?)(?::(\d+(?:x\d+)*))?")
MAX_DIFFERENCE = 1e-4  # of the largest number of an output
IMAGES_CHECKED = 2


@dataclass(frozen=True)
class Model:
    """A network in an ONNX file, and images for it."""

    name: str
    path: str
    input: Shape  # (N, *SPATIAL, C)
    layers: int
    parameters: int

    @property
    def images(self) -> int:
        """How many there are."""
        N, *_ = self.input
        return N

    @property
    def numbers(self) -> dict[str, Any]:
        """What it is, for a table of numbers."""
        return {"input": self.input, "path": self.path}

    def with_images(self, N: int) -> Self:
        """Return the same with another number of images."""
        return replace(self, name=f"{self.name} x {N}", input=(N, *self.input[1:]))

    def written(self) -> dict[str, Any]:
        """Return it in words that JSON knows."""
        return asdict(self)

    @classmethod
    def read(cls, written: dict[str, Any]) -> Self:
        """Return what `written` wrote."""
        return cls(**{**written, "input": tuple(written["input"])})

    def __str__(self) -> str:
        """Write what reads which images."""
        return f"{by(self.input)}: {self.layers} layers, {self.parameters:,} parameters"


Entry: TypeAlias = Case | Model


def read_model(text: str) -> Model:
    """
    Read what a user calls a model: ``FILE.onnx``, or ``FILE.onnx:320x320x3``.

    Raises
    ------
    ImportError, OSError, ValueError
        As `from_onnx`: the file is read here once, so that it is refused early.
    """
    found = FILE_AND_SHAPE.fullmatch(text)
    path, sizes = found.groups() if found else (text, None)
    shape = None if sizes is None else tuple(map(int, sizes.split("x")))
    network = from_onnx(path, input_shape=shape)
    if len(network.inputs) > 1:
        raise ValueError(f"{path}: reads {len(network.inputs)} inputs, not one")
    (shape,) = network.input_shapes.values()
    return Model(
        Path(path).stem,
        path,
        (1, *shape),
        len(network.layers),
        sum(array.size for array in network.parameters.values()),
    )


def answering(who: str, model: Model) -> tuple[Callable[[], Any], bool]:
    """Return what answers for all images, and whether it answers as onnxruntime."""
    x = pages_of_digits(model.input)
    theirs = Session(model)
    if who == "onnxruntime":
        return partial(theirs.answer, theirs.arranged(x)), True
    network = from_onnx(model.path, input_shape=model.input[1:])
    equal = is_answer(network, theirs, x[:IMAGES_CHECKED])
    return partial(network.predict, x, batch_size=len(x)), equal


def pages_of_digits(shape: Shape) -> Array:
    """
    Return pages of digits, dark on light; where images are none, random numbers.

    In random numbers a network that finds lines or faces finds none: its largest output
    is then a millionth, and a millionth is what onnxruntime's sigmoid may be off by.
    """
    if len(shape) != 4:
        return np.random.default_rng(0).random(shape, np.float32)
    N, H, W, C = shape
    digits = read_dataset(DIGITS)
    ink = digits.test.images[:].squeeze(-1) / digits.pixel_maximum
    lines = np.pad(ink, ((0, 0), (0, 8), (0, 0)))  # below each as many blank rows
    cells = (1 - lines).repeat(2, axis=1).repeat(2, axis=2)
    _, high, wide = cells.shape
    rows, columns = -(-H // high), -(-W // wide)
    written: Array = cells[np.arange(N * rows * columns) % len(cells)]
    pages = written.reshape(N, rows, columns, high, wide).swapaxes(2, 3)
    pages = pages.reshape(N, rows * high, columns * wide, 1)[:, :H, :W]
    return np.repeat(pages, C, axis=-1).astype(np.float32)


class Session:
    """A model that onnxruntime runs."""

    def __init__(self, model: Model) -> None:
        import onnxruntime  # noqa: PLC0415  # an extra

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = thread_count()
        self.session = onnxruntime.InferenceSession(
            model.path, options, providers=["CPUExecutionProvider"]
        )
        (read,) = self.session.get_inputs()
        self.name, (self.batch, *sizes) = read.name, read.shape
        self.moves = not fits(model.input[1:], sizes)

    def arranged(self, x: Array) -> Array:
        """Return images with channels where the model has them."""
        if not fits(x.shape[:1], [self.batch]):
            raise CannotError(f"the file is made for batches of {self.batch}")
        return np.ascontiguousarray(np.moveaxis(x, -1, 1)) if self.moves else x

    def answer(self, x: Array) -> list[Array]:
        """Return all outputs."""
        return list(self.session.run(None, {self.name: x}))


def fits(shape: Shape, sizes: Sequence[Any]) -> bool:
    """Tell whether a shape is what a model declares; some sizes it leaves open."""
    return all(
        n == size or not isinstance(size, int) or size < 1
        for n, size in zip(shape, sizes, strict=True)
    )


def is_answer(network: Graph, theirs: Session, x: Array) -> bool:
    """Compare the answers for a few images, one at a time, in every output."""
    for image in x[:, np.newaxis]:
        found = network.predict(image)
        ours = list(found.values()) if isinstance(found, dict) else [found]
        for y, right in zip(ours, theirs.answer(theirs.arranged(image)), strict=True):
            moves = theirs.moves and right.ndim == x.ndim
            wanted = np.moveaxis(right, 1, -1) if moves else right
            most = MAX_DIFFERENCE * np.abs(wanted).max(initial=0)
            if y.shape != wanted.shape or not (np.abs(y - wanted) <= most).all():
                return False
    return True
