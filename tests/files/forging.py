"""Change HDF5 files so that they seem to be in order, or mean harm."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from im2col_cnn.nn import Conv, Dense, Flatten, Sequential
from tests.files.hdf5 import arrays, write

__all__ = [
    "Harm",
    "external",
    "filtered",
    "forge",
    "harmed",
    "linked",
    "network",
    "reconfigured",
    "replaced",
    "seal",
    "virtual",
]

HEAD = 512

# What is done to a file, and what must be said of it; SECRET stands for another file.
Harm = tuple[Callable[[h5py.File], object], str]


def network() -> Sequential:
    layers = [Conv(2, 2), Flatten(), Dense(3)]
    return Sequential(layers).build((3, 4, 1), rng=np.random.default_rng(0))


def seal(path: Path, body: bytes) -> Path:
    """Write the HDF5 part of an archive behind a line that vouches for it."""
    line = f"im2col_cnn weights: HDF5 from byte {HEAD} on, SHA-256 "
    head = f"{line}{sha256(body).hexdigest()}\n".encode()
    path.write_bytes(head.ljust(HEAD, b"\0") + body)
    return path


def forge(path: Path, change: Callable[[h5py.File], object]) -> Path:
    """Save a network, change its file, and make the first line vouch for that."""
    network().save(path)
    bare = path.with_suffix(".bare")
    bare.write_bytes(path.read_bytes()[HEAD:])
    with h5py.File(bare, "r+") as file:
        change(file)
    seal(path, bare.read_bytes())
    bare.unlink()
    return path


def reconfigured(change: Callable[[dict[str, Any]], object]) -> Callable[..., None]:
    """Change the description in a weights file."""

    def rewrite(file: h5py.File) -> None:
        configuration = json.loads(file["configuration"][()])
        change(configuration)
        del file["configuration"]
        file["configuration"] = np.bytes_(json.dumps(configuration))

    return rewrite


def replaced(name: str, **settings: Any) -> Callable[[h5py.File], None]:
    """Put another dataset in the place of one."""

    def replace(file: h5py.File) -> None:
        del file[name]
        file.create_dataset(name, **settings)

    return replace


def linked(name: str, link: object) -> Callable[[h5py.File], None]:
    """Put a link in the place of a dataset."""

    def replace(file: h5py.File) -> None:
        del file[name]
        file[name] = link

    return replace


def virtual(name: str, secret: str) -> Callable[[h5py.File], None]:
    """Let a dataset be a window on another file."""

    def replace(file: h5py.File) -> None:
        shape, dtype = file[name].shape, file[name].dtype
        del file[name]
        layout = h5py.VirtualLayout(shape, dtype)
        layout[...] = h5py.VirtualSource(secret, "secret", shape, dtype)
        file.create_virtual_dataset(name, layout)

    return replace


def external(name: str, secret: str) -> Callable[[h5py.File], None]:
    """Let the bytes of a dataset lie in another file."""

    def replace(file: h5py.File) -> None:
        shape, dtype = file[name].shape, file[name].dtype
        del file[name]
        file.create_dataset(
            name, shape, dtype, external=[(secret, 0, h5py.h5f.UNLIMITED)]
        )

    return replace


def filtered(name: str, code: int) -> Callable[[h5py.File], None]:
    """Let a dataset ask for a filter, which HDF5 would look for in a plugin."""

    def replace(file: h5py.File) -> None:
        shape, dtype = file[name].shape, file[name].dtype
        del file[name]
        plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plan.set_chunk(shape)
        plan.set_filter(code, h5py.h5z.FLAG_OPTIONAL)
        h5py.h5d.create(
            file.id,
            name.encode(),
            h5py.h5t.py_create(dtype),
            h5py.h5s.create_simple(shape),
            plan,
        )

    return replace


def harmed(path: Path, change: Callable[[h5py.File], object]) -> Path:
    """Write labelled images, and change their file."""
    with h5py.File(write(path, arrays()), "r+") as file:
        change(file)
    return path
