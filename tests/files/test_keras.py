"""Files of Keras are read as far as their length allows, and no further."""

import json
import re
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from im2col_cnn.files.keras import in_order, read_keras, write_keras_weights
from tests.files.keras import sequential, write_archive, write_by_class, write_by_name
from tests.profile import in_turn

KERNEL, BIAS = np.arange(6.0).reshape(3, 2), np.array([7.0, 8.0])
LAYERS = {"dense": [KERNEL, BIAS], "relu": [], "dense_1": [BIAS[:, np.newaxis]]}
MODEL = sequential((3,), ("Dense", {"units": 2}))
WRITERS: dict[str, Callable[[Path], Path]] = {
    "net.weights.h5": lambda path: write_by_class(path, LAYERS),
    "weights.h5": lambda path: write_by_name(path, LAYERS),
    "net.h5": lambda path: write_by_name(path, LAYERS, MODEL),
    "net.keras": lambda path: write_archive(path, LAYERS, MODEL),
}


@pytest.mark.parametrize("name", WRITERS)
def test_every_file_gives_the_arrays_of_its_layers(tmp_path: Path, name: str) -> None:
    file = read_keras(WRITERS[name](tmp_path / name))

    assert list(file.arrays) == ["dense/0", "dense/1", "dense_1/0"]
    assert np.array_equal(file.arrays["dense/0"], KERNEL)
    assert np.array_equal(file.arrays["dense/1"], BIAS)
    assert file.by_class == (name in ("net.weights.h5", "net.keras"))
    assert file.model == (MODEL if name in ("net.h5", "net.keras") else None)


def test_weights_are_written_as_they_are_read(tmp_path: Path) -> None:
    places = {
        "dense/0": "layers/dense/vars/0",
        "dense/1": "layers/dense/vars/1",
        "net/lstm/0": "layers/net/layers/lstm/cell/vars/0",
        "twice/forward_layer/0": "layers/twice/forward_layer/cell/vars/0",
    }
    arrays = {place: KERNEL + n for n, place in enumerate(places.values())}

    write_keras_weights(tmp_path / "net.weights.h5", arrays)

    file = read_keras(tmp_path / "net.weights.h5")
    assert file.places == places
    assert all(
        np.array_equal(file.arrays[name], arrays[place])
        for name, place in places.items()
    )


def test_weights_of_keras_2_12_are_written_for_keras_3(tmp_path: Path) -> None:
    old = "_layer_checkpoint_dependencies/dense/vars/0"

    write_keras_weights(tmp_path / "net.weights.h5", {old: KERNEL})

    (place,) = read_keras(tmp_path / "net.weights.h5").places.values()
    assert place == "layers/dense/vars/0"


def test_names_are_in_the_order_of_their_numbers() -> None:
    names = ["conv2d_10", "conv2d", "conv2d_9", "9", "a"]

    assert in_order(names) == ["9", "a", "conv2d", "conv2d_9", "conv2d_10"]


def test_the_names_of_a_long_list_lie_in_several_attributes(tmp_path: Path) -> None:
    path = write_by_name(tmp_path / "net.h5", LAYERS, MODEL)
    with h5py.File(path, "r+") as file:
        names = file["model_weights"].attrs.pop("layer_names")
        file["model_weights"].attrs["layer_names0"] = names[:2]
        file["model_weights"].attrs["layer_names1"] = names[2:]

    assert list(read_keras(path).arrays) == ["dense/0", "dense/1", "dense_1/0"]


def circle(file: h5py.File) -> None:
    for n in range(200):
        file[f"layers/again{n}"] = file["/"]


def circle_of_halves(file: h5py.File) -> None:
    file["layers/twice/forward_layer"] = file["layers"]
    for n in range(200):
        file[f"layers/again{n}/backward_layer"] = file["/"]


def claiming(file: h5py.File) -> None:
    """Name one array of many bytes very often."""
    numbers = file.create_dataset("all", (2**24,), "f8", chunks=(2**12,))
    numbers[0] = 1
    for n in range(20):
        file[f"layers/dense/vars/{n + 2}"] = numbers


def elsewhere(file: h5py.File) -> None:
    del file["layers/dense/vars/0"]
    file["layers/dense/vars/0"] = h5py.ExternalLink("other.h5", "secret")


def texts(file: h5py.File) -> None:
    del file["layers/dense/vars/0"]
    file["layers/dense/vars/0"] = "not a number"


@in_turn(2)
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (circle, "more than 10000 layers"),
        (circle_of_halves, "more than 10000 layers"),
        (claiming, r"claim 2684\d+ bytes, 268435456 at most"),
        (elsewhere, "has no dataset layers/dense/vars/0"),
        (texts, "holds object, not numbers"),
        (lambda file: file.pop("layers"), "holds no weights that Keras wrote"),
        (lambda file: file.attrs.create("model_config", 3), "not texts"),
        (lambda file: file.attrs.create("model_config", "[" * 10**5), "cannot be read"),
        (lambda file: file.attrs.create("model_config", "[]"), "no JSON object"),
    ],
)
def test_hdf5_that_means_harm_is_refused_in_one_line(
    tmp_path: Path, change: Callable[[h5py.File], Any], words: str
) -> None:
    path = write_by_class(tmp_path / "net.weights.h5", LAYERS)
    with h5py.File(path, "r+", libver="latest") as file:
        change(file)

    with pytest.raises(
        (OSError, ValueError), match=rf"net\.weights\.h5.*{words}"
    ) as no:
        read_keras(path)

    assert "\n" not in str(no.value)


def damaged_heap(path: Path) -> None:
    """Let the room that is left in a heap be 0 bytes long: HDF5 would stay there."""
    content = bytearray(path.read_bytes())
    start = content.index(b"GCOL") + 16
    while struct.unpack_from("<H", content, start)[0]:
        start += 16 + -(-struct.unpack_from("<8x Q", content, start)[0] // 8) * 8
    struct.pack_into("<H 6x Q", content, start, 0, 0)
    path.write_bytes(content)


def test_no_heap_of_texts_keeps_one_waiting(tmp_path: Path) -> None:
    path = write_by_name(tmp_path / "net.h5", LAYERS, MODEL)
    damaged_heap(path)

    with pytest.raises(OSError, match=r"net\.h5: .* the heap of texts at byte \d+"):
        read_keras(path)


def bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", json.dumps(MODEL))
        archive.writestr("metadata.json", "{}")
        archive.writestr("model.weights.h5", bytes(2**28 + 1))


def packed(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("config.json", json.dumps(MODEL))


def lying(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(MODEL))
    content = path.read_bytes().replace(b'"Dense"', b'"Sense"')
    path.write_bytes(content)


def other(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../config.json", json.dumps(MODEL))


@in_turn(2)
@pytest.mark.parametrize(
    ("write", "words"),
    [
        (bomb, r"model\.weights\.h5 would unpack 2\d+ bytes to 268435457"),
        (packed, "config.json would unpack .* by method 14"),
        (lying, "config.json cannot be read: Bad CRC-32"),
        (other, "has no config.json"),
        (lambda path: path.write_bytes(b"neither"), "is not an HDF5 file"),
    ],
)
def test_archives_that_mean_harm_are_refused_in_one_line(
    tmp_path: Path, write: Callable[[Path], Any], words: str
) -> None:
    path = tmp_path / "net.keras"
    write(path)

    with pytest.raises((OSError, ValueError), match=rf"net\.keras: {words}") as no:
        read_keras(path)

    assert "\n" not in str(no.value)


def test_a_file_cut_short_anywhere_is_refused_in_one_line(tmp_path: Path) -> None:
    whole = write_archive(tmp_path / "net.keras", LAYERS, MODEL).read_bytes()
    path = tmp_path / "cut.keras"
    for length in np.linspace(0, len(whole) - 1, 12).astype(int):
        path.write_bytes(whole[:length])
        with pytest.raises((OSError, ValueError), match=re.escape(str(path))) as no:
            read_keras(path)
        assert "\n" not in str(no.value)


def test_a_path_of_another_ending_is_refused() -> None:
    with pytest.raises(ValueError, match=r"must end in \.weights\.h5, got 'net\.h5'"):
        write_keras_weights(Path("net.h5"), {})
