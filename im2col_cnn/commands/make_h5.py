"""The command `make-h5`: write a folder of photographs as a labelled data set."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from typer import Argument, Option

from .._checks import by
from ..files.atomic import require_writable
from ..files.photo_folders import find_photos, write_folder
from ..files.photos import MAX_PIXELS
from .arguments import (
    BadInputError,
    Fitting,
    MaxPixels,
    read_sizes,
    refusing,
    require_extra,
    require_outputs,
)
from .terminal import counting, open_screen, say

__all__ = ["make_h5"]


def make_h5(
    folder: Annotated[
        Path, Argument(metavar="FOLDER", help="Holds a folder of images per class.")
    ],
    out: Annotated[Path, Argument(metavar="OUT.h5", help="The file to write.")],
    *,
    size: Annotated[
        str, Option(metavar="64x64", help="Rows and columns of every image.")
    ] = "64x64",
    grey: Annotated[bool, Option("--grey", help="One channel, not three.")] = False,
    fit: Fitting = "crop",
    test_share: Annotated[
        float, Option(help="Of every class, what to keep for testing.")
    ] = 0.2,
    max_pixels: MaxPixels = MAX_PIXELS,
    seed: Annotated[int, Option(min=0, help="The same seed draws the same split.")] = 0,
) -> None:
    """
    Write the images of class folders to an HDF5 file that `train` reads.

    If FOLDER holds the folders train and test (or val), the split is theirs.
    Every image file ends up in OUT.h5 or in the report; if one could not be read, the
    exit status is 1.
    """
    shape = (*read_sizes(size, "--size", "64x64"), 1 if grey else 3)
    if len(shape) != 3 or not 1 <= min(shape) <= max(shape) <= 4096:
        raise BadInputError(
            f"--size must be rows x columns, up to 4096, such as 64x64, got {size}"
        )
    with refusing():
        require_extra("PIL", "images", purpose="make-h5")
        require_writable(out)
        found = find_photos(folder, test_share, np.random.default_rng(seed))
        require_outputs({"OUT.h5": out}, *(photo.path for photo in found.photos))
    screen = open_screen()
    total = len(found.train) + len(found.test)
    K = len(found.classes)
    say(screen, f"{folder}: {total} images of {K} class{'es' * (K != 1)}")
    with refusing(), counting(screen, "reading", total) as count:
        report = write_folder(
            found, out, shape, fit=fit, max_pixels=max_pixels, on_image=count
        )
    for other in found.others:
        say(screen, f"{other.path}: left out, {other.reason}")
    for line in report.unreadable:
        say(screen, line, style="bold")
    counts = report.written
    say(
        screen,
        f"{counts['train']} images to learn from, {counts['test']} to be tested on, "
        f"{by(shape)}, written to {out}; {len(report.unreadable)} unreadable, "
        f"{len(found.others)} left out",
    )
    if report.unreadable:
        raise typer.Exit(1)
