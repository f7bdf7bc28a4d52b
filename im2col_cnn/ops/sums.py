"""Sums over very many numbers, exact to 1e-6 at any length, and in one order.

A sum of float32 stops growing at 2**24 times its terms, and loses digits long before.
Here eight numbers are added up in their own dtype, and such sums in float64 (a long
double stays one, and whole numbers are int64 already). The order, and so the last bit,
depends on the shape alone: not on threads, not on a BLAS.
"""

from collections.abc import Iterator
from functools import reduce
from math import prod

import numpy as np

from .._dtypes import wide
from .._typing import Array

__all__ = ["across", "add_pixels", "blocks", "sum_along", "sum_by_channel"]

BLOCK_NUMBERS = 2**15  # 128 KiB of float32 stay in the cache
ROW_NUMBERS = 2**10  # few channels alone would be a loop too short to be fast
RUN_TERMS = 8  # added up one after the other, in float32 off by 4e-7 at most


def sum_by_channel(*arrays: Array) -> Array:
    """
    Return the sum over all axes but the last of an array, or of a product of arrays.

    Parameters
    ----------
    arrays : array, shape (..., C)
        Contiguous, of one shape and dtype.

    Returns
    -------
    array of C numbers
        In the dtype `wide`.
    """
    first, *_ = arrays
    *_, C = first.shape
    total = np.zeros(C, wide(first.dtype))
    for block in blocks(*arrays):
        total += add_pixels(reduce(np.multiply, block), C)
    return total


def blocks(*arrays: Array) -> Iterator[tuple[Array, ...]]:
    """
    Yield contiguous arrays of one shape (..., C) piece by piece, as views.

    A piece has shape (rows, k * C): k pixels, with all their channels, side by side.
    """
    *_, C = arrays[0].shape
    pixels = arrays[0].size // C if C else 0
    k = max(1, ROW_NUMBERS // max(C, 1))
    step = max(1, BLOCK_NUMBERS // (k * max(C, 1))) * k
    whole = pixels - pixels % k
    flat = [array.reshape(-1) for array in arrays]
    for start in range(0, whole, step):
        here = slice(start * C, min(start + step, whole) * C)
        yield tuple(array[here].reshape(-1, k * C) for array in flat)
    if whole < pixels:
        yield tuple(array[whole * C :].reshape(-1, C) for array in flat)


def add_pixels(block: Array, C: int) -> Array:
    """Return the sum of all the pixels in a block, by channel, in the dtype `wide`."""
    return np.asarray(sum_rows(block[np.newaxis])[0].reshape(-1, C).sum(axis=0))


def sum_rows(blocks: Array) -> Array:
    """Return the sum over rows, (B, rows, width) -> (B, width), in the dtype `wide`."""
    B, rows, width = blocks.shape
    dtype, whole = wide(blocks.dtype), rows - rows % RUN_TERMS
    if not whole:
        return np.asarray(blocks.sum(axis=1).astype(dtype))
    runs = blocks[:, :whole].reshape(B, -1, RUN_TERMS, width).sum(axis=2)
    sums: Array = runs.sum(axis=1, dtype=dtype)
    if whole < rows:
        sums += blocks[:, whole:].sum(axis=1)
    return sums


def across(numbers: Array, block: Array) -> Array:
    """Repeat one number per channel along a row of a block, in the dtype of that."""
    *_, width = block.shape
    C = len(numbers)
    line = np.empty((width // C, C), block.dtype)
    line[...] = numbers
    return line.reshape(-1)


def sum_along(x: Array, axis: int) -> Array:
    """Return the sum of a contiguous array along one axis, which stays, of length 1."""
    shape, dtype = (*x.shape[:axis], 1, *x.shape[axis + 1 :]), wide(x.dtype)
    if not x.size:
        return np.zeros(shape, dtype)
    L, T = x.shape[axis], prod(x.shape[axis + 1 :])
    k = max(1, min(L // RUN_TERMS, ROW_NUMBERS // T))  # so many lines make a row
    whole, lines = L - L % k, x.reshape(-1, L, T)
    sums = sum_rows(lines[:, :whole].reshape(len(lines), -1, k * T))
    if k > 1:
        sums = sums.reshape(-1, k, T).sum(axis=1)
    if whole < L:
        sums += sum_rows(lines[:, whole:])
    return np.asarray(sums.reshape(shape))
