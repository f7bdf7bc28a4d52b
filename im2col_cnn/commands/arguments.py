"""Arguments that several commands share: their types, help texts and refusals.

The library raises ``ValueError``, ``TypeError`` and ``OSError`` for what it is given.
Around the places where a command hands on what its user gave it, these become a
`BadInputError`, which gets one line; anywhere else they are bugs, and get a traceback.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, TypeAlias, cast, get_args

import numpy as np
from typer import Argument, Option

from .._checks import quoted
from .._typing import Padding, PaddingWord, Shape
from ..files.atomic import in_use, require_writable, write_whole
from ..files.photos import Fit

__all__ = [
    "AsJson",
    "BadInputError",
    "Data",
    "Fitting",
    "MaxPixels",
    "TestData",
    "Weights",
    "as_written",
    "read_padding",
    "read_sizes",
    "refusing",
    "require_dataset",
    "require_extra",
    "require_finite",
    "require_outputs",
    "require_svg",
    "write_output",
]

NUMBER = r"-?\d{1,18}"  # below 2**63
Data: TypeAlias = Annotated[
    Path | None,
    Argument(
        metavar="DATA.h5",
        help="Labelled images; without it, the 8x8 digits that come along.",
    ),
]
TestData: TypeAlias = Annotated[
    Path | None,
    Option(metavar="TEST.h5", help="The test images, if DATA.h5 does not hold them."),
]
Weights: TypeAlias = Annotated[
    Path, Argument(metavar="WEIGHTS.h5", help="What `train --save` wrote.")
]
Fitting: TypeAlias = Annotated[
    Fit, Option(help="What to do where the proportions differ.")
]
AsJson: TypeAlias = Annotated[
    bool, Option("--json", help="Write the numbers, as JSON.")
]
MaxPixels: TypeAlias = Annotated[
    int, Option("--max-pixels", min=1, help="A larger image is not read.")
]


class BadInputError(Exception):
    """An error in the user's input; its message is one line."""


@contextmanager
def refusing(*kinds: type[Exception]) -> Iterator[None]:
    """Raise the library's errors about its input as a `BadInputError`."""
    kinds = kinds or (OSError, TypeError, ValueError)
    try:
        yield
    except kinds as error:
        raise BadInputError(error) from error


def require_finite(found: Any, weights: Path) -> None:
    """Refuse scores that are NaN or infinite."""
    if not np.isfinite(found).all():
        raise BadInputError(
            f"{weights}: gives scores that are NaN or infinite for these images: its "
            f"weights are too large to compute with"
        )


DISTRIBUTIONS = {"PIL": "Pillow"}  # what is installed for a module of another name


def require_extra(module: str, extra: str, purpose: str) -> None:
    """Refuse what needs a package that is not installed, and say how to get it."""
    if find_spec(module) is None:
        name = DISTRIBUTIONS.get(module, module)
        raise BadInputError(
            f"{purpose} needs {name}: python -m pip install 'im2col-cnn[{extra}]'"
        )


def require_outputs(outputs: Mapping[str, Path | None], *inputs: Path | None) -> None:
    """
    Refuse an output that cannot be written, or that is also another file in use.

    Parameters
    ----------
    outputs : mapping of option to path
        ``{"--save": path}``; None where the option was not used.
    *inputs : path
        What the command reads.
    """
    taken = [path for path in inputs if path is not None]
    for option, path in outputs.items():
        if path is None:
            continue
        if in_use(path, taken):
            raise ValueError(f"{option} {path}: is in use already, name another file")
        taken.append(path)
        require_writable(path)


def require_dataset(path: Path) -> None:
    """Refuse a folder where a data set is wanted, and say what makes one of it."""
    if path.is_dir():
        raise ValueError(
            f"{path}: is a folder: `im2col-cnn make-h5 {path} DATA.h5` writes the "
            f"photographs in it to a file to name here"
        )


def require_svg(option: str, path: Path | None) -> None:
    """Refuse a path for a drawing that does not end in ``.svg``."""
    if path is not None and path.suffix.lower() != ".svg":
        raise ValueError(f"{option} {path}: is drawn as SVG, so its name ends in .svg")


def write_output(path: Path, content: bytes) -> None:
    """Write a file, or raise a `BadInputError` that says why it cannot be."""
    with refusing(OSError):
        write_whole(path, content)


def read_sizes(text: str, option: str, example: str) -> Shape:
    """Parse a size such as ``3x2``."""
    if not re.fullmatch(f"{NUMBER}(x{NUMBER})*", text):
        raise BadInputError(
            f"{option} must be whole numbers joined by x, such as {example}, "
            f"got {quoted(text)}"
        )
    return tuple(int(number) for number in text.split("x"))


def read_padding(text: str) -> Padding:
    """Parse a padding: a word, a number, or one number or pair per axis."""
    if text in get_args(PaddingWord):
        return cast(PaddingWord, text)
    sides = text.split("x")
    if not all(re.fullmatch(f"{NUMBER}(:{NUMBER})?", side) for side in sides):
        raise BadInputError(
            f"--padding must be valid, same, same_lower, or whole numbers such as 1, "
            f"1x2 or 0:1x2:3 (before:after), got {quoted(text)}"
        )
    pairs = [tuple(int(number) for number in side.split(":")) for side in sides]
    if len(pairs) == 1 and len(pairs[0]) == 1:
        return pairs[0][0]
    return tuple(pair[0] if len(pair) == 1 else pair for pair in pairs)


def as_written(sizes: Shape) -> int | Shape:
    """Return one size as an int, which serves all axes; several as they are."""
    return sizes[0] if len(sizes) == 1 else sizes
