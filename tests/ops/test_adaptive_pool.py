"""Adaptive pooling gives the size that is asked for, whatever goes in."""

import sys
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from numpy.testing import assert_array_equal

from im2col_cnn import (
    adaptive_avg_pool_backward,
    adaptive_avg_pool_forward,
    adaptive_max_pool_forward,
    avg_pool_forward,
    global_avg_pool_forward,
    global_max_pool_forward,
    loops,
    max_pool_forward,
    max_unpool,
)
from im2col_cnn.testing.strategies import Case, poolings
from tests.laws.cases import binnings


@given(case=poolings(), bins=st.lists(st.integers(1, 3), min_size=3, max_size=3))
def test_where_bins_divide_it_is_a_plain_pooling(case: Case, bins: list[int]) -> None:
    (x,) = case.arrays
    kernel_size = case.settings["kernel_size"]
    output_size = tuple(bins[: len(kernel_size)])
    shape = [k * o for k, o in zip(kernel_size, output_size, strict=True)]
    x = np.resize(x, (2, *shape, 3)) if x.size else np.zeros((2, *shape, 3))

    by_max, _ = adaptive_max_pool_forward(x, output_size)
    by_mean, _ = adaptive_avg_pool_forward(x, output_size)

    assert_array_equal(by_max, max_pool_forward(x, kernel_size)[0])
    assert_array_equal(by_mean, avg_pool_forward(x, kernel_size)[0])


@given(case=binnings(np.float64))
def test_argmax_says_where_to_unpool(case: Case) -> None:
    (x,) = case.arrays
    y, cache = adaptive_max_pool_forward(x, **case.settings)

    unpooled = max_unpool(y, cache.argmax, x.shape[1:-1])

    assert_array_equal(unpooled, np.where(unpooled, x, 0))


@given(case=binnings(np.float64))
def test_global_pooling_is_the_maximum_and_the_mean(case: Case) -> None:
    (x,) = case.arrays
    space = tuple(range(1, x.ndim - 1))

    assert_array_equal(global_max_pool_forward(x)[0], x.max(axis=space, keepdims=True))
    np.testing.assert_allclose(
        global_avg_pool_forward(x)[0],
        x.mean(axis=space, keepdims=True),
        rtol=0,
        atol=1e-14,
    )


@pytest.mark.parametrize(
    ("output_size", "error", "message"),
    [
        (0, ValueError, "output_size must be at least 1, got 0"),
        (
            (1, 2, 3),
            ValueError,
            "output_size must have 2 entries, one per spatial axis",
        ),
        (1.5, TypeError, "output_size must be an int or one int per spatial axis"),
    ],
    ids=str,
)
def test_a_size_that_is_none_is_refused(
    output_size: int, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        adaptive_max_pool_forward(np.ones((1, 4, 4, 1)), output_size)


@pytest.mark.parametrize(
    "pool",
    [
        adaptive_max_pool_forward,
        adaptive_avg_pool_forward,
        loops.adaptive_max_pool_forward,
        loops.adaptive_avg_pool_forward,
    ],
    ids=["max", "avg", "loops.max", "loops.avg"],
)
def test_more_bins_than_any_memory_holds_are_refused(pool: Any) -> None:
    with pytest.raises(
        ValueError,
        match=r"output_size must be fewer than 2\*\*31 bins, got 1000000x1000000",
    ):
        pool(np.ones((2, 5, 4, 3)), 10**6)


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_far_more_bins_than_pixels_take_no_step_each(size: int) -> None:
    bins, x = 300_001, np.arange(size, dtype=np.float32).reshape(1, size, 1)
    o = np.arange(bins)
    first, last = o * size // bins, -(-(o + 1) * size // bins) - 1
    steps = 0

    def count(*_: object) -> None:
        nonlocal steps
        steps += 1

    sys.setprofile(count)
    try:
        largest, chosen = adaptive_max_pool_forward(x, bins)
        mean, cache = adaptive_avg_pool_forward(x, bins)
        dx = adaptive_avg_pool_backward(np.ones_like(mean), cache)
    finally:
        sys.setprofile(None)

    assert steps < 10_000
    assert (largest.ravel() == last).all()
    assert (chosen.argmax.ravel() == last).all()
    assert (mean.ravel() == (first + last) / 2).all()
    assert dx.sum() == pytest.approx(bins, rel=1e-6)
