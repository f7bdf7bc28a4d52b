"""Tell what wrote a file of a network, by its first bytes, and what reads it here.

    im2col_cnn weights: ...       Sequential.load, Graph.load, load_weights
    89 H D F                      from_keras, load_keras_weights
    P K, with a config.json       the same, of Keras 3
    08 0a                         from_onnx: a protobuf, a version in front
    length, then {                load_torch_weights: safetensors
    80 02, or P K with data.pkl   nothing: a pickle may run any code

A file that is given to the wrong reader is refused with the name of the right one.
What is none of these goes on to the reader, which says what it misses.
"""

import zipfile
from pathlib import Path

from .hdf5.source import SIGNATURE, reading, require_readable

__all__ = ["origin_of", "require_origin"]

HEAD_BYTES = 16
MAX_HEADER_BYTES = 100_000_000  # of safetensors, by their definition
ORIGINS = {  # what a file is, and what reads it
    "im2col_cnn": (
        "was written by im2col_cnn: Sequential.load, Graph.load or load_weights reads "
        "it"
    ),
    "Keras": "is a file of Keras 3: from_keras or load_keras_weights reads it",
    "HDF5": (
        "is an HDF5 file: from_keras or load_keras_weights reads it, if Keras wrote it"
    ),
    "ONNX": "is an ONNX file: from_onnx reads it",
    "safetensors": "is a safetensors file: load_torch_weights reads it",
    "pickle": (
        "is a pickle, which may run any code, so nothing here reads it: write "
        "safetensors.torch.save_file(model.state_dict(), path), for load_torch_weights"
    ),
    "NumPy": "is a file of NumPy: numpy.load reads it",
    "SavedModel": (
        "is a SavedModel of TensorFlow, which nothing here reads: save a .keras file, "
        "for from_keras, or let tf2onnx make ONNX of it, for from_onnx"
    ),
    "TensorFlow Lite": (
        "is a file of TensorFlow Lite, which nothing here reads: tf2onnx makes ONNX of "
        "it, for from_onnx"
    ),
}
STARTS = {
    b"im2col_cnn ": "im2col_cnn",
    SIGNATURE: "HDF5",
    b"\x93NUMPY": "NumPy",
    **{bytes([0x80, protocol]): "pickle" for protocol in range(2, 6)},
    **{bytes([8, version]): "ONNX" for version in range(3, 32)},
}


def origin_of(path: Path) -> str | None:
    """
    Return what a file is, a key of `ORIGINS`, or None.

    Raises
    ------
    OSError
        If it is missing, or cannot be read.
    """
    if (path / "saved_model.pb").is_file():
        return "SavedModel"
    require_readable(path)
    with reading(path, "the start"), path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head.startswith(b"PK\3\4"):
        return origin_of_archive(path)
    length = int.from_bytes(head[:8], "little")  # first: its bytes may look like others
    if head[8:9] == b"{" and length <= MAX_HEADER_BYTES:
        return "safetensors"
    if head[4:8] == b"TFL3":
        return "TensorFlow Lite"
    return next((STARTS[start] for start in STARTS if head.startswith(start)), None)


def origin_of_archive(path: Path) -> str | None:
    """Return what a zip archive is, by the names in it."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except Exception:  # of many kinds; its reader says what is wrong
        return None
    if "config.json" in names:
        return "Keras"
    if any(name.endswith("data.pkl") for name in names):
        return "pickle"
    return "NumPy" if any(name.endswith(".npy") for name in names) else None


def require_origin(path: Path, *known: str) -> type[OSError | ValueError]:
    """
    Refuse a file of another origin than those known, and name what reads it.

    Returns
    -------
    OSError or ValueError
        What to raise where the file is not read: it is damaged, or of a wrong kind.
    """
    origin = origin_of(path)
    if origin is not None and origin not in known:
        raise ValueError(f"{path}: {ORIGINS[origin]}")
    return ValueError if origin is None else OSError
