"""Dropout keeps the mean, drops what it says, and drops it again on the way back."""

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from numpy.testing import assert_array_equal

from im2col_cnn import dropout_backward, dropout_forward
from im2col_cnn._typing import Array

seeds = st.integers(0, 2**32 - 1)
rates = st.sampled_from([0.0, 0.25, 0.5, 0.9])


@given(seed=seeds, rate=rates)
def test_a_number_is_dropped_or_scaled_up(seed: int, rate: float) -> None:
    y, _ = dropout_forward(np.ones(100), rate, rng=np.random.default_rng(seed))

    assert set(y) <= {0, 1 / (1 - rate)}


@given(seed=seeds, rate=rates)
def test_the_mean_stays_within_six_standard_errors(seed: int, rate: float) -> None:
    y, _ = dropout_forward(np.ones(10_000), rate, rng=np.random.default_rng(seed))

    assert abs(y.mean() - 1) <= 6 * np.sqrt(rate / (1 - rate) / y.size)


@given(seed=seeds, rate=rates)
def test_the_gradient_is_dropped_where_the_number_was(seed: int, rate: float) -> None:
    y, cache = dropout_forward(np.ones((5, 4)), rate, rng=np.random.default_rng(seed))

    assert_array_equal(dropout_backward(np.full((5, 4), 3.0), cache), 3 * y)


@given(seed=seeds)
def test_the_same_generator_drops_the_same(seed: int) -> None:
    one, two = (
        dropout_forward(np.ones(50), 0.5, rng=np.random.default_rng(seed))[0]
        for _ in range(2)
    )

    assert_array_equal(one, two)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_dtype_is_kept_and_nothing_dropped_at_inference(dtype: type) -> None:
    x: Array = np.arange(4, dtype=dtype)

    y, cache = dropout_forward(x, 0.5, rng=np.random.default_rng(0), training=False)

    assert_array_equal(y, x, strict=True)
    assert_array_equal(dropout_backward(x, cache), x, strict=True)


def test_an_infinity_that_is_dropped_is_0() -> None:
    y, _ = dropout_forward(np.full(50, np.inf), 0.5, rng=np.random.default_rng(0))

    assert set(y) == {0, np.inf}


@pytest.mark.parametrize(
    ("rate", "rng", "error", "message"),
    [
        (1, None, ValueError, "rate must be at least 0 and below 1, got 1"),
        (-0.1, None, ValueError, "rate must be at least 0 and below 1, got -0.1"),
        ("half", None, TypeError, "rate must be a number, got 'half'"),
        (
            0.5,
            42,
            TypeError,
            "rng must be a numpy.random.Generator, got 42: np.random.d",
        ),
    ],
    ids=str,
)
def test_bad_arguments_are_refused(
    rate: float, rng: int | None, error: type[Exception], message: str
) -> None:
    generator: Any = np.random.default_rng(0) if rng is None else rng
    with pytest.raises(error, match=message):
        dropout_forward(np.ones(3), rate, rng=generator)
