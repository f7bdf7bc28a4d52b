"""Convolution: what no law says of it; the laws are put to it in test_promises.py."""

import numpy as np
import pytest
from hypothesis import given
from numpy.testing import assert_array_equal

from im2col_cnn import conv_backward, conv_forward, loops
from im2col_cnn._typing import PaddingWord
from im2col_cnn.testing.strategies import Case, convolutions


@given(case=convolutions())
def test_the_first_layer_need_not_compute_dx(case: Case) -> None:
    y, cache = conv_forward(*case.arrays, **case.settings)

    dx, dw, db = conv_backward(np.ones_like(y), cache, input_gradient=False)
    _, dw_too, db_too = conv_backward(np.ones_like(y), cache)

    assert dx is None
    assert_array_equal(dw, dw_too)
    assert_array_equal(db, db_too)


@given(case=convolutions(np.float32))
def test_uint8_images_with_float32_kernels_are_float32(case: Case) -> None:
    x, w, b = case.arrays
    x = np.abs(x).astype(np.uint8)

    y, cache = conv_forward(x, w, b, **case.settings)
    gradients = conv_backward(y, cache)

    assert y.dtype == np.float32
    assert all(g is not None and g.dtype == np.float32 for g in gradients)
    assert_array_equal(y, loops.conv_forward(x, w, b, **case.settings)[0])


@given(case=convolutions())
def test_without_a_bias_there_is_no_gradient_for_one(case: Case) -> None:
    x, w, b = case.arrays
    with_zeros, _ = conv_forward(x, w, np.zeros_like(b), **case.settings)

    y, cache = conv_forward(x, w, **case.settings)
    *_, db = conv_backward(y, cache)

    assert db is None
    assert_array_equal(y, with_zeros)


def test_whole_numbers_are_exact_where_floats_are_not() -> None:
    large = 2**53 + 1  # no float64 holds it

    y, _ = conv_forward([[[large]]], [[[1]]])

    assert y.item() == large


def test_float16_is_added_up_in_float32() -> None:
    x, w = np.ones((1, 4097, 1), np.float16), np.ones((4097, 1, 1), np.float16)

    y, _ = conv_forward(x, w)

    assert y.item() == 4096  # 4097 rounded once; added up in float16 it would be 2048


def test_longdouble_is_kept() -> None:
    y, _ = conv_forward(np.ones((1, 3, 1), np.longdouble), np.ones((2, 1, 1)))

    assert y.dtype == np.longdouble


def test_lists_are_taken_for_arrays() -> None:
    y, _ = conv_forward([[[1], [2], [3]]], [[[1]], [[10]]], b=0)

    assert y.ravel().tolist() == [21, 32]


def test_a_convolution_by_hand() -> None:
    i, j = np.ogrid[:3, :4]
    x = (10 * i + j).reshape(1, 3, 4, 1)
    w = np.array([[1, 0], [0, -1]]).reshape(2, 2, 1, 1)  # up left less down right

    y, cache = conv_forward(x, w)
    dx, dw, _ = conv_backward([[[[1], [2], [3]], [[4], [5], [6]]]], cache)

    assert (y == -11).all()
    assert dx[0, :, :, 0].tolist() == [[1, 2, 3, 0], [4, 4, 4, -3], [0, -4, -5, -6]]
    assert dw[:, :, 0, 0].tolist() == [[175, 196], [385, 406]]


@pytest.mark.parametrize("padding", ["same", "same_lower"])
def test_same_keeps_the_size_at_stride_1(padding: PaddingWord) -> None:
    y, _ = conv_forward(np.ones((1, 5, 6, 1)), np.ones((2, 4, 1, 1)), padding=padding)

    assert y.shape == (1, 5, 6, 1)
