"""Open HDF5 files from anyone, and find datasets that lie wholly inside them.

HDF5 can say "the numbers are over there": by a soft or external link, by storage in
other files, by a virtual dataset; or "run this on them": by a filter from a plugin.
None of that is followed here, and what a file claims to hold is believed only as far as
its length allows. Every refusal is one line with the file and the object: an
``OSError`` if a file is missing, unreadable or damaged, a ``ValueError`` if it holds
something else than it should.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from math import prod
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ..._checks import in_a_line, printable
from ..._typing import Shape
from ..atomic import keeping
from .content import Content

if sys.platform != "win32":
    import fcntl

__all__ = [
    "SIGNATURE",
    "Source",
    "hdf5_in_memory",
    "open_hdf5",
    "reading",
    "require_readable",
]

SIGNATURE = b"\x89HDF\r\n\x1a\n"
UNLOCKED = {"FALSE", "0"}  # what HDF5_USE_FILE_LOCKING may say
MAX_CHUNK_BYTES = 2**25  # bytes of a chunk: what must be decompressed to see one pixel
MAX_ENTRY_BYTES = 2**20  # bytes of one entry
FILTER_NAMES = {
    h5py.h5z.FILTER_DEFLATE: "gzip",
    h5py.h5z.FILTER_SHUFFLE: "shuffle",
    h5py.h5z.FILTER_FLETCHER32: "fletcher32",
}
OTHER_FILTER_NAMES = {  # what people compress with, so that they know what to replace
    h5py.h5z.FILTER_SZIP: "szip",
    h5py.h5z.FILTER_NBIT: "nbit",
    h5py.h5z.FILTER_SCALEOFFSET: "scaleoffset",
    307: "bzip2",
    32000: "lzf",
    32001: "blosc",
    32004: "lz4",
    32008: "bitshuffle",
    32013: "zfp",
    32015: "zstd",
    32026: "blosc2",
}


@dataclass(frozen=True)
class Source:
    """An open file: the path to name in refusals, its objects, and its bytes."""

    path: Path
    file: h5py.File
    content: Content

    def find(self, name: str) -> h5py.Dataset:
        """Return a dataset whose numbers all lie in this file, without reading them."""
        item: Any = self.file
        with reading(self.path, name):
            for part in name.split("/"):
                item = self.follow(item, part)
            kind = type(item)
        if kind is not h5py.Dataset:
            with reading(self.path, "/"):
                others = printable(", ".join(islice(self.file, 9))) or "nothing"
            raise ValueError(f"{self.path}: has no dataset {name}, only {others}")
        with reading(self.path, name):
            fault = fault_of(item, self.content.length)
        if fault:
            raise ValueError(f"{self.path}: {name} {fault}")
        return item

    def follow(self, item: Any, part: str) -> Any:
        """Return the object under a name, or None if a link leads elsewhere."""
        # Not `part in item`, which looks where links lead.
        if not isinstance(item, h5py.Group) or not item.id.links.exists(part.encode()):
            return None
        link = item.get(part, getlink=True)
        return item[part] if isinstance(link, h5py.HardLink) else None

    def has(self, name: str) -> bool:
        """Return whether there is an object of that name at the top of the file."""
        with reading(self.path, name):
            return bool(self.file.id.links.exists(name.encode()))

    def number(self, name: str) -> np.number | None:
        """Return an attribute of the file that is one number; None if it has none."""
        with reading(self.path, name):
            if name not in self.file.attrs:
                return None
            attribute = self.file.attrs.get_id(name)
            shape, dtype = attribute.shape, attribute.dtype
        # Not read and then looked at: a text can be long, and be named many times.
        if shape != () or dtype.kind not in "iuf":
            raise ValueError(
                f"{self.path}: {name} must be one number, got {dtype} of shape {shape}"
            )
        with reading(self.path, name):
            number: np.number = np.asarray(self.file.attrs[name]).flat[0]
        return number


@contextmanager
def open_hdf5(path: Path) -> Iterator[Source]:
    """Open an HDF5 file for reading."""
    require_readable(path)
    with path.open("rb") as opened, keeping(opened):
        lock_for_reading(path, opened.fileno())
        start = start_of_hdf5(Content(opened))
        if start is None:
            raise ValueError(f"{path}: is not an HDF5 file")
        content = Content(opened, start)
        try:
            # Through `Content`, so that HDF5 has no position that processes share.
            file = h5py.File(content, "r")
        except Exception as error:  # of many kinds, as damage has many
            raise OSError(
                f"{path}: is a damaged HDF5 file: {in_a_line(error)}"
            ) from error
        with file:
            yield Source(path, file, content)


@contextmanager
def hdf5_in_memory(path: Path, content: bytes) -> Iterator[Source]:
    """Open the bytes of an HDF5 file, which are part of the file at `path`."""
    with reading(path, "/"):
        file = h5py.File(h5py.h5f.open_file_image(content))
    with file:
        yield Source(path, file, Content(BytesIO(content)))


def start_of_hdf5(content: Content) -> int | None:
    """Return where HDF5 begins, at byte 0, 512, 1024, 2048 and so on, if it does."""
    start = 0
    while start + len(SIGNATURE) <= content.length:
        if content.read_at(start, len(SIGNATURE)) == SIGNATURE:
            return start
        start = max(512, 2 * start)
    return None


def lock_for_reading(path: Path, descriptor: int) -> None:
    """Refuse a file that a process holds open for writing, as HDF5 itself would."""
    if sys.platform == "win32":  # where the system itself locks an open file
        return
    if os.environ.get("HDF5_USE_FILE_LOCKING", "").upper() in UNLOCKED:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise OSError(
            f"{path}: is locked: another program has it open for writing; close it "
            f"there first"
        ) from error
    except OSError:
        pass  # some file systems know no locks


def require_readable(path: Path) -> None:
    """Refuse a path that is no ordinary file, or may not be read."""
    if not path.exists():
        raise FileNotFoundError(f"{path}: there is no such file")
    if not path.is_file():
        raise IsADirectoryError(f"{path}: is not a file but a folder or a device")
    if not os.access(path, os.R_OK):
        raise PermissionError(f"{path}: may not be read")


@contextmanager
def reading(path: Path, name: str) -> Iterator[None]:
    """Raise what HDF5 raises as an ``OSError`` that names the file and the object."""
    try:
        yield
    except Exception as error:  # HDF5 raises a dozen kinds, all about the file
        raise OSError(f"{path}: {name} cannot be read: {in_a_line(error)}") from error


def fault_of(dataset: h5py.Dataset, length: int) -> str:
    """Return why a dataset is not read; an empty text if it may be."""
    plan = dataset.id.get_create_plist()
    layout, shape = plan.get_layout(), dataset.shape
    if layout == h5py.h5d.VIRTUAL:
        return "is a virtual dataset: its numbers lie in other files, left unread"
    if plan.get_external_count():
        return "has external storage: its numbers lie in other files, left unread"
    if shape is None or dataset.dtype.itemsize > MAX_ENTRY_BYTES:
        return f"holds {dataset.dtype} of shape {shape}, and is not read"
    if fault := fault_of_filters(plan) or fault_of_numbers(dataset):
        return fault
    claimed = (dataset.chunks or shape, dataset.dtype)
    if layout == h5py.h5d.CHUNKED:
        return too_large(*claimed, "in one chunk", MAX_CHUNK_BYTES)
    return too_large(*claimed, "where the whole file has fewer", length)


def fault_of_filters(plan: Any) -> str:
    """Return which filters cannot be undone here, and the way out; or an empty text."""
    codes = [plan.get_filter(i)[0] for i in range(plan.get_nfilters())]
    if set(codes) <= FILTER_NAMES.keys() and len(set(codes)) == len(codes):
        return ""
    names = [
        FILTER_NAMES.get(n) or OTHER_FILTER_NAMES.get(n, f"filter {n}") for n in codes
    ]
    return (
        f"passes through {', '.join(names)}, where only gzip, shuffle and fletcher32 "
        f"are read, each once: copy it to a new file with h5py, "
        f'create_dataset(..., compression="gzip")'
    )


def fault_of_numbers(dataset: h5py.Dataset) -> str:
    """Return a fault if numbers use only some of their bits: 12 of 16, say."""
    kind = dataset.id.get_type()
    if dataset.dtype.kind in "iuf" and kind.get_precision() != 8 * kind.get_size():
        return "holds numbers that use only some of their bits, which are not read"
    return ""


def too_large(shape: Shape, dtype: Any, where: str, most: int) -> str:
    """Return a fault if an array claims more bytes than there can be."""
    size = prod(shape) * dtype.itemsize
    return f"claims {size} bytes {where}: {most} at most" if size > most else ""
