"""An HDF5 file of arrays and their description, with a checksum in front.

    bytes 0 to 511   one line of text, with the SHA-256 of all bytes after them
    from byte 512    HDF5, which any tool opens as it is:
    /                format, format_version, package_version
    /configuration   JSON: what the arrays are of, and ``arrays``, their names
    /conv1/w ...     the arrays, as they were in memory: no filters, no chunks

The line is checked before anything is read, so HDF5 never sees a file that was cut
short or has a bit flipped. Both can still be forged; what they can claim is then
bounded by the length of the file, and nothing in it is ever executed.
"""

import json
import re
from collections.abc import Mapping
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np

from .._typing import Array
from .._version import __version__
from .atomic import write_whole
from .hdf5.source import Source, hdf5_in_memory, reading
from .origin import require_origin

__all__ = [
    "HEAD_BYTES",
    "Archive",
    "read_archive",
    "require_no_archive",
    "write_archive",
]

FORMAT_VERSION = 1
HEAD_BYTES = 512  # the least that HDF5 leaves to others at the start of a file
HEAD_LINE = re.compile(rb"im2col_cnn (\w+): HDF5 from byte 512 on, SHA-256 (\w{64})\n")
MAX_FILE_BYTES = 2**32
MAX_ARRAYS = 2**16


class Archive(NamedTuple):
    """Arrays and their description; the path is named in refusals."""

    path: Path
    configuration: dict[str, Any]
    arrays: dict[str, Array]


def write_archive(
    path: Path, kind: str, configuration: Mapping[str, Any], arrays: Mapping[str, Array]
) -> None:
    """Write arrays and their description, whole or not at all.

    `kind` says in a word what the archive is, `configuration` holds what JSON knows. A
    slash in the name of an array makes a group. The same arrays give the same bytes: no
    time of day is stored.

    Raises
    ------
    OSError
        If the file cannot be written; what was there before still is.
    """
    text = json.dumps({**configuration, "arrays": list(arrays)}, indent=1)
    content = BytesIO()
    with h5py.File(content, "w", userblock_size=HEAD_BYTES) as file:
        # Text of fixed length: it lies where it is used, not in a heap of its own.
        file.attrs["format"] = np.bytes_(f"im2col_cnn {kind}")
        file.attrs["format_version"] = FORMAT_VERSION
        file.attrs["package_version"] = np.bytes_(__version__)
        everything = {"configuration": np.bytes_(text), **arrays}
        for name, array in everything.items():
            file.create_dataset(name, data=array, track_times=False)
    body = content.getvalue()[HEAD_BYTES:]
    line = (
        f"im2col_cnn {kind}: HDF5 from byte {HEAD_BYTES} on, SHA-256 {digest(body)}\n"
    )
    write_whole(path, line.encode().ljust(HEAD_BYTES, b"\0") + body)


def read_archive(path: Path, kind: str) -> Archive:
    """
    Read what `write_archive` wrote.

    Raises
    ------
    OSError
        If the file is missing or damaged.
    ValueError
        If it is something else. Nothing is allocated that the file does not hold.
    """
    content = checked_body(path, kind)
    with hdf5_in_memory(path, content) as source:
        configuration = read_configuration(source)
        names = configuration.pop("arrays", None)
        if not isinstance(names, list) or not all(
            isinstance(name, str) and name.isprintable() for name in names
        ):
            raise ValueError(f"{path}: configuration must list names of arrays")
        if len(names) > MAX_ARRAYS or len(set(names)) < len(names):
            raise ValueError(f"{path}: configuration must name each array once")
        # Each is no longer than the file, but the same bytes could be named often.
        datasets = {name: source.find(name) for name in names}
        if sum(dataset.nbytes for dataset in datasets.values()) > len(content):
            raise ValueError(f"{path}: its arrays claim more bytes than it has")
        arrays = {name: read(dataset, path) for name, dataset in datasets.items()}
        return Archive(path, configuration, arrays)


def checked_body(path: Path, kind: str) -> bytes:
    """Return the HDF5 part of a file, once its SHA-256 was compared."""
    require_origin(path, "im2col_cnn")
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        raise ValueError(f"{path}: has {size} bytes, {MAX_FILE_BYTES} are read at most")
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        # A foreign file is not brought into memory to see that it is foreign.
        body = file.read() if head.startswith(b"im2col_cnn ") else b""
    line = HEAD_LINE.match(head)
    if line is None:
        raise ValueError(
            f"{path}: does not start like {kind_in_words(kind)} that im2col_cnn wrote"
        )
    if (found := line[1].decode()) != kind:
        raise ValueError(
            f"{path}: holds {kind_in_words(found)}, not {kind_in_words(kind)}"
        )
    if line[2].decode() != digest(body):
        raise OSError(f"{path}: is damaged: its bytes are not those that were written")
    return body


def read_configuration(source: Source) -> dict[str, Any]:
    """Read and parse the JSON of a file whose version is known."""
    number = source.number("format_version")
    if number != FORMAT_VERSION:
        raise ValueError(
            f"{source.path}: format_version must be {FORMAT_VERSION}, got {number}: a "
            f"newer im2col_cnn may read it"
        )
    dataset = source.find("configuration")
    if dataset.shape != () or dataset.dtype.kind != "S" or dataset.chunks is not None:
        raise ValueError(f"{source.path}: configuration must be one text")
    with reading(source.path, "configuration"):
        configuration = json.loads(dataset[()].decode())
    if not isinstance(configuration, dict):
        raise ValueError(f"{source.path}: configuration must be a JSON object")
    return configuration


def read(dataset: h5py.Dataset, path: Path) -> Array:
    """Read an array that was stored as it was in memory."""
    name = dataset.name.lstrip("/")
    if dataset.chunks is not None or dataset.dtype.kind not in "iuf":
        raise ValueError(
            f"{path}: {name} must hold numbers as they are in memory, got "
            f"{dataset.dtype} in chunks {dataset.chunks}"
        )
    with reading(path, name):
        return np.asarray(dataset[()], dataset.dtype.newbyteorder("="))


def require_no_archive(path: Path, head: bytes) -> None:
    """Refuse a weights file or a checkpoint where a data set is wanted."""
    if line := HEAD_LINE.match(head):
        raise ValueError(
            f"{path}: holds {kind_in_words(line[1].decode())}, not labelled images"
        )


def kind_in_words(kind: str) -> str:
    """Return the kind of an archive as a noun: weights, a checkpoint."""
    return "a checkpoint" if kind == "checkpoint" else kind


def digest(body: bytes) -> str:
    """Return the SHA-256 of the HDF5 part."""
    return sha256(body).hexdigest()
