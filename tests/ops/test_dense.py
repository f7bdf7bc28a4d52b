"""A dense layer is one matrix product, and so are its gradients."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from numpy.testing import assert_array_equal

from im2col_cnn import conv_forward, dense_backward, dense_forward, flatten_forward
from im2col_cnn.testing.strategies import Case, whole_arrays
from tests.laws.cases import products


@given(case=products(np.float64), data=st.data())
def test_all_gradients_are_adjoints_of_one_trilinear_form(
    case: Case, data: st.DataObject
) -> None:
    x, w, b = case.arrays
    y, cache = dense_forward(x, w)
    dy = data.draw(whole_arrays(y.shape), label="dy")

    dx, dw, db = dense_backward(dy, cache)

    assert np.vdot(y, dy) == np.vdot(x, dx) == np.vdot(w, dw)
    assert db is None
    assert_array_equal(dense_forward(x, w, b)[0], y + b)


def test_the_first_layer_need_not_compute_dx() -> None:
    _, cache = dense_forward(np.ones((2, 3)), np.ones((3, 4)))

    dx, dw, _ = dense_backward(np.ones((2, 4)), cache, input_gradient=False)

    assert dx is None
    assert (dw == 2).all()


def test_it_is_a_convolution_whose_kernel_is_the_whole_image() -> None:
    rng = np.random.default_rng(0)
    x, w = rng.integers(-9, 9, (2, 3, 4, 5)), rng.integers(-9, 9, (3, 4, 5, 6))

    vectors, _ = flatten_forward(x)

    dense, _ = dense_forward(vectors, w.reshape(-1, 6))
    assert_array_equal(dense, conv_forward(x, w)[0][:, 0, 0])


@pytest.mark.parametrize("shape", [(3,), (3, 1), (1, 1, 3)])
def test_a_bias_has_its_gradient_in_its_own_shape(shape: tuple[int, ...]) -> None:
    y, cache = dense_forward(np.ones((2, 1)), np.ones((1, 3)), np.ones(shape))

    _, _, db = dense_backward(np.ones_like(y), cache)

    assert db is not None
    assert db.shape == shape
    assert (db == 2).all()
