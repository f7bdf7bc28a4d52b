"""Do to labelled images what does harm, and say what must be said of it."""

import zlib

import h5py
import numpy as np

from tests.files.forging import Harm, external, filtered, linked, replaced, virtual
from tests.files.hdf5 import arrays

__all__ = ["DATA"]


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
            rf"has no dataset {x}, only \?\[31mred \.\.\. list_classes, test_set_x, ",
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
