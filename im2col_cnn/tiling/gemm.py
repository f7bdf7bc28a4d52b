"""Multiply windows and kernels, tile by tile: the three maps behind a convolution.

With X the windows of `x`, one per row, and W the kernel, one filter per column:

    correlate         y = X @ W
    kernel_gradient   dW = X.T @ dy
    image_gradient    dX = dy @ W.T, each window added back to its pixels

They are one trilinear form: ``<correlate(x, w), dy>`` is also ``<x, dx>`` and
``<w, dw>``. X is never there as a whole: a tile of it is unfolded, multiplied and
forgotten.
"""

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from .._typing import Array, Images, Kernels
from ..window import EVERY
from .over_tiles import paint_images
from .scratch import scratch
from .threads import run
from .tiles import Axes, Tile, blocks, most_results, most_threads, most_windows, tiles
from .unfold import fold_tile, unfold_tile
from .wide_windows import (
    FOLDED,
    is_finite,
    narrow_kernel,
    widen_axes,
    widen_kernel,
    widen_outputs,
    windows_at_once,
)

__all__ = ["as_rows", "copied", "correlate", "image_gradient", "kernel_gradient"]

LARGE = 2**23  # bytes of a kernel whose gradient is computed in parts

Part = tuple[Any, ...]  # indexes (*KERNEL, C, F)


def correlate(
    x: Images, w: Kernels, axes: Axes, out: Images, b: Array | None = None
) -> None:
    """Slide every kernel over every image: ``out = X @ W + b``."""
    g = windows_at_once(axes, w.shape[-2], out, x)
    if g > 1:
        out = widen_outputs(out, g)
        w, axes = widen_kernel(w, axes, g), widen_axes(axes, g)
        b = None if b is None else np.tile(b, g)
    K, F = prod(w.shape[:-1]), w.shape[-1]
    W = w.reshape(K, F)

    def multiply(tile: Tile) -> None:
        X = unfold_tile(x, tile, W.dtype)
        here = out[tile.stops].reshape(tile.size, F)
        y = np.matmul(X, W, out=here if here.dtype == W.dtype else None)
        if b is not None:
            y += b
        if y is not here:
            here[...] = y

    size = axes, max(K, copied(out, W.dtype)), W.itemsize
    run(multiply, tiles(len(x), axes, most_windows(*size)), most=most_threads(*size))


def kernel_gradient(x: Images, dy: Images, axes: Axes, out: Kernels) -> None:
    """Add up what every kernel owes to its windows: ``out = X.T @ dy``."""
    g = windows_at_once(axes, x.shape[-1], dy, x)
    if g > 1:
        wide_axes = widen_axes(axes, g)
        *lines, _, C, F = out.shape
        wide = np.empty((*lines, wide_axes[-1].kernel, C, g * F), out.dtype)
        # Numbers that no window holds together meet here, and their product is dropped:
        # it must not warn. What else does not fit makes `out` infinite, and says so.
        with np.errstate(all="ignore"):
            add_up(x, widen_outputs(dy, g), wide_axes, wide)
            out[...] = narrow_kernel(wide, axes, g)
        if is_finite(out):
            return
    add_up(x, dy, axes, out)


def add_up(x: Images, dy: Images, axes: Axes, out: Kernels) -> None:
    """Add up ``X.T @ dy`` over all tiles, in their order."""
    K = prod(out.shape[:-1])
    cuts = list(parts(axes, out))
    part, _ = cuts[0]
    size = axes, max(K, copied(dy[..., part[-1]], out.dtype)), out.itemsize
    if not len(x):
        out[...] = 0

    def multiply(job: tuple[Part, Tile]) -> tuple[Part, Tile, Array]:
        part, tile = job
        X = unfold_tile(x, tile, out.dtype)
        return part, tile, X.T @ as_rows(dy[..., part[-1]], tile, out.dtype)

    def add(product: tuple[Part, Tile, Array]) -> None:
        part, tile, dw = product
        here = out[part]
        dw = dw.reshape(here.shape)
        np.add(0 if tile.is_first else here, dw, out=here)

    jobs = (
        (part, tile)
        for part, its_axes in cuts
        for tile in tiles(len(x), its_axes, most_windows(*size))
    )
    ahead = most_results(out[part].nbytes)
    run(multiply, jobs, then=add, most=most_threads(*size), ahead=ahead)


def parts(axes: Axes, w: Kernels) -> Iterator[tuple[Part, Axes]]:
    """Cut a heavy kernel into its lines, and these by filters."""
    first, *others = axes
    *_, F = w.shape
    if w.nbytes <= LARGE:
        yield (..., EVERY), axes
        return
    count = max(1, -(-w.nbytes // (LARGE * first.kernel)))
    for k in range(first.kernel):
        reach, beyond = k * first.dilation, (first.kernel - 1 - k) * first.dilation
        line = first._replace(
            kernel=1, before=first.before - reach, after=first.after - beyond
        )
        for filters, *_ in blocks((F,), -(-F // count)):
            yield (slice(k, k + 1), ..., filters), (line, *others)


def image_gradient(
    dy: Images, w: Kernels, axes: Axes, out: Images, b: Array | None = None
) -> None:
    """Add up what every pixel owes to its windows: ``dy @ W.T``, folded into `out`."""
    g = windows_at_once(axes, w.shape[-2], dy, dy, FOLDED)
    if g > 1:
        dy = widen_outputs(dy, g)
        w, axes = widen_kernel(w, axes, g), widen_axes(axes, g)
    *_, C, F = w.shape
    K = prod(w.shape[:-1])
    W = w.reshape(K, F)

    def paint(dy: Images, tile: Tile, pixels: Images) -> None:
        columns = scratch("columns", (tile.size, K), w.dtype)
        np.matmul(as_rows(dy, tile, w.dtype), W.T, out=columns)
        fold_tile(columns, tile, C, pixels)

    numbers = max(K, copied(dy, w.dtype))
    paint_images(dy, axes, out, numbers=numbers, dtype=w.dtype, b=b, paint=paint)


def as_rows(images: Images, tile: Tile, dtype: np.dtype) -> Array:
    """View the outputs at the stops of a tile as (P, F)."""
    here = images[tile.stops]
    return np.ascontiguousarray(here, dtype).reshape(tile.size, images.shape[-1])


def copied(images: Images, dtype: np.dtype) -> int:
    """Return how many numbers of an output are copied: none, if they are as needed."""
    as_needed = images.dtype == dtype and images.flags.c_contiguous
    return 0 if as_needed else images.shape[-1]
