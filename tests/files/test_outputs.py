"""What is written can be read, is never an input, and a kill leaves nothing behind."""

import os
import signal
import subprocess
import sys
from math import prod
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from im2col_cnn.files import open_dataset, read_dataset, save_weights
from im2col_cnn.files.atomic import write_whole
from im2col_cnn.files.hdf5.source import MAX_CHUNK_BYTES
from im2col_cnn.files.photo_folders import (
    chunk_shape,
    find_photos,
    write_folder,
)
from im2col_cnn.nn import SGD, Dense, Flatten, Sequential, fit
from tests.commands.command import in_here
from tests.files.hdf5 import arrays, write
from tests.files.photos import make_folder
from tests.profile import in_turn

C = st.sampled_from([1, 3])
LINKS = ["its name", "a symbolic link", "a hard link"]


def linked(path: Path, link: Path, name: str) -> Path:
    """Return a path that leads to a file."""
    if name == "its name":
        return path
    (link.symlink_to if name == "a symbolic link" else link.hardlink_to)(path)
    return link


@in_turn(5)
@pytest.mark.parametrize(
    "shape", [(1, 1, 1), (64, 64, 3), (448, 448, 3), (700, 3000, 3), (4096, 2800, 3)]
)
def test_images_of_every_size_are_read_as_they_were_written(
    tmp_path: Path, shape: tuple[int, int, int]
) -> None:
    found = find_photos(
        make_folder(tmp_path / "photos", each=2), 0.5, np.random.default_rng(0)
    )
    write_folder(found, tmp_path / "out.h5", shape, fit="stretch")

    with open_dataset(tmp_path / "out.h5") as data:
        assert data.train.images.shape == (2, *shape)
        for image, label in zip(
            data.train.images[[0, 1]], data.train.labels, strict=True
        ):
            assert (image.mean() > 120) == (label == 0)  # bright, dark


@given(count=st.integers(1, 10**6), shape=st.tuples(*[st.integers(1, 4096)] * 2, C))
def test_no_chunk_is_larger_than_what_is_read(
    count: int, shape: tuple[int, int, int]
) -> None:
    chunk = chunk_shape(count, shape)

    assert 1 <= prod(chunk) <= MAX_CHUNK_BYTES
    assert all(c <= n for c, n in zip(chunk, (count, *shape), strict=True))


@in_turn(3)
def test_images_that_hold_nothing_are_read_into_memory(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    image = pytest.importorskip("PIL.Image")
    for name in "one", "two":
        (tmp_path / "photos" / name).mkdir()
        for n in range(2):
            blank = image.new("L", (4, 4))
            blank.save(tmp_path / "photos" / name / f"{n}.png")
    found = find_photos(tmp_path / "photos", 0.5, np.random.default_rng(0))
    write_folder(found, tmp_path / "out.h5", (3700, 3100, 3))

    images: Any = read_dataset(tmp_path / "out.h5").train.images
    assert not images.any()


def network() -> Sequential:
    return Sequential([Flatten(), Dense(3)]).build(
        (6, 5, 1), rng=np.random.default_rng(0)
    )


@pytest.mark.parametrize("name", LINKS)
def test_a_dataset_that_is_open_is_not_overwritten(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "data.h5", arrays())
    before = path.read_bytes()
    other = linked(path, tmp_path / "link", name)
    words = f"{other.name}: is being read"
    settings: dict[str, Any] = {"epochs": 1, "batch_size": 4, "optimizer": SGD(0.1)}

    with open_dataset(path) as data:
        rng = np.random.default_rng(0)
        with pytest.raises(OSError, match=words):
            fit(network(), *data.train, rng=rng, checkpoint=other, **settings)
        with pytest.raises(OSError, match=words):
            save_weights(other, network())
    assert path.read_bytes() == before
    save_weights(other, network())  # once it is closed, that is for its owner to say


@pytest.mark.parametrize("name", LINKS)
@pytest.mark.parametrize("option", ["--save", "--checkpoint"])
def test_train_overwrites_none_of_its_inputs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, option: str
) -> None:
    path = write(tmp_path / "data.h5", arrays())
    other = linked(path, tmp_path / "link", name)

    answer = in_here(capsys, "train", path, "--epochs", "1", option, other)

    assert (answer.status, answer.err.count("\n")) == (2, 1)
    assert f"{option} {other}: is in use already" in answer.err
    assert read_dataset(path).classes == ("one", "two", "three")


def test_train_does_not_overwrite_the_checkpoint_it_goes_on_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run.h5"
    in_here(capsys, "train", "--epochs", "1", "--checkpoint", run)
    before = run.read_bytes()

    answer = in_here(
        capsys,
        *("train", "--epochs", "2", "--resume", run),
        *("--checkpoint", tmp_path / "other.h5", "--save", run),
    )

    assert (answer.status, answer.out) == (2, "")
    assert f"--save {run}: is in use already" in answer.err
    assert run.read_bytes() == before


@pytest.mark.parametrize("name", LINKS)
def test_make_h5_overwrites_none_of_its_photos(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    photo = make_folder(tmp_path / "photos") / "dark" / "1.jpg"
    before = photo.read_bytes()
    other = linked(photo, tmp_path / "link", name)

    answer = in_here(capsys, "make-h5", tmp_path / "photos", other)

    assert (answer.status, answer.out) == (2, "")
    assert f"{other}: is in use already" in answer.err
    assert photo.read_bytes() == before


KILLED = """
import os, sys, signal
from pathlib import Path
from im2col_cnn.files.atomic import replacing
with replacing(Path(sys.argv[1])) as file:
    file.write(b"half of it")
    os.fsync(file.fileno())
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="files always have names here")
@pytest.mark.parametrize("exists", [True, False])
def test_a_kill_in_the_middle_leaves_nothing_behind(
    tmp_path: Path, exists: bool
) -> None:
    path = tmp_path / "file"
    if exists:
        path.write_bytes(b"old")

    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)

    assert done.returncode == -signal.SIGKILL
    assert list(tmp_path.iterdir()) == ([path] if exists else [])


@pytest.mark.parametrize("exists", [True, False])
def test_files_without_a_name_are_not_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exists: bool
) -> None:
    monkeypatch.delattr(os, "O_TMPFILE", raising=False)  # as on most systems
    path = tmp_path / "file"
    if exists:
        path.write_bytes(b"old")
        path.chmod(0o640)

    write_whole(path, b"new")

    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]
    assert not exists or path.stat().st_mode & 0o777 == 0o640


def test_a_file_that_cannot_be_given_its_name_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)  # as some file systems do

    write_whole(tmp_path / "file", b"new")

    assert (tmp_path / "file").read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]
