"""Make files that mean harm, for the tests that see them refused."""

import json
import zlib
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from im2col_cnn.nn import Conv, Dense, Flatten, Sequential
from tests.hdf5 import arrays, write

__all__ = ["DATA", "WEIGHTS", "forge", "harmed", "network", "reconfigured", "seal"]

HEAD = 512


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


def bomb(file: h5py.File) -> None:
    """Let a few kilobytes unpack to a gigabyte, in chunks of ordinary size."""
    del file["train_set_x"], file["train_set_y"], file["test_set_x"]
    file["test_set_x"] = np.zeros((5, 32, 32, 1), np.uint8)
    images = file.create_dataset(
        "train_set_x",
        (2**20, 32, 32, 1),
        np.uint8,
        chunks=(2**12, 32, 32, 1),
        compression="gzip",
    )
    images[: 2**12] = 0
    file.create_dataset("train_set_y", (2**20,), np.uint8, chunks=(2**18,))


def bomb_in_a_chunk(file: h5py.File) -> None:
    """Let one chunk unpack to a thousand times what its shape allows."""
    images = file["train_set_x"][()]
    del file["train_set_x"]
    dataset = file.create_dataset(
        "train_set_x", images.shape, np.uint8, chunks=images.shape, compression="gzip"
    )
    content = zlib.compress(bytes(300 * images.size), 9)
    dataset.id.write_direct_chunk((0, 0, 0, 0), content)


def loop(file: h5py.File) -> None:
    """Let a group be inside itself."""
    file["conv1/conv1"] = file["conv1"]
    del file["conv1/w"]


FAR = (2**40, 2)
# What is done to a file, and what must be said of it; SECRET stands for another file.
Harm = tuple[Callable[[h5py.File], object], str]


def WEIGHTS(secret: str) -> dict[str, Harm]:
    """Return harmful changes to a weights file."""
    w = "conv1/w"
    return {
        "external link": (linked(w, h5py.ExternalLink(secret, "secret")), "no dataset"),
        "soft link": (linked(w, h5py.SoftLink("/dense1/w")), "no dataset conv1/w"),
        "dangling link": (linked(w, h5py.SoftLink("/none")), "no dataset conv1/w"),
        "external storage": (external(w, secret), "conv1/w has external storage"),
        "virtual": (virtual(w, secret), "conv1/w is a virtual dataset"),
        "plugin": (filtered(w, 32768), "conv1/w passes through filter 32768, where"),
        "terabytes": (
            replaced(w, shape=FAR, dtype="f4"),
            "conv1/w claims 8796093022208 bytes where the whole file has fewer",
        ),
        "compressed": (
            replaced(w, data=np.zeros((2, 2, 1, 2), "f4"), compression="gzip"),
            "conv1/w must hold numbers as they are in memory",
        ),
        "rank": (
            replaced(w, data=np.zeros(8, "f4")),
            "conv1/w must have shape 2x2x1x2, got 8",
        ),
        "whole numbers": (
            replaced(w, data=np.zeros((2, 2, 1, 2), "i4")),
            "conv1/w must hold finite floats",
        ),
        "text": (replaced(w, data=np.bytes_("w")), "conv1/w must hold numbers"),
        "objects": (
            replaced(w, data=["w"], dtype=h5py.string_dtype()),
            "conv1/w must hold numbers",
        ),
        "another precision": (
            replaced(w, data=np.full((2, 2, 1, 2), 1e300)),
            "conv1/w must be float32, got float64",
        ),
        "nan": (
            replaced(w, data=np.full((2, 2, 1, 2), np.nan, "f4")),
            "conv1/w must hold finite floats",
        ),
        "a group in itself": (loop, "has no dataset conv1/w"),
        "missing": (lambda file: file.pop(w), "no dataset conv1/w"),
        "version": (
            lambda file: file.attrs.modify("format_version", 2),
            "format_version must be 1, got 2",
        ),
        "version that is no number": (
            lambda file: file.attrs.create("format_version", "x" * 1000),
            r"format_version must be one number, got object of shape \(\)",
        ),
        "no json": (
            replaced("configuration", data=np.bytes_(b"{")),
            "configuration cannot be read: Expecting",
        ),
        "deep json": (
            replaced("configuration", data=np.bytes_(b"[" * 200_000)),
            "configuration cannot be read",
        ),
        "no object": (
            replaced("configuration", data=np.bytes_(b"[]")),
            "configuration must be a JSON object",
        ),
        **{
            what: (reconfigured(change), f"configuration.*{words}")
            for what, (change, words) in CONFIGURATIONS.items()
        },
    }


def layer(number: int, **settings: Any) -> Callable[[dict[str, Any]], None]:
    return lambda configuration: configuration["layers"][number].update(settings)


def setting(**settings: Any) -> Callable[[dict[str, Any]], None]:
    return lambda configuration: configuration.update(settings)


CONFIGURATIONS: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "unknown layer": (layer(0, kind="os.system"), "os.system is no kind of layer"),
    "layer of no kind": (layer(0, kind=["conv"]), "is no kind of layer"),
    "unknown setting": (layer(0, colour="red"), "conv: .*unexpected keyword.*colour"),
    "hidden setting": (layer(0, parameters={}), "unexpected keyword .*parameters"),
    "unknown initializer": (layer(0, initializer="eval"), "initializer eval is not"),
    "many filters": (layer(0, filters=10**30), "filters must be at most 1048576"),
    "other filters": (layer(0, filters=3), "conv1/w must have shape 2x2x1x3"),
    "large padding": (layer(0, padding=2**20), "padding must be at most 1024, got 1"),
    "negative padding": (layer(0, padding=-1), "padding must be at least 0"),
    "float": (layer(0, stride=1.5), "stride must be an int"),
    "nothing": (layer(0, kernel_size=None), "kernel_size must be"),
    "many features": (layer(2, features=2**20), "dense1/w must have shape 12x1048576"),
    "no layers": (setting(layers=[]), "layers must be a list of up to"),
    "many layers": (setting(layers=[{"kind": "relu"}] * 10_001), "of up to 10000"),
    "large input": (setting(input_shape=[2**30, 2**30, 1]), "is more than 16777216"),
    "no input": (setting(input_shape=[]), "input_shape must be"),
    "text as input": (setting(input_shape="abc"), "input_shape must be a list"),
    "another dtype": (setting(dtype="object"), "dtype must be float16, 32 or 64"),
    "classes": (setting(classes=["\x1b[31m"]), "classes must be .* printable"),
    "arrays with control codes": (
        setting(arrays=["\x1b[31m"]),
        "must list names of arrays",
    ),
    "layer with control codes": (layer(0, kind="\x1b[31m"), r"\?\[31m is no kind of"),
    "an array too many": (
        lambda c: c["layers"].pop(),
        "no layer has the array dense1/b",
    ),
    "no bias": (layer(0, bias=False), "no layer has the array conv1/b"),
}


def in_the_middle(file: h5py.File) -> None:
    """Let pixels be 12 bits in the middle of 16."""
    del file["train_set_x"]
    kind = h5py.h5t.STD_U16LE.copy()
    kind.set_precision(12)
    kind.set_offset(2)
    space = h5py.h5s.create_simple((12, 6, 5, 1))
    h5py.h5d.create(file.id, b"train_set_x", kind, space)


def tiny_chunks(file: h5py.File) -> None:
    """Cut images to pieces."""
    for name, n in ("train_set_x", 12), ("test_set_x", 5):
        replaced(name, shape=(n, 512, 512, 1), dtype="u1", chunks=(1, 1, 1, 1))(file)


def many_labels(file: h5py.File) -> None:
    """Claim millions of labels, each in a chunk of its own."""
    n = 2**22
    replaced("train_set_x", shape=(n, 6, 5, 1), dtype="u1", chunks=(64, 6, 5, 1))(file)
    replaced("train_set_y", shape=(n,), dtype="u1", chunks=(1,))(file)


def DATA(secret: str) -> dict[str, Harm]:
    """Return harmful changes to a file of labelled images."""
    x = "train_set_x"
    return {
        "external link": (linked(x, h5py.ExternalLink(secret, "secret")), "no dataset"),
        "soft link": (
            linked(x, h5py.SoftLink("/test_set_x")),
            "no dataset train_set_x",
        ),
        "external storage": (external(x, secret), f"{x} has external storage"),
        "virtual": (virtual(x, secret), f"{x} is a virtual dataset"),
        "plugin": (filtered(x, 32768), rf"{x} passes through filter 32768, where"),
        "filter": (
            replaced(x, data=arrays()[x], compression="lzf"),
            r"passes through lzf, where only .*: copy it .*compression=\"gzip\"",
        ),
        "terabytes": (
            replaced(x, shape=(2**40, 6, 5, 1), dtype="u1"),
            f"{x} claims 32985348833280 bytes where the whole file has fewer",
        ),
        "terabytes in chunks": (
            replaced(x, shape=(2**40, 6, 5, 1), dtype="u1", chunks=(64, 6, 5, 1)),
            "one label per image, got 12 labels for 1099511627776",
        ),
        "terabytes of labels": (
            replaced("train_set_y", shape=(2**40,), dtype="u1", chunks=(64,)),
            "one label per image, got 1099511627776 labels",
        ),
        "a chunk of gigabytes": (
            replaced(
                x, shape=(2**20, 2**6, 2**6, 1), dtype="u1", chunks=(2**19, 64, 64, 1)
            ),
            f"{x} claims 2147483648 bytes in one chunk: 33554432 at most",
        ),
        "bomb": (bomb, "would unpack .* bytes to 1073741824"),
        "bomb in a chunk": (bomb_in_a_chunk, f"{x} cannot be read: .* unpacks to more"),
        "a long name named often": (
            replaced("list_classes", data=["x" * 10**6] * 3, dtype=h5py.string_dtype()),
            "list_classes cannot be read: a text has 1000000 bytes, 800 at most",
        ),
        "classes beyond counting": (
            replaced("list_classes", shape=(2**40,), dtype="S1", chunks=(64,)),
            r"list_classes must have shape \(K,\)",
        ),
        "no space": (
            replaced(x, data=h5py.Empty("u1")),
            f"{x} holds uint8 of shape None",
        ),
        "a maximum of megabytes": (
            lambda file: file.attrs.create("pixel_maximum", np.zeros(2**12)),
            r"pixel_maximum must be one number, got float64 of shape \(4096,\)",
        ),
        "a maximum that is text": (
            lambda file: file.attrs.create("pixel_maximum", "x" * 1000),
            r"pixel_maximum must be one number, got object of shape \(\)",
        ),
        "classes that point": (
            lambda file: replaced(
                "list_classes", data=[file.ref] * 3, dtype=h5py.ref_dtype
            )(file),
            "list_classes must be printable names",
        ),
        "classes that are lists": (
            replaced("list_classes", shape=(3,), dtype=h5py.vlen_dtype("i4")),
            "list_classes must be printable names",
        ),
        "names with control codes": (
            lambda file: (file.pop(x), file.create_group("\x1b[31mred\n" + "y" * 9000)),
            rf"has no dataset {x}, only \?\[31mred y{{400,500}}$",
        ),
        "12 bits of 16": (in_the_middle, f"{x} holds numbers that use only some of"),
        "a chunk per pixel": (
            tiny_chunks,
            f"{x} cannot be read: rows 0 to 11 lie in 3145728 chunks of shape",
        ),
        "a chunk per label": (
            many_labels,
            "train_set_y cannot be read: rows 0 to .* lie in 4194304 chunks of shape",
        ),
    }


def harmed(path: Path, change: Callable[[h5py.File], object]) -> Path:
    """Write labelled images, and change their file."""
    with h5py.File(write(path, arrays()), "r+") as file:
        change(file)
    return path
