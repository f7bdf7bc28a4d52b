"""Spread pixels, kernels and outputs so that a block of outputs takes few products.

Two neighbouring windows of three taps read four pixels d. Along one axis,

    B d = (d0 - d2, d1 + d2, d2 - d1, d1 - d3)
    G w = (w0, (w0 + w1 + w2) / 2, (w0 - w1 + w2) / 2, w2)
    A m = (m0 + m1 + m2, m1 - m2 - m3)                 A (B d * G w) = two outputs

and along two axes the same with the Kronecker products of these matrices: 16 places
for 16 pixels, 9 taps and 4 outputs. So each of the three is one product of a small
matrix and a wide one, whose rows are what all blocks hold in one place.
"""

from functools import cache, reduce

import numpy as np

from .._typing import Array, Images, Kernels, Shape
from ..axis import Axis
from ..window import EVERY
from .scratch import scratch
from .tiles import Tile
from .unfold import view_windows

__all__ = [
    "OUTPUTS",
    "PLACES",
    "TAPS",
    "gather_kernels",
    "put",
    "spread_kernels",
    "spread_outputs",
    "spread_pixels",
]

OUTPUTS, TAPS, PLACES = 2, 3, 4  # along one axis of a block

Matrix = tuple[tuple[float, ...], ...]

B: Matrix = (1, 0, -1, 0), (0, 1, 1, 0), (0, -1, 1, 0), (0, 1, 0, -1)
G: Matrix = (1, 0, 0), (0.5, 0.5, 0.5), (0.5, -0.5, 0.5), (0, 0, 1)
A: Matrix = (1, 1, 1, 0), (0, 1, -1, -1)


def spread_pixels(x: Images, tile: Tile, dtype: np.dtype) -> Array:
    """Return B d of all blocks of a tile, (4 * 4, P, C)."""
    return spread(B, view_windows(x[tile.pixels], tile, dtype), tile, "pixels spread")


def spread_outputs(y: Images, tile: Tile, dtype: np.dtype) -> Array:
    """Return A.T y of all blocks of a tile, (4 * 4, P, F)."""
    here = y[outputs_of(tile, y.shape)]
    axes = tuple(pairs_along(size) for size in here.shape[1:-1])
    blocks = view_windows(here, tile._replace(axes=axes), dtype)
    return spread(transposed(A), blocks, tile, "outputs spread")


def spread(matrix: Matrix, blocks: Array, tile: Tile, purpose: str) -> Array:
    """Multiply what stands in the places of all blocks, (n, *BLOCKS, 2, 2, F)."""
    n, F = len(tile.axes), blocks.shape[-1]
    by_place = np.moveaxis(blocks, range(1 + n, 1 + 2 * n), range(n))
    d = scratch("columns", by_place.shape, blocks.dtype)
    np.copyto(d, by_place)
    return multiplied(matrix, d, n, purpose).reshape(-1, tile.size, F)


def put(M: Array, tile: Tile, out: Images, b: Array | None = None) -> None:
    """Write A m of all blocks to the outputs, and add b."""
    n = len(tile.axes)
    if b is not None:
        M[place_in_all(n)] += b
    m = multiplied(A, M, n, "outputs")
    m = m.reshape(*(OUTPUTS,) * n, *tile.out, M.shape[-1])
    here = out[outputs_of(tile, out.shape)]
    for place in np.ndindex(m.shape[:n]):
        part = here[(EVERY, *(slice(side, None, OUTPUTS) for side in place))]
        part[...] = m[place][tuple(slice(size) for size in part.shape)]


def spread_kernels(w: Kernels) -> Array:
    """Return G w, (4 * 4, C, F), as transposed as w is."""
    *kernel, C, F = w.shape
    if abs(w.strides[-1]) > abs(w.strides[-2]):
        return spread_kernels(w.swapaxes(-1, -2)).swapaxes(-1, -2)
    return multiplied(G, w, len(kernel)).reshape(-1, C, F)


def gather_kernels(U: Array, out: Kernels) -> None:
    """Write G.T u, (3, 3, C, F), to `out`."""
    out[...] = multiplied(transposed(G), U, out.ndim - 2).reshape(out.shape)


def multiplied(matrix: Matrix, array: Array, n: int, purpose: str = "") -> Array:
    """Multiply by a matrix along each of `n` axes; into scratch memory, if named."""
    M = along(matrix, n, array.dtype)
    rows = array.reshape(M.shape[1], -1)
    shape = len(M), rows.shape[1]
    out = scratch(purpose, shape, rows.dtype) if purpose else None
    return np.matmul(M, rows, out=out)


@cache
def along(matrix: Matrix, n: int, dtype: np.dtype) -> Array:
    """Return the Kronecker product of `n` equal matrices."""
    return reduce(np.kron, [np.array(matrix, dtype)] * n)


def transposed(matrix: Matrix) -> Matrix:
    """Exchange rows and columns."""
    return tuple(zip(*matrix, strict=True))


def outputs_of(tile: Tile, shape: Shape) -> tuple[slice, ...]:
    """Return where the outputs of a tile of blocks stand in an array of this shape."""
    images, *blocks = tile.stops
    sides = zip(blocks, shape[1:-1], strict=True)
    return images, *(slice(2 * b.start, min(2 * b.stop, size)) for b, size in sides)


def place_in_all(n: int) -> int:
    """Return the place that is part of every output: (1, 1), for A has ones there."""
    return sum(PLACES**i for i in range(n))


def pairs_along(size: int) -> Axis:
    """Return how a window of two outputs slides along so many, the last one padded."""
    return Axis(size, kernel=2, stride=2, dilation=1, before=0, after=size % 2)
