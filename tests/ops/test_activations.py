"""Activations at the edges: where they saturate, kink, or would overflow."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from im2col_cnn import (
    leaky_relu_backward,
    leaky_relu_forward,
    log_softmax_forward,
    relu_backward,
    relu_forward,
    sigmoid_backward,
    sigmoid_forward,
    softmax_forward,
    tanh_forward,
)
from im2col_cnn._typing import Array, Shape


def test_relu_stops_even_an_infinite_gradient_at_0_and_below() -> None:
    _, cache = relu_forward([-1.0, 0.0, 2.0, np.nan])

    dx = relu_backward([np.inf, np.nan, 5.0, 7.0], cache)

    assert dx.tolist() == [0, 0, 5, 7]


def test_leaky_relu_of_0_has_the_slope_of_the_leak() -> None:
    _, cache = leaky_relu_forward([0.0], 0.25)

    assert leaky_relu_backward([4.0], cache).tolist() == [1]


@pytest.mark.parametrize(
    ("slope", "error"), [(np.inf, ValueError), ("a", TypeError), (None, TypeError)]
)
def test_a_slope_that_is_none_is_refused(slope: float, error: type[Exception]) -> None:
    with pytest.raises(error, match="slope must be"):
        leaky_relu_forward([1.0], slope)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_large_scores_saturate_without_a_warning(dtype: type) -> None:
    scores: Array = np.array([-6e4, 0, 6e4], dtype)

    y, cache = sigmoid_forward(scores)

    assert y.tolist() == [0, 0.5, 1]
    assert sigmoid_backward(np.ones(3, dtype), cache).tolist() == [0, 0.25, 0]
    assert tanh_forward(scores)[0].tolist() == [-1, 0, 1]
    assert softmax_forward(scores)[0].tolist() == [0, 0, 1]
    assert np.isfinite(log_softmax_forward(scores[1:])[0]).all()


@pytest.mark.parametrize("shape", [(5, 7), (1, 1), (3, 2, 16), (0, 4), (4, 17)])
def test_probabilities_add_up_to_1_and_logarithms_agree(shape: Shape) -> None:
    scores = np.random.default_rng(0).normal(0, 30, shape)

    probabilities, _ = softmax_forward(scores)
    logarithms, _ = log_softmax_forward(scores)

    np.testing.assert_allclose(probabilities.sum(axis=-1), 1)
    np.testing.assert_allclose(np.exp(logarithms), probabilities)


@pytest.mark.parametrize("K", [1, 2, 9, 16, 17, 100])
def test_probabilities_of_a_row_are_the_same_bits_among_others(K: int) -> None:
    scores = np.random.default_rng(0).normal(0, 3, (40, K)).astype(np.float32)

    y, _ = softmax_forward(scores)

    for n in (1, 3, 16):
        assert np.array_equal(softmax_forward(scores[:n])[0], y[:n])
        assert np.array_equal(softmax_forward(np.asfortranarray(scores[:n]))[0], y[:n])


def test_nan_stays_nan_everywhere() -> None:
    for forward in (relu_forward, leaky_relu_forward, sigmoid_forward, tanh_forward):
        assert np.isnan(forward([np.nan])[0]).all()
    assert_array_equal(softmax_forward([np.nan, 1.0])[0], [np.nan, np.nan])


def test_no_classes_at_all_are_refused() -> None:
    with pytest.raises(
        ValueError, match="x must hold at least one class along its last"
    ):
        softmax_forward(np.zeros((3, 0)))
