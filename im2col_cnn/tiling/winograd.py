"""Multiply less: two outputs of three taps each in four products instead of six.

With B, G and A as in `spreading`, for two neighbouring outputs and their four pixels,

    y = A (B d * G w)              dw = G.T (B d * A.T dy)

and a block of 2 by 2 outputs takes 16 products instead of 36. With many channels each
of them is a product of matrices, and these are what takes time. Spreading takes time of
its own, so it pays for many channels only, and G w must be shared by many blocks.

Only halves appear, so whole numbers stay exact. But infinity minus infinity is NaN:
where a result is not finite, the caller is told to go the long way.

References: Winograd, "Arithmetic Complexity of Computations", 1980; Lavin and Gray,
"Fast Algorithms for Convolutional Neural Networks", 2016.
"""

from collections.abc import Callable
from math import prod
from typing import TypeVar

import numpy as np

from .._dtypes import Arithmetic
from .._typing import Array, Images, Kernels
from ..axis import Axis
from .scratch import scratch
from .spreading import (
    OUTPUTS,
    PLACES,
    TAPS,
    gather_kernels,
    put,
    spread_kernels,
    spread_outputs,
    spread_pixels,
)
from .tiles import Axes, Tile, most_results, most_threads, most_windows, tiles
from .turned_kernel import turn, turned_axes
from .wide_windows import is_finite
from .workers import run

__all__ = ["correlate", "gradients", "kernel_gradient"]

Result = TypeVar("Result")

MANY = 64  # channels, and filters: with fewer, spreading takes longer than products
ENOUGH = 256  # blocks of two outputs along each axis: G w is shared by them
HEAVY = 2**22  # bytes of G w: several of its gradients are in memory at once
MOST = 256  # blocks in a tile: what they become stays in the cache of one core

# What is too large or too small here need not be on the long way, which says so itself.
quietly = np.errstate(all="ignore")


@quietly
def correlate(
    x: Images, w: Kernels, axes: Axes, out: Images, b: Array | None = None
) -> bool:
    """Slide every kernel over every image; False if that is not the way."""
    if not suits(axes, x, w):
        return False
    U = spread_kernels(w)

    def multiply(tile: Tile) -> None:
        V = spread_pixels(x, tile, w.dtype)
        put(products(V, U), tile, out, b)

    over_blocks(len(x), axes, U, task=multiply)
    return is_finite(out)


@quietly
def kernel_gradient(x: Images, dy: Images, axes: Axes, out: Kernels) -> bool:
    """Add up what every kernel owes to its windows; False as above."""
    if not suits(axes, x, out):
        return False
    total = np.zeros((PLACES ** len(axes), *out.shape[-2:]), out.dtype)

    def multiply(tile: Tile) -> Array:
        V = spread_pixels(x, tile, out.dtype)
        return V.swapaxes(1, 2) @ spread_outputs(dy, tile, out.dtype)

    def add(part: Array) -> None:
        np.add(total, part, out=total)

    over_blocks(len(x), axes, total, task=multiply, then=add)
    gather_kernels(total, out)
    return is_finite(out)


@quietly
def gradients(
    x: Images, dy: Images, w: Kernels, axes: Axes, dtypes: Arithmetic
) -> tuple[Images, Kernels] | None:
    """Return `dx` and `dw` from one spreading of `dy`; None as above."""
    turned = turned_axes(axes)
    if turned is None or not suits(turned, dy, turn(w)):
        return None
    dx = np.empty(x.shape, dtypes.result)
    U = spread_kernels(turn(w))
    total = np.zeros((len(U), *w.shape[-2:]), U.dtype)

    def multiply(tile: Tile) -> Array:
        V = spread_pixels(dy, tile, w.dtype)
        put(products(V, U), tile, dx)
        return spread_outputs(x, tile, w.dtype).swapaxes(1, 2) @ V

    def add(part: Array) -> None:
        np.add(total, part, out=total)

    over_blocks(len(dy), turned, U, task=multiply, then=add)
    dw = np.empty(w.shape, dtypes.result)
    gather_kernels(total, np.flip(dw, tuple(range(len(axes)))))
    return (dx, dw) if is_finite(dx) and is_finite(dw) else None


def suits(axes: Axes, x: Images, w: Kernels) -> bool:
    """Tell whether it pays: three taps side by side, and enough but not too much."""
    shaped = all((a.kernel, a.stride, a.dilation) == (TAPS, 1, 1) for a in axes)
    shared_by = len(x) * prod(halved(axis.output_size) for axis in axes)
    many = min(w.shape[-2:]) >= MANY and shared_by >= ENOUGH
    heavy = PLACES ** len(axes) * prod(w.shape[-2:]) * w.itemsize > HEAVY
    return shaped and many and not heavy and w.dtype.kind == "f"


def over_blocks(
    N: int,
    axes: Axes,
    U: Array,
    *,
    task: Callable[[Tile], Result],
    then: Callable[[Result], object] = lambda _: None,
) -> None:
    """Cut the outputs into blocks of two along each axis, and these into tiles."""
    places, C, F = U.shape
    pairs = tuple(as_blocks(axis) for axis in axes)
    size = pairs, places * (C + F), U.itemsize
    items = tiles(N, pairs, min(MOST, most_windows(*size)))
    ahead = most_results(U.nbytes)  # the gradient of a kernel, for every tile
    run(task, items, then=then, most=most_threads(*size), ahead=ahead)


def as_blocks(axis: Axis) -> Axis:
    """Return how a window of four pixels, for two outputs, slides along an axis."""
    reach = OUTPUTS * halved(axis.output_size) + PLACES - OUTPUTS
    after = reach - axis.before - axis.size
    return axis._replace(kernel=PLACES, stride=OUTPUTS, after=after)


def halved(size: int) -> int:
    """Return how many pairs hold so many."""
    return -(-size // 2)


def products(V: Array, U: Array) -> Array:
    """Multiply all blocks and all kernels, place by place."""
    out = scratch("columns", (*V.shape[:2], U.shape[-1]), U.dtype)
    return np.matmul(V, U, out=out)
