"""Batches of images in an order, from memory or from a file that is larger.

While a network learns from one batch of a file, a thread reads the next. To workers,
images of a file travel as its path and their indices, and are read where they arrive.
"""

import pickle
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial
from itertools import starmap
from queue import SimpleQueue
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np

from .._typing import Array
from ..files.stored_images import StoredImages
from ..tiling.threads import Pool
from .executors import MAX_PIECES_AHEAD, Engine, as_cluster

__all__ = [
    "ImageSource",
    "Images",
    "batches",
    "compute_each",
    "loaded",
    "portable_batches",
    "shuffled",
]

ImageSource: TypeAlias = Array | StoredImages
Result = TypeVar("Result")


class Reference(NamedTuple):
    """Images of a file: the pickle of all, which holds its path, and some indices."""

    pickled: bytes
    indices: Array


Images: TypeAlias = Array | Reference


def shuffled(images: ImageSource, rng: np.random.Generator) -> Array:
    """Return the index of every image once, in random order."""
    if isinstance(images, StoredImages):
        return images.shuffled(rng)
    return rng.permutation(len(images))


def batches(
    images: ImageSource, order: Array, batch_size: int
) -> Iterator[tuple[Array, Array]]:
    """Yield indices and images of an order in pieces; the last may be shorter."""
    pieces = [order[i : i + batch_size] for i in range(0, len(order), batch_size)]
    if isinstance(images, StoredImages):
        yield from zip(pieces, read_ahead(images, pieces), strict=True)
    else:
        yield from ((piece, images[piece]) for piece in pieces)


def portable_batches(
    images: ImageSource, order: Array, batch_size: int
) -> Iterator[tuple[Array, Images]]:
    """Yield what `batches` does, those of a file as what `loaded` reads elsewhere."""
    if not isinstance(images, StoredImages):
        yield from batches(images, order, batch_size)
        return
    # Bytes, so that a file that a worker does not see is met where that can be said.
    pickled = pickle.dumps(images)
    for i in range(0, len(order), batch_size):
        piece = order[i : i + batch_size]
        yield piece, Reference(pickled, piece)


def loaded(images: Images) -> Array:
    """Return a batch, read from its file if it is one."""
    if isinstance(images, Reference):
        return opened(images.pickled)[images.indices]
    return images


def compute_each(
    work: Callable[..., Result],
    shared: Any,
    pieces: Iterable[tuple[Any, ...]],
    executor: Engine,
    *,
    ahead: int = MAX_PIECES_AHEAD,
) -> Iterator[Result]:
    """Yield ``work(shared, *piece)`` in order: here, or see `Cluster.compute`."""
    if executor is None:
        return starmap(partial(work, shared), pieces)
    return as_cluster(executor).compute(work, shared, pieces, ahead=ahead)


@lru_cache(maxsize=4)
def opened(pickled: bytes) -> StoredImages:
    """Open the file of stored images, once per process."""
    images: StoredImages = pickle.loads(pickled)
    return images


def read_ahead(images: StoredImages, pieces: list[Array]) -> Iterator[Array]:
    """Yield pieces of stored images; a thread, if one can start, reads the next one."""
    found: SimpleQueue[Array | BaseException] = SimpleQueue()

    def read(piece: Array) -> None:
        try:
            found.put(images[piece])
        except BaseException as error:  # raised where the piece is asked for
            found.put(error)

    reader = Pool(1)
    begin = reader.jobs.put if reader.size else lambda job: job()
    for piece in pieces[:1]:
        begin(partial(read, piece))
    for following in [*pieces, None][1:]:
        here = found.get()
        if isinstance(here, BaseException):
            raise here
        # Always one ahead, and never more: two batches are in memory.
        if following is not None:
            begin(partial(read, following))
        yield here
