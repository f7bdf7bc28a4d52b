"""Read the names of classes, which anyone may have chosen, and refuse odd ones."""

from typing import Any

from .hdf5.chunks import read_rows
from .hdf5.source import Source
from .hdf5.strings import is_texts, read_texts

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
    if is_texts(dataset) and dataset.chunks is None:
        texts = read_texts(dataset, source, 4 * LONGEST_NAME)
        return tuple(name_of(text, where) for text in texts)
    if dataset.dtype.kind not in "Siu" or dataset.dtype.itemsize > 4 * LONGEST_NAME:
        raise ValueError(
            f"{where} must be printable names of up to {LONGEST_NAME} letters, got "
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
    """Refuse a name that no table could show."""
    if not name.isprintable() or len(name) > LONGEST_NAME:
        raise ValueError(
            f"{where} must be printable names of up to {LONGEST_NAME} letters, "
            f"got {name[:LONGEST_NAME]!a}"
        )
