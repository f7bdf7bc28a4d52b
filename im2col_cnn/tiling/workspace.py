"""Say how much memory an operation may work in, and what has room in it.

A tile is as large as the cache of a core, and all tiles that are worked on at once,
with what comes along, keep within the budget: 64 MiB, or what `workspace` says.
"""

from functools import lru_cache
from math import prod

from .._checks import as_int
from ..axis import Axes
from .settings import Scoped, Setting

__all__ = [
    "BUDGET_BYTES",
    "TILE_BYTES",
    "most_results",
    "room",
    "sizes",
    "workspace",
]

MEBIBYTE = 2**20
BUDGET_BYTES = 64 * MEBIBYTE  # for all threads together
TILES_PER_BUDGET = 8  # one tile takes no more, with what comes along
TILE_BYTES = 2 * MEBIBYTE  # of the pixels of a tile: they stay in the cache of one core
TARGET_TILES = 8  # in a batch, however small: so many threads have work to do
TARGET_WINDOWS = 384  # in a tile, unless they take a whole share of the budget

_budget = Setting("workspace")


def workspace(size: int) -> Scoped:
    """
    Set how many bytes the operations may use beyond their arguments and results.

    Parameters
    ----------
    size : int
        At least 1; 64 MiB without this call. What a single window needs is used in any
        case, so a tiny number means the smallest tiles there are.

    Returns
    -------
    context manager
        As for `threads`.
    """
    return _budget.set(as_int(size, "size", at_least=1))


def sizes(
    N: int, axes: Axes, bytes_: tuple[int, int], wanted: tuple[int, int]
) -> tuple[int, int, int]:
    """Return windows per tile, windows per block, and threads.

    A pixel and a window take so many bytes, and as many windows are wanted in a block
    and, at least, in a tile.
    """
    return sizes_within(_budget.get() or BUDGET_BYTES, N, axes, bytes_, wanted)


@lru_cache(256)
def sizes_within(
    budget: int, N: int, axes: Axes, bytes_: tuple[int, int], wanted: tuple[int, int]
) -> tuple[int, int, int]:
    """Return what `sizes` does, within a budget of bytes."""
    (pixel, window), (block, least) = bytes_, wanted
    share = budget // TILES_PER_BUDGET
    total = N * prod(axis.output_size for axis in axes)
    new = max(1, pixel * prod(min(axis.stride, axis.padded_size) for axis in axes))
    most = min(TILE_BYTES // new, max(-(-total // TARGET_TILES), least))
    most = max(1, min(max(most, least), share // max(new, window // 8)))
    block = max(1, min(block, most, share // window))
    return most, block, max(1, budget // (2 * (most * new + block * window)))


def room(
    axes: Axes, numbers: int, itemsize: int, tile_bytes: int = TILE_BYTES
) -> tuple[int, int]:
    """Return windows per tile, of so many numbers each, and threads with room."""
    budget = _budget.get() or BUDGET_BYTES
    return room_within(budget, axes, numbers, itemsize, tile_bytes)


@lru_cache(256)
def room_within(
    budget: int, axes: Axes, numbers: int, itemsize: int, tile_bytes: int
) -> tuple[int, int]:
    """Return what `room` does, within a budget of bytes."""
    taps = prod(axis.kernel for axis in axes)
    pixels = prod(min(axis.stride, axis.padded_size) for axis in axes)
    # A window's numbers, and its share of the pixels they are copied from.
    size = max(1, (numbers + numbers * pixels // max(taps, 1)) * itemsize)
    share = budget // TILES_PER_BUDGET // size
    most = max(1, min(max(tile_bytes // size, TARGET_WINDOWS), share))
    return most, max(1, budget // (2 * most * size))


def most_results(size: int) -> int:
    """Return how many results of so many bytes fit in the half that tiles leave."""
    return max(1, (_budget.get() or BUDGET_BYTES) // (2 * max(size, 1)))
