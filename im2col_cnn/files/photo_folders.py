"""Find photographs in a folder per class, and write them as a data set.

    FOLDER/cat/1.png  FOLDER/cat/2.jpg  FOLDER/dog/1.png  ...

Each folder with images is a class; each image in it is resized, and goes to the
training or to the test set of its class. Where FOLDER holds ``train`` and ``test`` (or
``val``), the class folders are in these, and the split is theirs. What is no image, or
cannot be read, is reported: as many files come out, one way or another, as there are.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np

from .._checks import as_share
from .._typing import Array, Shape
from .atomic import replacing
from .datasets import require_name
from .hdf5.sink import writing
from .photos import MAX_PIXELS, PHOTO_SUFFIXES, Fit, read_photo

__all__ = ["Found", "Report", "find_photos", "is_photo", "write_folder"]

TEST_FOLDERS = "test", "val", "valid", "validation"  # beside `train`
MAX_CHUNK_IMAGES = 64
MAX_CHUNK_BYTES = 2**20  # far below what `open_dataset` reads
LAYOUT = {"compression": "gzip", "shuffle": True, "fletcher32": True}


class Photo(NamedTuple):
    """An image file and the index of its class."""

    path: Path
    label: int


class LeftOut(NamedTuple):
    """A file that is not read, and why."""

    path: Path
    reason: str


class Found(NamedTuple):
    """The content of a folder: classes, training and test images, files left out."""

    classes: tuple[str, ...]
    train: list[Photo]
    test: list[Photo]
    others: list[LeftOut]

    @property
    def photos(self) -> list[Photo]:
        """All images, to learn from and to test on."""
        return self.train + self.test


@dataclass
class Report:
    """How many images were written, and what could not be read."""

    written: dict[str, int] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)


def find_photos(folder: Path, test_share: float, rng: np.random.Generator) -> Found:
    """
    List the images of a folder, and split every class at random.

    Raises
    ------
    OSError
        If there is no such folder.
    ValueError
        If it holds no class folders, or leaves nothing to learn from or to test on.
    """
    share = as_share(test_share, "test_share")
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder}: is not a folder")
    others: list[LeftOut] = []
    if roots := split_already(folder, others):
        parts = [photos_by_class(root, others) for root in roots]
        classes = sorted({name for part in parts for name in part})
        train, test = (
            [Photo(path, classes.index(name)) for name in part for path in part[name]]
            for part in parts
        )
    else:
        by_class = photos_by_class(folder, others)
        classes, train, test = list(by_class), [], []
        for label, paths in enumerate(by_class.values()):
            drawn = [Photo(paths[i], label) for i in rng.permutation(len(paths))]
            count = round(share * len(drawn))
            test += drawn[:count]
            train += drawn[count:]
    if not classes:
        raise ValueError(
            f"{folder}: must hold a folder of images for every class, got none: name "
            f"the folder in which the folders of the classes are"
        )
    if (not train and share != 1) or (not test and share != 0):
        raise ValueError(
            f"{folder}: a test_share of {share:g} of {len(train) + len(test)} images "
            f"leaves {len(train)} to learn from and {len(test)} to test on, where each "
            f"takes one at least"
        )
    # Mixed, so that neighbours in the file are of any class.
    mixed = [train[i] for i in rng.permutation(len(train))]
    return Found(tuple(classes), mixed, test, others)


def split_already(folder: Path, others: list[LeftOut]) -> list[Path]:
    """Return the folders of training and test images, if a folder holds such."""
    train = folder / "train"
    tests = [folder / name for name in TEST_FOLDERS if (folder / name).is_dir()]
    if not train.is_dir() or not tests or any(map(is_photo, train.iterdir())):
        return []
    for one in sorted(folder.iterdir()):
        if one in tests[1:]:
            reason = f"the test images are those in {tests[0].name}"
            others.append(LeftOut(one, reason))
        elif one not in (train, tests[0]):
            others.append(LeftOut(one, reason_on_top(one)))
    return [train, tests[0]]


def photos_by_class(folder: Path, others: list[LeftOut]) -> dict[str, list[Path]]:
    """Return the images of every class folder; add to `others` what is none."""
    found: dict[str, list[Path]] = {}
    for one in sorted(folder.iterdir()):
        inside = sorted(one.iterdir()) if is_shown(one) and one.is_dir() else []
        photos = [p for p in inside if is_photo(p)]
        others += [LeftOut(p, reason_inside(p)) for p in inside if not is_photo(p)]
        if photos:
            require_name(one.name, str(one))
            found[one.name] = photos
        else:
            others.append(LeftOut(one, reason_on_top(one)))
    return found


def is_shown(path: Path) -> bool:
    """Return whether a name does not start with a dot, as .DS_Store and ._1.png do."""
    return not path.name.startswith(".")


def is_photo(path: Path) -> bool:
    """Return whether a file is an image, by its name."""
    return is_shown(path) and path.suffix.lower() in PHOTO_SUFFIXES and path.is_file()


def reason_on_top(path: Path) -> str:
    """Say why something beside the class folders is none of them."""
    if not is_shown(path):
        return "its name starts with a dot"
    if path.is_dir():
        return "it holds no images itself"
    return "it is in no folder of a class"


def reason_inside(path: Path) -> str:
    """Say why something in a class folder is no image to read."""
    if not is_shown(path):
        return "its name starts with a dot"
    if path.is_dir():
        return "it is a folder inside a class"
    if path.suffix.lower() in PHOTO_SUFFIXES:
        return "it is no file"
    return f"its name ends in none of {', '.join(PHOTO_SUFFIXES)}"


def write_folder(
    found: Found,
    path: Path,
    shape: Shape,
    *,
    fit: Fit = "crop",
    max_pixels: int = MAX_PIXELS,
    on_image: Callable[[], object] | None = None,
) -> Report:
    """Write images to an HDF5 file, whole or not at all.

    Each gets the `shape` ``(H, W, C)`` by `read_photo`, which explains `fit`; one of
    more than `max_pixels` is reported, and not read. `on_image` is called after every
    image, read or not. The report counts what was written to each part, and has a line
    for each image that was not.

    Raises
    ------
    OSError
        If the file cannot be written; what was there before still is.
    ValueError
        If not one image of a part could be read.
    """
    report = Report()
    with replacing(path) as opened, writing(opened) as (file, sink):
        file.attrs["pixel_maximum"] = 255
        file.create_dataset(
            "list_classes",
            data=np.array([name.encode() for name in found.classes]),
            track_times=False,
        )
        for part, photos in ("train", found.train), ("test", found.test):
            report.written[part] = 0
            if not photos:  # all are in the other part
                continue
            with growing(file, part, shape, len(photos)) as put:
                for photo in photos:
                    try:
                        pixels = read_photo(
                            photo.path, shape, fit, max_pixels=max_pixels
                        )
                        put(pixels, photo.label)
                    except OSError as error:
                        report.unreadable.append(str(error))
                    sink.require_room()
                    if on_image is not None:
                        on_image()
            report.written[part] = len(file[f"{part}_set_y"])
            if report.written[part] == 0:
                raise ValueError(f"{path}: not one {part} image could be read")
    return report


@contextmanager
def growing(
    file: h5py.File, part: str, shape: Shape, most: int
) -> Iterator[Callable[[Array, int], None]]:
    """Yield a function that adds an image; the datasets end with the last one."""
    images = file.create_dataset(
        f"{part}_set_x",
        (most, *shape),
        np.uint8,
        chunks=chunk_shape(most, shape),
        maxshape=(most, *shape),
        track_times=False,
        **LAYOUT,
    )
    waiting: list[Array] = []
    labels: list[int] = []

    def flush() -> None:
        if waiting:
            images[len(labels) - len(waiting) : len(labels)] = np.stack(waiting)
            waiting.clear()

    def put(image: Array, label: int) -> None:
        waiting.append(image)
        labels.append(label)
        if len(waiting) == images.chunks[0]:
            flush()

    yield put
    flush()
    images.resize(len(labels), axis=0)
    file.create_dataset(
        f"{part}_set_y", data=np.array(labels, np.int64), track_times=False
    )


def chunk_shape(count: int, shape: Shape) -> Shape:
    """Return the shape of a chunk: some images, or some rows of a large one."""
    H, W, C = shape
    images = min(MAX_CHUNK_IMAGES, count, max(1, MAX_CHUNK_BYTES // (H * W * C)))
    return (images, min(H, max(1, MAX_CHUNK_BYTES // (W * C))), W, C)
