"""Spread pixels, kernels and outputs so that a block of outputs takes few products.

Two neighbouring windows of three taps read four pixels d. Along one axis,

    B d = (d0 - d2, d1 + d2, d2 - d1, d1 - d3)
    G w = (w0, (w0 + w1 + w2) / 2, (w0 - w1 + w2) / 2, w2)
    A m = (m0 + m1 + m2, m1 - m2 - m3)                 A (B d * G w) = two outputs

and along several axes the same, one after another. The last axis comes to stand first,
so of two axes the 16 places run column by column. Pixels are sorted by even and odd
places beforehand: then all four d of all blocks are runs of memory.
"""

from itertools import product

import numpy as np

from .._typing import Array, Images, Kernels, Shape
from ..axis import every
from ..window import EVERY
from .scratch import scratch, scratch_zeros
from .tiles import Tile, blocks

__all__ = [
    "TAPS",
    "gather_kernels",
    "put",
    "spread_kernels",
    "spread_outputs",
    "spread_pixels",
]

TAPS = 3
KEPT = 2**12  # kernels at a time: what they become stays in the cache of one core


def spread_pixels(x: Images, tile: Tile, dtype: np.dtype) -> Array:
    """Return B d of all blocks of a tile, (4 * 4, P, C)."""
    sides = [
        (axis.before, stops + 1)
        for axis, stops in zip(tile.axes, tile.out[1:], strict=True)
    ]
    d = pairs(x[tile.pixels], sides, dtype)
    for i in range(len(sides)):
        even, odd = places(d, 1 + 2 * i)
        (d0, d2), (d1, d3) = both_ends(even, 1 + 2 * i), both_ends(odd, 1 + 2 * i)
        d = stage(i, len(sides), "B", (4, *d0.shape), dtype)
        np.subtract(d0, d2, out=d[0])
        np.add(d1, d2, out=d[1])
        np.subtract(d2, d1, out=d[2])
        np.subtract(d1, d3, out=d[3])
    return d.reshape(4 ** len(sides), tile.size, -1)


def spread_outputs(y: Images, tile: Tile, dtype: np.dtype) -> Array:
    """Return A.T y of all blocks of a tile, (4 * 4, P, F)."""
    sides = [(0, stops) for stops in tile.out[1:]]
    d = pairs(y[outputs_of(tile, y.shape)], sides, dtype)
    for i in range(len(sides)):
        even, odd = places(d, 1 + 2 * i)
        d = stage(i, len(sides), "A", (4, *even.shape), dtype)
        d[0] = even
        np.add(even, odd, out=d[1])
        np.subtract(even, odd, out=d[2])
        np.negative(odd, out=d[3])
    return d.reshape(4 ** len(sides), tile.size, -1)


def put(M: Array, tile: Tile, out: Images, b: Array | None = None) -> bool:
    """Write A m of all blocks to the outputs; tell whether all of it is finite."""
    n = len(tile.axes)
    m = M.reshape(*(4,) * n, *tile.out, M.shape[-1])
    for i in range(n):
        m0, m1, m2, m3 = places(m, i)
        m = stage(i, n, "pairs", (*(2,) * (i + 1), *m0.shape[i:]), M.dtype)
        even, odd = places(m, i)
        np.add(m1, m2, out=even)
        even += m0
        np.subtract(m1, m2, out=odd)
        odd -= m3
    if b is not None:
        m += b
    here = out[outputs_of(tile, out.shape)]
    for parity in product(range(2), repeat=n):
        part = here[(EVERY, *(slice(place, None, 2) for place in parity))]
        part[...] = m[parity[::-1]][tuple(slice(size) for size in part.shape)]
    return bool(np.isfinite(m).all())


def spread_kernels(w: Kernels) -> Array:
    """Return G w, (4 * 4, C, F), as transposed as w is."""
    if abs(w.strides[-1]) > abs(w.strides[-2]):
        return spread_kernels(w.swapaxes(-1, -2)).swapaxes(-1, -2)
    *kernel, C, F = w.shape
    U = np.empty((4 ** len(kernel), C, F), w.dtype)
    half = w.dtype.type(0.5)
    for channels, filters in blocks((C, F), KEPT):
        here = w[..., channels, filters]
        for i in range(len(kernel)):
            w0, w1, w2 = places(here, i)
            ends, middle = (w0 + w2) * half, w1 * half
            here = np.empty((4, *w0.shape), w.dtype)
            here[0], here[3] = w0, w2
            np.add(ends, middle, out=here[1])
            np.subtract(ends, middle, out=here[2])
        U[:, channels, filters] = here.reshape(len(U), *here.shape[-2:])
    return U


def gather_kernels(U: Array, out: Kernels) -> None:
    """Write G.T u, (3, 3, C, F), to `out`."""
    n = out.ndim - 2
    half = U.dtype.type(0.5)
    for channels, filters in blocks(out.shape[-2:], KEPT):
        here = U[:, channels, filters]
        here = here.reshape(*(4,) * n, *here.shape[1:])
        for i in range(n):
            u0, u1, u2, u3 = places(here, i)
            ends, middle = (u1 + u2) * half, (u1 - u2) * half
            here = np.stack([u0 + ends, middle, ends + u3], axis=i)
        out[..., channels, filters] = here.transpose(*reversed(range(n)), n, n + 1)


def pairs(images: Images, sides: list[tuple[int, int]], dtype: np.dtype) -> Array:
    """Sort the pixels of each axis by even and odd places, (n, 2, H, 2, W, C).

    Of each side are given the zeros before it, and how many pairs there shall be.
    """
    n, *sizes, C = images.shape
    shape = n, *(size for _, half in sides for size in (2, half)), C
    is_full = all(
        size == 2 * half for size, (_, half) in zip(sizes, sides, strict=True)
    )
    found = (scratch if is_full else scratch_zeros)("pairs", shape, dtype)
    for parity in product(range(2), repeat=len(sides)):
        there: list[int | slice] = [EVERY]
        here: list[slice] = [EVERY]
        for place, size, (before, _) in zip(parity, sizes, sides, strict=True):
            teeth, side = every(2, place, before, size)
            here.append(teeth)
            there += [place, side]
        found[tuple(there)] = images[tuple(here)]
    return found


def stage(i: int, n: int, purpose: str, shape: Shape, dtype: np.dtype) -> Array:
    """Return memory for what axis `i` of `n` makes; only the last is kept."""
    return scratch(purpose if i == n - 1 else f"stage {i}", shape, dtype)


def outputs_of(tile: Tile, shape: Shape) -> tuple[slice, ...]:
    """Return where the outputs of a tile of blocks stand in an array of this shape."""
    images, *blocks = tile.stops
    sides = zip(blocks, shape[1:-1], strict=True)
    return images, *(slice(2 * b.start, min(2 * b.stop, size)) for b, size in sides)


def places(array: Array, axis: int) -> list[Array]:
    """Take the places of an axis apart."""
    return list(np.moveaxis(array, axis, 0))


def both_ends(array: Array, axis: int) -> tuple[Array, Array]:
    """Return all along an axis but the last, and all but the first."""
    before = (EVERY,) * axis
    return array[(*before, slice(None, -1))], array[(*before, slice(1, None))]
