"""Every layer, with every setting: its gradients are right, and it keeps no secrets."""

from collections.abc import Callable
from functools import partial
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from numpy.testing import assert_array_equal

from im2col_cnn._typing import Array
from im2col_cnn.nn import Dense, Layer, Sequential
from tests.nn.strategies import KINDS, MERGES, layered
from tests.profile import at_most, in_turn

STEP = 2.0**-10  # smaller than the distance to any kink
each_kind = pytest.mark.parametrize("kind", sorted(KINDS | MERGES))


@in_turn(2)
@each_kind
@at_most(50)
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
    far, near = (
        np.vdot(run(point + h * v) - run(point - h * v), dy) / (2 * h)
        for h in (STEP, STEP / 2)
    )
    slope = (4 * near - far) / 3  # what bends as h ** 2 drops out (Richardson)
    np.testing.assert_allclose(np.vdot(gradient, v), slope, rtol=1e-7, atol=1e-7)


def forward_with(layer: Layer, x: Array, name: str, values: Array) -> Array:
    """Run a layer with other values for one of its parameters."""
    before = layer.parameters[name].copy()
    layer.parameters[name][...] = values
    y, _ = layer.forward(x)
    layer.parameters[name][...] = before  # what comes next is a slope there
    return y


@each_kind
@at_most(50)
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
@at_most(50)
@given(data=st.data(), seed=st.integers(0, 2**16))
def test_a_layer_keeps_nothing_of_what_flows_through_it(
    kind: str, data: st.DataObject, seed: int
) -> None:
    layer, x = data.draw(layered(kind), label="layer, x")
    rng = np.random.default_rng(seed)
    y, cache = layer.forward(x, training=True, rng=rng)
    dy = rng.normal(size=y.shape)
    dy.flags.writeable = False
    kept = {name: array.copy() for name, array in layer.arrays.items()}
    dx, gradients = layer.backward(dy, cache)

    layer.forward(-x, training=True, rng=rng)  # another batch comes between
    again, same = layer.backward(dy, cache)

    assert dx is not None
    assert again is not None
    assert_array_equal(again, dx)
    assert_same(same, gradients)
    assert_same(layer.arrays, kept)


@each_kind
@at_most(50)
@given(data=st.data(), seed=st.integers(0, 2**16))
def test_without_dx_the_other_gradients_are_the_same(
    kind: str, data: st.DataObject, seed: int
) -> None:
    layer, x = data.draw(layered(kind), label="layer, x")
    # Whole numbers: with dx, dw is added up in another order.
    x = np.round(8 * x)
    for array in layer.arrays.values():
        array[...] = np.round(8 * array)
    y, cache = layer.forward(x)
    dy = np.random.default_rng(seed).integers(-9, 10, y.shape).astype(y.dtype)
    _, gradients = layer.backward(dy, cache)

    dx, same = layer.backward(dy, cache, input_gradient=False)

    assert dx is None
    assert_same(same, gradients)


@each_kind
@at_most(50)
@given(data=st.data())
def test_a_setting_of_the_wrong_kind_is_refused_by_name(
    kind: str, data: st.DataObject
) -> None:
    drawn: Any = data.draw(layered(kind), label="layer, x")
    layer, x = drawn
    y, cache = layer.forward(x)
    rng = np.random.default_rng(0)
    calls: dict[str, Callable[[], object]] = {
        "shape must be a tuple of ints": lambda: layer.build("wide", rng=rng),
        "rng must be a numpy.random.Gen": lambda: layer.build(x.shape[1:], rng=0),
        "dtype must be a floating-point": lambda: layer.build(
            x.shape[1:], rng=rng, dtype=np.int64
        ),
        "training must be True or False": lambda: layer.forward(x, training=x),
        "rng must be a numpy.random.Gen.*got 1": lambda: layer.forward(x, rng=1),
        "input_gradient must be True or": lambda: layer.backward(
            y, cache, input_gradient=y
        ),
    }

    for words, call in calls.items():
        with pytest.raises(TypeError, match=f"^{words}"):
            call()


@each_kind
@at_most(50)
@given(data=st.data())
def test_a_gradient_of_another_shape_is_refused(kind: str, data: st.DataObject) -> None:
    layer, x = data.draw(layered(kind), label="layer, x")
    y, cache = layer.forward(x)
    place = data.draw(st.integers(0, y.ndim - 1), label="axis")
    other = np.ones([size + (axis == place) for axis, size in enumerate(y.shape)])

    for dy in other, other.mean(axis=place, keepdims=True):
        if dy.shape != y.shape:
            with pytest.raises(ValueError, match=r"^dy must have (the )?shape"):
                layer.backward(dy, cache)


def test_layer_and_network_have_the_same_defaults() -> None:
    rng = np.random.default_rng(0)
    alone, layer = Dense(2), Dense(2)
    network = Sequential([layer])

    assert alone.build((3,), rng=rng) == (2,)
    assert alone.parameters["w"].dtype == network.build((3,), rng=rng).dtype
    y, caches = network.forward(np.ones((1, 3)))
    dx, _ = network.backward(y, caches)
    dx_of_layer, _ = layer.backward(y, caches["dense1"])
    assert_array_equal(dx, dx_of_layer)


def assert_same(arrays: dict[str, Array], others: dict[str, Array]) -> None:
    assert arrays.keys() == others.keys()
    for name, array in arrays.items():
        assert_array_equal(array, others[name])
