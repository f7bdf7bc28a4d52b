"""Images that stay in their file, and are read chunk by chunk when indexed.

A file may be larger than memory, and its chunks are compressed as wholes. So a chunk
that was unpacked is kept for a while, and an epoch goes through the chunks in random
order, a few at a time, and through the images of those few in random order: every image
comes once, and every chunk is unpacked once.

Several processes may read the same images. A forked one starts with an empty cache and
a lock of its own, as a thread may have held the first; a pickle holds the path of the
file and what it is recognised by, and is opened where it is read.
"""

import os
import platform
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import ExitStack
from math import prod
from pathlib import Path
from threading import Lock
from typing import Any, TypeAlias, final
from weakref import finalize

import h5py
import numpy as np

from .._checks import as_rng, by, quoted, require_kind
from .._typing import Array, Shape
from .hdf5.chunks import read_all, read_rows, rows_per_block
from .hdf5.content import Identity
from .hdf5.source import Source, open_hdf5, reading

__all__ = ["NotFiniteError", "StoredImages"]

MAX_CACHED_BYTES = 2**26  # bytes of unpacked images
MAX_BLOCK_BYTES = 2**28
Index: TypeAlias = int | slice | Sequence[int] | Array


class NotFiniteError(ValueError):
    """Pixels that were found to be NaN or infinity when they were read."""


@final
class StoredImages:
    """
    Images in an open file that can be indexed like an array.

    Parameters
    ----------
    dataset : h5py.Dataset
        Of shape (N, H, W, C).
    source : Source
        The file it is in.

    Notes
    -----
    Beyond what is asked for, memory holds the unpacked chunks of 64 MiB, whatever the
    size of the file; `shuffled` adds 8 bytes per image. Floats are checked as they
    come: NaN or infinity is refused with the rows in which it stands.
    """

    def __init__(self, dataset: h5py.Dataset, source: Source) -> None:
        require_kind(dataset, "dataset", h5py.Dataset)
        require_kind(source, "source", Source)
        self.dataset, self.source = dataset, source
        self.name = str(dataset.name).lstrip("/")  # of the closed file, too
        self.shape: Shape = tuple(map(int, dataset.shape))
        self.dtype: np.dtype = dataset.dtype.newbyteorder("=")
        self.rows = rows_per_block(dataset)
        self.empty_cache()
        size = self.rows * prod(self.shape[1:]) * self.dtype.itemsize
        if size > MAX_BLOCK_BYTES:
            raise ValueError(
                f"{source.path}: {self.name} must be read {self.rows} images at once, "
                f"as its chunks have shape {dataset.chunks}: that takes {size} bytes, "
                f"{MAX_BLOCK_BYTES} at most"
            )
        self.max_blocks = max(
            1, MAX_CACHED_BYTES // max(size, 1)
        )  # blocks that are kept

    def empty_cache(self) -> None:
        """Forget the blocks that were read, in this process."""
        self.cached: OrderedDict[int, Array] = OrderedDict()
        self.lock, self.process = Lock(), os.getpid()

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the path of the file and what it is recognised by, no pixels."""
        self.require_open()
        with reading(self.source.path, self.name):
            identity = self.source.content.identity()
        machine = platform.node()
        return reopened, (self.source.path.absolute(), self.name, identity, machine)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    def __repr__(self) -> str:
        """Return shape and dtype in one line."""
        return f"<StoredImages: {by(self.shape)} of {self.dtype}>"

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Index) -> Array:
        """Return one image, a slice of them, or those at indices in any order."""
        if isinstance(key, slice):
            return self.take(np.arange(*key.indices(len(self))))
        try:
            indices = np.asarray(key)
        except Exception:  # of many kinds: refused below
            indices = np.array(None)
        if indices.size == 0:
            indices = indices.astype(np.intp)
        # A tuple is one index per axis, and there is only one axis here.
        if isinstance(key, tuple) or indices.dtype.kind not in "iu" or indices.ndim > 1:
            raise TypeError(
                f"images are taken by an index, a slice or a list of indices, got "
                f"{quoted(key)}"
            )
        if indices.size and not -len(self) <= indices.min() <= indices.max() < len(
            self
        ):
            raise IndexError(
                f"index must lie between 0 and {len(self) - 1}, got {indices.min()} to "
                f"{indices.max()}"
            )
        indices = indices.astype(np.intp)  # uint8 cannot hold the number of images
        images = self.take(
            np.atleast_1d(np.where(indices < 0, indices + len(self), indices))
        )
        return images if indices.ndim else images[0]

    def take(self, indices: Array) -> Array:
        """Return the images at `indices`, which may repeat and have any order."""
        self.require_open()
        images = np.empty((len(indices), *self.shape[1:]), self.dtype)
        blocks = indices // self.rows
        # In the order in which they come: the last ones are kept for what follows.
        for block in dict.fromkeys(blocks.tolist()):
            here = blocks == block
            images[here] = self.block(block)[indices[here] - block * self.rows]
        return images

    def block(self, number: int) -> Array:
        """Return one block of images, from the cache if it is there."""
        if self.process != os.getpid():
            self.empty_cache()
        with self.lock:
            if number not in self.cached:
                while len(self.cached) >= self.max_blocks:
                    self.cached.popitem(last=False)
                start = number * self.rows
                stop = min(start + self.rows, len(self))
                rows = read_rows(self.dataset, self.source, start, stop)
                self.require_finite(rows, start)
                self.cached[number] = rows
            self.cached.move_to_end(number)
            return self.cached[number]

    def load(self) -> Array:
        """Return all images, if memory is likely to hold them."""
        self.require_open()
        images = read_all(self.dataset, self.source)
        self.require_finite(images, 0)
        return images.astype(self.dtype, copy=False)

    def require_open(self) -> None:
        """Refuse to read from a closed file."""
        if not self.dataset:
            raise ValueError(
                f"{self.source.path}: is closed: use its images inside the `with` "
                f"block of `open_dataset`, or `read_dataset`"
            )

    def require_finite(self, images: Array, start: int) -> None:
        """Refuse NaN and infinity."""
        if not np.isfinite(images).all():
            raise NotFiniteError(
                f"{self.source.path}: {self.name} must hold finite numbers, got NaN or "
                f"infinity in images {start} to {start + len(images) - 1}"
            )

    def shuffled(self, rng: np.random.Generator) -> Array:
        """
        Return every index once, in an order that reads every chunk once.

        Images that lie within the same few chunks, 32 MiB of them, stay close: where a
        file is sorted by class in larger pieces than that, shuffle it when it is made.
        """
        rng = as_rng(rng)
        blocks = rng.permutation(-(-len(self) // self.rows))
        together = max(1, self.max_blocks // 2)
        orders = []
        for first in range(0, len(blocks), together):
            starts = blocks[first : first + together] * self.rows
            indices = (starts[:, np.newaxis] + np.arange(self.rows)).ravel()
            orders.append(rng.permutation(indices[indices < len(self)]))
        return np.concatenate(orders)


def reopened(path: Path, name: str, identity: Identity, machine: str) -> StoredImages:
    """
    Open the file of images that were pickled; it closes when they are gone.

    Raises
    ------
    OSError
        If the file is missing, damaged or another one.
    """
    with ExitStack() as stack:
        try:
            source = stack.enter_context(open_hdf5(path))
            with reading(path, name):
                found = source.content.identity()
        except ValueError as error:  # no HDF5, say
            raise OSError(str(error)) from error
        if found != identity:
            raise OSError(
                f"{path}: is not the file whose {name} was pickled on {machine}: it "
                f"has {found}, that one {identity}"
            )
        images = StoredImages(source.find(name), source)
        finalize(images, stack.pop_all().close)
    return images
