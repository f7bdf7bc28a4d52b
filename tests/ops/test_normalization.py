"""Batch normalization: what training does, and what it leaves behind."""

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from im2col_cnn import batch_norm_backward, batch_norm_forward
from im2col_cnn._typing import Array
from im2col_cnn.testing.gradcheck import check_gradient

seeds = st.integers(0, 2**32 - 1)
shapes = st.sampled_from([(2, 3), (5, 2), (2, 3, 2), (3, 2, 2, 2)])


def drawn(seed: int, shape: tuple[int, ...]) -> tuple[Array, Array, Array]:
    rng = np.random.default_rng(seed)
    C = shape[-1]
    return rng.normal(2, 3, shape), rng.normal(size=C), rng.normal(size=C)


@given(seed=seeds, shape=shapes)
def test_every_channel_gets_the_mean_and_scale_it_is_told(
    seed: int, shape: tuple[int, ...]
) -> None:
    x, gamma, beta = drawn(seed, shape)
    everything = tuple(range(x.ndim - 1))

    y, _ = batch_norm_forward(x, gamma, beta, epsilon=0)

    np.testing.assert_allclose(y.mean(axis=everything), beta, atol=1e-9)
    np.testing.assert_allclose(y.std(axis=everything), abs(gamma), atol=1e-9)


@pytest.mark.parametrize("training", [True, False])
@given(seed=seeds, shape=shapes)
def test_gradients_are_slopes(
    training: bool, seed: int, shape: tuple[int, ...]
) -> None:
    check_gradient(
        lambda *arrays: batch_norm_forward(*arrays, training=training, epsilon=0.1),
        batch_norm_backward,
        *drawn(seed, shape),
        seed=seed,
    )


@given(seed=seeds, shape=shapes)
def test_in_training_a_shift_of_a_channel_gets_no_gradient(
    seed: int, shape: tuple[int, ...]
) -> None:
    x, gamma, beta = drawn(seed, shape)
    y, cache = batch_norm_forward(x, gamma, beta)
    dy = np.random.default_rng(seed + 1).normal(size=y.shape)

    dx, _, _ = batch_norm_backward(dy, cache)

    np.testing.assert_allclose(dx.sum(axis=tuple(range(x.ndim - 1))), 0, atol=1e-9)


@given(seed=seeds, shape=shapes)
def test_the_running_statistics_come_to_those_of_the_data(
    seed: int, shape: tuple[int, ...]
) -> None:
    x, gamma, beta = drawn(seed, shape)
    everything = tuple(range(x.ndim - 1))
    mean, var = np.zeros(shape[-1]), np.ones(shape[-1])

    for _ in range(200):
        _, cache = batch_norm_forward(
            x, gamma, beta, running_mean=mean, running_var=var, momentum=0.2
        )
        mean, var = cache.running_mean, cache.running_var

    np.testing.assert_allclose(mean, x.mean(axis=everything), atol=1e-9)
    np.testing.assert_allclose(var, x.var(axis=everything, ddof=1), rtol=1e-9)


def test_the_running_statistics_that_are_given_are_not_written_into() -> None:
    mean, var = np.zeros(1), np.ones(1)
    mean.flags.writeable = var.flags.writeable = False

    arguments: Any = ([[1.0], [3.0]], [1], [0])
    running: Any = {"running_mean": mean, "running_var": var}
    _, cache = batch_norm_forward(*arguments, **running)
    y, frozen = batch_norm_forward(*arguments, **running, training=False)

    assert cache.running_mean.tolist() == [0.2]
    assert frozen.running_mean.tolist() == [0]
    np.testing.assert_allclose(y.ravel(), [1, 3], rtol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "settings", "message"),
    [
        ((np.ones(3), 1, 0), {}, r"x must have axes \(N, ..., C\), got shape \(3,\)"),
        ((np.ones((2, 3)), [1], [0] * 3), {}, "gamma must hold one number per channel"),
        ((np.ones((2, 3)), [1] * 3, [0]), {}, "beta must hold one number per channel"),
        ((np.ones((1, 1)), [1], [0]), {}, "x must have at least 2 values per channel"),
        (
            (np.ones((2, 1)), [1], [0]),
            {"momentum": 2},
            "momentum must lie between 0 an",
        ),
        ((np.ones((2, 1)), [1], [0]), {"epsilon": -1}, "epsilon must be at least 0"),
        (
            (np.ones((2, 1)), [1], [0]),
            {"running_var": [1, 2]},
            "running_var must hold one number per channel, C = 1, got 2",
        ),
    ],
    ids=["vector", "gamma", "beta", "lonely", "momentum", "epsilon", "running"],
)
def test_bad_arguments_are_refused(
    arguments: tuple[Array, Array, Array], settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        batch_norm_forward(*arguments, **settings)
