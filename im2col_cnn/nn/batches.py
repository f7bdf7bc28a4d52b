"""Batches of images in an order, from memory or from a file that is larger.

While a network learns from one batch of a file, a thread reads the next.
"""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeAlias

import numpy as np

from .._typing import Array
from ..files.stored_images import StoredImages

__all__ = ["ImageSource", "batches", "shuffled"]

ImageSource: TypeAlias = Array | StoredImages


def shuffled(images: ImageSource, rng: np.random.Generator) -> Array:
    """Return the index of every image once, in random order."""
    if isinstance(images, StoredImages):
        return images.shuffled(rng)
    return rng.permutation(len(images))


def batches(
    images: ImageSource, order: Array, batch_size: int
) -> Iterator[tuple[Array, Array]]:
    """
    Yield the images of an order in pieces.

    Parameters
    ----------
    images : array or StoredImages
    order : array of int
        Indices of images.
    batch_size : int
        The last piece may be shorter.

    Yields
    ------
    indices, images
    """
    pieces = [order[i : i + batch_size] for i in range(0, len(order), batch_size)]
    if not isinstance(images, StoredImages):
        for piece in pieces:
            yield piece, images[piece]
        return
    with ThreadPoolExecutor(1) as reader:
        waiting: Future[Array] | None = None
        for piece, following in zip(pieces, [*pieces[1:], None], strict=True):
            here = images[piece] if waiting is None else waiting.result()
            # Always one ahead, and never more: two batches are in memory.
            if following is not None:
                waiting = reader.submit(images.__getitem__, following)
            yield piece, here
