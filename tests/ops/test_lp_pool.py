"""The p-norm lies between the sum of magnitudes and the largest of them."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from numpy.testing import assert_allclose, assert_array_equal

from im2col_cnn import loops, lp_pool_backward, lp_pool_forward, max_pool_forward
from im2col_cnn._typing import Array
from im2col_cnn.testing.strategies import Case, poolings, whole_arrays

exponents = st.sampled_from([1, 1.5, 2, 3, 7])


@given(case=poolings(), p=exponents, data=st.data())
def test_norms_and_gradients_are_those_of_the_loops(
    case: Case, p: float, data: st.DataObject
) -> None:
    (x,) = case.arrays
    y, cache = lp_pool_forward(x, p=p, **case.settings)
    dy = data.draw(whole_arrays(y.shape), label="dy")
    y_loops, cache_loops = loops.lp_pool_forward(x, p=p, **case.settings)

    # A root is rounded once or twice; the sums under it are exact.
    assert_allclose(y, y_loops, rtol=1e-14)
    assert_allclose(
        lp_pool_backward(dy, cache),
        loops.lp_pool_backward(dy, cache_loops),
        rtol=1e-12,
        atol=1e-12,
    )


@given(case=poolings())
def test_a_large_exponent_comes_near_the_maximum(case: Case) -> None:
    (x,) = case.arrays
    largest, _ = max_pool_forward(np.abs(x), **case.settings)

    y, _ = lp_pool_forward(x, p=1000, **case.settings)

    assert (y >= largest * (1 - 1e-12)).all()
    assert (y <= largest * 1.01).all()


@pytest.mark.parametrize("p", [40, 60, 150, 2000, 1e300])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_no_exponent_is_too_large(p: float, dtype: type) -> None:
    x: Array = np.array([1, -1, 0.5, 0], dtype).reshape(1, 4, 1)

    y, cache = lp_pool_forward(x, 4, p=p)
    dx = lp_pool_backward(np.ones_like(y), cache)

    assert_allclose(y.item(), 2 ** (1 / p), rtol=1e-3)
    assert_allclose(dx.ravel(), [0.5, -0.5, 0, 0], rtol=0.03, atol=1e-9)


@pytest.mark.parametrize("scale", [1e-300, 1e300])
def test_powers_neither_overflow_nor_vanish(scale: float) -> None:
    x = scale * np.array([3.0, -4.0]).reshape(1, 2, 1)

    y, cache = lp_pool_forward(x, 2)

    assert_allclose(y.ravel(), [5 * scale], rtol=1e-15)
    assert_allclose(lp_pool_backward([[[5.0]]], cache).ravel(), [3, -4], rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("exponent", ["least", "most"])
def test_norms_are_right_at_both_ends_of_the_range(dtype: type, exponent: str) -> None:
    limits = np.finfo(dtype)
    lowest = limits.minexp - limits.nmant  # of the least number above 0
    power = lowest if exponent == "least" else limits.maxexp - 3
    x = np.ldexp(np.array([3, -4], dtype), power).reshape(1, 2, 1)  # exact

    y, cache = lp_pool_forward(x, 2)
    dx = lp_pool_backward(np.ones_like(y), cache)

    assert y.item() == np.ldexp(dtype(5), power)
    assert_allclose(dx.ravel(), [0.6, -0.8], rtol=2 * float(limits.eps))


@pytest.mark.parametrize("p", [1, 1.5, 2, 3, 7, 49, 50, 51, 2000])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_largest_and_the_least_number_are_their_own_norms(
    dtype: type, p: float
) -> None:
    limits = np.finfo(dtype)
    eps = float(limits.eps)
    for number in limits.max, np.nextafter(dtype(0), dtype(1)):
        x: Array = np.array([number, 0], dtype).reshape(1, 2, 1)

        y, cache = lp_pool_forward(x, 2, p=p)
        dx = lp_pool_backward(np.ones_like(y), cache)

        assert_allclose(y.item(), float(number), rtol=2 * eps)
        assert_allclose(dx.ravel(), [1, 0], rtol=20 * eps)  # a power, and a root


def test_norms_near_the_end_of_the_range_are_finite() -> None:
    x = np.array([1.2e308, -0.5e308]).reshape(1, 2, 1)

    y, cache = lp_pool_forward(x, 2)

    assert_allclose(y.item(), 1.3e308, rtol=1e-15)
    assert_allclose(
        lp_pool_backward([[[1.0]]], cache).ravel(), [12 / 13, -5 / 13], rtol=1e-15
    )
    assert lp_pool_forward(np.array([[[3e38], [0]]], np.float32), 2)[0] == np.float32(
        3e38
    )


def test_a_window_of_zeros_gets_no_gradient() -> None:
    y, cache = lp_pool_forward(np.zeros((1, 2, 1)), 2)

    assert_array_equal(y, [[[0]]])
    assert_array_equal(lp_pool_backward([[[7.0]]], cache), np.zeros((1, 2, 1)))


def test_infinity_has_an_infinite_norm() -> None:
    y, _ = lp_pool_forward(np.array([-np.inf, 1.0]).reshape(1, 2, 1), 2)

    assert y.item() == np.inf


def test_gradients_have_the_dtype_of_the_images_and_what_is_owed() -> None:
    x, dy = np.ones((1, 2, 1), np.uint8), np.ones((1, 1, 1), np.float32)

    _, cache = lp_pool_forward(x, 2)
    _, cache_loops = loops.lp_pool_forward(x, 2)

    assert lp_pool_backward(dy, cache).dtype == np.float32
    assert loops.lp_pool_backward(dy, cache_loops).dtype == np.float32


@pytest.mark.parametrize(
    ("p", "error", "message"),
    [
        (0.5, ValueError, "p must be at least 1, got 0.5: less is no norm"),
        (np.inf, ValueError, "p must be finite, got inf"),
        (np.nan, ValueError, "p must be finite, got nan"),
        ("2", TypeError, "p must be a number, got '2'"),
        (True, TypeError, "p must be a number, got True"),
    ],
    ids=str,
)
def test_an_exponent_that_is_none_is_refused(
    p: float, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        lp_pool_forward(np.ones((1, 2, 1)), 2, p=p)
