"""Multiply matrices in pieces of the size that BLAS multiplies fastest.

OpenBLAS repacks both factors of a product before it multiplies, which takes as long as
the product itself where the kernel matrix is small. For CPUs with AVX-512 it has other
kernels, for up to a million multiply-adds, that read the factors where they are. So a
product is cut: into slices of a few filters, whose numbers are copied once to where a
line of the cache begins (else each load touches two: 110 for 160 GFLOP/s), and into
blocks of rows, one for each entry of a batch axis of `np.matmul`, which multiplies them
one by one without a step in Python.
"""

from functools import cache
from typing import NamedTuple

import numpy as np

from .._typing import Array
from .blas import blas_architecture
from .scratch import aligned

__all__ = [
    "MIN_SUMMED_ROWS",
    "Factor",
    "are_small",
    "factor_of",
    "multiply",
    "multiply_transposed",
]

MAX_SMALL_PRODUCT = 10**6  # multiply-adds
MIN_ROWS, MAX_ROWS = 12, 192  # of a block; BLAS takes 4, 6 or 12 rows at a time
MIN_SUMMED_ROWS = 96  # of a block whose product is added to others
SLICE_FILTERS = 64  # four registers of 16 numbers
MAX_FACTOR_BYTES = 2**22  # that are copied
SMALL_PRODUCT_KERNELS = {"skylakex", "cooperlake", "sapphirerapids"}


class Factor(NamedTuple):
    """The right factor of many products, and the slices of filters it is cut into."""

    W: Array
    slices: tuple[tuple[slice, Array], ...]
    rows: int  # to multiply at once; 0 means all of them


def factor_of(W: Array, rows: int) -> Factor:
    """Prepare a matrix (K, F) to be multiplied by so many rows in all."""
    K, F = W.shape
    few = rows * W.size <= MAX_SMALL_PRODUCT
    if few or not are_small(K, F) or W.nbytes > MAX_FACTOR_BYTES:
        return Factor(W, (), 0)
    width = 2 * SLICE_FILTERS if block_rows(K, 2 * SLICE_FILTERS) else SLICE_FILTERS
    cuts = [slice(f, min(f + width, F)) for f in range(0, F, width)]
    slices = tuple((cut, to_cache_line(W[:, cut])) for cut in cuts)
    return Factor(W, slices, block_rows(K, min(F, width)))


def are_small(K: int, F: int) -> bool:
    """Tell whether a matrix (K, F) is multiplied by blocks of rows."""
    return block_rows(K, min(F, SLICE_FILTERS)) > 0


def block_rows(K: int, F: int, least: int = 0) -> int:
    """Return how many rows to multiply at once by K x F numbers; 0 means all."""
    least = least or MIN_ROWS
    if not has_small_products():
        return 0
    return min(MAX_SMALL_PRODUCT // (K * F), MAX_ROWS) // least * least


@cache
def has_small_products() -> bool:
    """Tell whether BLAS has kernels that multiply small matrices where they are."""
    return blas_architecture().lower() in SMALL_PRODUCT_KERNELS


def to_cache_line(W: Array) -> Array:
    """Copy a matrix to where a line of the cache begins."""
    copy = aligned(W.nbytes).view(W.dtype).reshape(W.shape)
    copy[...] = W
    return copy


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
    K, F = X.shape[1], D.shape[1]
    rows = block_rows(K, F, MIN_SUMMED_ROWS)
    P = len(X) // rows * rows if rows else 0
    if rows >= P:
        return X.T @ D
    blocks = X[:P].reshape(-1, rows, K).swapaxes(1, 2)
    product: Array = np.add.reduce(blocks @ D[:P].reshape(-1, rows, F), axis=0)
    if len(X) > P:
        product += X[P:].T @ D[P:]
    return product
