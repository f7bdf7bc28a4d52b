"""Sums over very many numbers are those of float64, whatever dtype the numbers have."""

from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from numpy.testing import assert_allclose, assert_array_equal

from im2col_cnn import (
    adaptive_avg_pool_forward,
    batch_norm_backward,
    batch_norm_forward,
    conv_backward,
    conv_forward,
    conv_transpose_backward,
    conv_transpose_forward,
    dense_backward,
    dense_forward,
    global_avg_pool_forward,
    lp_pool_forward,
    mean_squared_error,
    sigmoid_cross_entropy,
    softmax_cross_entropy,
    threads,
)
from im2col_cnn._typing import Array
from im2col_cnn.nn import (
    Add,
    Layer,
    Mean,
    Multiply,
    Pad,
    PReLU,
    Scale,
    Sum,
    Upsample,
)
from im2col_cnn.ops.sums import blocks, sum_along, sum_by_channel
from tests.profile import IN_FULL, in_turn

CONVOLUTIONS: list[tuple[Any, Any]] = [
    (conv_forward, conv_backward),
    (conv_transpose_forward, conv_transpose_backward),
]
MANY = 2**24 if IN_FULL else 2**21  # where float32 is off by more than 1e-6, too
ZEROS, ONES = np.zeros(2, np.float32), np.ones(2, np.float32)


@pytest.fixture(scope="module")
def many() -> Array:
    """Pixels of two channels, whose sum in float32 would stop growing."""
    pixels = np.random.default_rng(0).random((MANY // 2, 2), np.float32)
    pixels *= 70
    pixels += 250
    pixels.flags.writeable = False
    return pixels


def test_batch_normalization_knows_mean_and_variance(many: Array) -> None:
    y, cache = batch_norm_forward(many, ONES, ZEROS, momentum=1, epsilon=0)

    mean, var = many.mean(axis=0, dtype=np.float64), many.var(axis=0, dtype=np.float64)
    assert_allclose(cache.running_mean, mean, rtol=1e-6)
    assert_allclose(cache.running_var, var, rtol=1e-6)
    assert_allclose(y[:1000], (many[:1000] - mean) / np.sqrt(var), rtol=1e-6, atol=1e-6)


def test_batch_normalization_adds_up_its_gradients(many: Array) -> None:
    x = many - 280
    y, cache = batch_norm_forward(x, ONES, ZEROS)

    dx, dgamma, dbeta = batch_norm_backward(many[::-1], cache)

    assert_allclose(dbeta, many.sum(axis=0, dtype=np.float64), rtol=1e-6)
    # Terms of both signs: 1e-6 of their sizes.
    terms = (many[::-1] * y).astype(np.float64)
    size = abs(terms).sum(axis=0)
    assert (abs(dgamma - terms.sum(axis=0)) <= 1e-6 * size).all()
    assert (abs(dx.sum(axis=0, dtype=np.float64)) <= 1e-6 * abs(dx).sum(axis=0)).all()


def test_a_constant_channel_is_normalized_to_nothing() -> None:
    y, _ = batch_norm_forward(np.full((32, 128, 128, 2), 0.1, np.float32), ONES, ZEROS)

    assert not y.any()


def test_a_global_average_of_very_many_ones_is_one() -> None:
    y, _ = global_avg_pool_forward(np.ones((1, 2**24 + 2**22, 2), np.float32))

    assert (y == 1).all()


@pytest.mark.parametrize("output_size", [1, (1, 2)])
def test_adaptive_averages_are_those_of_float64(
    many: Array, output_size: int | tuple[int, int]
) -> None:
    images = many.reshape(1, 2**10, -1, 2)

    y, _ = adaptive_avg_pool_forward(images, output_size)

    halves = images.reshape(2**10, y.shape[2], -1, 2)
    assert_allclose(y[0, 0], halves.mean(axis=(0, 2), dtype=np.float64), rtol=1e-6)


def test_the_bias_gradient_of_a_dense_layer_is_that_of_float64(many: Array) -> None:
    x = np.zeros((len(many), 0), np.float32)
    _, cache = dense_forward(x, np.zeros((0, 2), np.float32), np.zeros(2, np.float32))

    _, _, db = dense_backward(many, cache)

    assert db is not None
    assert_allclose(db, many.sum(axis=0, dtype=np.float64), rtol=1e-6)


def test_the_weight_gradient_of_a_dense_layer_is_that_of_float64(many: Array) -> None:
    x = np.ones((len(many), 1), np.float32)
    _, cache = dense_forward(x, np.zeros((1, 2), np.float32))

    _, dw, _ = dense_backward(many, cache)

    assert_allclose(dw[0], many.sum(axis=0, dtype=np.float64), rtol=1e-6)


@pytest.mark.parametrize("transposed", [False, True])
def test_a_convolution_adds_up_the_gradient_of_its_bias(
    many: Array, transposed: bool
) -> None:
    forward, backward = CONVOLUTIONS[transposed]
    dy, w = many[np.newaxis], np.zeros((1, 1, 2) if not transposed else (1, 2, 1), "f4")
    _, cache = forward(np.zeros((1, len(many), 1), np.float32), w, ZEROS)

    *_, db = backward(dy, cache)

    assert_allclose(db, many.sum(axis=0, dtype=np.float64), rtol=1e-6)


LAYERS: dict[str, Callable[[Array], Any]] = {
    "Scale w": lambda dy: gradients(Scale(), np.ones_like(dy), dy)[1]["w"],
    "Scale b": lambda dy: gradients(Scale(), np.ones_like(dy), dy)[1]["b"],
    "PReLU": lambda dy: gradients(PReLU(), -np.ones_like(dy), dy)[1]["slope"],
    "Sum": lambda dy: Sum((1,)).forward(dy)[0],
    "Mean": lambda dy: Mean((1,)).forward(dy)[0] * dy.shape[1],
    "Add": lambda dy: gradients(Add(), (dy, np.zeros_like(dy[:, 0])), dy)[0][1],
    "Multiply": lambda dy: gradients(
        Multiply(), (np.ones_like(dy), np.ones_like(dy[:, 0])), dy
    )[0][1],
    "Upsample": lambda dy: gradients(Upsample(dy.shape[1]), dy[:, :1], dy)[0],
    "Pad": lambda dy: gradients(
        Pad(((0, dy.shape[1] - 1),), mode="edge"), dy[:, :1], dy
    )[0],
}


def gradients(layer: Layer, x: Any, dy: Array) -> Any:
    """Return the gradients of a layer that is built for `x`."""
    one = tuple(x.shape[1:] for x in x) if isinstance(x, tuple) else x.shape[1:]
    layer.build(one, rng=np.random.default_rng(0))
    _, cache = layer.forward(x)
    return layer.backward(dy, cache)


@pytest.mark.parametrize("name", LAYERS)
def test_layers_add_up_pixels_as_in_float64(many: Array, name: str) -> None:
    exact = many.sum(axis=0, dtype=np.float64)

    found = abs(LAYERS[name](many[np.newaxis]))

    assert found.dtype == np.float32
    assert_allclose(found.ravel(), exact, rtol=1e-6)


def test_losses_are_those_of_float64(many: Array) -> None:
    x = (many[: 2**19] - 250) / 70
    labels = np.zeros(len(x), int)

    squared, _ = mean_squared_error(x, np.zeros_like(x))
    sigmoid, _ = sigmoid_cross_entropy(x, np.zeros_like(x))
    softmax, _ = softmax_cross_entropy(x, labels)

    def exact(terms: Array) -> float:
        return float(terms.mean(dtype=np.float64))

    assert squared == pytest.approx(exact(x * x), rel=1e-6)
    assert sigmoid == pytest.approx(exact(np.logaddexp(0, x)), rel=1e-6)
    assert softmax == pytest.approx(exact(np.logaddexp(0, x[:, 1] - x[:, 0])), rel=1e-6)


@in_turn(2)
def test_a_norm_of_many_pixels_is_that_of_float64() -> None:
    x = np.random.default_rng(0).random((1, 2**14, 1), np.float32)

    for p in 1, 2, 3:
        y, _ = lp_pool_forward(x, 2**14, p=p)
        exact = np.sum(x.astype(float) ** p) ** (1 / p)
        assert y.item() == pytest.approx(exact, rel=1e-6)


@given(
    shape=st.lists(st.integers(0, 9), min_size=1, max_size=4),
    dtype=st.sampled_from([np.int64, np.float32, np.float64, np.longdouble]),
    seed=st.integers(0, 99),
)
def test_blocks_go_through_every_number_once(
    shape: list[int], dtype: type, seed: int
) -> None:
    x: Array = np.random.default_rng(seed).integers(-9, 9, shape).astype(dtype)
    copy = np.zeros_like(x)

    for here, there in blocks(x, copy):
        np.add(there, here, out=there)

    assert_array_equal(copy, x)
    sums = sum_by_channel(x)
    assert_array_equal(sums, x.sum(axis=tuple(range(x.ndim - 1))))
    assert sums.dtype == (dtype if dtype == np.int64 else np.promote_types(dtype, "f8"))
    for axis in range(x.ndim):
        assert_array_equal(sum_along(x, axis), x.sum(axis=axis, keepdims=True))


@pytest.mark.parametrize(("M", "C"), [(5000, 3), (3, 70_000), (70_000, 1), (1023, 511)])
def test_blocks_of_any_size_add_up(M: int, C: int) -> None:
    x = np.random.default_rng(0).integers(-9, 9, (M, C)).astype(np.float32)

    assert_array_equal(sum_by_channel(x), x.sum(axis=0))
    assert_array_equal(sum_along(x, 0), x.sum(axis=0, keepdims=True))
    assert_array_equal(sum_along(x, 1), x.sum(axis=1, keepdims=True))


CALLS: dict[str, Callable[[Array], object]] = {
    "batch_norm": lambda x: batch_norm_forward(x, 1 + x[0, 0, 0], x[0, 0, 0])[0],
    "adaptive_avg_pool": lambda x: adaptive_avg_pool_forward(x, 3)[0],
    "mean_squared_error": lambda x: mean_squared_error(x, 0 * x)[0],
}


@pytest.mark.parametrize("name", CALLS)
def test_sums_are_the_same_to_the_last_bit_on_any_number_of_threads(name: str) -> None:
    x = np.random.default_rng(0).random((4, 65, 67, 5), np.float32)
    results = []
    for n in 1, 2, 4:
        with threads(n):
            results.append(CALLS[name](x))

    for other in results[1:]:
        assert_array_equal(other, results[0])
