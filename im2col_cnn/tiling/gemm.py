"""Multiply windows and kernels, tile by tile: the three maps behind a convolution.

With X the windows of `x`, one per row, and W the kernel, one filter per column:

    correlate         y = X @ W
    kernel_gradient   dW = X.T @ dy
    image_gradient    dX = dy @ W.T, each window added back to its pixels

They are one trilinear form: ``<correlate(x, w), dy>`` is also ``<x, dx>`` and
``<w, dw>``. X is never there as a whole: a block of it is unfolded, multiplied and
forgotten. The third map is made of the first, in `phases`.
"""

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from .._typing import Array, Images, Kernels
from ..axis import Axes
from ..window import EVERY
from .products import (
    MIN_WORK,
    factor_of,
    multiply,
    multiply_transposed,
    summed_numbers,
)
from .scratch import scratch
from .threads import run
from .tiles import Plan, Tile, blocks, plan
from .unfold import unfold
from .wide_windows import (
    is_finite,
    narrow_kernel,
    neighbours,
    widen_axes,
    widen_kernel,
    widen_outputs,
)
from .workspace import most_results

__all__ = ["as_rows", "copied", "correlate", "kernel_gradient", "repeated"]

BLOCK_BYTES = 2**21  # of columns: they stay in the cache
MIN_LARGE_ROWS = 192  # of a product for which BLAS repacks the kernel, or adds one up
MAX_KERNEL_BYTES = 2**23  # of a kernel whose gradient is computed in parts

Part = tuple[Any, ...]  # indexes (*KERNEL, C, F)


def correlate(
    x: Images, w: Kernels, axes: Axes, out: Images, b: Array | None = None
) -> None:
    """Slide every kernel over every image: ``out = X @ W + b``."""
    if not (w.size and out.size):
        out[...] = 0 if b is None else b
        return
    g = neighbours(axes, w.shape[-2], out)
    # The zeros of the wide kernel are multiplied, too, and inf * 0 would be NaN.
    if g > 1 and x.dtype.kind == "f" and is_finite(x):
        out = widen_outputs(out, g)
        w, axes = widen_kernel(w, axes, g), widen_axes(axes, g)
        b = None if b is None else repeated(b, g)
    K, F = prod(w.shape[:-1]), w.shape[-1]
    W = np.ascontiguousarray(w).reshape(K, F)
    factor = factor_of(W, out.size // F)
    extra = copied(out, W.dtype)
    line = b if b is None else repeated(b, out.shape[-2])
    rows = 1 if factor.rows else MIN_LARGE_ROWS
    work = plan_for(x, axes, W, K + extra, rows)

    def correlate_tile(tile: Tile) -> None:
        here = out[tile.stops]
        for block, X in unfold(x, tile, W.dtype, work.block):
            y = here[block]
            rows = scratch("y", (len(X), F), W.dtype) if extra else y.reshape(-1, F)
            multiply(X, factor, rows)
            if line is not None:
                runs = rows.reshape(-1, y.shape[-2] * F)  # longer runs, added faster
                runs += line[: runs.shape[1]]
            if extra:
                y[...] = rows.reshape(y.shape)

    run(correlate_tile, work.tiles, most=work.threads)


def plan_for(x: Images, axes: Axes, W: Array, numbers: int, rows: int) -> Plan:
    """Cut a batch for products of so many rows, or more, with such a matrix."""
    N, C = len(x), x.shape[-1]
    block = max(BLOCK_BYTES // (numbers * W.itemsize), rows)
    least = max(MIN_WORK // W.size, rows)
    return plan(
        N, axes, C, numbers=numbers, itemsize=W.itemsize, block=block, least=least
    )


def kernel_gradient(x: Images, dy: Images, axes: Axes, out: Kernels) -> None:
    """Return in `out` the gradient of every kernel: ``out = X.T @ dy``."""
    if not (out.size and dy.size):
        out[...] = 0
        return
    g = neighbours(axes, x.shape[-1], dy)
    if g > 1 and out.dtype.kind == "f":
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

    def multiply_tile(job: tuple[Part, Tile]) -> tuple[Part, Tile, Array]:
        part, tile = job
        D = dy[..., part[-1]][tile.stops]
        dw: Array | None = None
        for block, X in unfold(x, tile, out.dtype, work.block):
            product = multiply_transposed(X, as_rows(D[block], out.dtype))
            dw = product if dw is None else np.add(dw, product, out=dw)
        assert dw is not None  # a tile has windows
        return part, tile, dw

    def add(product: tuple[Part, Tile, Array]) -> None:
        part, tile, dw = product
        here = out[part]
        dw = dw.reshape(here.shape)
        np.add(0 if tile.is_first else here, dw, out=here)

    def plan_of(axes: Axes, part: Kernels) -> Plan:
        K, F = prod(part.shape[:-1]), part.shape[-1]
        summed = summed_numbers(K, F)
        numbers = K + copied(dy, out.dtype) + summed
        rows = 1 if summed else MIN_LARGE_ROWS
        return plan_for(x, axes, part.reshape(K, F), numbers, rows)

    plans = [(part, plan_of(cut, out[part])) for part, cut in parts(axes, out)]
    jobs = ((part, tile) for part, its in plans for tile in its.tiles)
    part, work = plans[0]
    ahead = most_results(2 * out[part].nbytes)  # a sum, and what is added to it
    run(multiply_tile, jobs, then=add, most=min(work.threads, ahead), ahead=ahead)


def parts(axes: Axes, w: Kernels) -> Iterator[tuple[Part, Axes]]:
    """Cut a heavy kernel into its lines, and these by filters."""
    first, *others = axes
    *_, F = w.shape
    if w.nbytes <= MAX_KERNEL_BYTES:
        yield (..., EVERY), axes
        return
    count = max(1, -(-w.nbytes // (MAX_KERNEL_BYTES * first.kernel)))
    for k in range(first.kernel):
        reach, beyond = k * first.dilation, (first.kernel - 1 - k) * first.dilation
        line = first._replace(
            kernel=1, before=first.before - reach, after=first.after - beyond
        )
        for filters, *_ in blocks((F,), -(-F // count)):
            yield (slice(k, k + 1), ..., filters), (line, *others)


def repeated(b: Array, n: int) -> Array:
    """Return a bias for `n` windows side by side."""
    line = np.empty((n, b.size), b.dtype)
    line[...] = b
    return line.reshape(-1)


def as_rows(images: Images, dtype: np.dtype) -> Array:
    """View outputs as (P, F)."""
    F = images.shape[-1]
    return np.ascontiguousarray(images, dtype).reshape(-1, F)


def copied(images: Images, dtype: np.dtype) -> int:
    """Return how many numbers of an output are copied: none, if they are as needed."""
    as_needed = images.dtype == dtype and images.flags.c_contiguous
    return 0 if as_needed else images.shape[-1]
