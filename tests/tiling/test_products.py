"""Products in pieces: the same numbers, and pieces that are what they should be."""

from threading import Barrier, get_ident
from unittest.mock import patch

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from im2col_cnn import conv_forward, dense_backward, dense_forward, threads
from im2col_cnn._typing import Array
from im2col_cnn.testing.strategies import whole_arrays
from im2col_cnn.tiling import gemm, products
from im2col_cnn.tiling.blas import one_blas_thread
from im2col_cnn.tiling.products import (
    factor_of,
    multiply,
    multiply_transposed,
    product,
)

sizes = st.integers(1, 9)


@pytest.mark.parametrize("small", [True, False])
@given(data=st.data(), P=st.integers(1, 40), K=sizes, F=sizes)
def test_pieces_together_are_the_product(
    small: bool, data: st.DataObject, P: int, K: int, F: int
) -> None:
    X = data.draw(whole_arrays((P, K)), label="X")
    W = data.draw(whole_arrays((K, F)), label="W")
    D = data.draw(whole_arrays((P, F)), label="D")
    total = data.draw(st.sampled_from([P, 2**20]), label="rows in all")
    most = data.draw(st.sampled_from([8, 16, 40, 100, 250]), label="multiply-adds")
    y = np.empty((P, F))

    with (
        patch.object(products, "has_small_products", return_value=small),
        patch.object(products, "MAX_SMALL_PRODUCT", most),
        patch.object(products, "ROWS_AT_ONCE", 6),
        patch.object(products, "MAX_ROWS", 6),
        patch.object(products, "MIN_SUMMED_ROWS", 3),
        patch.object(products, "MIN_SLICED_ROWS", 5),
        patch.object(products, "MAX_COLUMNS", 4),
        patch.object(products, "SLICE_FILTERS", 2),
    ):
        multiply(X, factor_of(W, total), y)
        gradient = multiply_transposed(X, D)

    assert (y == X @ W).all()
    assert (gradient == X.T @ D).all()


def test_slices_begin_with_a_line_of_the_cache_and_hold_all_filters() -> None:
    W = np.arange(300.0).reshape(2, 150)

    with patch.object(products, "has_small_products", return_value=True):
        slices = factor_of(W, 2**20).slices

    assert (np.concatenate([part for _, part in slices], axis=1) == W).all()
    assert all(part.ctypes.data % 64 == 0 for _, part in slices)


def test_a_kernel_is_not_copied_for_few_rows() -> None:
    W = np.ones((2304, 256), np.float32)

    with patch.object(products, "has_small_products", return_value=True):
        assert not factor_of(W, products.MIN_FACTOR_ROWS - 1).slices
        assert factor_of(W, products.MIN_FACTOR_ROWS).slices


@pytest.mark.parametrize("small", [True, False])
def test_few_rows_are_multiplied_by_a_large_kernel_at_once(small: bool) -> None:
    x, w = np.ones((1, 7, 7, 64), np.float32), np.ones((3, 3, 64, 64), np.float32)

    with (
        patch.object(products, "has_small_products", return_value=small),
        patch.object(gemm, "MIN_WORK", 1),
        patch.object(gemm, "multiply", wraps=multiply) as products_with_w,
    ):
        conv_forward(x, w, padding="same")

    assert products_with_w.call_count == 1


def test_a_heavy_kernel_is_not_copied() -> None:
    W = np.broadcast_to(np.float32(1), (2**11, 2**10))

    with patch.object(products, "has_small_products", return_value=True):
        assert not factor_of(W, 2**20).slices


@given(K=st.integers(1, 5000), F=st.integers(1, 128))
def test_a_block_of_rows_is_a_small_product(K: int, F: int) -> None:
    with patch.object(products, "has_small_products", return_value=True):
        rows = products.block_rows(K, F)

    assert rows * K * F <= products.MAX_SMALL_PRODUCT
    assert rows in (0, 4, 6, 8) or rows % products.ROWS_AT_ONCE == 0


@given(P=st.integers(1, 9000), K=st.integers(1, 5000), F=st.integers(1, 128))
def test_a_block_of_columns_is_a_small_product(P: int, K: int, F: int) -> None:
    with patch.object(products, "has_small_products", return_value=True):
        columns, rows = products.block_shape(P, K, F)

    assert columns <= K
    assert columns * rows * F <= products.MAX_SMALL_PRODUCT


def test_few_rows_of_a_large_kernel_are_multiplied_at_once() -> None:
    X, D = np.ones((100, 2304), np.float32), np.ones((100, 128), np.float32)

    with (
        patch.object(products, "has_small_products", return_value=True),
        patch.object(products, "multiply_columns") as multiply_columns,
    ):
        assert (multiply_transposed(X, D) == 100).all()

    multiply_columns.assert_not_called()


@given(data=st.data(), M=sizes, K=sizes, F=sizes, count=st.integers(1, 3))
def test_a_product_in_parts_is_the_product(
    data: st.DataObject, M: int, K: int, F: int, count: int
) -> None:
    A = data.draw(whole_arrays((M, K)), label="A")
    B = data.draw(whole_arrays((K, F)), label="B")
    least = data.draw(st.sampled_from([1, 20, 200]), label="multiply-adds")

    with threads(count), patch.object(products, "MIN_WORK", least):
        found = product(A, B)

    assert (found == A @ B).all()


@pytest.mark.parametrize("count", [1, 2])
def test_a_dense_layer_uses_as_many_threads_as_it_may(count: int) -> None:
    x, w = np.ones((512, 256), np.float32), np.ones((256, 512), np.float32)
    matmul, meeting = np.matmul, Barrier(2)
    workers: set[int] = set()
    blas_threads: set[int] = set()

    def noted(A: Array, B: Array, out: Array) -> Array:
        if count == 2 and get_ident() not in workers:
            workers.add(get_ident())
            meeting.wait(60)  # for the other thread, which has a part of its own
        workers.add(get_ident())
        libraries = one_blas_thread.libraries or []
        blas_threads.update(library.get_num_threads() for library in libraries)
        return matmul(A, B, out=out)

    with patch.object(np, "matmul", noted), threads(count):
        y, cache = dense_forward(x, w)
        dense_backward(y, cache)

    assert len(workers) == count
    assert blas_threads == {1}
