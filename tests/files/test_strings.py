"""Texts of any length are read as they were written, and no heap keeps one waiting."""

import struct
from pathlib import Path
from typing import Any

import h5py
import hypothesis.strategies as st
import pytest
from hypothesis import given

from im2col_cnn.files.datasets import read_classes
from im2col_cnn.files.hdf5.source import open_hdf5

# HDF5 ends a text at its first zero byte.
letters = st.characters(exclude_categories=["C", "Z"])


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("texts") / "texts.h5"


def read(path: Path) -> tuple[str, ...]:
    with open_hdf5(path) as source:
        return read_classes(source)


@given(
    names=st.lists(st.text(letters, max_size=200), min_size=1, max_size=50),
    before=st.sampled_from([0, 512, 4096]),
    version=st.sampled_from(["earliest", "v110", "latest"]),
)
def test_texts_are_read_as_they_were_written(
    path: Path, names: list[str], before: int, version: str
) -> None:
    with h5py.File(path, "w", userblock_size=before, libver=version) as file:
        file["list_classes"] = names

    assert read(path) == tuple(names)


def test_texts_may_lie_in_many_heaps(path: Path) -> None:
    names = [f"{n} " + "x" * 100 for n in range(3000)]
    with h5py.File(path, "w") as file:
        file["list_classes"] = names

    assert path.read_bytes().count(b"GCOL") > 1
    assert read(path) == tuple(names)


@pytest.mark.parametrize(
    "settings",
    [
        {"maxshape": (None,)},
        {"chunks": (2,), "compression": "gzip"},
        {"chunks": (4,), "compression": "gzip", "shuffle": True},
    ],
)
def test_texts_may_lie_in_chunks(path: Path, settings: dict[str, Any]) -> None:
    names = ["one", "two", "drei", "\u732b", "a fifth one"]
    text = h5py.string_dtype()
    with h5py.File(path, "w", userblock_size=512) as file:
        file.create_dataset("list_classes", data=names, dtype=text, **settings)

    assert read(path) == tuple(names)


def test_texts_in_chunks_are_as_short_as_others(path: Path) -> None:
    text = h5py.string_dtype()
    with h5py.File(path, "w") as file:
        file.create_dataset("list_classes", data=["x" * 801], dtype=text, chunks=(1,))

    with pytest.raises(OSError, match="a text has 801 bytes, 800 at most"):
        read(path)


def damaged(path: Path, at: int, code: str, value: int) -> Path:
    """Write one, two, three, and put a number into the heap they lie in."""
    with h5py.File(path, "w") as file:
        file["list_classes"] = ["one", "two", "three"]
    content = bytearray(path.read_bytes())
    struct.pack_into(code, content, content.index(b"GCOL") + at, value)
    path.write_bytes(content)
    return path


# Each of these lets HDF5 2.0 look for a text forever: the room that is left is smaller
# than it was, or of no size at all.
@pytest.mark.parametrize("size", [0, 8, 16, 2**63])
def test_room_that_is_smaller_than_it_is_keeps_nobody_waiting(
    path: Path, size: int
) -> None:
    assert read(damaged(path, 96, "<Q", size)) == ("one", "two", "three")


@pytest.mark.parametrize(
    ("at", "code", "value", "words"),
    [
        (0, "<I", 0, r"there is no heap of texts at byte \d+"),
        (4, "<I", 2, r"there is no heap of texts at byte \d+"),
        (8, "<Q", 2**27, r"there is no heap of texts at byte \d+"),
        (8, "<Q", 2**20, r"the file ends before byte \d+"),
        (8, "<Q", 16, r"text 1 is not in the heap at byte \d+"),
        (8, "<Q", 0, r"there is no heap of texts at byte \d+"),
        (16, "<H", 7, r"text 1 is not in the heap at byte \d+"),
        (24, "<Q", 2**63, r"text 2 is not in the heap at byte \d+"),
    ],
)
def test_a_heap_that_contradicts_itself_is_refused(
    path: Path, at: int, code: str, value: int, words: str
) -> None:
    with pytest.raises(OSError, match=rf"list_classes cannot be read: {words}$"):
        read(damaged(path, at, code, value))


@pytest.mark.parametrize("length", [801, 2**31])
def test_a_long_text_is_refused_before_it_is_read(path: Path, length: int) -> None:
    path = damaged(path, 0, "<I", int.from_bytes(b"GCOL", "little"))
    content = bytearray(path.read_bytes())
    with h5py.File(path) as file:
        at = file["list_classes"].id.get_offset()
    struct.pack_into("<I", content, at, length)
    path.write_bytes(content)

    with pytest.raises(OSError, match=rf"a text has {length} bytes, 800 at most"):
        read(path)


def test_texts_without_a_place_are_refused(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("list_classes", (3,), h5py.string_dtype())

    with pytest.raises(OSError, match="its texts are not where they are looked for"):
        read(path)
