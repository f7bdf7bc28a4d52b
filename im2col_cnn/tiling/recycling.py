"""Write results to the memory of results that nothing refers to any longer.

The system hands out fresh memory page by page, at the first write to each, and glibc
gives back what is freed at the end of its heap. A step of training a small network
spends a quarter of its time on pages that it had one step before. So the memory of some
results is kept, and the next result of about that size is written to it.

An array refers to the memory it views, and so does every view of that array. Memory is
unused when what keeps it, and who looks at it now, are all that refers to it. Two
threads that look at once hold one reference each, so both leave it alone. Where Python
does not count references exactly, nothing is kept.
"""

import sys
from contextlib import suppress
from itertools import count
from math import prod
from typing import final

import numpy as np
import numpy.typing as npt

from .._checks import as_int
from .._typing import Array, Shape
from .scoped import Scoped
from .scratch import aligned

__all__ = ["empty_result", "recycling", "result_like", "zero_result"]

MAX_KEPT_BYTES = 2**26  # in use or not: of what a user drops, no more stays
MIN_RESULT_BYTES = 2**15  # smaller ones find pages of the heap that are there
SIZE_BITS = 3  # memory has one of eight sizes between two powers of two
MAX_RESULTS_IN_USE = 2**8  # results later, memory still in use is not coming back soon

_kept: dict[int, list["Memory"]] = {}  # by size
_clock = count()  # ticks with each result


@final
class Memory:
    """Memory for one result at a time, and when the last one came."""

    __slots__ = ("last", "room", "size")

    def __init__(self, size: int) -> None:
        self.room, self.size, self.last = aligned(size), size, next(_clock)

    def references(self) -> int:
        """Count what refers to the memory, this function included."""
        owner = self.room.base
        return sys.getrefcount(owner)

    def take(self, shape: Shape, dtype: np.dtype) -> Array | None:
        """Return an array in this memory, or None if some array is there."""
        owner = self.room.base  # held from here on, for other threads to see
        if sys.getrefcount(owner) > UNUSED:
            return None
        self.last = next(_clock)
        return np.ndarray(shape, dtype, self.room)


def counts_exactly() -> bool:
    """Tell whether Python counts references, and one thread does so at a time."""
    one_at_a_time = getattr(sys, "_is_gil_enabled", None)
    return hasattr(sys, "getrefcount") and (one_at_a_time is None or one_at_a_time())


UNUSED = Memory(1).references() if counts_exactly() else 0  # references


@final
class Limit:
    """How many bytes are kept: one number for all threads, as memory is theirs all."""

    name = "recycling"

    def __init__(self, size: int) -> None:
        self.size = size

    def get(self) -> int:
        """Return the limit."""
        return self.size

    def set(self, size: int | None) -> None:
        """Let go of all memory if less is kept from now on; results in use stay."""
        assert size is not None  # there always was one before
        if size < self.size:
            _kept.clear()
        self.size = size


_limit = Limit(MAX_KEPT_BYTES)


def recycling(size: int) -> Scoped:
    """
    Set how many bytes of memory are kept for results, from now on or inside a ``with``.

    Parameters
    ----------
    size : int
        At least 0, which keeps none; 64 MiB without this call. A lower limit lets go
        of all that is kept, at once.

    Returns
    -------
    context manager
        As for `threads`, but for all threads of the process.

    Raises
    ------
    TypeError, ValueError
        If `size` is not a whole number of at least 0.

    Notes
    -----
    Results are as new in any case: memory is used again only when neither the array
    that was in it nor any view of it is left. But they view that memory, and are not
    its owners, so ``ndarray.resize`` refuses them. A single result takes at most half
    of `size`. Python without a global interpreter lock keeps none.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn import recycling, relu_forward
    >>> x = np.ones((64, 64, 64))
    >>> with recycling(0):
    ...     y, cache = relu_forward(x)
    >>> y.base is None  # memory of its own
    True
    """
    size, before = as_int(size, "size", at_least=0), _limit.get()
    _limit.set(size)
    return Scoped(_limit, before)


def empty_result(shape: Shape, dtype: npt.DTypeLike) -> Array:
    """Return an array that holds anything, where an earlier result was if it can be."""
    result = recycled(shape, np.dtype(dtype))
    return np.empty(shape, dtype) if result is None else result


def zero_result(shape: Shape, dtype: npt.DTypeLike) -> Array:
    """Return an array of zeros, where an earlier result was if it can be."""
    result = recycled(shape, np.dtype(dtype))
    if result is None:
        return np.zeros(shape, dtype)
    result.fill(0)
    return result


def result_like(array: Array) -> Array:
    """Return an array that holds anything, in the layout of another."""
    if array.flags.c_contiguous:
        return empty_result(array.shape, array.dtype)
    return np.empty_like(array)


def recycled(shape: Shape, dtype: np.dtype) -> Array | None:
    """Return an array in memory that is kept, now or from now on; None if it is not."""
    size = prod(shape) * dtype.itemsize
    limit = _limit.get()
    if not (UNUSED and MIN_RESULT_BYTES <= size <= limit // 2):
        return None
    spare_bits = size.bit_length() - 1 - SIZE_BITS
    size = -(-size >> spare_bits) << spare_bits
    for memory in _kept.get(size, ()):
        found = memory.take(shape, dtype)
        if found is not None:
            return found
    if not has_room(limit - size):
        return None
    memory = Memory(size)
    result = np.ndarray(shape, dtype, memory.room)
    _kept.setdefault(size, []).append(memory)
    return result


def has_room(most: int) -> bool:
    """Tell whether at most so many bytes are kept, once the least used are let go.

    Memory that is in use stays, for it comes back, unless it has not for long.
    """
    kept = [memory for alike in list(_kept.values()) for memory in alike]
    total = sum(memory.size for memory in kept)
    long_ago = next(_clock) - MAX_RESULTS_IN_USE
    for memory in sorted(kept, key=lambda memory: memory.last):
        if total <= most:
            break
        if memory.last < long_ago or memory.references() == UNUSED:
            with suppress(KeyError, ValueError):  # another thread was faster
                _kept[memory.size].remove(memory)
            total -= memory.size
    return total <= most
