"""Turn the kernel around: at stride 1, ``dx`` is a convolution of ``dy``.

Every pixel of x collects what it owes from the windows that read it, and these stop
side by side: dy is an image, and the kernel slides over it turned around, with channels
and filters exchanged. Nothing has to be added up where windows overlap, and one
unfolding of dy serves both gradients:

    D = windows of dy         dx = D @ W turned         dw = x.T @ D, turned back
"""

from math import prod

import numpy as np

from .._dtypes import Arithmetic
from .._typing import Array, Images, Kernels
from .gemm import as_rows, copied
from .threads import run
from .tiles import Axes, Tile, most_results, most_threads, most_windows, tiles
from .unfold import unfold_tile
from .wide_windows import is_finite, neighbours

__all__ = ["gradients", "turn", "turned_axes", "turning_is_faster"]

SMALL = 2**20  # bytes of a kernel that is turned around in no time
SLOWER = 3  # adding a number up takes three times as long as copying it


def turned_axes(axes: Axes) -> Axes | None:
    """Return how the turned kernel slides over `dy`, or None if it cannot."""
    turned = tuple(
        axis._replace(
            size=axis.output_size,
            before=axis.span - 1 - axis.before,
            after=axis.span - 1 - axis.after,
        )
        for axis in axes
    )
    possible = all(a.stride == 1 and a.before >= 0 and a.after >= 0 for a in turned)
    return turned if possible else None


def turning_is_faster(w: Kernels, axes: Axes) -> bool:
    """Tell whether turning the kernel takes less time than folding the windows."""
    *kernel, C, F = w.shape
    pixels = prod(axis.size for axis in axes)
    windows = prod(axis.output_size for axis in axes)
    # For every tap, F numbers per pixel are copied, or C per window are added up.
    less = pixels * F <= SLOWER * windows * C and w.nbytes <= SMALL
    # The turned kernel meets the zeros around dy, and inf * 0 is NaN.
    return (less or prod(kernel) == 1) and is_finite(w)


def turn(w: Kernels) -> Kernels:
    """Turn every kernel around and exchange channels and filters; a view."""
    return np.flip(w, tuple(range(w.ndim - 2))).swapaxes(-1, -2)


def turned_back(dw: Kernels, dtype: np.dtype) -> Kernels:
    """Return the gradient of a kernel, given that of the turned one."""
    return np.array(turn(dw), dtype, order="C")


def gradients(
    x: Images, dy: Images, w: Kernels, axes: Axes, dtypes: Arithmetic
) -> tuple[Images, Kernels] | None:
    """Return `dx` and `dw` from the windows of `dy`, or None if that cannot be done."""
    turned = turned_axes(axes)
    *kernel, C, F = w.shape
    dx = np.empty(x.shape, dtypes.result)
    if (
        turned is None
        or neighbours(turned, F, dx) > 1
        or not turning_is_faster(w, axes)
    ):
        return None
    W = turn(w).reshape(prod(kernel) * F, C)
    total = np.zeros((C, len(W)), w.dtype)

    def multiply(tile: Tile) -> Array:
        D = unfold_tile(dy, tile, w.dtype)
        here = dx[tile.stops].reshape(tile.size, C)
        y = np.matmul(D, W, out=here if dx.dtype == w.dtype else None)
        if y is not here:
            here[...] = y
        # Every pixel meets the zeros around dy, too, and inf * 0 is NaN: see below.
        with np.errstate(invalid="ignore"):
            return as_rows(x, tile, w.dtype).T @ D

    def add(part: Array) -> None:
        np.add(total, part, out=total)

    numbers = max(len(W), copied(x, w.dtype), copied(dx, w.dtype))
    size = turned, numbers, w.itemsize
    items = tiles(len(x), turned, most_windows(*size))
    ahead = most_results(total.nbytes)
    run(multiply, items, then=add, most=most_threads(*size), ahead=ahead)
    if not np.isfinite(total).all():
        return None
    dw = turned_back(np.moveaxis(total.reshape(C, *kernel, F), 0, -1), dtypes.result)
    return dx, dw
