"""A file of a network that is given to the wrong reader names the right one."""

import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from im2col_cnn.files import load_weights, save_weights
from im2col_cnn.files.origin import origin_of
from im2col_cnn.nn import (
    Dense,
    Sequential,
    from_keras,
    from_onnx,
    load_keras_weights,
    load_torch_weights,
)
from tests.files.keras import write_archive, write_by_name

NETWORK = Sequential([Dense(2)]).build((3,), rng=np.random.default_rng(0))


def write_zip(path: Path, *names: str) -> None:
    """Write a zip archive of files that hold a word."""
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "word")


def write_folder(path: Path) -> None:
    """Write a SavedModel."""
    path.mkdir()
    (path / "saved_model.pb").write_bytes(b"graph")


def write_hdf5(path: Path) -> None:
    """Write a file that Keras did not write."""
    with h5py.File(path, "w") as file:
        file["x"] = np.zeros(3)


FILES: dict[str, tuple[Callable[[Path], Any], str | None, str]] = {
    "ours.h5": (
        lambda path: save_weights(path, NETWORK),
        "im2col_cnn",
        "was written by im2col_cnn: Sequential.load, Graph.load or load_weights reads",
    ),
    "net.keras": (
        lambda path: write_archive(path, {}, {}),
        "Keras",
        "is a file of Keras 3: from_keras or load_keras_weights reads it",
    ),
    "net.h5": (
        lambda path: write_by_name(path, {}, {}),
        "HDF5",
        "is an HDF5 file: from_keras or load_keras_weights reads it, if Keras wrote",
    ),
    "data.h5": (write_hdf5, "HDF5", "is an HDF5 file: from_keras or load_keras"),
    "net.onnx": (
        lambda path: path.write_bytes(b"\x08\x0a\x12\x07pytorch" + bytes(80)),
        "ONNX",
        "is an ONNX file: from_onnx reads it",
    ),
    "net.safetensors": (
        # As long as the start of a pickle says.
        lambda path: path.write_bytes(b"\x80\x02\0\0\0\0\0\0{" + b" " * 700),
        "safetensors",
        "is a safetensors file: load_torch_weights reads it",
    ),
    "net.pt": (
        lambda path: write_zip(path, "net/data.pkl", "net/version"),
        "pickle",
        "is a pickle, which may run any code, so nothing here reads it: write safe",
    ),
    "net.pth": (
        lambda path: path.write_bytes(pickle.dumps({"w": 1})),
        "pickle",
        "is a pickle",
    ),
    "x.npz": (
        lambda path: np.savez(path, x=1),
        "NumPy",
        "is a file of NumPy: numpy.load reads it",
    ),
    "x.npy": (lambda path: np.save(path, 1), "NumPy", "is a file of NumPy"),
    "net.tflite": (
        lambda path: path.write_bytes(b"\x1c\0\0\0TFL3" + bytes(80)),
        "TensorFlow Lite",
        "is a file of TensorFlow Lite, which nothing here reads: tf2onnx makes ONNX",
    ),
    "saved": (write_folder, "SavedModel", "is a SavedModel of TensorFlow, which noth"),
    "cut.safetensors": (
        lambda path: path.write_bytes(b"\x80\x02\0\0\0\0\0\0{" + b" " * 70),
        "safetensors",
        "is a safetensors file",
    ),
    "code.py": (lambda path: path.write_text("import {\n" * 9), None, ""),
    "text.h5": (lambda path: path.write_text("words"), None, ""),
    "empty.h5": (lambda path: path.write_bytes(b""), None, ""),
    "cut.pt": (lambda path: path.write_bytes(b"PK\3\4"), None, ""),
    "other.zip": (lambda path: write_zip(path, "words.txt"), None, ""),
}
READERS: dict[str, tuple[Callable[[Path], Any], set[str]]] = {
    "load": (Sequential.load, {"im2col_cnn"}),
    "load_weights": (lambda path: load_weights(path, NETWORK), {"im2col_cnn"}),
    "from_keras": (from_keras, {"Keras", "HDF5"}),
    "load_keras_weights": (
        lambda path: load_keras_weights(path, NETWORK),
        {"Keras", "HDF5"},
    ),
    "from_onnx": (from_onnx, {"ONNX"}),
    "load_torch_weights": (
        lambda path: load_torch_weights(path, NETWORK),
        {"safetensors"},
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_first_bytes_say_what_wrote_a_file(name: str, tmp_path: Path) -> None:
    write, origin, _ = FILES[name]
    write(tmp_path / name)

    assert origin_of(tmp_path / name) == origin


@pytest.mark.parametrize("reader", READERS)
def test_a_reader_names_the_one_that_reads_a_file(reader: str, tmp_path: Path) -> None:
    pytest.importorskip({"from_onnx": "onnx"}.get(reader, "h5py"))
    read, own = READERS[reader]
    for name, (write, origin, said) in FILES.items():
        path = tmp_path / name
        write(path)
        if origin is not None and origin not in own:
            with pytest.raises(ValueError, match=rf"{name}: {said}") as caught:
                read(path)
            assert "\n" not in str(caught.value)
        elif (reader, name) not in (("load", "ours.h5"), ("load_weights", "ours.h5")):
            # What starts as it should is damaged; anything else is of a wrong kind.
            kinds = ValueError if origin is None else (OSError, ValueError)
            with pytest.raises(kinds, match=rf"{name}: "):
                read(path)


@pytest.mark.parametrize("reader", ["from_onnx", "load_torch_weights"])
def test_a_file_that_is_cut_off_is_damaged(reader: str, tmp_path: Path) -> None:
    extras = {"from_onnx": "onnx", "load_torch_weights": "safetensors"}
    pytest.importorskip(extras[reader])
    read, (own,) = READERS[reader]
    for name, (write, origin, _) in FILES.items():
        if origin == own:
            write(tmp_path / name)
            with pytest.raises(OSError, match=rf"{name}: .* "):
                read(tmp_path / name)
