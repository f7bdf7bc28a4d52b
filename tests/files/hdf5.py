"""Write small HDF5 datasets for tests, whole or with one thing wrong."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from im2col_cnn._typing import Array

__all__ = ["BROKEN", "arrays", "write"]


def arrays() -> dict[str, Array]:
    """Return 12 images to learn from and 5 to test on, of 3 classes."""
    rng = np.random.default_rng(0)
    return {
        "train_set_x": rng.integers(0, 256, (12, 6, 5, 1), np.uint8),
        "train_set_y": np.arange(12) % 3,
        "test_set_x": rng.integers(0, 256, (5, 6, 5, 1), np.uint8),
        "test_set_y": np.arange(5) % 3,
        "list_classes": np.array([b"one", b"two", b"three"]),
    }


def write(
    path: Path, content: Mapping[str, Any], attributes: Mapping[str, Any] | None = None
) -> Path:
    """Write arrays and attributes to a file; what is None is left out."""
    with h5py.File(path, "w") as file:
        file.attrs.update(attributes or {})
        for name, array in content.items():
            if array is not None:
                file[name] = array
    return path


def change(**changes: Any) -> dict[str, Any]:
    return arrays() | changes


# What is wrong, and the words that must say so, after the name of the file.
BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "no images": (
        change(train_set_x=None),
        "has no dataset train_set_x, only list_classes, test_set_x, test_set_y, ",
    ),
    "no labels": (change(train_set_y=None), "has no dataset train_set_y"),
    "no test images": (
        change(test_set_x=None),
        "has no dataset test_set_x: if the test images are in a file of their own",
    ),
    "no test labels": (change(test_set_y=None), "has no dataset test_set_y"),
    "no list of classes": (change(list_classes=None), "has no dataset list_classes"),
    "no classes": (
        change(list_classes=np.array([], "S3")),
        r"list_classes must .* at least one class, got shape \(0,\)",
    ),
    "classes with control codes": (
        change(list_classes=np.array([b"\x1b[31mred", b"green", b"blue"])),
        r"list_classes must be printable names .*, got '\\x1b\[31mred'",
    ),
    "classes that are no text": (
        change(list_classes=np.array([b"\xff", b"green", b"blue"])),
        "list_classes must be UTF-8 text",
    ),
    "a group instead of images": (
        change(train_set_x=None) | {"train_set_x/images": np.zeros(3)},
        "has no dataset train_set_x",
    ),
    "fewer labels than images": (
        change(train_set_y=np.zeros(11, int)),
        "one label per image, got 11 labels for 12 images in train_set_x",
    ),
    "fewer test labels than images": (
        change(test_set_y=np.zeros(4, int)),
        "one label per image, got 4 labels for 5 images in test_set_x",
    ),
    "a label above the classes": (
        change(train_set_y=np.arange(12) % 4),
        "train_set_y must hold labels from 0 to 2, .* names 3 classes, got 0 to 3",
    ),
    "a negative label": (
        change(test_set_y=np.array([0, 1, 2, -1, 0])),
        "test_set_y must hold labels from 0 to 2, .* got -1 to 2",
    ),
    "labels that are floats": (
        change(train_set_y=np.zeros(12)),
        "train_set_y must .* whole numbers, got shape .* of float64",
    ),
    "labels as columns": (
        change(train_set_y=np.zeros((12, 1), int)),
        r"train_set_y must have shape \(N,\) .*, got shape \(12, 1\)",
    ),
    "images without a channel axis": (
        change(train_set_x=np.zeros((12, 6, 5), np.uint8)),
        r"train_set_x must have shape \(N, H, W, C\), got \(12, 6, 5\): grey images",
    ),
    "images of signed numbers": (
        change(train_set_x=np.zeros((12, 6, 5, 1), np.int64)),
        "train_set_x must hold uint8, uint16, .*, got int64",
    ),
    "images that are text": (
        change(train_set_x=np.full((12, 6, 5, 1), b"x")),
        "train_set_x must hold uint8, uint16, .*, got",
    ),
    "no images in the set": (
        change(train_set_x=np.zeros((0, 6, 5, 1), np.uint8), train_set_y=[]),
        r"train_set_x is empty, its shape is \(0, 6, 5, 1\)",
    ),
    "no test images in the set": (
        change(test_set_x=np.zeros((0, 6, 5, 1), np.uint8), test_set_y=[]),
        r"test_set_x is empty, its shape is \(0, 6, 5, 1\)",
    ),
    "images without pixels": (
        change(train_set_x=np.zeros((12, 0, 5, 1), np.uint8)),
        r"train_set_x is empty, its shape is \(12, 0, 5, 1\)",
    ),
    "test images of another size": (
        change(test_set_x=np.zeros((5, 5, 6, 1), np.uint8)),
        r"shape \(6, 5, 1\), like train_set_x, got \(5, 6, 1\)",
    ),
    "test images of another dtype": (
        change(test_set_x=np.zeros((5, 6, 5, 1), np.uint16)),
        "test_set_x must be uint8, like train_set_x, got uint16",
    ),
    "floats of unknown scale": (
        change(train_set_x=np.zeros((12, 6, 5, 1), np.float32)),
        "pixel_maximum is missing: for float32 images this attribute must say",
    ),
}
