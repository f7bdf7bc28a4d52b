"""Read rows of a dataset chunk by chunk, unpacking each no further than its shape.

A few bytes can be compressed so that they fill the memory. HDF5 unpacks whatever is
there; here each chunk is taken as it is stored and unpacked no further than its shape
allows. Three filters are known, and undone in the opposite order:

    shuffle      all first bytes, then all second bytes, and so on
    gzip         deflate, with a checksum of its own
    fletcher32   two sums of 16-bit words, at the end
"""

import zlib
from itertools import product
from math import prod

import h5py
import numpy as np

from ..._typing import Array
from .content import Content
from .source import Source, reading

__all__ = [
    "ALWAYS_UNPACKED_BYTES",
    "MAX_READ_BYTES",
    "read_all",
    "read_rows",
    "rows_per_block",
]

MAX_READ_BYTES = 2**31  # bytes that are read at once
ALWAYS_UNPACKED_BYTES = 2**28  # bytes that may be unpacked from next to nothing
MAX_CHUNKS_PER_READ = 2**16  # that are looked up at once: a few seconds
MAX_UNPACKING_RATIO = 200  # of what photographs compress to, many times over


def read_all(dataset: h5py.Dataset, source: Source) -> Array:
    """Read a whole dataset, if it is at most 2 GiB and no compression bomb."""
    path, name = source.path, dataset.name.lstrip("/")
    size = prod(dataset.shape) * dataset.dtype.itemsize
    if size > MAX_READ_BYTES:
        raise ValueError(
            f"{path}: {name} claims {size} bytes, {MAX_READ_BYTES} are read at once: "
            f"`open_dataset` reads a little at a time"
        )
    with reading(path, name):
        stored = dataset.id.get_storage_size()
    if size > max(ALWAYS_UNPACKED_BYTES, MAX_UNPACKING_RATIO * stored):
        raise ValueError(
            f"{path}: {name} would unpack {stored} bytes to {size}: `open_dataset` "
            f"reads a little at a time"
        )
    if dataset.shape == () or dataset.chunks is None:
        with reading(path, name):
            return np.asarray(dataset[()])
    return read_rows(dataset, source, 0, len(dataset))


def rows_per_block(dataset: h5py.Dataset) -> int:
    """Return how many rows are read together: those of a chunk, or about a mebibyte."""
    if dataset.chunks is not None:
        return int(dataset.chunks[0])
    row = prod(dataset.shape[1:]) * dataset.dtype.itemsize
    return max(1, 2**20 // max(int(row), 1))


def read_rows(
    dataset: h5py.Dataset,
    source: Source,
    start: int,
    stop: int,
    *,
    dtype: np.dtype | None = None,
) -> Array:
    """
    Read the rows from `start` up to `stop`, whose blocks are read whole.

    `dtype` is that of the file, of the dataset by default.
    """
    dtype = dataset.dtype if dtype is None else dtype
    with reading(source.path, dataset.name.lstrip("/")):
        if dataset.chunks is None:
            rows = np.asarray(dataset[start:stop])
            source.content.require_unchanged()
            return rows
        sizes = (stop, *dataset.shape[1:])
        starts = [
            range(first - first % step, size, step)
            for first, size, step in zip(
                (start, *[0] * (dataset.ndim - 1)), sizes, dataset.chunks, strict=True
            )
        ]
        if (count := prod(map(len, starts))) > MAX_CHUNKS_PER_READ:
            raise ValueError(
                f"rows {start} to {stop - 1} lie in {count} chunks of shape "
                f"{dataset.chunks}, {MAX_CHUNKS_PER_READ} at most: write it in larger "
                f"ones"
            )
        rows = np.zeros((stop - start, *dataset.shape[1:]), dtype)
        for corner in product(*starts):
            chunk = read_chunk(dataset, source.content, corner, dtype)
            if chunk is not None:
                place(chunk, rows, (corner[0] - start, *corner[1:]))
    return rows


def place(chunk: Array, rows: Array, corner: tuple[int, ...]) -> None:
    """Copy into `rows` the part of a chunk that lies inside."""
    inside, theirs = [], []
    for first, length, size in zip(corner, chunk.shape, rows.shape, strict=True):
        inside.append(slice(max(first, 0), min(first + length, size)))
        theirs.append(slice(max(-first, 0), min(length, size - first)))
    rows[tuple(inside)] = chunk[tuple(theirs)]


def read_chunk(
    dataset: h5py.Dataset, file: Content, corner: tuple[int, ...], dtype: np.dtype
) -> Array | None:
    """Read and unpack one chunk; None where nothing was ever written, which is 0."""
    info = dataset.id.get_chunk_info_by_coord(corner)
    if info.byte_offset is None or not info.size:
        # Or another value, but to ask a damaged file for it can crash HDF5.
        plan = dataset.id.get_create_plist()
        if plan.fill_value_defined() == h5py.h5d.FILL_VALUE_USER_DEFINED:
            raise ValueError(f"the chunk at {corner} was never written")
        return None
    size = prod(dataset.chunks) * dtype.itemsize
    # What cannot be compressed grows a little.
    if info.size > size + size // 100 + 1024:
        raise ValueError(f"the chunk at {corner} claims {info.size} bytes for {size}")
    # Not by HDF5: where a file contradicts itself, that writes past its buffer.
    content = file.read_at(info.byte_offset, info.size)
    plan = dataset.id.get_create_plist()
    for i in reversed(range(plan.get_nfilters())):
        skipped = info.filter_mask >> i & 1
        if not skipped:
            content = undo(plan.get_filter(i)[0], content, dtype.itemsize, size)
    if len(content) != size:
        raise ValueError(f"the chunk at {corner} has {len(content)} bytes, not {size}")
    return np.frombuffer(content, dtype).reshape(dataset.chunks)


def undo(code: int, content: bytes, itemsize: int, size: int) -> bytes:
    """Undo one filter of a chunk of `size` bytes."""
    if code == h5py.h5z.FILTER_DEFLATE:
        unpacking = zlib.decompressobj()
        content = unpacking.decompress(content, size + 4)  # four for a checksum
        if not unpacking.eof:
            raise ValueError(
                f"a chunk of {size} bytes is cut short, or unpacks to more"
            )
        return content
    if code == h5py.h5z.FILTER_SHUFFLE:
        bytes_ = np.frombuffer(content, np.uint8)
        return bytes_.reshape(itemsize, -1).T.tobytes()
    content, stored = content[:-4], content[-4:]
    if fletcher32(content) != tuple(np.frombuffer(stored, "<u2") % 65535):
        raise ValueError("a chunk differs from its checksum")
    return content


def fletcher32(content: bytes) -> tuple[int, int]:
    """Return the sum of all words and the sum of all such sums, modulo 65535."""
    words = np.frombuffer(content + b"\0" * (len(content) % 2), ">u2").astype(np.uint64)
    weights = np.arange(len(words), 0, -1, dtype=np.uint64)
    # 2**25 bytes are 2**24 words: the sums stay below 2**63.
    return int(words.sum() % 65535), int((words * weights).sum() % 65535)
