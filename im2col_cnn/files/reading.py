"""Open HDF5 files that anyone may have made: every refusal is one line with the path.

A missing, unreadable or damaged file is an ``OSError``; a file without what is looked
for, or with something else in its place, is a ``ValueError``.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np

from .._typing import Array

__all__ = ["find", "open_hdf5", "read"]


@contextmanager
def open_hdf5(path: Path) -> Iterator[h5py.File]:
    """Open an HDF5 file for reading."""
    if not path.exists():
        raise FileNotFoundError(f"{path}: there is no such file")
    if not path.is_file():
        raise IsADirectoryError(f"{path}: is not a file but a folder or a device")
    if not os.access(path, os.R_OK):
        raise PermissionError(f"{path}: may not be read")
    if not h5py.is_hdf5(path):
        raise ValueError(f"{path}: is not an HDF5 file")
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise OSError(f"{path}: is a damaged HDF5 file: {error}") from error
    with file:
        yield file


def find(file: h5py.File, name: str) -> h5py.Dataset:
    """Return a dataset by its name, without reading it."""
    item = file.get(name)
    if not isinstance(item, h5py.Dataset):
        others = ", ".join(file) or "nothing"
        raise ValueError(f"{file.filename}: has no dataset {name}, only {others}")
    return item


def read(dataset: h5py.Dataset) -> Array:
    """Read all of a dataset."""
    try:
        return np.asarray(dataset[()])
    except (OSError, TypeError) as error:
        name = f"{dataset.file.filename}: {dataset.name.lstrip('/')}"
        raise OSError(f"{name} cannot be read: {error}") from error
