"""Give each group of channels maps of its own, each done in the way that suits it.

    correlate         y = X @ W + b
    kernel_gradient   dW = X.T @ dy
    image_gradient    dX = dy @ W.T, folded
    gradients         both, each on a thread of its own where that pays

`gemm` does the first two, and `phases` makes the third of the first; `fold` does it
where that takes less time, `depthwise` all three where every channel is alone, and
`winograd` three taps and many channels, if it is asked for. Groups of few channels are
multiplied together, in `grouped`. All multiply outside of `run`, too, so BLAS is held
here, once for a whole map: a thread that it wakes for a short product spins long after.
For a little one it wakes none.
"""

from collections.abc import Callable, Iterator
from math import prod
from typing import Any

import numpy as np

from .._dtypes import Arithmetic, wide
from .._typing import Array, Images, Kernels
from ..window import Window
from . import depthwise, gemm, grouped, phases, winograd
from .products import while_large
from .recycling import empty_result
from .threads import run
from .tiles import TILE_BYTES, kept_blocks, room
from .wide_windows import is_finite

__all__ = [
    "bias_gradient",
    "correlate",
    "gradients",
    "image_gradient",
    "kernel_gradient",
]

LINE_NUMBERS = 2**10  # of pixels side by side, which are added up line by line

# Bytes of columns between which each gradient has a thread of its own. Below, waking a
# second one takes too long; above, each gradient is cut into tiles for several.
MIN_COLUMN_BYTES, MAX_COLUMN_BYTES = 2 * 2**20, 2 * TILE_BYTES
MAX_KERNEL_BYTES = 2**20  # bytes of a kernel: both may copy it at once
MAX_NARROW_CHANNELS = 32  # of a group, and filters: then all groups are taken at once


@while_large
def correlate(
    x: Images,
    w: Kernels,
    window: Window,
    groups: int,
    *,
    dtypes: Arithmetic,
    b: Array | None = None,
) -> Images:
    """Slide every kernel over every image: ``y = X @ W + b``."""
    y = empty_result((len(x), *window.output_size, w.shape[-1]), dtypes.result)
    w = w.astype(dtypes.working, copy=False)
    b = None if b is None else b.ravel().astype(w.dtype, copy=False)
    if is_depthwise(w, groups):
        for x_, w_, b_, y_ in filters_of_channels(groups, x, w, b, y):
            depthwise.correlate(x_, w_, window.axes, y_, b_)
    elif are_narrow(w, groups):
        grouped.correlate(x, w, window.axes, y, b, groups=groups)
    else:
        for x_, w_, b_, y_ in per_group(groups, x, w, b, y):
            if not winograd.correlate(x_, w_, window.axes, y_, b_):
                gemm.correlate(x_, w_, window.axes, y_, b_)
    return y


@while_large
def kernel_gradient(
    x: Images, dy: Images, window: Window, groups: int, *, dtypes: Arithmetic
) -> Kernels:
    """Return the gradient of the kernels: ``dW = X.T @ dy``."""
    shape = *window.kernel_size, x.shape[-1] // groups, dy.shape[-1]
    dw = empty_result(shape, dtypes.working)
    if is_depthwise(dw, groups):
        for x_, dy_, dw_ in filters_of_channels(groups, x, dy, dw):
            depthwise.kernel_gradient(x_, dy_, window.axes, dw_)
    elif are_narrow(dw, groups):
        grouped.kernel_gradient(x, dy, window.axes, dw, groups=groups)
    else:
        for x_, dy_, dw_ in per_group(groups, x, dy, dw):
            if not winograd.kernel_gradient(x_, dy_, window.axes, dw_):
                gemm.kernel_gradient(x_, dy_, window.axes, dw_)
    return dw.astype(dtypes.result, copy=False)


@while_large
def image_gradient(
    dy: Images,
    w: Kernels,
    window: Window,
    groups: int,
    *,
    dtypes: Arithmetic,
    b: Array | None = None,
) -> Images:
    """Return the gradient of the images: ``dX = dy @ W.T``, folded, plus b."""
    dx = empty_result((len(dy), *window.spatial, w.shape[-2] * groups), dtypes.result)
    w = w.astype(dtypes.working, copy=False)
    b = None if b is None else b.ravel().astype(w.dtype, copy=False)
    if is_depthwise(w, groups):
        depthwise.image_gradient(dy, w, window.axes, dx, b)
        return dx
    if are_narrow(w, groups) and is_finite(
        w
    ):  # zeros around dy meet it: inf * 0 is NaN
        grouped.image_gradient(dy, w, window.axes, dx, b, groups=groups)
        return dx
    turned = phases.turned_axes(window.axes) if winograd.is_wanted() else None
    for dy_, w_, b_, dx_ in per_group(groups, dy, w, b, dx):
        if turned is None or not winograd.correlate(
            dy_, phases.turn(w_), turned, dx_, b_
        ):
            phases.image_gradient(dy_, w_, window.axes, dx_, b_)
    return dx


@while_large
def gradients(
    x: Images,
    dy: Images,
    w: Kernels,
    window: Window,
    groups: int,
    *,
    dtypes: Arithmetic,
) -> tuple[Images, Kernels]:
    """Return `dx` and `dw`, small ones on a thread each."""
    w = w.astype(dtypes.working, copy=False)
    tasks: list[Callable[[], Array]] = [
        lambda: image_gradient(dy, w, window, groups, dtypes=dtypes),
        lambda: kernel_gradient(x, dy, window, groups, dtypes=dtypes),
    ]
    found: list[Any] = []
    per_window = prod(window.kernel_size) * x.shape[-1]
    columns = prod(dy.shape[:-1]) * per_window * w.itemsize
    if MIN_COLUMN_BYTES < columns <= MAX_COLUMN_BYTES and w.nbytes <= MAX_KERNEL_BYTES:
        _, most = room(window.axes, per_window, w.itemsize)
        run(lambda task: task(), tasks, then=found.append, most=most)
    else:
        found = [task() for task in tasks]
    dx, dw = found
    return dx, dw


@while_large
def bias_gradient(dy: Images, dtypes: Arithmetic) -> Array:
    """Return the gradient of the bias: the sum over pixels, by filter."""
    F = dy.shape[-1]
    db = np.zeros(F, wide(dtypes.working))

    def add_up(block: tuple[slice, ...]) -> Array:
        pixels = np.ascontiguousarray(dy[block], dtypes.working).reshape(-1, F)
        # Few long lines: a sum of float32 loses digits with every term.
        side_by_side = max(1, LINE_NUMBERS // F)
        whole = len(pixels) - len(pixels) % side_by_side
        lines = pixels[:whole].reshape(-1, side_by_side * F)
        line = np.ones(len(lines), lines.dtype) @ lines
        left = pixels[whole:].sum(0, db.dtype)
        return np.asarray(line.reshape(-1, F).sum(0, db.dtype) + left)

    def add(part: Array) -> None:
        np.add(db, part, out=db)

    if dy.size:
        most, threads = room((), F, db.itemsize)
        run(add_up, kept_blocks(dy.shape[:-1], most), then=add, most=threads)
    return db.astype(dtypes.result, copy=False)


def is_depthwise(w: Kernels, groups: int) -> bool:
    """Tell whether each channel is a group of its own."""
    return groups > 1 and w.shape[-2] == 1 and w.shape[-1] > 0


def are_narrow(w: Kernels, groups: int) -> bool:
    """Tell whether there are groups, of few channels and filters each."""
    *_, C, F = w.shape
    few = groups > 1 and max(C, F // groups) <= MAX_NARROW_CHANNELS
    return few and w.nbytes <= MAX_KERNEL_BYTES


def per_group(groups: int, *arrays: Array | None) -> Iterator[tuple[Any, ...]]:
    """Cut the last axis of every array into groups; what is None stays None."""
    if groups == 1:
        yield arrays
        return
    for g in range(groups):
        yield tuple(
            None if array is None else array[..., part_of(array.shape[-1] // groups, g)]
            for array in arrays
        )


def filters_of_channels(C: int, *arrays: Array | None) -> Iterator[tuple[Any, ...]]:
    """Take the first filter of every channel, then the second of every one, ..."""
    most = max(array.shape[-1] for array in arrays if array is not None) // C
    for m in range(most):
        yield tuple(
            array if array is None or array.shape[-1] == C else array[..., m::most]
            for array in arrays
        )


def part_of(size: int, g: int) -> slice:
    """Return the g-th slice of this size."""
    return slice(g * size, (g + 1) * size)
