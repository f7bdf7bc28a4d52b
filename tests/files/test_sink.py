"""HDF5 writes to a full disk without a complaint; the failure is raised when asked."""

import errno
import io
from pathlib import Path

import h5py
import numpy as np
import pytest

from im2col_cnn.files.hdf5.sink import Sink, writing


class FullDisk(io.FileIO):
    """A file with room for so many bytes."""

    room = 3000

    def write(self, content: bytes | memoryview) -> int:  # type: ignore[override]  # as Sink calls it
        """Write it, if there is room for all of it."""
        if self.tell() + len(content) > self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(content)


def test_what_is_written_can_be_read(tmp_path: Path) -> None:
    with io.FileIO(tmp_path / "x.h5", "w+") as opened, writing(opened) as (file, _):
        file["x"] = np.arange(5)

    with h5py.File(tmp_path / "x.h5") as file:
        assert file["x"][...].tolist() == [0, 1, 2, 3, 4]


def test_the_first_failure_is_kept_and_what_comes_after_it_dropped(
    tmp_path: Path,
) -> None:
    with FullDisk(tmp_path / "x", "w+") as opened:
        sink = Sink(opened)
        sink.require_room()

        for content in b"a" * 2000, b"b" * 2000, b"c" * 10:
            assert sink.write(memoryview(content)) == len(content)

        with pytest.raises(OSError, match="No space left"):
            sink.require_room()
    assert (tmp_path / "x").read_bytes() == b"a" * 2000


def test_a_full_disk_is_told_at_the_end(tmp_path: Path) -> None:
    with (
        FullDisk(tmp_path / "x.h5", "w+") as opened,
        pytest.raises(OSError, match="No space left"),
        writing(opened) as (file, _),
    ):
        file["x"] = np.arange(10_000)
