"""Make small products larger: let one wide window answer for several at once.

With few channels and few filters, windows are short and products are small, and
copying takes longer than multiplying. But neighbouring windows share most of their
pixels: g of them side by side are one wide window, and a kernel with g copies of every
filter, each moved one stop on among zeros, gives all their outputs in one row:

    w   a b c        wide w   a b c . .       one window of 5 pixels, moved by 3,
                              . a b c .       instead of three windows of 3
                              . . a b c

So fewer, longer runs are copied, and what is multiplied by zero costs less than that.
The outputs lie in memory as before.
"""

from functools import lru_cache
from math import prod
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from .._typing import Array, Images, Kernels
from ..axis import Axes, Axis
from .scratch import scratch_zeros
from .threads import run
from .tiles import blocks

__all__ = [
    "COPY_COST",
    "FOLD_COST",
    "Cost",
    "is_finite",
    "least_time",
    "narrow_kernel",
    "neighbours",
    "widen_axes",
    "widen_kernel",
    "widen_outputs",
]


class Cost(NamedTuple):
    """What it takes to copy, or to add up, a line of a window, in multiply-adds."""

    line: int  # however short
    number: int  # of the line
    window: int = 0  # once several are taken at once


# Found on 25 geometries on two CPUs, and held against the best choice for each:
# ``notes/speed-log.md``.
COPY_COST, FOLD_COST = Cost(350, 12), Cost(1000, 60)
WIDENING_COST = 10**6  # of a call: a kernel is copied, and pixels are looked at
MIN_COLUMNS = 16  # of a product: with fewer it takes no less time
MAX_WINDOWS = 32  # at once
FEW_NUMBERS = 2**12  # that are looked at one by one
MAX_KERNEL_BYTES = 2**23  # of the wide kernel: it is there as a whole


def neighbours(
    axes: Axes, C: int, outputs: Images, cost: Cost = COPY_COST, *, groups: int = 1
) -> int:
    """Return how many windows one wide window had better hold, for each group."""
    F, size = outputs.shape[-1], outputs.itemsize
    if groups == 1 and outputs.strides[-2:] != (F * size, size):
        return 1  # outputs of several groups are copied in any case
    cost = cost._replace(window=WIDENING_COST * F // max(outputs.size, 1))
    return cheapest(axes, C, F // groups, groups * size, cost)


@lru_cache(256)
def cheapest(axes: Axes, C: int, F: int, itemsize: int, cost: Cost) -> int:
    """Return how many windows at once take the least time for each of them."""
    *others, last = axes
    if last.stride > last.kernel or last.dilation > 1:  # wide windows have gaps
        return 1
    lines = prod(axis.kernel for axis in others)

    def is_possible(g: int) -> bool:
        heavy = lines * taps_of(last, g) * C * g * F * itemsize > MAX_KERNEL_BYTES
        return g == 1 or (last.output_size % g == 0 and not heavy)

    possible = filter(is_possible, range(1, MAX_WINDOWS + 1))
    return min(possible, key=lambda g: time_of(axes, C, F, cost, g))


def time_of(axes: Axes, C: int, F: int, cost: Cost, g: int) -> float:
    """Return what each of `g` windows at once takes, in multiply-adds."""
    *others, last = axes
    numbers = taps_of(last, g) * C
    line = cost.line + numbers * (cost.number + max(g * F, MIN_COLUMNS))
    lines = prod(axis.kernel for axis in others)
    return lines * line / g + cost.window * (g > 1)


def least_time(axes: Axes, C: int, F: int, itemsize: int, cost: Cost) -> float:
    """Return what all windows over an image take, in multiply-adds."""
    windows = prod(axis.output_size for axis in axes)
    g = cheapest(axes, C, F, itemsize, cost)
    return windows * time_of(axes, C, F, cost, g)


def taps_of(axis: Axis, g: int) -> int:
    """Return how many taps `g` windows side by side have together."""
    return (g - 1) * axis.stride + axis.kernel


def widen_axes(axes: Axes, g: int) -> Axes:
    """Return the axes along which a window of `g` windows slides."""
    *others, last = axes
    return *others, last._replace(kernel=taps_of(last, g), stride=g * last.stride)


def widen_outputs(y: Images, g: int) -> Images:
    """View the outputs of `g` windows side by side as those of one."""
    *others, stops, F = y.shape
    return y.reshape(*others, stops // g, g * F)


def widen_kernel(w: Kernels, axes: Axes, g: int) -> Kernels:
    """Return the kernel (*KERNEL, C, g * F) for `g` windows, good until the next."""
    *kernel, C, F = w.shape
    shape = *kernel[:-1], taps_of(axes[-1], g), C, g * F
    wide = scratch_zeros("wide kernel", shape, w.dtype)
    copies(wide, axes, g)[...] = w[..., None, :, :, :]
    return wide


def narrow_kernel(wide: Kernels, axes: Axes, g: int) -> Kernels:
    """Add up the copies of every filter: the transpose of `widen_kernel`."""
    w: Kernels = copies(wide, axes, g).sum(axis=-4)
    return w


def copies(wide: Kernels, axes: Axes, g: int) -> Array:
    """View the copies of a kernel in a wide one, (*LINES, g, KW, C, F)."""
    *lines, _, C, many = wide.shape
    *steps, tap, channel, filter_ = wide.strides
    F = many // g
    moved = axes[-1].stride * tap + F * filter_  # one stop on, and F filters
    # The last tap and filter of the last copy are the last of the wide kernel.
    return as_strided(
        wide,
        (*lines, g, axes[-1].kernel, C, F),
        (*steps, moved, tap, channel, filter_),
    )


def is_finite(array: Array) -> bool:
    """Tell whether an array holds neither infinity nor NaN, in little memory."""
    if array.size <= FEW_NUMBERS:
        return bool(np.isfinite(array).all())
    if array.dtype.itemsize >= 4 and array.flags.c_contiguous:
        flat = array.ravel()
        with np.errstate(all="ignore"):
            if np.isfinite(flat @ flat):  # one bad number would spoil the sum
                return True
    found: list[bool] = []
    run(
        lambda block: bool(np.isfinite(array[block]).all()),
        blocks(array.shape, 2**18),
        then=found.append,
    )
    return all(found)
