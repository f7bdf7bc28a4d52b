"""Compute the output of a layer for inference, in place where its input is free.

Forward keeps what backward will ask for, the signs of a ReLU, say. Inference keeps
nothing, and writes over an array that no other layer reads any more: what follows finds
it in the cache, and no new memory is asked for. The numbers are those of forward, but
for the rounding of two sums that are matrix products here: over the channels of a
kernel of a single pixel, and over the pixels of a mean of few.
"""

from collections.abc import Callable
from functools import cache
from math import prod
from typing import Any

import numpy as np

from .._dtypes import arithmetic
from .._typing import Array
from ..placing import sliding_window
from ..tiling.dispatch import correlate
from ..tiling.gemm import repeated
from ..tiling.products import MIN_FACTOR_ROWS
from ..tiling.recycling import empty_result, result_like
from ..tiling.threads import run
from .activations import Curve, LeakyReLU, ReLU, Sigmoid, Tanh
from .convolution import Conv
from .layer import Inputs, Layer
from .merging import Add, Multiply
from .pooling import GlobalAvgPool
from .scale import Scale

__all__ = ["gives_view", "infer"]

PIECE_NUMBERS = 2**15  # with what is computed of them they stay in the cache of a core
MIN_SHARED_NUMBERS = 2**19  # for fewer, waking other threads takes longer

MAX_MEAN_PIXELS = 2**8  # of an image: of more, a sum of float32 loses digits

# Multiply-adds: more, and `gemm` is faster, or has work for another thread. Of groups,
# which it takes one by one, as many are computed at once.
MAX_PRODUCT, MAX_PRODUCTS = 10**6, 4 * 10**6
# Settings of a kernel of one pixel that neither jumps nor leaves the image.
STILL = 1, (1,), (1, 1), (1, 1, 1)
STILL_PADDED = (
    *(0, "valid", "same", "same_lower"),
    *(size * n for n in (1, 2, 3) for size in ((0,), ((0, 0),))),
)
Writing = Callable[[Array, Array], object]
Way = Callable[[Any, Any, tuple[bool, ...]], Array | None]


def infer(layer: Layer, x: Inputs, spare: tuple[bool, ...]) -> Array:
    """Return the output of a built layer; it may be one of the arrays of `x` to spare.

    `spare` says for each array of `x` whether it may be written over.
    """
    way = way_of(type(layer))
    found = None if way is None else way(layer, x, spare)
    return layer.forward(x)[0] if found is None else found


def gives_view(layer: Layer) -> bool:
    """Tell whether such a layer may give out a view of an array that it reads."""
    return way_of(type(layer)) is None


@cache
def way_of(kind: type[Layer]) -> Way | None:
    """Return the function for a kind of layer that has one of its own here."""
    return next((way for base, way in WAYS.items() if issubclass(kind, base)), None)


def convolved(layer: Conv, x: Array, _: tuple[bool, ...]) -> Array | None:
    """Convolve images that need no checking: those of a network."""
    parameters = layer.require_parameters()
    w, b = parameters["w"], parameters.get("b")
    if not (x.dtype == w.dtype and x.dtype.itemsize > 2 and x.flags.c_contiguous):
        return None
    if is_pointwise(layer, x, w):
        return multiplied(x, w, b, layer.groups)
    window = sliding_window(
        x.shape[1:-1],
        w.shape[:-2],
        stride=layer.stride,
        padding=layer.padding,
        dilation=layer.dilation,
    )
    return correlate(x, w, window, layer.groups, dtypes=arithmetic(x), b=b)


def is_pointwise(layer: Conv, x: Array, w: Array) -> bool:
    """Tell whether a convolution is a matrix product of pixels, faster than `gemm`."""
    *kernel, depth, F = w.shape
    rows = x.size // max(x.shape[-1], 1)
    work = rows * depth * F
    few = rows < MIN_FACTOR_ROWS or work <= MAX_PRODUCT
    return (
        prod(kernel) == 1 < depth
        and layer.stride in STILL
        and layer.padding in STILL_PADDED
        and work > 0
        and (layer.groups > 1 or (few and work <= MAX_PRODUCTS))
    )


def multiplied(x: Array, w: Array, b: Array | None, groups: int) -> Array:
    """Multiply every pixel by a kernel of one, in a third of the time of `gemm`."""
    *_, depth, F = w.shape
    y = empty_result((*x.shape[:-1], F), x.dtype)
    if groups == 1:
        np.matmul(x.reshape(-1, depth), w.reshape(depth, F), out=y.reshape(-1, F))
    else:  # a stack of matrices, one for each group, whose rows stay where they lie
        xs, ws, ys = (
            array.reshape(-1, groups, array.shape[-1] // groups).swapaxes(0, 1)
            for array in (x, w, y)
        )
        rows = max(1, MAX_PRODUCTS // (depth * F))

        def multiply(start: int) -> None:
            block = slice(start, start + rows)
            np.matmul(xs[:, block], ws, out=ys[:, block])

        run(multiply, range(0, xs.shape[1], rows))
    if b is not None:
        line = repeated(b, x.shape[-2])  # longer runs of numbers are faster
        lines = y.reshape(-1, line.size)
        lines += line
    return y


@cache
def zeros(size: int, dtype: np.dtype) -> Array:
    """Return zeros: NumPy compares two arrays three times as fast as one and 0."""
    return np.zeros(size, dtype)


def writing(layer: Layer) -> Writing:
    """Return a function that writes the value at each number into another array."""
    match layer:
        case ReLU():
            size = PIECE_NUMBERS
            return lambda x, y: np.maximum(x, zeros(size, x.dtype)[: len(x)], out=y)
        case Curve():
            return lambda x, y: np.copyto(y, layer.value(x))
    return lambda x, y: np.copyto(y, layer.forward(x)[0])


def averaged(layer: GlobalAvgPool, x: Array, _: tuple[bool, ...]) -> Array | None:
    """Add up the few pixels of each channel, as a product by ones."""
    if not (is_plain(x) and x.dtype.itemsize > 2 and x.flags.c_contiguous):
        return None
    N, *spatial, C = x.shape
    pixels = prod(spatial)
    if not (spatial and x.size) or pixels > MAX_MEAN_PIXELS:
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        y: Array = np.ones(pixels, x.dtype) @ x.reshape(N, pixels, C)
    y /= pixels
    if not np.isfinite(y).all():  # a sum may be infinite whose mean is not
        return None
    return y.reshape(N, *[1] * len(spatial), C) if layer.keepdims else y


def by_number(layer: Layer, x: Array, spare: tuple[bool, ...]) -> Array | None:
    """Write the value at each number, a piece of the array at a time."""
    if not (is_plain(x) and x.flags.c_contiguous):
        return None
    if isinstance(layer, Curve) and x.size <= PIECE_NUMBERS:
        return layer.value(x)  # to copy it costs more than its memory
    write = writing(layer)
    y = x if spare[0] else result_like(x)
    numbers, values = x.reshape(-1), y.reshape(-1)
    if x.size <= PIECE_NUMBERS:
        write(numbers, values)
        return y

    def write_piece(start: int) -> None:
        piece = slice(start, start + PIECE_NUMBERS)
        write(numbers[piece], values[piece])

    each_piece(write_piece, x.size)
    return y


def each_piece(work: Callable[[int], None], size: int) -> None:
    """Call `work` for the start of each piece, on threads if there are many."""
    starts = range(0, size, PIECE_NUMBERS)
    if size >= MIN_SHARED_NUMBERS:
        run(work, starts)
        return
    for start in starts:
        work(start)


def scaled(layer: Scale, x: Array, spare: tuple[bool, ...]) -> Array | None:
    """Multiply and add in place, a row of pixels at a time."""
    w, b = layer.require_parameters()["w"], layer.parameters["b"]
    if not (spare[0] and is_plain(x) and x.flags.c_contiguous and w.dtype == x.dtype):
        return None
    rows = x
    if w.ndim == 1 < w.size and x.ndim > 2:  # longer runs of numbers are faster
        W, C = x.shape[-2:]
        rows, w, b = x.reshape(-1, W * C), repeated(w, W), repeated(b, W)
    np.multiply(rows, w, out=rows)
    np.add(rows, b, out=rows)
    return x


def merged(
    layer: Layer, xs: tuple[Array, ...], spare: tuple[bool, ...]
) -> Array | None:
    """Add up or multiply into one of the first two arrays."""
    work = np.add if isinstance(layer, Add) else np.multiply
    for i in range(min(2, len(xs))):
        others = [*xs[:i], *xs[i + 1 :]]
        if spare[i] and is_plain(xs[i]) and all(fits(a, xs[i]) for a in others):
            for other in others:
                work(xs[i], other, out=xs[i])
            return xs[i]
    return None


def is_plain(x: Array) -> bool:
    """Tell whether these are floats that may be written over."""
    return x.dtype.kind == "f" and x.flags.writeable


def fits(other: Array, x: Array) -> bool:
    """Tell whether what an array adds to another has the shape and dtype of that."""
    sizes = zip(other.shape, x.shape, strict=False)
    return (
        other is not x  # it would change before it is read again
        and other.dtype == x.dtype
        and other.ndim == x.ndim
        and all(m in (1, n) for m, n in sizes)
    )


WAYS: dict[type, Way] = {
    Add: merged,
    Conv: convolved,
    Curve: by_number,
    GlobalAvgPool: averaged,
    LeakyReLU: by_number,
    Multiply: merged,
    ReLU: by_number,
    Scale: scaled,
    Sigmoid: by_number,
    Tanh: by_number,
}
