"""Read labelled images from HDF5, in the layout of the SIGNS course data.

    train_set_x   (N, H, W, C)   images: uint8 or uint16, or floats
    train_set_y   (N,)           labels: whole numbers from 0 to K - 1
    test_set_x    (M, H, W, C)   images of the same size and dtype, kept apart
    test_set_y    (M,)           their labels
    list_classes  (K,)           names, as text or numbers

All in one file, or the two test sets in a second one. The attribute ``pixel_maximum``
of the file says what the brightest pixel is stored as. Where it is missing, whole
numbers are taken to use their dtype (255 for uint8); floats must have it, as nothing is
guessed from the values. Grey images have one channel, ``(N, H, W, 1)``: an array with
three axes could as well be signals with channels, so it is refused.

`read_dataset` brings all of it into memory; `open_dataset` leaves the images where they
are, for files that are larger.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .._checks import as_path, by
from .._typing import AnyPath, Array, Images, Shape
from .archive import HEAD_BYTES, require_no_archive
from .hdf5.chunks import read_all, read_rows
from .hdf5.source import Source, open_hdf5
from .hdf5.strings import is_texts, read_texts
from .stored_images import StoredImages

__all__ = [
    "DIGITS",
    "Dataset",
    "Split",
    "open_dataset",
    "read_classes",
    "read_dataset",
    "require_name",
]

MAX_CLASSES = 65536
MAX_NAME_LETTERS = 200
PIXEL_DTYPES = tuple(
    map(np.dtype, ("uint8", "uint16", "float16", "float32", "float64"))
)
DIGITS = Path(__file__).parent.parent / "data" / "digits.h5"


class Split(NamedTuple):
    """Images ``(N, H, W, C)``, and for each the index of its class."""

    images: Images | StoredImages
    labels: Array


@dataclass(frozen=True, repr=False)
class Dataset:
    """Training images, test images, and the names of their classes."""

    train: Split
    test: Split
    classes: tuple[str, ...]
    pixel_maximum: float

    @property
    def shape(self) -> Shape:
        """Of one image."""
        return self.train.images.shape[1:]

    def __repr__(self) -> str:
        """Return the counts and sizes in one line, no pixels."""
        return f"<Dataset: {self.described}>"

    @property
    def described(self) -> str:
        """How many images there are, of which size, of how many classes."""
        return (
            f"{len(self.train.images)} images to learn from, {len(self.test.images)} "
            f"to be tested on, {by(self.shape)}, {len(self.classes)} classes"
        )


def read_dataset(path: AnyPath, test_path: AnyPath | None = None) -> Dataset:
    """
    Read a data set of labelled images into memory.

    Parameters
    ----------
    path : path
        An HDF5 file with ``train_set_x``, ``train_set_y`` and ``list_classes``.
    test_path : path, optional
        The file with ``test_set_x`` and ``test_set_y``; by default the same file. If
        it has ``list_classes`` or ``pixel_maximum`` too, they must agree.

    Returns
    -------
    Dataset
        Images in the dtype of the file, labels in int64.

    Raises
    ------
    OSError
        If a file is missing, cannot be read or is damaged.
    ValueError
        If a file is not HDF5, or does not follow the layout. The message names the
        file, the dataset, the rule and the numbers.

    Examples
    --------
    >>> from im2col_cnn.files import DIGITS, read_dataset
    >>> digits = read_dataset(DIGITS)
    >>> digits.train.images.shape, digits.test.images.shape, digits.pixel_maximum
    ((1437, 8, 8, 1), (360, 8, 8, 1), 16.0)
    """
    with open_dataset(path, test_path) as stored:
        return replace(
            stored, train=in_memory(stored.train), test=in_memory(stored.test)
        )


@contextmanager
def open_dataset(path: AnyPath, test_path: AnyPath | None = None) -> Iterator[Dataset]:
    """
    Open a data set whose images are read when they are indexed.

    Parameters and refusals are those of `read_dataset`; the file is closed where the
    ``with`` block ends. Pixels are checked as they come.

    Yields
    ------
    Dataset
        Whose images are `StoredImages`.

    Examples
    --------
    >>> from im2col_cnn.files import DIGITS, open_dataset
    >>> with open_dataset(DIGITS) as digits:
    ...     print(digits.train.images[[5, 0, 5]].shape)
    (3, 8, 8, 1)
    """
    train_path = as_path(path, "path")
    test_path = train_path if test_path is None else as_path(test_path, "test_path")
    with ExitStack() as stack:
        train_file = test_file = stack.enter_context(open_hdf5(train_path))
        if test_path != train_path:
            test_file = stack.enter_context(open_hdf5(test_path))
        for source in train_file, test_file:
            require_no_archive(source.path, source.content.head(HEAD_BYTES))
        classes = read_classes(train_file)
        if test_file.has("list_classes") and read_classes(test_file) != classes:
            raise ValueError(f"{test_path}: list_classes differs from {train_path}")
        if not test_file.has("test_set_x"):
            raise ValueError(
                f"{test_path}: has no dataset test_set_x: if the test images are in a "
                f"file of their own, name that file too"
            )
        train = read_split(train_file, "train", len(classes))
        test = read_split(test_file, "test", len(classes))
        pixel_maximum = read_pixel_maximum(train_file, train.images.dtype)
        if pixel_maximum != read_pixel_maximum(
            test_file, test.images.dtype, default=pixel_maximum
        ):
            raise ValueError(f"{test_path}: pixel_maximum differs from {train_path}")
        require_alike(train, test, test_path)
        yield Dataset(train, test, classes, pixel_maximum)


def in_memory(split: Split) -> Split:
    """Return the same images in memory."""
    images = split.images
    return Split(
        images.load() if isinstance(images, StoredImages) else images, split.labels
    )


def require_alike(train: Split, test: Split, path: Path) -> None:
    """Refuse test images of another dtype or shape."""
    if train.images.dtype != test.images.dtype:
        raise ValueError(
            f"{path}: test_set_x must be {train.images.dtype}, like train_set_x, "
            f"got {test.images.dtype}"
        )
    if train.images.shape[1:] != test.images.shape[1:]:
        raise ValueError(
            f"{path}: test_set_x must hold images of shape "
            f"{train.images.shape[1:]}, like train_set_x, got {test.images.shape[1:]}"
        )


def read_split(source: Source, part: str, K: int) -> Split:
    """Find images and read their labels, once their shapes and dtypes are right."""
    images = source.find(f"{part}_set_x")
    labels = source.find(f"{part}_set_y")
    where = f"{source.path}: {part}_set"
    if images.ndim != 4:
        raise ValueError(
            f"{where}_x must have shape (N, H, W, C), got {images.shape}: grey images "
            f"have one channel, C = 1"
        )
    if images.dtype.newbyteorder("=") not in PIXEL_DTYPES:
        raise ValueError(
            f"{where}_x must hold {', '.join(map(str, PIXEL_DTYPES))}, got "
            f"{images.dtype}"
        )
    if 0 in images.shape:
        raise ValueError(f"{where}_x is empty, its shape is {images.shape}")
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise ValueError(
            f"{where}_y must have shape (N,) and hold whole numbers, got shape "
            f"{labels.shape} of {labels.dtype}"
        )
    if len(labels) != len(images):
        raise ValueError(
            f"{where}_y must have one label per image, got {len(labels)} labels for "
            f"{len(images)} images in {part}_set_x"
        )
    numbers = read_all(labels, source)
    if numbers.min() < 0 or numbers.max() >= K:
        raise ValueError(
            f"{where}_y must hold labels from 0 to {K - 1}, as list_classes names "
            f"{K} classes, got {numbers.min()} to {numbers.max()}"
        )
    return Split(StoredImages(images, source), numbers.astype(np.int64))


def read_pixel_maximum(
    source: Source, dtype: np.dtype, default: float | None = None
) -> float:
    """Read what the brightest pixel is stored as."""
    where = f"{source.path}: pixel_maximum"
    found = source.number("pixel_maximum")
    if found is None:
        if default is not None:
            return default
        if dtype.kind == "f":
            raise ValueError(
                f"{where} is missing: for {dtype} images this attribute must say "
                f"what the brightest pixel is stored as"
            )
        return float(np.iinfo(dtype).max)
    if not 0 < found < np.inf:
        raise ValueError(f"{where} must be one number above 0, got {found}")
    return float(found)


def read_classes(source: Source) -> tuple[str, ...]:
    """Read the names of the classes, which may be numbers."""
    dataset = source.find("list_classes")
    where = f"{source.path}: list_classes"
    if dataset.ndim != 1 or not 0 < len(dataset) <= MAX_CLASSES:
        raise ValueError(
            f"{where} must have shape (K,) and name at least one class, "
            f"got shape {dataset.shape}"
        )
    if is_texts(dataset):
        texts = read_texts(dataset, source, 4 * MAX_NAME_LETTERS)
        return tuple(name_of(text, where) for text in texts)
    if dataset.dtype.kind not in "Siu" or dataset.dtype.itemsize > 4 * MAX_NAME_LETTERS:
        raise ValueError(
            f"{where} must be printable names of up to {MAX_NAME_LETTERS} letters, got "
            f"{dataset.dtype} in chunks {dataset.chunks}"
        )
    values = read_rows(dataset, source, 0, len(dataset))
    return tuple(name_of(value, where) for value in values)


def name_of(value: Any, where: str) -> str:
    """Return one name as text."""
    try:
        name = value.decode() if isinstance(value, bytes) else str(value)
    except UnicodeDecodeError as error:
        raise ValueError(f"{where} must be UTF-8 text: {error}") from error
    require_name(name, where)
    return name


def require_name(name: str, where: str) -> None:
    """Refuse a name that is long or holds control characters."""
    if not name.isprintable() or len(name) > MAX_NAME_LETTERS:
        raise ValueError(
            f"{where} must be printable names of up to {MAX_NAME_LETTERS} letters, "
            f"got {name[:MAX_NAME_LETTERS]!a}"
        )
