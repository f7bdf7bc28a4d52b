"""Cut a batch of windows into tiles: blocks of windows that lie side by side.

A tile is some images, or some rows of one image, or a part of one row: so many windows
that their columns fit in cache. Its outputs are one run of memory, so a matrix product
writes them in place; the pixels it reads are a block too, with some padding around
where the tile touches the border.

    y[tile.stops] = unfold(x[tile.pixels], tile) @ W

A tile is as large as the cache of a core, and all tiles that are worked on at once,
with what comes along, keep within the budget that `workspace` says.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise, product
from math import prod
from typing import NamedTuple, TypeAlias

from .._lazily import lazily
from .._typing import Shape
from ..axis import Axes, Axis
from ..window import EVERY
from .workspace import MEBIBYTE, budget_bytes

__all__ = [
    "TILE_BYTES",
    "Plan",
    "Tile",
    "blocks",
    "kept_blocks",
    "kept_tiles",
    "plan",
    "room",
    "tiles",
]

TILES_PER_BUDGET = 8  # one tile takes no more, with what comes along
TILE_BYTES = 2 * MEBIBYTE  # of the pixels of a tile: they stay in the cache of one core
TARGET_TILES = 8  # in a batch, however small: so many threads have work to do
TARGET_WINDOWS = 384  # in a tile, unless they take a whole share of the budget
MAX_KEPT_TILES = 256  # of one geometry
MIN_LIVE_SHARE = 2 / 3  # of all taps of windows: if so many read pixels, all are read
MAX_CACHED_TAPS = 256  # of a kernel for which axes and tiles keep what they work out


Bands: TypeAlias = tuple[tuple[slice, slice], ...]


class Places(NamedTuple):
    """What a tile is made of; `Tile` derives the rest."""

    stops: tuple[slice, ...]  # indexes (N, *OUT, ...)
    pixels: tuple[slice, ...]  # indexes (N, *SPATIAL, ...)
    axes: Axes  # of the window over these pixels only
    fresh: tuple[slice, ...]  # pixels beyond all tiles before; each is in one tile's


class Tile(Places):
    """Some windows of a batch: where they stop, the pixels they read, the geometry."""

    @lazily
    def out(self) -> Shape:
        """Images, and windows along each axis."""
        return tuple(stop.stop - stop.start for stop in self.stops)

    @lazily
    def size(self) -> int:
        """Count the windows."""
        return prod(self.out)

    @lazily
    def is_first(self) -> bool:
        """Whether no other tile comes before it."""
        return not any(stop.start for stop in self.stops)

    @lazily
    def kernel(self) -> Shape:
        """Taps of a window along each axis."""
        return tuple(axis.kernel for axis in self.axes)

    @lazily
    def taps_count(self) -> int:
        """Count the taps of a window."""
        return prod(self.kernel)

    @lazily
    def is_pointwise(self) -> bool:
        """Whether its windows are its pixels, one by one."""
        return self.taps_count == 1 and all(axis.stride == 1 for axis in self.axes)

    @lazily
    def padded(self) -> Shape:
        """Images, and pixels along each axis with the padding."""
        return self.out[0], *(axis.padded_size for axis in self.axes)

    @lazily
    def inner(self) -> tuple[slice, ...]:
        """Where the pixels stand in the padded block."""
        sides = (slice(axis.before, axis.before + axis.size) for axis in self.axes)
        return slice(None), *sides

    @lazily
    def margins(self) -> tuple[tuple[slice, ...], ...]:
        """Where there are no pixels in the padded block, side by side."""
        return tuple(
            (*(EVERY,) * i, side)
            for i, (size, inner) in enumerate(zip(self.padded, self.inner, strict=True))
            for side in (slice(0, inner.start), slice(inner.stop, size))
            if i and side.start < side.stop
        )

    @lazily
    def is_padded(self) -> bool:
        """Whether any window of this tile reads padding."""
        return any(axis.before or axis.after for axis in self.axes)

    @lazily
    def bands(self) -> Bands:
        """Windows along the first axis, and the taps by which these read pixels.

        Where few taps read padding, that is all windows and all taps, at once.
        """
        first, *others = self.axes
        whole: Bands = ((slice(0, first.output_size), slice(0, first.kernel)),)
        if not others or first.kernel > MAX_CACHED_TAPS:
            return whole
        reads = [(stops.start, stops.stop, tap) for tap, stops, _ in first.taps]
        live = sum(stop - start for start, stop, _ in reads)
        if live >= MIN_LIVE_SHARE * first.output_size * first.kernel:
            return whole
        edges = {edge for start, stop, _ in reads for edge in (start, stop)}
        pairs = pairwise(sorted(edges | {0, first.output_size}))
        return tuple((slice(*pair), live_taps(reads, *pair)) for pair in pairs)

    @lazily
    def taps(self) -> tuple[tuple[tuple[slice, ...], tuple[slice, ...]], ...]:
        """List for each tap of the kernel its stops, and the pixels read there."""
        along = ([axis.tap(k) for k in range(axis.kernel)] for axis in self.axes)
        return tuple(
            (tuple(stops), tuple(pixels))
            for stops, pixels in (
                zip((EVERY, EVERY), *sides, strict=True) for sides in product(*along)
            )
        )


def live_taps(reads: list[tuple[int, int, int]], start: int, stop: int) -> slice:
    """Return the taps that read pixels in all these windows: they are neighbours."""
    taps = [tap for first, last, tap in reads if first <= start and stop <= last]
    return slice(taps[0], taps[-1] + 1) if taps else slice(0, 0)


class Plan(NamedTuple):
    """How the windows of a batch are cut, and on how many threads there is room."""

    tiles: Iterable[Tile]
    block: int  # windows of a tile that are unfolded at once
    threads: int


def plan(
    N: int, axes: Axes, C: int, *, numbers: int, itemsize: int, block: int, least: int
) -> Plan:
    """
    Cut the windows over a batch into tiles, the same for any number of threads.

    Parameters
    ----------
    N, axes, C
        Images, how windows slide over them, and channels.
    numbers : int
        How many of them are kept for every window that is unfolded.
    block : int
        Windows to unfold at once, if there is room.
    least : int
        Windows below which a tile is not worth a thread.
    """
    bytes_ = C * itemsize, max(1, numbers * itemsize)
    most, block, threads = sizes(budget_bytes(), N, axes, bytes_, (block, least))
    return Plan(kept_tiles(N, axes, most), block, threads)


@lru_cache(256)
def sizes(
    budget: int, N: int, axes: Axes, bytes_: tuple[int, int], wanted: tuple[int, int]
) -> tuple[int, int, int]:
    """Return windows per tile, windows per block, and threads, within a budget.

    A pixel and a window take so many bytes, and as many windows are wanted in a block
    and, at least, in a tile.
    """
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
    return room_within(budget_bytes(), axes, numbers, itemsize, tile_bytes)


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


def tiles(N: int, axes: Axes, most: int) -> Iterator[Tile]:
    """Cut the windows over `N` images into tiles of at most `most` windows."""
    for stops in blocks((N, *(axis.output_size for axis in axes)), most):
        reads = [
            narrow(axis, stop.start, stop.stop)
            for axis, stop in zip(axes, stops[1:], strict=True)
        ]
        pixels = tuple(pixels for pixels, _ in reads)
        reached = [
            slice(reach(axis, stop.start), reach(axis, stop.stop))
            for axis, stop in zip(axes, stops[1:], strict=True)
        ]
        narrowed_axes = tuple(axis for _, axis in reads)
        yield Tile(stops, (stops[0], *pixels), narrowed_axes, (stops[0], *reached))


def reach(axis: Axis, windows: int) -> int:
    """Return where the pixels of the first windows of an axis end; of all, the last."""
    if windows in {0, axis.output_size}:
        return axis.size if windows else 0
    end = (windows - 1) * axis.stride - axis.before + axis.span
    return min(max(end, 0), axis.size)


def blocks(shape: Shape, most: int) -> Iterator[tuple[slice, ...]]:
    """Cut an array into blocks that are runs of memory, of `most` entries or fewer."""
    length, *rest = shape
    if rest and prod(rest) > most:
        for i in range(length):
            for block in blocks(tuple(rest), most):
                yield slice(i, i + 1), *block
        return
    pieces = -(-length // max(1, most // max(1, prod(rest))))
    for piece in range(pieces):  # of the same length, give or take one
        yield (
            slice(piece * length // pieces, (piece + 1) * length // pieces),
            *(slice(0, size) for size in rest),
        )


def kept_tiles(N: int, axes: Axes, most: int) -> Iterable[Tile]:
    """Return the tiles of a batch, which are the same at every step."""
    many = N * prod(axis.output_size for axis in axes) > most * MAX_KEPT_TILES
    heavy = prod(axis.kernel for axis in axes) > MAX_CACHED_TAPS
    return tiles(N, axes, most) if many or heavy else all_tiles(N, axes, most)


@lru_cache(256)
def all_tiles(N: int, axes: Axes, most: int) -> tuple[Tile, ...]:
    """List the tiles of a batch."""
    return tuple(tiles(N, axes, most))


def kept_blocks(shape: Shape, most: int) -> Iterable[tuple[slice, ...]]:
    """Return the blocks of an array, which are the same at every step."""
    many = prod(shape) > most * MAX_KEPT_TILES
    return blocks(shape, most) if many else all_blocks(shape, most)


@lru_cache(256)
def all_blocks(shape: Shape, most: int) -> tuple[tuple[slice, ...], ...]:
    """List the blocks of an array."""
    return tuple(blocks(shape, most))


def narrow(axis: Axis, begin: int, end: int) -> tuple[slice, Axis]:
    """Return the pixels that some windows of an axis read, and the axis they make."""
    # Tiles and calls have the same few axes, and each keeps what it has worked out.
    return (kept if axis.kernel <= MAX_CACHED_TAPS else narrowed)(axis, begin, end)


def narrowed(axis: Axis, begin: int, end: int) -> tuple[slice, Axis]:
    """Find out what `narrow` returns."""
    first = begin * axis.stride - axis.before
    last = (end - 1) * axis.stride - axis.before + axis.span
    start, stop = (min(max(place, 0), axis.size) for place in (first, last))
    size = stop - start
    before = min(max(0, -first), last - first) if size else last - first
    after = last - first - size - before
    return slice(start, stop), axis._replace(
        size=size, before=before, after=after, ceil_mode=False
    )


kept = lru_cache(256)(narrowed)
