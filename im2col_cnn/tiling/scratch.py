"""Keep memory to write to again and again: a few megabytes per thread.

The first write to fresh memory is slow, for the system hands it out page by page, and
what was just used is still in cache. So each thread keeps one piece of memory for each
purpose, as large as the largest tile it has seen. Results are the caller's and cannot
be kept, but a command may lead the allocator to keep the memory of those that were
dropped: a library must not change that for the whole process.
"""

from math import prod
from threading import local

import numpy as np

from .._typing import Array, Shape

__all__ = ["aligned", "keep_freed_memory", "scratch", "scratch_zeros"]

LINE = 64  # bytes of a cache line
FOLLOWED = 2**25 - 2**16  # bytes: glibc raises its limits up to 32 MiB, all included

_kept = local()


def keep_freed_memory() -> None:
    """Lead glibc to keep up to 64 MiB of what was freed, in the whole process.

    It hands back what is freed at the end of its heap, so that the next result begins
    with fresh pages: three tenths of a step of a small network. Once a large piece was
    freed it expects more of the kind. Here is one that nobody touches. Where there is
    no glibc, this does nothing.
    """
    np.empty(FOLLOWED, np.uint8)


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
    room = np.empty(size + LINE, np.uint8)
    start = -room.__array_interface__["data"][0] % LINE
    return room[start : start + size]


def scratch_zeros(purpose: str, shape: Shape, dtype: np.dtype) -> Array:
    """Return an array of zeros; the next call for its purpose reuses it."""
    zeros = scratch(purpose, shape, dtype)
    zeros.fill(0)
    return zeros
