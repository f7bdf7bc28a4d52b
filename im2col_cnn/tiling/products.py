"""Multiply matrices in pieces of the size that BLAS multiplies fastest.

OpenBLAS repacks both factors of a product before it multiplies, which takes as long as
the product itself where the kernel matrix is small. For CPUs with AVX-512 it has other
kernels, for up to a million multiply-adds, that read the factors where they are. So a
product is cut: into slices of a few filters, whose numbers are copied once to where a
line of the cache begins (else each load touches two: 110 for 160 GFLOP/s), and into
blocks of rows, one for each entry of a batch axis of `np.matmul`, which multiplies them
one by one without a step in Python. A product of columns is cut into a few columns of
many rows each: the pieces are lines of the result, and seldom is one added to another.

That is for products of columns, which come tile by tile. `product` is for two matrices
that are there as a whole: it gives each thread a part of the result.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple, ParamSpec, TypeVar

import numpy as np

from .._typing import Array
from .blas import blas_architecture, with_one_blas_thread
from .recycling import empty_result
from .scratch import scratch
from .threads import run

__all__ = [
    "MAX_SMALL_PRODUCT",
    "MIN_FACTOR_ROWS",
    "MIN_WORK",
    "Factor",
    "are_small",
    "factor_of",
    "multiply",
    "multiply_transposed",
    "product",
    "summed_numbers",
    "while_large",
]

MAX_SMALL_PRODUCT = 10**6  # multiply-adds
# Rows of a block. BLAS takes 12 at a time; or, as fast, 4 of whole slices, and 6.
ROWS_AT_ONCE, MAX_ROWS = 12, 192
# A product of columns that has few numbers is added up from blocks of all columns and a
# few rows; else it is cut into blocks of a few columns and many rows.
MIN_SUMMED_ROWS, MIN_SLICED_ROWS, MAX_COLUMNS = 96, 256, 96
SLICE_FILTERS = 64  # four registers of 16 numbers
MAX_FACTOR_BYTES = 2**22  # that are copied
MIN_FACTOR_ROWS = 256  # to multiply it by: for fewer, copying takes longer
MIN_WORK = 16 * 10**6  # multiply-adds of a tile or part, to wake a thread for
MAX_PARTS = 8  # of a product, for BLAS repacks a factor for each
# Up to so many, OpenBLAS wakes no second thread: numbers of two factors, the first of
# which may be summed up, and multiply-adds.
MAX_LITTLE_SUMMED, MAX_LITTLE_NUMBERS, MAX_LITTLE_PRODUCTS = 2**13, 10**4, 2**18
SMALL_PRODUCT_KERNELS = {"skylakex", "cooperlake", "sapphirerapids"}

P = ParamSpec("P")
R = TypeVar("R")


class Factor(NamedTuple):
    """The right factor of many products, and the slices of filters it is cut into."""

    W: Array
    slices: tuple[tuple[slice, Array], ...]
    rows: int  # to multiply at once; 0 means all of them


def factor_of(W: Array, rows: int) -> Factor:
    """Prepare a matrix (K, F) to be multiplied by so many rows; good until the next."""
    K, F = W.shape
    few = rows < MIN_FACTOR_ROWS or rows * W.size <= MAX_SMALL_PRODUCT
    if few or not are_small(K, F) or W.nbytes > MAX_FACTOR_BYTES:
        return Factor(W, (), 0)
    width = SLICE_FILTERS
    if block_rows(K, 2 * width) >= ROWS_AT_ONCE:
        width *= 2
    copies = scratch("factor", (W.size,), W.dtype)  # where a line of the cache begins
    slices = []
    for f in range(0, F, width):
        part = W[:, f : f + width]
        copy = copies[K * f :][: part.size].reshape(part.shape)
        copy[...] = part
        slices.append((slice(f, f + width), copy))
    return Factor(W, tuple(slices), block_rows(K, min(F, width)))


def are_small(K: int, F: int) -> bool:
    """Tell whether a matrix (K, F) is multiplied by blocks of rows."""
    return block_rows(K, min(F, SLICE_FILTERS)) > 0


def block_rows(K: int, F: int) -> int:
    """Return how many rows to multiply at once by K x F numbers; 0 means all."""
    if not has_small_products():
        return 0
    rows = min(MAX_SMALL_PRODUCT // (K * F), MAX_ROWS)
    at_once = ROWS_AT_ONCE
    if rows < at_once:
        at_once //= 2 if F % SLICE_FILTERS else 3
    return rows // at_once * at_once


@cache
def has_small_products() -> bool:
    """Tell whether BLAS has kernels that multiply small matrices where they are."""
    return blas_architecture().lower() in SMALL_PRODUCT_KERNELS


def multiply(X: Array, factor: Factor, out: Array) -> None:
    """Multiply rows: ``out = X @ W``."""
    rows = factor.rows
    P = len(X) // rows * rows if rows else 0
    if P:
        blocks = X[:P].reshape(-1, rows, X.shape[1])
        products = out[:P].reshape(-1, rows, out.shape[1])
        for filters, W in factor.slices:
            np.matmul(blocks, W, out=products[..., filters])
        X, out = X[P:], out[P:]
    if len(X):
        np.matmul(X, factor.W, out=out)


def multiply_transposed(X: Array, D: Array) -> Array:
    """Multiply columns: ``X.T @ D``, for tall matrices."""
    (P, K), F = X.shape, D.shape[1]
    columns, rows = block_shape(P, K, min(F, 2 * SLICE_FILTERS))
    if P * K * F <= MAX_SMALL_PRODUCT or not columns:
        return X.T @ D
    out = np.empty((K, F), X.dtype)
    whole = K // columns * columns
    for f in range(0, F, 2 * SLICE_FILTERS):
        filters = slice(f, f + 2 * SLICE_FILTERS)
        d, here = D[:, filters], out[:, filters]
        multiply_columns(X[:, :whole], d, here[:whole], columns, rows)
        if whole < K:
            multiply_columns(X[:, whole:], d, here[whole:], K - whole, rows)
    return out


def block_shape(P: int, K: int, F: int) -> tuple[int, int]:
    """Return columns and rows of P x K to multiply at once by P x F; 0, 0 means all."""
    if not has_small_products():
        return 0, 0
    if are_summed(K, F):
        rows = min(MAX_SMALL_PRODUCT // (K * F), MAX_ROWS)
        return K, rows // MIN_SUMMED_ROWS * MIN_SUMMED_ROWS
    if P < MIN_SLICED_ROWS:
        return 0, 0
    rows = P // (P // MIN_SLICED_ROWS)
    columns = min(K, MAX_COLUMNS, MAX_SMALL_PRODUCT // (rows * F))
    if ROWS_AT_ONCE < columns < K:
        columns -= columns % ROWS_AT_ONCE
    return columns, rows


def are_summed(K: int, F: int) -> bool:
    """Tell whether ``X.T @ D``, of K x F, is the sum of many products."""
    return MIN_SUMMED_ROWS * K * F <= MAX_SMALL_PRODUCT


def summed_numbers(K: int, F: int) -> int:
    """Return how many numbers of ``X.T @ D`` there are for a row, before the sum."""
    return K * F // MIN_SUMMED_ROWS if are_summed(K, F) else 0


def multiply_columns(X: Array, D: Array, out: Array, columns: int, rows: int) -> None:
    """Multiply so many columns by so many rows at once: ``out = X.T @ D``."""
    (P, K), F = X.shape, D.shape[1]
    whole = P // rows * rows
    # (block of rows, slice of columns, column, row) by (block of rows, 1, row, filter)
    blocks = X[:whole].reshape(-1, rows, K // columns, columns).transpose(0, 2, 3, 1)
    d, here = D[:whole].reshape(-1, 1, rows, F), out.reshape(-1, columns, F)
    if len(blocks) == 1:
        np.matmul(blocks[0], d[0], out=here)
    else:
        np.add.reduce(blocks @ d, axis=0, out=here)
    if whole < P:
        out += X[whole:].T @ D[whole:]


def is_little(first: Array, second: Any, *_: Any, **__: Any) -> bool:
    """Tell whether OpenBLAS takes but one thread for the products of two arrays."""
    size = second.size if isinstance(second, np.ndarray) else 1
    # As many multiply-adds, or a few less; sums of products take a thread earlier.
    multiply_adds = first.size * size // max(first.shape[-1], 1)
    few = first.size <= MAX_LITTLE_SUMMED and size <= MAX_LITTLE_NUMBERS
    return few and multiply_adds <= MAX_LITTLE_PRODUCTS


def while_large(function: Callable[P, R]) -> Callable[P, R]:
    """Hold BLAS at one thread, but not for products too small for a second one."""
    return with_one_blas_thread(function, unless=is_little)


@while_large
def product(A: Array, B: Array) -> Array:
    """Return ``A @ B``, the same for any number of threads."""
    (M, K), F = A.shape, B.shape[1]
    out = empty_result((M, F), A.dtype)
    parts = min(M * K * F // MIN_WORK, MAX_PARTS)
    if parts < 2:
        return np.matmul(A, B, out=out)
    axis = int(F > M)
    step = -(-out.shape[axis] // parts)

    def multiply_part(start: int) -> None:
        part = slice(start, start + step)
        if axis == 0:
            np.matmul(A[part], B, out=out[part])
        else:
            np.matmul(A, B[:, part], out=out[:, part])

    run(multiply_part, range(0, out.shape[axis], step))
    return out
