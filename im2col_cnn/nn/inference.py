"""Compute the output of a layer for inference, in place where its input is free.

Forward keeps what backward will ask for, the signs of a ReLU, say. Inference keeps
nothing, and writes over an array that no other layer reads any more: what follows finds
it in the cache, and no new memory is asked for. The numbers are those of forward.
"""

from collections.abc import Callable

import numpy as np

from .._typing import Array
from ..tiling.gemm import repeated
from ..tiling.threads import run
from .activations import Curve, LeakyReLU, ReLU, Sigmoid, Tanh
from .layer import Inputs, Layer
from .merging import Add, Multiply
from .per_channel import Scale

__all__ = ["infer"]

PIECE_NUMBERS = 2**15  # with what is computed of them they stay in the cache of a core
MIN_SHARED_NUMBERS = 2**19  # for fewer, waking other threads takes longer

Writing = Callable[[Array, Array], object]


def infer(layer: Layer, x: Inputs, spare: tuple[bool, ...]) -> Array:
    """
    Return the output of a layer.

    Parameters
    ----------
    layer : Layer
        Built.
    x : array or tuple of arrays
        As `Layer.forward` takes it.
    spare : tuple of bool
        For each array of `x`, whether it may be written over.

    Returns
    -------
    array
        It may be one of `x` that was to spare.
    """
    match layer:
        case Add():
            found = merged(np.add, x, spare)
        case Multiply():
            found = merged(np.multiply, x, spare)
        case Scale():
            found = scaled(layer, x, spare)
        case ReLU() | LeakyReLU() | Sigmoid() | Tanh() | Curve():
            found = by_number(writing(layer), x, spare)
        case _:
            found = None
    return layer.forward(x)[0] if found is None else found


def writing(layer: Layer) -> Writing:
    """Return a function that writes the value at each number into another array."""
    match layer:
        case ReLU():
            return lambda x, y: np.maximum(x, 0, out=y)
        case Curve():
            return lambda x, y: np.copyto(y, layer.value(x))
    return lambda x, y: np.copyto(y, layer.forward(x)[0])


def by_number(write: Writing, x: Array, spare: tuple[bool, ...]) -> Array | None:
    """Write the value at each number, a piece of the array at a time."""
    if not (is_plain(x) and x.flags.c_contiguous):
        return None
    y = x if spare[0] else np.empty_like(x)
    numbers, values = x.reshape(-1), y.reshape(-1)

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
    if w.ndim == 1 and x.ndim > 2:  # longer runs of numbers are faster
        W, C = x.shape[-2:]
        rows, w, b = x.reshape(-1, W * C), repeated(w, W), repeated(b, W)
    np.multiply(rows, w, out=rows)
    np.add(rows, b, out=rows)
    return x


def merged(
    work: np.ufunc, xs: tuple[Array, ...], spare: tuple[bool, ...]
) -> Array | None:
    """Add up or multiply into one of the first two arrays."""
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
