"""A network is the composition of its layers, forward and backward."""

import copy
import pickle

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from numpy.testing import assert_array_equal

from im2col_cnn._typing import Array, Shape
from im2col_cnn.nn import (
    Layer,
    SummaryRow,
    small_cnn,
)
from tests.nn.strategies import SHAPE, network, spread

STEP = 2.0**-20


@given(seed=st.integers(0, 2**16), N=st.integers(1, 4))
def test_gradients_are_the_slopes_of_the_whole_network(seed: int, N: int) -> None:
    rng = np.random.default_rng(seed)
    built = network(seed, smooth=True)
    x = rng.normal(size=(N, *SHAPE))
    scores, caches = built.forward(x)
    dscores = rng.normal(size=scores.shape)

    dx, gradients = built.backward(dscores, caches, input_gradient=True)

    assert dx is not None
    points, slopes = {"x": x, **built.parameters}, {"x": dx, **gradients}
    assert slopes.keys() == points.keys()
    directions = {name: rng.normal(size=point.shape) for name, point in points.items()}
    ends = []
    for step in STEP, -2 * STEP:  # there, and back to the other side
        for name, point in points.items():
            point[...] += step * directions[name]
        ends.append(built.forward(x)[0])
    np.testing.assert_allclose(
        np.vdot(ends[0] - ends[1], dscores) / (2 * STEP),
        sum(np.vdot(slopes[name], directions[name]) for name in points),
        rtol=1e-6,
        atol=1e-6,
    )


def test_without_dx_the_first_layer_that_learns_is_the_last_one_asked() -> None:
    built = network()
    scores, caches = built.forward(np.ones((2, *SHAPE)))
    _, expected = built.backward(scores, caches, input_gradient=True)
    caches["rescale1"] = "not to be read"

    dx, gradients = built.backward(scores, caches, input_gradient=False)

    assert dx is None
    assert gradients.keys() == expected.keys()
    for name, gradient in gradients.items():
        assert_array_equal(gradient, expected[name])


def test_the_first_convolution_computes_no_dx(monkeypatch: pytest.MonkeyPatch) -> None:
    built = network()
    asked = {}

    def watch(name: str, layer: Layer) -> None:
        backward = type(layer).backward

        def watched(
            self: Layer, dy: Array, cache: object, *, input_gradient: bool = True
        ) -> object:
            asked[name] = input_gradient
            return backward(self, dy, cache, input_gradient=input_gradient)

        monkeypatch.setitem(layer.__dict__, "backward", watched.__get__(layer))

    for name, layer in built.layers.items():
        watch(name, layer)
    scores, caches = built.forward(np.ones((2, *SHAPE)))

    built.backward(scores, caches, input_gradient=False)

    assert asked.pop("conv1") is False
    assert asked == dict.fromkeys(list(built.layers)[2:], True)


def test_layers_are_named_after_their_kind_and_counted() -> None:
    assert list(network().layers) == [
        "rescale1",
        "conv1",
        "relu1",
        "max_pool1",
        "conv2",
        "relu2",
        "avg_pool1",
        "flatten1",
        "dense1",
        "relu3",
        "dense2",
    ]


def test_parameters_are_the_arrays_of_the_layers() -> None:
    built = network()

    built.parameters["conv2.b"][...] = 7

    assert (built.layers["conv2"].parameters["b"] == 7).all()
    assert list(built.parameters) == [
        f"{name}.{key}"
        for name in ("conv1", "conv2", "dense1", "dense2")
        for key in "wb"
    ]


@pytest.mark.parametrize("put", ["assign", "update"])
@pytest.mark.parametrize("which", ["parameters", "arrays"])
def test_what_is_put_under_a_name_is_written_into_the_array(
    put: str, which: str
) -> None:
    built = network()
    arrays = getattr(built, which)
    name, array = next(iter(arrays.items()))

    if put == "assign":
        arrays[name] = np.full(array.shape, 7)
    else:
        arrays.update({name: np.full(array.shape, 7)})

    assert arrays[name] is array
    assert (getattr(built, which)[name] == 7).all()


def test_arrays_by_name_are_changed_in_place_and_copied() -> None:
    built = network()
    before = copy.deepcopy(built.parameters)
    names = list(before)

    built.parameters["conv1.w"] *= 2

    assert_array_equal(built.parameters["conv1.w"], 2 * before["conv1.w"])
    before["conv1.w"] = before["conv1.w"][:1]  # a copy is any dict
    assert len(before["conv1.w"]) == 1
    assert list(pickle.loads(pickle.dumps(built.parameters))) == names


def test_arrays_that_do_not_fit_are_refused_and_none_is_written() -> None:
    built = network()
    w, parameters = built.parameters["conv1.w"], built.parameters
    before = w.copy()

    with pytest.raises(
        ValueError, match=r"^conv1.b must have shape \(3,\), got \(5,\)$"
    ):
        parameters.update({"conv1.w": w + 1, "conv1.b": np.zeros(5)})
    with pytest.raises(KeyError, match=r"'conv9.w' is none of conv1.w, conv1.b"):
        parameters.update({"conv1.w": w + 1, "conv9.w": w})

    assert_array_equal(w, before)


def test_the_summary_tells_shapes_and_parameters() -> None:
    rows = {row.name: row for row in network().summary()}

    assert rows["conv1"] == SummaryRow("conv1", (5, 6, 3), 2 * 3 * 2 * 3 + 3)
    assert rows["max_pool1"] == SummaryRow("max_pool1", (4, 5, 3), 0)
    assert rows["dense2"] == SummaryRow("dense2", (3,), 4 * 3 + 3)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_images_of_any_dtype_are_computed_with_in_the_dtype_of_the_network(
    dtype: type,
) -> None:
    built = network(dtype=dtype)
    images = np.arange(60, dtype=np.uint8).reshape(1, *SHAPE)

    scores, _ = built.forward(images)

    assert scores.dtype == dtype
    assert_array_equal(scores, built.forward(images.astype(dtype))[0])
    assert {p.dtype for p in built.parameters.values()} == {np.dtype(dtype)}


def test_the_same_seed_builds_the_same_network_and_building_again_starts_anew() -> None:
    one, same, other = network(1), network(1), network(2)
    other.build(SHAPE, rng=np.random.default_rng(1), dtype=np.float64)

    for name, parameter in one.parameters.items():
        assert_array_equal(parameter, same.parameters[name])
        assert_array_equal(parameter, other.parameters[name])


@given(N=st.integers(0, 7), batch_size=st.integers(1, 8))
def test_a_prediction_does_not_depend_on_the_size_of_batches(
    N: int, batch_size: int
) -> None:
    built = network()
    images = spread((N, *SHAPE), np.random.default_rng(N))
    images.flags.writeable = False

    scores = built.predict(images, batch_size=batch_size)

    assert scores.shape == (N, 3)
    np.testing.assert_allclose(scores, built.forward(images)[0], rtol=1e-12)


@given(shape=st.tuples(st.integers(1, 70), st.integers(1, 70), st.integers(1, 4)))
def test_the_small_network_takes_images_of_any_size_and_keeps_vectors_short(
    shape: Shape,
) -> None:
    built = small_cnn(shape, 6, pixel_maximum=255)
    built.build(shape, rng=np.random.default_rng(0))

    *_, flat = (s for name, s in built.shapes.items() if name == "flatten1")
    assert flat[0] <= 4 * 4 * 32
    assert built.shapes["dense2"] == (6,)
