"""Every layer, with every setting: its gradients are right, and it keeps no secrets."""

from collections.abc import Callable
from functools import partial
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from numpy.testing import assert_array_equal

from im2col_cnn import avg_pool_forward, conv_forward, dense_forward, max_pool_forward
from im2col_cnn._typing import Array
from im2col_cnn.nn import (
    AvgPool,
    Conv,
    Dense,
    Flatten,
    Layer,
    MaxPool,
    ReLU,
    Rescale,
    glorot_uniform,
)
from im2col_cnn.testing.strategies import Case, convolutions, poolings
from tests.layered import KINDS, layered

STEP = 2.0**-10  # smaller than the distance to any kink
each_kind = pytest.mark.parametrize("kind", sorted(KINDS))


@each_kind
@given(data=st.data(), seed=st.integers(0, 2**16))
def test_gradients_are_the_slopes_along_random_directions(
    kind: str, data: st.DataObject, seed: int
) -> None:
    layer, x = data.draw(layered(kind), label="layer, x")
    rng = np.random.default_rng(seed)
    y, cache = layer.forward(x)
    dy = rng.normal(size=y.shape)

    dx, gradients = layer.backward(dy, cache)

    assert dx is not None
    assert_slope(lambda point: layer.forward(point)[0], x, dy, dx, rng)
    assert gradients.keys() == layer.parameters.keys()
    for name, gradient in gradients.items():
        run = partial(forward_with, layer, x, name)
        assert_slope(run, layer.parameters[name].copy(), dy, gradient, rng)


def assert_slope(
    run: Callable[[Array], Array],
    point: Array,
    dy: Array,
    gradient: Array,
    rng: np.random.Generator,
) -> None:
    """Compare ``<gradient, v>`` with the slope of ``<run(point), dy>`` along some v."""
    assert gradient.shape == point.shape
    v = rng.uniform(-0.4, 0.4, point.shape)
    difference = run(point + STEP * v) - run(point - STEP * v)
    slope = np.vdot(difference, dy) / (2 * STEP)
    np.testing.assert_allclose(np.vdot(gradient, v), slope, rtol=1e-7, atol=1e-7)


def forward_with(layer: Layer, x: Array, name: str, values: Array) -> Array:
    """Run a layer with other values for one of its parameters."""
    layer.parameters[name][...] = values
    return layer.forward(x)[0]


@each_kind
@given(data=st.data())
def test_the_shape_promised_when_built_is_the_shape_that_comes(
    kind: str, data: st.DataObject
) -> None:
    layer, x = data.draw(layered(kind), label="layer, x")

    promised = layer.build(x.shape[1:], rng=np.random.default_rng(0), dtype=np.float32)
    y, _ = layer.forward(x.astype(np.float32))

    assert y.shape == (len(x), *promised)
    assert y.dtype == np.float32


@each_kind
@given(data=st.data(), seed=st.integers(0, 2**16))
def test_a_layer_keeps_nothing_of_what_flows_through_it(
    kind: str, data: st.DataObject, seed: int
) -> None:
    layer, x = data.draw(layered(kind), label="layer, x")
    y, cache = layer.forward(x, training=True)
    dy = np.random.default_rng(seed).normal(size=y.shape)
    dy.flags.writeable = False
    kept = {name: array.copy() for name, array in layer.parameters.items()}
    dx, gradients = layer.backward(dy, cache)

    layer.forward(-x, training=True)  # another batch comes between
    again, same = layer.backward(dy, cache)

    assert dx is not None
    assert again is not None
    assert_array_equal(again, dx)
    assert_same(same, gradients)
    assert_same(layer.parameters, kept)


@each_kind
@given(data=st.data(), seed=st.integers(0, 2**16))
def test_without_dx_the_other_gradients_are_the_same(
    kind: str, data: st.DataObject, seed: int
) -> None:
    layer, x = data.draw(layered(kind), label="layer, x")
    y, cache = layer.forward(x)
    dy = np.random.default_rng(seed).normal(size=y.shape)
    _, gradients = layer.backward(dy, cache)

    dx, same = layer.backward(dy, cache, input_gradient=False)

    assert dx is None
    assert_same(same, gradients)


def assert_same(arrays: dict[str, Array], others: dict[str, Array]) -> None:
    assert arrays.keys() == others.keys()
    for name, array in arrays.items():
        assert_array_equal(array, others[name])


# A gradient can be right for the wrong operation: settings must arrive.


@given(case=convolutions())
def test_conv_is_conv_forward_with_all_its_settings(case: Case) -> None:
    x, w, b = case.arrays
    *kernel_size, _, F = w.shape
    conv = Conv(F, tuple(kernel_size), **case.settings)
    conv.build(x.shape[1:], rng=np.random.default_rng(0), dtype=np.float64)
    conv.parameters["w"][...] = w
    conv.parameters["b"][...] = b.ravel()

    assert_array_equal(conv.forward(x)[0], conv_forward(x, w, b, **case.settings)[0])


@given(case=poolings(), ties=st.sampled_from(["first", "split", "all"]))
def test_max_pool_is_max_pool_forward_with_all_its_settings(
    case: Case, ties: str
) -> None:
    (x,) = case.arrays
    settings = {**case.settings, "ties": ties}

    y, cache = MaxPool(**settings).forward(x)

    expected, its_cache = max_pool_forward(x, **settings)
    assert_array_equal(y, expected)
    assert (cache.window, cache.ties) == (its_cache.window, its_cache.ties)


@given(case=poolings(), count_include_pad=st.booleans())
def test_avg_pool_is_avg_pool_forward_with_all_its_settings(
    case: Case, count_include_pad: bool
) -> None:
    (x,) = case.arrays
    settings = {**case.settings, "count_include_pad": count_include_pad}

    assert_array_equal(
        AvgPool(**settings).forward(x)[0], avg_pool_forward(x, **settings)[0]
    )


def test_dense_is_dense_forward() -> None:
    dense, x = Dense(3), np.arange(8.0).reshape(2, 4)
    dense.build((4,), rng=np.random.default_rng(0), dtype=np.float64)
    dense.parameters["b"][...] = [1, 2, 3]

    assert_array_equal(
        dense.forward(x)[0], dense_forward(x, dense.parameters["w"], [1, 2, 3])[0]
    )


def test_pooling_windows_lie_side_by_side_unless_told_otherwise() -> None:
    for pool in MaxPool((2, 3)), AvgPool((2, 3)):
        built = pool.build((4, 9, 5), rng=np.random.default_rng(0), dtype=np.float32)

        assert built == (2, 3, 5)


def test_rescale_divides() -> None:
    y, _ = Rescale(16).forward(np.array([[0, 4, 16]], np.float32))

    assert_array_equal(y, np.array([[0, 0.25, 1]], np.float32))


def test_first_values_come_from_the_generator_and_biases_start_at_0() -> None:
    shape, settings = (5, 4, 2), {"dtype": np.float32}
    one, same, other = Conv(3, 3), Conv(3, 3), Conv(3, 3)
    for conv, seed in (one, 1), (same, 1), (other, 2):
        conv.build(shape, rng=np.random.default_rng(seed), **settings)

    assert_same(one.parameters, same.parameters)
    assert not np.array_equal(one.parameters["w"], other.parameters["w"])
    assert not one.parameters["b"].any()


def test_the_initializer_is_a_setting() -> None:
    dense = Dense(3, initializer=glorot_uniform)
    dense.build((4,), rng=np.random.default_rng(0), dtype=np.float64)

    expected = glorot_uniform((4, 3), rng=np.random.default_rng(0), dtype=np.float64)
    assert_array_equal(dense.parameters["w"], expected)


@pytest.mark.parametrize(
    ("make", "settings", "words"),
    [
        (Conv, {"filters": 0}, "filters must be at least 1, got 0"),
        (Conv, {"groups": 3}, "groups = 3 must divide filters = 4"),
        (Conv, {"kernel_size": 0}, "kernel_size must be at least 1, got 0"),
        (Conv, {"stride": (1, 0)}, "stride must be at least 1"),
        (
            Conv,
            {"kernel_size": (3, 3), "dilation": (1, 2, 3)},
            "dilation must have 2 entries",
        ),
        (Conv, {"padding": -1}, "padding must be at least 0, got -1"),
        (AvgPool, {"kernel_size": 2, "stride": 0}, "stride must be at least 1, got 0"),
        (Dense, {"features": 0}, "features must be at least 1, got 0"),
        (
            Rescale,
            {"pixel_maximum": 0},
            "pixel_maximum must be above 0, got 0",
        ),
    ],
)
def test_bad_settings_are_refused_when_a_layer_is_made(
    make: type[Layer], settings: dict[str, Any], words: str
) -> None:
    usual = {"filters": 4, "kernel_size": 3} if make is Conv else {}

    with pytest.raises(ValueError, match=words):
        make(**(usual | settings))


def test_a_tie_is_broken_in_one_of_three_ways() -> None:
    with pytest.raises(ValueError, match=r"ties must be one of .*, got .last."):
        MaxPool(2, ties="last")  # type: ignore[arg-type]  # the point of this test


@pytest.mark.parametrize(
    ("layer", "shape", "words"),
    [
        (Conv(4, 5), (3, 9, 1), "5x5 kernel does not fit in a 3x9 image"),
        (Conv(4, 3, groups=2), (8, 8, 3), "groups = 2 must divide C = 3 channels"),
        (Conv(4, (3, 3)), (8, 1), "kernel_size must have 1 entry"),
        (Conv(4, 3), (64,), r"a convolution reads images, got vectors: \(64,\)"),
        (MaxPool(5), (3, 9, 1), "5x5 kernel does not fit in a 3x9 image"),
        (AvgPool(5), (3, 9, 1), "5x5 kernel does not fit in a 3x9 image"),
        (Dense(4), (3, 9, 1), r"dense layer reads vectors, got \(3, 9, 1\): flatten"),
    ],
)
def test_inputs_that_do_not_suit_a_layer_are_refused_when_it_is_built(
    layer: Layer, shape: tuple[int, ...], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        layer.build(shape, rng=np.random.default_rng(0), dtype=np.float32)


@pytest.mark.parametrize("layer", [Conv(4, 3), Dense(4)])
def test_a_layer_that_is_not_built_says_so(layer: Layer) -> None:
    with pytest.raises(RuntimeError, match="build this layer before using it: "):
        layer.forward(np.zeros((1, 8)))


@pytest.mark.parametrize("layer", [ReLU(), Flatten(), MaxPool(2), Rescale(16)])
def test_layers_with_nothing_to_learn_need_not_be_built(layer: Layer) -> None:
    y, _ = layer.forward(np.ones((1, 2, 2, 1)))

    assert len(y) == 1
