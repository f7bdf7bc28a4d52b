"""Keep memory to write to again and again: a few megabytes per thread.

The first write to fresh memory is slow, for the system hands it out page by page, and
what was just used is still in cache. So each thread keeps one piece of memory for each
purpose, as large as the largest tile it has seen. Results are the caller's: what is
done for them is in `recycling`.
"""

from math import prod
from threading import local

import numpy as np

from .._typing import Array, Shape

__all__ = ["aligned", "scratch", "scratch_zeros"]

CACHE_LINE_BYTES = 64

_kept = local()


def scratch(purpose: str, shape: Shape, dtype: np.dtype) -> Array:
    """Return an array that holds anything; the next call for its purpose reuses it."""
    size = prod(shape) * dtype.itemsize
    kept: Array | None = getattr(_kept, purpose, None)
    if kept is None or kept.size < size:
        kept = aligned(size)
        setattr(_kept, purpose, kept)
    return kept[:size].view(dtype).reshape(shape)


def aligned(size: int) -> Array:
    """Return bytes that begin where a line of the cache does.

    NumPy begins 16 bytes later, so that every wide load and store touches two lines:
    adding up what is in cache took twice as long.
    """
    room = np.empty(size + CACHE_LINE_BYTES, np.uint8)
    start = -room.__array_interface__["data"][0] % CACHE_LINE_BYTES
    return room[start : start + size]


def scratch_zeros(purpose: str, shape: Shape, dtype: np.dtype) -> Array:
    """Return an array of zeros; the next call for its purpose reuses it."""
    zeros = scratch(purpose, shape, dtype)
    zeros.fill(0)
    return zeros
