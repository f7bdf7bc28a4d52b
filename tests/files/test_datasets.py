"""Labelled images are read as they are written, or refused in one line."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from im2col_cnn.files import DIGITS, read_dataset
from tests.files.hdf5 import BROKEN, arrays, write


def test_a_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    content = arrays()

    dataset = read_dataset(write(tmp_path / "data.h5", content))

    assert_array_equal(dataset.train.images, content["train_set_x"])
    assert_array_equal(dataset.train.labels, content["train_set_y"])
    assert_array_equal(dataset.test.images, content["test_set_x"])
    assert_array_equal(dataset.test.labels, content["test_set_y"])
    assert dataset.train.images.dtype == np.uint8
    assert dataset.classes == ("one", "two", "three")
    assert dataset.shape == (6, 5, 1)


def test_the_test_set_may_be_in_a_file_of_its_own(tmp_path: Path) -> None:
    content = arrays()
    classes = np.array([4, 5, 6])  # numbers are names too
    train = {"train_set_x": content["train_set_x"], "train_set_y": np.arange(12) % 3}
    test = {"test_set_x": content["test_set_x"], "test_set_y": content["test_set_y"]}

    dataset = read_dataset(
        write(tmp_path / "train.h5", {**train, "list_classes": classes}),
        write(tmp_path / "test.h5", {**test, "list_classes": classes}),
    )

    assert_array_equal(dataset.test.images, content["test_set_x"])
    assert dataset.classes == ("4", "5", "6")


@pytest.mark.parametrize(
    ("dtype", "attributes", "expected"),
    [
        (np.uint8, {}, 255),
        (np.uint16, {}, 65535),
        (np.uint8, {"pixel_maximum": 16}, 16),
        (np.float32, {"pixel_maximum": 1.0}, 1),
    ],
)
def test_the_largest_pixel_is_said_by_the_file_or_by_its_dtype(
    tmp_path: Path, dtype: type, attributes: dict[str, Any], expected: float
) -> None:
    content = arrays()
    for name in "train_set_x", "test_set_x":
        content[name] = content[name].astype(dtype)

    dataset = read_dataset(write(tmp_path / "data.h5", content, attributes))

    assert dataset.pixel_maximum == expected


@pytest.mark.parametrize("what", BROKEN)
def test_a_file_with_one_thing_wrong_is_refused_by_name(
    tmp_path: Path, what: str
) -> None:
    content, words = BROKEN[what]
    path = write(tmp_path / "data.h5", content, {})

    with pytest.raises(ValueError, match=rf"data\.h5: .*{words}") as refusal:
        read_dataset(path)

    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("value", [0, -1, np.nan, np.inf, [1, 2], "bright"])
def test_the_largest_pixel_is_one_number_above_0(tmp_path: Path, value: object) -> None:
    path = write(tmp_path / "data.h5", arrays(), {"pixel_maximum": value})

    with pytest.raises(ValueError, match="pixel_maximum must be one number"):
        read_dataset(path)


@pytest.mark.parametrize("value", [np.nan, -np.inf])
def test_pixels_are_finite(tmp_path: Path, value: float) -> None:
    content = arrays()
    for name in "train_set_x", "test_set_x":
        content[name] = content[name].astype(np.float64)
    content["test_set_x"][2, 3, 1] = value
    path = write(tmp_path / "data.h5", content, {"pixel_maximum": 255})

    with pytest.raises(ValueError, match="test_set_x must hold finite numbers"):
        read_dataset(path)


@pytest.mark.parametrize(
    ("content", "attributes", "words"),
    [
        ({"list_classes": [b"x"]}, {}, "list_classes differs from .*train.h5"),
        ({"list_classes": None}, {"pixel_maximum": 9}, "pixel_maximum differs from"),
    ],
)
def test_two_files_must_agree(
    tmp_path: Path, content: dict[str, Any], attributes: dict[str, Any], words: str
) -> None:
    train = write(tmp_path / "train.h5", arrays())
    test = write(tmp_path / "test.h5", arrays() | content, attributes)

    with pytest.raises(ValueError, match=rf"test\.h5: {words}"):
        read_dataset(train, test)


def test_a_missing_file_a_folder_and_another_format_are_refused(tmp_path: Path) -> None:
    text = tmp_path / "text.h5"
    text.write_text("not HDF5")

    with pytest.raises(FileNotFoundError, match=r"none\.h5: there is no such file"):
        read_dataset(tmp_path / "none.h5")
    with pytest.raises(IsADirectoryError, match="is not a file but a folder"):
        read_dataset(tmp_path)
    with pytest.raises(ValueError, match=r"text\.h5: is not an HDF5 file"):
        read_dataset(text)


@pytest.mark.parametrize("kept", [0.2, 0.5, 0.9])
def test_a_file_that_was_cut_short_is_refused(tmp_path: Path, kept: float) -> None:
    path = tmp_path / "short.h5"
    content = DIGITS.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])

    with pytest.raises(OSError, match=r"short\.h5: is a damaged HDF5 file"):
        read_dataset(path)


def test_a_file_whose_images_are_damaged_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "damaged.h5"
    content = bytearray(DIGITS.read_bytes())
    content[20_000:40_000] = bytes(20_000)  # amid the compressed images
    path.write_bytes(content)

    with pytest.raises(OSError, match=r"damaged\.h5: train_set_x cannot be read"):
        read_dataset(path)


def test_the_digits_that_ship_are_those_of_scikit_learn(tmp_path: Path) -> None:
    pytest.importorskip("sklearn", reason="scikit-learn carries the digits")
    from im2col_cnn.data.make_digits import write_digits  # noqa: PLC0415  # needs it

    for name in "one.h5", "two.h5":
        write_digits(tmp_path / name)

    assert (tmp_path / "one.h5").read_bytes() == (tmp_path / "two.h5").read_bytes()
    made, shipped = read_dataset(tmp_path / "one.h5"), read_dataset(DIGITS)
    for split, its_split in (made.train, shipped.train), (made.test, shipped.test):
        assert_array_equal(split.images, its_split.images)
        assert_array_equal(split.labels, its_split.labels)
    assert made.classes == shipped.classes == tuple("0123456789")
    assert made.pixel_maximum == shipped.pixel_maximum == 16


def test_the_digits_name_their_source_and_licence() -> None:
    with h5py.File(DIGITS) as file:
        about = dict(file.attrs)
        shapes = {name: file[name].shape for name in file}
        times = {h5py.h5g.get_objinfo(file[name].id).mtime for name in file}

    assert times == {0}
    assert "CC BY 4.0" in about["licence"]
    assert "UCI" in about["source"]
    assert "Alpaydin" in about["authors"]
    assert shapes["train_set_x"] == (1437, 8, 8, 1)
    assert shapes["test_set_x"] == (360, 8, 8, 1)
