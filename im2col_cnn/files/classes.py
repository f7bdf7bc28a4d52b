"""Read the names of classes, which anyone may have chosen, and refuse odd ones."""

from pathlib import Path
from typing import Any

import h5py

from .chunks import read_rows
from .reading import Source, blaming

__all__ = ["read_classes", "require_name"]

MOST_CLASSES = 65536
LONGEST_NAME = 200  # letters


def read_classes(source: Source) -> tuple[str, ...]:
    """Read the names of the classes; numbers are names too."""
    dataset = source.find("list_classes")
    where = f"{source.path}: list_classes"
    if dataset.ndim != 1 or not 0 < len(dataset) <= MOST_CLASSES:
        raise ValueError(
            f"{where} must have shape (K,) and name at least one class, "
            f"got shape {dataset.shape}"
        )
    is_text = dataset.dtype.kind == "O" and h5py.check_string_dtype(dataset.dtype)
    if is_text and dataset.chunks is None:
        # One at a time: a file can hold a single long text and name it many times.
        return tuple(
            name_of(read_name(dataset, k, source.path), where)
            for k in range(len(dataset))
        )
    if dataset.dtype.kind not in "Siu" or dataset.dtype.itemsize > 4 * LONGEST_NAME:
        raise ValueError(
            f"{where} must be printable names of up to {LONGEST_NAME} letters, got "
            f"{dataset.dtype} in chunks {dataset.chunks}"
        )
    values = read_rows(dataset, source.path, 0, len(dataset))
    return tuple(name_of(value, where) for value in values)


def read_name(dataset: Any, k: int, path: Path) -> Any:
    """Read one text of whatever length it has."""
    with blaming(path, "list_classes"):
        return dataset[k]


def name_of(value: Any, where: str) -> str:
    """Return one name as text."""
    try:
        name = value.decode() if isinstance(value, bytes) else str(value)
    except UnicodeDecodeError as error:
        raise ValueError(f"{where} must be UTF-8 text: {error}") from error
    require_name(name, where)
    return name


def require_name(name: str, where: str) -> None:
    """Refuse a name that no table could show."""
    if not name.isprintable() or len(name) > LONGEST_NAME:
        raise ValueError(
            f"{where} must be printable names of up to {LONGEST_NAME} letters, "
            f"got {name[:LONGEST_NAME]!a}"
        )
