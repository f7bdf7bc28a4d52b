"""First values have the variance that keeps signals alive, and come from the seed."""

from math import prod

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from im2col_cnn.nn import glorot_normal, glorot_uniform, he_normal, he_uniform
from im2col_cnn.nn.initializers import Initializer

INITIALIZERS = [he_normal, he_uniform, glorot_normal, glorot_uniform]
BOUNDED = [he_uniform, glorot_uniform]


def variance_meant(initializer: Initializer, shape: tuple[int, ...]) -> float:
    *kernel, C, F = shape
    if initializer in (he_normal, he_uniform):
        return 2 / (prod(kernel) * C)
    return 2 / (prod(kernel) * (C + F))


@pytest.mark.parametrize("initializer", INITIALIZERS)
@pytest.mark.parametrize("shape", [(200, 300), (3, 5, 40, 100), (3, 2, 2, 50, 100)])
def test_values_have_mean_0_and_the_variance_of_their_fans(
    initializer: Initializer, shape: tuple[int, ...]
) -> None:
    w = initializer(shape, rng=np.random.default_rng(0), dtype=np.float64)

    assert w.shape == shape
    assert w.var() == pytest.approx(variance_meant(initializer, shape), rel=0.02)
    assert abs(w.mean()) < 5 * w.std() / np.sqrt(w.size)


@pytest.mark.parametrize("initializer", BOUNDED)
def test_uniform_values_fill_their_range_and_stay_in_it(
    initializer: Initializer,
) -> None:
    w = initializer((100, 200), rng=np.random.default_rng(0), dtype=np.float64)

    bound = np.sqrt(3 * variance_meant(initializer, w.shape))
    assert 0.99 * bound < w.max() <= bound
    assert -bound <= w.min() < -0.99 * bound


@given(initializer=st.sampled_from(INITIALIZERS), seed=st.integers(0, 99))
def test_a_seed_gives_the_same_values_in_every_dtype(
    initializer: Initializer, seed: int
) -> None:
    wide, narrow = (
        initializer((3, 2, 5), rng=np.random.default_rng(seed), dtype=dtype)
        for dtype in (np.float64, np.float32)
    )

    assert narrow.dtype == np.float32
    np.testing.assert_array_equal(narrow, wide.astype(np.float32))


def test_drawing_twice_gives_other_values() -> None:
    rng = np.random.default_rng(0)

    assert not np.array_equal(he_normal((3, 4), rng=rng), he_normal((3, 4), rng=rng))


def test_a_shape_with_an_empty_axis_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"at least 1 along every axis, got \(3, 0, 4\)"
    ):
        he_normal((3, 0, 4), rng=np.random.default_rng(0))


@pytest.mark.parametrize("initializer", INITIALIZERS)
def test_what_nothing_can_be_drawn_for_is_refused(initializer: Initializer) -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match=r"shape must be .*\(D, F\), got \(3,\)"):
        initializer((3,), rng=rng, dtype=np.float32)
    with pytest.raises(TypeError, match=r"rng must be a numpy.random.Generator, got 0"):
        initializer((3, 4), rng=0, dtype=np.float32)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="dtype must be a floating-point type, got int"):
        initializer((3, 4), rng=rng, dtype=np.int64)
