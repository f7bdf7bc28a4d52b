"""Read variable-length texts from the heaps of HDF5, looking at every byte once.

A dataset of such texts says only where each of them is; a heap holds many:

    dataset   per text: length (4 bytes), place of its heap (8), its number there (4)
    heap      "GCOL", version 1 (4), size of the heap (8), and then
              per text: number (2), uses (2), nothing (4), size (8), and its bytes,
              filled up to a multiple of 8; number 0 is the room that is left

Where a heap contradicts itself, HDF5 may look for a text forever. Here every byte is
looked at once.
"""

from collections.abc import Iterator
from struct import Struct
from typing import Any, TypeAlias

import h5py
import numpy as np

from .chunks import read_rows
from .content import Content
from .source import Source, reading

__all__ = ["is_texts", "read_texts"]

ENTRY_LAYOUT = Struct("<I Q I")  # length, heap, number
HEAP_LAYOUT = Struct("<4s I Q")  # "GCOL", version, size
TEXT_LAYOUT = Struct("<H 6x Q")  # number, size
MAX_HEAP_BYTES = 2**26  # bytes of all heaps together
TextKey: TypeAlias = tuple[int, int]  # place of a heap, number in it


def is_texts(dataset: h5py.Dataset) -> bool:
    """Return whether a dataset holds texts, each of its own length."""
    return dataset.dtype.kind == "O" and bool(h5py.check_string_dtype(dataset.dtype))


def read_texts(dataset: h5py.Dataset, source: Source, max_bytes: int) -> list[bytes]:
    """
    Read texts that are no longer than `max_bytes` bytes.

    Parameters
    ----------
    dataset : h5py.Dataset, shape (N,)
        Of at least one text.
    source : Source
        Its file.
    max_bytes : int
        A longer one is refused, and the others with it.

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
