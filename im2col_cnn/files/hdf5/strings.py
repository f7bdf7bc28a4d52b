"""Read variable-length texts from the heaps of HDF5, looking at every byte once.

A dataset of such texts says only where each of them is; a heap holds many:

    dataset   per text: length (4 bytes), place of its heap (8), its number there (4)
    heap      "GCOL", version 1 (4), size of the heap (8), and then
              per text: number (2), uses (2), nothing (4), size (8), and its bytes,
              filled up to a multiple of 8; number 0 is the room that is left

Where a heap contradicts itself, HDF5 may look for a text forever. Here every byte is
looked at once. Where attributes are kept is known to HDF5 alone: it is asked for their
texts only after every heap of the file was walked through.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from struct import Struct
from typing import Any, TypeAlias, final

import h5py
import numpy as np

from ..._lazily import lazily
from .chunks import MAX_READ_BYTES, read_rows
from .content import Content
from .source import Source, reading

__all__ = ["Attributes", "is_texts", "read_texts"]

ENTRY_LAYOUT = Struct("<I Q I")  # length, heap, number
HEAP_LAYOUT = Struct("<4s I Q")  # "GCOL", version, size
TEXT_LAYOUT = Struct("<H 6x Q")  # number, size
HEAP_HEAD = re.compile(re.escape(b"GCOL\1"))
MIN_HEAP_BYTES = 4096  # HDF5 reads no smaller one
MAX_HEAP_BYTES = 2**26  # bytes of all heaps together
TextKey: TypeAlias = tuple[int, int]  # place of a heap, number in it


def is_texts(dataset: h5py.Dataset) -> bool:
    """Return whether a dataset holds texts, each of its own length."""
    return dataset.dtype.kind == "O" and bool(h5py.check_string_dtype(dataset.dtype))


def read_texts(dataset: h5py.Dataset, source: Source, max_bytes: int) -> list[bytes]:
    """Read the texts of a dataset (N,) of at least one, none longer than so many bytes.

    Raises
    ------
    OSError
        If there are none at the places that are named, or longer ones.
    """
    with reading(source.path, dataset.name.lstrip("/")):
        plan: Any = dataset.file.id.get_create_plist()
        if plan.get_sizes() != (8, 8):
            raise ValueError("its places have other sizes than 8 bytes")
        places = list(ENTRY_LAYOUT.iter_unpack(read_entries(dataset, source)))
        if (length := max(length for length, _, _ in places)) > max_bytes:
            raise ValueError(f"a text has {length} bytes, {max_bytes} at most")
        wanted = {(heap, number) for length, heap, number in places if length}
        found = find_texts(source.content, wanted, plan.get_userblock())
        if lost := wanted - found.keys():
            heap, number = min(lost)
            raise ValueError(f"text {number} is not in the heap at byte {heap}")
        # A text shorter than it should be is damaged too, but harms nobody.
        return [
            found[heap, number][:length] if length else b""
            for length, heap, number in places
        ]


@final
@dataclass(frozen=True)
class Attributes:
    """The attributes of an open file that are texts."""

    source: Source

    def texts(self, item: Any, name: str) -> list[str]:
        """
        Return an attribute that is one text or several; none where there is none.

        Raises
        ------
        OSError
            If it holds something else, or a heap of the file contradicts itself.
        """
        with reading(self.source.path, name):
            if name not in item.attrs:
                return []
            attribute = item.attrs.get_id(name)
            shape, dtype = attribute.shape, attribute.dtype
            if 0 in (shape or ()):
                return []
            if h5py.check_string_dtype(dtype) is None or shape is None:
                raise ValueError(f"it holds {dtype} of shape {shape}, not texts")
            # One long text may be named by every entry.
            longest = self.longest if dtype.kind == "O" else dtype.itemsize
            if prod(shape) * longest > MAX_READ_BYTES:
                raise ValueError(f"it may have more than {MAX_READ_BYTES} bytes")
            texts = np.asarray(item.attrs[name], object).ravel()
            return [t.decode() if isinstance(t, bytes) else str(t) for t in texts]

    @lazily
    def longest(self) -> int:
        """Return the bytes of the longest text, if every heap has an end."""
        content = self.source.content.read_at(0, self.source.content.length)
        longest = 0
        for found in HEAP_HEAD.finditer(content):
            at = found.start()
            size = int.from_bytes(content[at + 8 : at + HEAP_LAYOUT.size], "little")
            start, end = at + HEAP_LAYOUT.size, at + size
            if size < MIN_HEAP_BYTES or end > len(content):
                continue  # no heap for HDF5 either
            while start + TEXT_LAYOUT.size <= end:
                number, length = TEXT_LAYOUT.unpack_from(content, start)
                # The room that is left counts its own head; a text does not.
                step = TEXT_LAYOUT.size + -(-length // 8) * 8 if number else length
                if not 0 < step <= end - start:
                    raise ValueError(f"the heap of texts at byte {at} is damaged")
                start += step
                longest = max(longest, length if number else 0)
        return longest


def read_entries(dataset: h5py.Dataset, source: Source) -> bytes:
    """Return what a dataset says of where its texts are."""
    if dataset.chunks is not None:
        entry = np.dtype((np.void, ENTRY_LAYOUT.size))
        return read_rows(dataset, source, 0, len(dataset), dtype=entry).tobytes()
    start = dataset.id.get_offset()
    if start is None:
        raise ValueError("its texts are not where they are looked for")
    return source.content.read_at(start, len(dataset) * ENTRY_LAYOUT.size)


def find_texts(file: Content, wanted: set[TextKey], base: int) -> dict[TextKey, bytes]:
    """Return texts by heap and number; places of heaps are counted from `base`."""
    texts: dict[TextKey, bytes] = {}
    left = MAX_HEAP_BYTES
    for heap in sorted({heap for heap, _ in wanted}):
        word, version, size = HEAP_LAYOUT.unpack(
            file.read_at(base + heap, HEAP_LAYOUT.size)
        )
        left -= size
        if (word, version) != (b"GCOL", 1) or left < 0 or size < HEAP_LAYOUT.size:
            raise ValueError(f"there is no heap of texts at byte {heap}")
        content = file.read_at(base + heap + HEAP_LAYOUT.size, size - HEAP_LAYOUT.size)
        texts |= {
            (heap, number): text
            for number, text in texts_of(content)
            if (heap, number) in wanted
        }
    return texts


def texts_of(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the texts of a heap, whose head is left out, each with its number."""
    start = 0
    while start + TEXT_LAYOUT.size <= len(content):
        number, size = TEXT_LAYOUT.unpack_from(content, start)
        start += TEXT_LAYOUT.size
        if number == 0:
            return
        yield number, content[start : start + size]
        start += -(-size // 8) * 8
