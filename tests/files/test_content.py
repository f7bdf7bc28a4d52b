"""A file that changes while it is read is refused: labels and images are one."""

import os
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from im2col_cnn.files import open_dataset
from im2col_cnn.files.hdf5.content import Content
from im2col_cnn.nn import SGD, Dense, Flatten, Progress, Sequential, fit
from tests.files.hdf5 import arrays, write

LAYOUTS: dict[str, dict[str, Any]] = {"whole": {}, "chunks": {"chunks": (4, 6, 5, 1)}}


def stored(path: Path, value: int, layout: dict[str, Any]) -> Path:
    """Write images all of whose pixels are `value`."""
    write(path, arrays() | {"train_set_x": None})
    with h5py.File(path, "r+") as file:
        x = np.full((12, 6, 5, 1), value, np.uint8)
        file.create_dataset("train_set_x", data=x, **layout)
    return path


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_file_that_is_replaced_is_read_on_as_it_was(
    tmp_path: Path, layout: str
) -> None:
    path = stored(tmp_path / "data.h5", 1, LAYOUTS[layout])
    other = stored(tmp_path / "other.h5", 2, LAYOUTS[layout])

    with open_dataset(path) as data:
        other.replace(path)
        assert (data.train.images[:] == 1).all()


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_file_that_is_written_to_is_refused(tmp_path: Path, layout: str) -> None:
    path = stored(tmp_path / "data.h5", 1, LAYOUTS[layout])
    other = stored(tmp_path / "other.h5", 2, LAYOUTS[layout]).read_bytes()

    with open_dataset(path) as data:
        path.write_bytes(other)
        os.utime(path, ns=(0, 0))  # clocks of files are coarse
        with pytest.raises(
            OSError,
            match=r"data\.h5: train_set_x cannot be read: the file has changed since",
        ):
            data.train.images[:]


def test_a_file_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    path = stored(tmp_path / "data.h5", 1, LAYOUTS["chunks"])

    with open_dataset(path) as data:
        os.truncate(path, 3000)
        with pytest.raises(OSError, match=r"data\.h5: train_set_x cannot be read: "):
            data.train.images[:]


def test_training_ends_when_its_file_changes(tmp_path: Path) -> None:
    path = stored(tmp_path / "data.h5", 1, LAYOUTS["chunks"])
    network = Sequential([Flatten(), Dense(3)])

    def change(_: Progress) -> None:
        path.write_bytes(path.read_bytes())
        os.utime(path, ns=(0, 0))

    with open_dataset(path) as data:
        images: Any = data.train.images
        images.max_blocks = 1  # chunks in memory: the others are read again
        rng = np.random.default_rng(0)
        with pytest.raises(OSError, match="has changed since it was opened"):
            fit(
                network.build(data.shape, rng=rng),
                *data.train,
                epochs=3,
                batch_size=2,
                optimizer=SGD(1e-5),
                rng=rng,
                on_epoch=change,
            )


def test_a_file_that_is_replaced_as_it_is_opened_is_read_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = stored(tmp_path / "data.h5", 1, {})
    other = stored(tmp_path / "other.h5", 2, {})

    def replaced(file: Content, mode: str) -> h5py.File:
        other.replace(path)
        return opened(file, mode)

    opened = h5py.File
    monkeypatch.setattr(h5py, "File", replaced)
    with open_dataset(path) as data:
        assert (data.train.images[:] == 1).all()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="Windows locks files itself")
def test_a_file_that_another_program_writes_is_locked_not_damaged(
    tmp_path: Path,
) -> None:
    path = stored(tmp_path / "data.h5", 1, {})

    with (
        h5py.File(path, "r+"),
        pytest.raises(OSError, match=r"data\.h5: is locked: another program has it"),
        open_dataset(path),
    ):
        pass
