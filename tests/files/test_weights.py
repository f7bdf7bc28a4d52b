"""What was saved comes back bit for bit, and a file is written whole or not at all."""

import json
import os
from pathlib import Path
from typing import NoReturn

import h5py
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from im2col_cnn.files import load_weights, save_weights
from im2col_cnn.files.atomic import require_writable, write_whole
from im2col_cnn.nn import Conv, Dense, Flatten, Sequential


def network(seed: int, features: int = 3, dtype: type = np.float32) -> Sequential:
    layers = [Conv(2, 2), Flatten(), Dense(features)]
    return Sequential(layers).build(
        (3, 4, 1), rng=np.random.default_rng(seed), dtype=dtype
    )


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_was_saved_comes_back_bit_for_bit(tmp_path: Path, dtype: type) -> None:
    saved, loaded = network(1, dtype=dtype), network(2, dtype=dtype)

    save_weights(tmp_path / "weights.h5", saved)
    load_weights(tmp_path / "weights.h5", loaded)

    for name, parameter in saved.parameters.items():
        assert_array_equal(loaded.parameters[name], parameter)


def test_any_tool_finds_each_array_under_the_name_of_its_layer(tmp_path: Path) -> None:
    save_weights(tmp_path / "weights.h5", network(1))

    with h5py.File(tmp_path / "weights.h5") as file:
        assert file["conv1/w"].shape == (2, 2, 1, 2)
        assert file["dense1/b"].dtype == np.float32
        # No time is stored, or the next second would have other bytes.
        assert h5py.h5g.get_objinfo(file["dense1/b"].id).mtime == 0
        assert file.attrs["format"] == b"im2col_cnn weights"
        assert file.attrs["format_version"] == 1
        assert file.attrs["package_version"]
        configuration = json.loads(file["configuration"][()])
    assert configuration["input_shape"] == [3, 4, 1]
    assert [layer["kind"] for layer in configuration["layers"]] == [
        "conv",
        "flatten",
        "dense",
    ]
    assert configuration["layers"][0]["filters"] == 2


def test_the_same_parameters_give_the_same_bytes(tmp_path: Path) -> None:
    for name in "one.h5", "two.h5":
        save_weights(tmp_path / name, network(1))

    assert (tmp_path / "one.h5").read_bytes() == (tmp_path / "two.h5").read_bytes()


def test_weights_of_another_network_are_refused_and_nothing_changes(
    tmp_path: Path,
) -> None:
    save_weights(tmp_path / "weights.h5", network(1, features=4))
    other = network(2)
    before = {name: array.copy() for name, array in other.parameters.items()}

    with pytest.raises(
        ValueError,
        match=r"dense1/b must .* \(3,\), got float32 of shape \(4,\): it bel",
    ):
        load_weights(tmp_path / "weights.h5", other)

    for name, parameter in other.parameters.items():
        assert_array_equal(parameter, before[name])


def test_what_is_no_weights_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "other.h5").write_bytes(b"neither")

    with pytest.raises(
        ValueError, match=r"other\.h5: does not start like weights that im2col_cnn"
    ):
        load_weights(tmp_path / "other.h5", network(1))
    with pytest.raises(FileNotFoundError, match="there is no such file"):
        load_weights(tmp_path / "none.h5", network(1))


def test_weights_with_nan_are_not_written(tmp_path: Path) -> None:
    spoiled = network(1)
    spoiled.parameters["conv1.w"][1, 0] = np.nan

    with pytest.raises(ValueError, match=r"conv1\.w holds NaN or infinity"):
        save_weights(tmp_path / "weights.h5", spoiled)

    assert list(tmp_path.iterdir()) == []


def test_a_network_that_is_not_built_has_no_weights(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="build this network first"):
        save_weights(tmp_path / "weights.h5", Sequential([Dense(2)]))

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("when", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    def fail(*_: object) -> NoReturn:
        raise OSError("disk full")

    path = tmp_path / "file"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, when, fail)

    with pytest.raises(OSError, match="disk full"):
        write_whole(path, b"new")

    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_bytes_reach_the_disk_before_they_take_the_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    flush, rename = os.fsync, os.replace
    order = []

    def watched_flush(descriptor: int) -> None:
        order.append("flush")
        flush(descriptor)

    def watched_rename(old: Path, new: Path) -> None:
        order.append("rename")
        rename(old, new)

    monkeypatch.setattr(os, "fsync", watched_flush)
    monkeypatch.setattr(os, "replace", watched_rename)

    write_whole(path, b"new")

    assert path.read_bytes() == b"new"
    assert order == ["flush", "rename", "flush"]  # the bytes, the name, the folder


def test_a_link_stays_a_link_and_its_file_is_replaced(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"old")
    link.symlink_to(target)

    write_whole(link, b"new")

    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_a_link_that_leads_in_a_circle_is_replaced(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(link)

    write_whole(link, b"new")

    assert link.read_bytes() == b"new"


def test_a_file_that_only_its_owner_may_read_stays_so(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o600)

    write_whole(path, b"new")

    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_bytes() == b"new"


def test_a_path_that_cannot_be_written_is_refused_and_not_touched(
    tmp_path: Path,
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    locked = tmp_path / "locked"
    locked.mkdir(0o500)

    with pytest.raises(NotADirectoryError, match="there is no folder"):
        require_writable(tmp_path / "none" / "file")
    with pytest.raises(FileExistsError, match="is a folder"):
        require_writable(locked)
    with pytest.raises(FileExistsError, match="is not an ordinary file"):
        require_writable(pipe)
    if os.access(locked, os.W_OK):
        return  # whoever runs this may write anywhere
    with pytest.raises(PermissionError, match="may not be written to"):
        require_writable(locked / "file")


def test_numbers_that_do_not_fit_are_refused_and_nothing_changes(
    tmp_path: Path,
) -> None:
    large, small = (
        Sequential([Dense(2)]).build((3,), rng=np.random.default_rng(0), dtype=dtype)
        for dtype in ("float64", "float32")
    )
    large.parameters["dense1.b"][0] = 1e300
    save_weights(tmp_path / "weights.h5", large)
    before = {name: array.copy() for name, array in small.arrays.items()}

    with pytest.raises(ValueError, match=r"dense1/b is too large for float32"):
        load_weights(tmp_path / "weights.h5", small)

    for name, array in small.arrays.items():
        assert_array_equal(array, before[name])
