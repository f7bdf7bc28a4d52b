"""Make small products larger: let one wide window answer for several at once.

With few channels and few filters, windows are short and products are small, and
copying takes longer than multiplying. But neighbouring windows share most of their
pixels: g of them side by side are one wide window, and a kernel with g copies of every
filter, each moved one stop on among zeros, gives all their outputs in one row:

    w   a b c        wide w   a b c . .       one window of 5 pixels, stride 3,
                              . a b c .       instead of three windows of 3
                              . . a b c

So fewer, longer runs are copied, and what is multiplied by zero costs less than that.
The outputs lie in memory as before.
"""

from math import prod
from typing import NamedTuple

import numpy as np

from .._typing import Array, Images, Kernels
from .blas import one_blas_thread
from .tiles import Axes, blocks
from .workers import run

__all__ = [
    "FOLDED",
    "is_finite",
    "narrow_kernel",
    "neighbours",
    "side_by_side",
    "widen_axes",
    "widen_kernel",
    "widen_outputs",
]

FEW = 8  # filters: products with so few columns run badly
LONG = 6  # times as long as a window: in longer ones, most is zeros
HEAVY = 2**23  # bytes of the wide kernel: it is there as a whole


class Limits(NamedTuple):
    """Up to where it pays to take windows together."""

    short: int  # numbers of a line of the kernel: longer ones do well as they are
    wide: int  # filters: products with as many columns run well


COPIED = Limits(short=32, wide=64)
FOLDED = Limits(short=64, wide=256)  # adding up takes longer than copying


def side_by_side(
    axes: Axes,
    C: int,
    outputs: Images,
    among_zeros: Array,
    limits: Limits = COPIED,
) -> int:
    """Return how many windows to take at once: 1 if they had better stay apart."""
    g = neighbours(axes, C, outputs, limits)
    # The zeros of the wide kernel are multiplied, too, and inf * 0 would be NaN.
    possible = g > 1 and among_zeros.dtype.kind == "f" and is_finite(among_zeros)
    return g if possible else 1


def neighbours(axes: Axes, C: int, outputs: Images, limits: Limits = COPIED) -> int:
    """Return how many windows one wide window had better hold."""
    *others, last = axes
    F, itemsize = outputs.shape[-1], outputs.dtype.itemsize
    small = C * last.kernel < limits.short or F <= FEW
    apart = last.stride > last.kernel or last.dilation > 1  # wide windows have gaps
    if not small or apart or not outputs.flags.c_contiguous:
        return 1
    stops = last.output_size
    most = min(limits.wide // max(F, 1), LONG * last.kernel // last.stride, stops)
    lines = prod(axis.kernel for axis in others)

    def fits(g: int) -> bool:
        taps = (g - 1) * last.stride + last.kernel
        heavy = lines * taps * C * g * F * itemsize > HEAVY
        return stops % g == 0 and not heavy

    return next(filter(fits, range(most, 0, -1)), 1)


def widen_axes(axes: Axes, g: int) -> Axes:
    """Return the axes along which a window of `g` windows slides."""
    *others, last = axes
    wide = last._replace(
        kernel=(g - 1) * last.stride + last.kernel, stride=g * last.stride
    )
    return *others, wide


def widen_outputs(y: Images, g: int) -> Images:
    """View the outputs of `g` windows side by side as those of one."""
    *others, stops, F = y.shape
    return y.reshape(*others, stops // g, g * F)


def widen_kernel(w: Kernels, axes: Axes, g: int) -> Kernels:
    """Return the kernel (*KERNEL, C, g * F) that gives the outputs of `g` windows."""
    *kernel, taps, C, F = w.shape
    stride = axes[-1].stride
    wide = np.zeros((*kernel, (g - 1) * stride + taps, C, g, F), w.dtype)
    for i in range(g):
        wide[..., i * stride : i * stride + taps, :, i, :] = w
    return wide.reshape(*wide.shape[:-2], g * F)


def narrow_kernel(wide: Kernels, axes: Axes, g: int) -> Kernels:
    """Add up the copies of every filter: the transpose of `widen_kernel`."""
    *kernel, _, C, many = wide.shape
    _, taps, stride, *_ = axes[-1]
    copies = wide.reshape(*wide.shape[:-1], g, many // g)
    w = np.zeros((*kernel, taps, C, many // g), wide.dtype)
    for i in range(g):
        w += copies[..., i * stride : i * stride + taps, :, i, :]
    return w


def is_finite(array: Array) -> bool:
    """Tell whether an array holds neither infinity nor NaN, in little memory."""
    if array.dtype.itemsize >= 4 and array.flags.c_contiguous:
        flat = array.ravel()
        with one_blas_thread, np.errstate(all="ignore"):
            if np.isfinite(flat @ flat):  # one bad number would spoil the sum
                return True
    found: list[bool] = []
    run(
        lambda block: bool(np.isfinite(array[block]).all()),
        blocks(array.shape, 2**18),
        then=found.append,
    )
    return all(found)
