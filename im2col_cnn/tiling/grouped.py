"""Convolve groups of few channels: sort channels by group, multiply groups in stacks.

    x (n, *SPATIAL, G * C)  ->  (G, n, *SPATIAL, C)      one run of C numbers at a time

Then each group is a batch of images of its own, and what `gemm` does for one is done
for all at once: windows are unfolded, several side by side as one wide window, and a
single call of `np.matmul` multiplies those of every group by its kernels:

    correlate         y[g] = X[g] @ W[g]
    kernel_gradient   dW[g] = X[g].T @ dy[g]
    image_gradient    the first again, in `phases`
"""

from collections.abc import Iterator
from functools import partial

import numpy as np

from .._typing import Array, Images, Kernels
from ..axis import Axes
from ..window import EVERY
from .gemm import repeated
from .phases import correlate_phases, phases_of
from .products import MAX_SMALL_PRODUCT, MIN_WORK
from .scratch import scratch
from .threads import run
from .tiles import Plan, Tile, kept_blocks, plan
from .unfold import has_lines, strides, view
from .wide_windows import (
    is_finite,
    narrow_kernel,
    neighbours,
    widen_axes,
    widen_kernel,
)
from .workspace import most_results

__all__ = ["correlate", "image_gradient", "kernel_gradient"]

BLOCK_BYTES = 2**21  # of columns of all groups: they stay in the cache

Block = tuple[slice, ...]  # of the windows of a tile


def correlate(
    x: Images,
    w: Kernels,
    axes: Axes,
    out: Images,
    b: Array | None = None,
    *,
    groups: int,
) -> None:
    """Slide every kernel over the channels of its group: ``out = X @ W + b``."""
    if not (w.size and out.size):
        out[...] = 0 if b is None else b
        return
    W = np.ascontiguousarray(stacked(w, groups))
    *_, C, F = W.shape
    g = neighbours(axes, C, out, groups=groups)
    # The zeros of the wide kernel are multiplied, too, and inf * 0 would be NaN.
    if g > 1 and x.dtype.kind == "f" and is_finite(x):
        W, axes = widen_kernel(W, axes, g), widen_axes(axes, g)
    else:
        g = 1
    W = W.reshape(groups, -1, g * F)
    outputs = by_window(out, groups, g)
    lines = has_lines(out)
    if b is not None:
        b = repeated(b, out.shape[-2]) if lines else b.reshape(groups, F)
    work = plan_for(x, axes, W, BLOCK_BYTES)

    def multiply(tile: Tile) -> None:
        here = outputs[tile.stops]
        for block, X in unfold(x, tile, groups, W.dtype, work.block):
            y = scratch("y", (*X.shape[:2], g * F), W.dtype)
            np.matmul(X, W, out=y)
            place = here[block]
            sorted_back = np.moveaxis(y.reshape(groups, *place.shape[:-2], F), 0, -2)
            copy_runs(sorted_back, place)
            if b is not None and lines:
                runs = place.reshape(*place.shape[:-4], -1)
                runs += b[: runs.shape[-1]]
            elif b is not None:
                place += b

    run(multiply, work.tiles, most=work.threads)


def kernel_gradient(
    x: Images, dy: Images, axes: Axes, out: Kernels, *, groups: int
) -> None:
    """Return in `out` the gradient of every kernel: ``out = X.T @ dy``."""
    if not (out.size and dy.size):
        out[...] = 0
        return
    found = stacked(out, groups)  # a view
    *_, C, F = found.shape
    g = neighbours(axes, C, dy, groups=groups)
    if g > 1 and out.dtype.kind == "f":
        wide_axes = widen_axes(axes, g)
        shape = *found.shape[:-3], wide_axes[-1].kernel, C, g * F
        wide = np.zeros(shape, out.dtype)
        # Numbers that no window holds together meet here, and their product is dropped:
        # it must not warn. What else does not fit makes `out` infinite, and says so.
        with np.errstate(all="ignore"):
            add_up(x, dy, wide_axes, wide, g)
            found[...] = narrow_kernel(wide, axes, g)
        if is_finite(out):
            return
    sums = np.zeros(found.shape, out.dtype)
    add_up(x, dy, axes, sums, 1)
    found[...] = sums


def image_gradient(
    dy: Images,
    w: Kernels,
    axes: Axes,
    out: Images,
    b: Array | None = None,
    *,
    groups: int,
) -> None:
    """Return in `out` the gradient of images, ``dy @ W.T`` folded, plus b."""
    by_group = by_groups(w, groups)  # (*KERNEL, C, G, F)
    *taps, C, _, F = by_group.shape
    turned = by_group.swapaxes(-1, -3).reshape(*taps, F, groups * C)
    phases = [phases_of(axis) for axis in axes]
    of_groups = partial(correlate, groups=groups)
    correlate_phases(dy, turned, phases, out, b, correlate=of_groups)


def add_up(x: Images, dy: Images, axes: Axes, out: Array, g: int) -> None:
    """Add ``X.T @ dy`` of all tiles, in their order, to stacked kernels."""
    groups, *_, many = out.shape
    sums = out.reshape(groups, -1, many)
    upstream = by_window(dy, groups, g)
    small = MAX_SMALL_PRODUCT // max(sums[0].size, 1) * groups * sums.shape[1]
    work = plan_for(x, axes, sums, min(BLOCK_BYTES, small * out.itemsize))

    def multiply(tile: Tile) -> Array:
        here = upstream[tile.stops]
        total: Array | None = None
        for block, X in unfold(x, tile, groups, out.dtype, work.block):
            place = here[block]
            D = scratch("y", (groups, *place.shape[:-2], many // g), out.dtype)
            copy_runs(np.moveaxis(place, -2, 0), D)
            product = X.swapaxes(1, 2) @ D.reshape(*X.shape[:2], many)
            total = product if total is None else np.add(total, product, out=total)
        assert total is not None  # a tile has windows
        return total

    def add(part: Array) -> None:
        np.add(sums, part, out=sums)

    ahead = most_results(2 * sums.nbytes)  # a sum, and what is added to it
    most = min(work.threads, ahead)
    run(multiply, work.tiles, then=add, most=most, ahead=ahead)


def plan_for(x: Images, axes: Axes, W: Array, block_bytes: int) -> Plan:
    """Cut a batch for the products of all groups with a stack of matrices."""
    groups, K, F = W.shape
    numbers = groups * (K + F)
    block = max(1, block_bytes // (groups * K * W.itemsize))
    least = max(1, MIN_WORK // W.size)
    return plan(
        len(x),
        axes,
        2 * x.shape[-1],  # as they are, and sorted
        numbers=numbers,
        itemsize=W.itemsize,
        block=block,
        least=least,
    )


def unfold(
    x: Images, tile: Tile, groups: int, dtype: np.dtype, most: int
) -> Iterator[tuple[Block, Array]]:
    """Yield the windows of a tile, sorted, as (G, P, K); each good until the next."""
    C = x.shape[-1] // groups
    pixels = sort(x[tile.pixels], tile, groups, dtype)
    steps, taps = strides(pixels.strides[1:], tile.axes)
    kernel, numbers = tile.kernel, C
    if tile.axes[-1].dilation == 1:  # a line of the kernel is one run
        kernel, taps, numbers = kernel[:-1], taps[:-1], kernel[-1] * C
    item = np.dtype((np.void, numbers * dtype.itemsize))
    shape = groups, *tile.out, *kernel
    windows = view(pixels, shape, (pixels.strides[0], *steps, *taps), item)
    for block in kept_blocks(tile.out, most):
        here = windows[(EVERY, *block)]
        columns = scratch("columns", here.shape, item)
        np.copyto(columns, here)
        yield block, columns.view(dtype).reshape(groups, -1, tile.taps_count * C)


def sort(pixels: Images, tile: Tile, groups: int, dtype: np.dtype) -> Array:
    """Return pixels with their padding, (G, n, *PADDED, C), until the next call."""
    by_group = by_groups(pixels, groups)
    C = by_group.shape[-1]
    padded = scratch("pixels", (groups, *tile.padded, C), dtype)
    for margin in tile.margins:
        padded[(EVERY, *margin)] = 0
    copy_runs(np.moveaxis(by_group, -2, 0), padded[(EVERY, *tile.inner)])
    return padded


def copy_runs(numbers: Array, out: Array) -> None:
    """Copy numbers; where the last axis is one run of memory, as one item each."""
    size = out.itemsize
    if numbers.dtype == out.dtype and numbers.strides[-1] == out.strides[-1] == size:
        item = np.dtype((np.void, out.shape[-1] * size))
        numbers, out = numbers.view(item), out.view(item)
    out[...] = numbers


def by_groups(images: Array, groups: int) -> Array:
    """View channels as (G, C)."""
    *others, channels = images.shape
    return images.reshape(*others, groups, channels // groups)


def by_window(outputs: Images, groups: int, g: int) -> Array:
    """View outputs as those of wide windows, (N, *OUT, g, G, F)."""
    *others, stops, F = outputs.shape
    return outputs.reshape(*others, stops // g, g, groups, F // groups)


def stacked(w: Kernels, groups: int) -> Array:
    """View kernels (*KERNEL, C, G * F) as (G, *KERNEL, C, F)."""
    return np.moveaxis(by_groups(w, groups), -2, 0)
