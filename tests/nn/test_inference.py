"""Inference writes over what is read no more, and gives the numbers of forward."""

from collections.abc import Callable
from functools import partial
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from numpy.testing import assert_allclose

from im2col_cnn import threads
from im2col_cnn._typing import Array
from im2col_cnn.nn import (
    Add,
    Clip,
    Concat,
    Conv,
    Dense,
    Flatten,
    GlobalAvgPool,
    Graph,
    HardSigmoid,
    HardSwish,
    LeakyReLU,
    Multiply,
    ReLU,
    ReLU6,
    Scale,
    Sequential,
    Sigmoid,
    SiLU,
    Slice,
    Tanh,
    inference,
)
from im2col_cnn.nn.inference import infer
from im2col_cnn.nn.layer import Layer
from tests.nn.strategies import KINDS, layered
from tests.profile import at_most

BY_NUMBER: list[Callable[[], Layer]] = [
    *(ReLU, ReLU6, LeakyReLU, Sigmoid, Tanh, SiLU, HardSigmoid, HardSwish),
    Scale,
    partial(Clip, -0.5, 2.0),
    partial(Scale, size=(1,)),
]
SHAPE = (3, 5, 4)


def images(N: int = 2) -> Array:
    """Draw images, with a NaN and both infinities among their numbers."""
    x = np.random.default_rng(0).normal(size=(N, *SHAPE)).astype(np.float32)
    x[0, 0, 0] = np.nan, np.inf, -np.inf, 0
    return x


def finite() -> Array:
    """Draw images of finite numbers."""
    return np.asarray(np.nan_to_num(images(), posinf=2, neginf=-2))


def built(layer: Layer) -> Layer:
    """Build a layer for these images, with parameters that matter."""
    rng = np.random.default_rng(1)
    layer.build(SHAPE, rng=rng)
    for array in layer.parameters.values():
        array[...] = rng.normal(size=array.shape)
    return layer


@pytest.mark.filterwarnings("ignore:invalid value encountered")
@pytest.mark.parametrize("spare", [True, False])
@pytest.mark.parametrize("make", BY_NUMBER, ids=lambda make: repr(make()))
def test_inference_gives_the_output_of_forward(
    make: Callable[[], Layer], spare: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inference, "PIECE_NUMBERS", 7)  # and a shorter piece at the end
    monkeypatch.setattr(inference, "MIN_SHARED_NUMBERS", 1)
    layer, x = built(make()), images()
    y, _ = layer.forward(x)
    given = x.copy()

    with threads(2):
        found = infer(layer, given, (spare,))

    assert np.array_equal(found, y, equal_nan=True)
    assert found.dtype == y.dtype
    assert np.shares_memory(found, given) == spare
    assert spare or np.array_equal(given, x, equal_nan=True)


@pytest.mark.parametrize("kind", sorted(KINDS))
@at_most(25)
@given(data=st.data(), spare=st.booleans())
def test_inference_gives_the_output_of_forward_for_any_settings(
    kind: str, data: st.DataObject, spare: bool
) -> None:
    layer, x = data.draw(layered(kind), label="layer, x")
    y, _ = layer.forward(x)

    found = infer(layer, x.copy(), (spare,))

    assert found.dtype == y.dtype
    assert_allclose(found, y, rtol=1e-12, atol=1e-12)


CONVOLUTIONS: dict[str, Callable[[], Conv]] = {
    "one pixel": lambda: Conv(6, 1),
    "without bias": lambda: Conv(6, (1, 1), padding=((0, 0), (0, 0)), bias=False),
    "groups": lambda: Conv(6, 1, padding="same", groups=2),
    "depthwise": lambda: Conv(8, 1, groups=4),
    "stride": lambda: Conv(6, 1, stride=2),
    "padding": lambda: Conv(6, 1, padding=1),
    "windows": lambda: Conv(6, (2, 3), stride=(1, 2), padding="same"),
}


@pytest.mark.parametrize("N", [0, 1, 3])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_a_convolution_of_a_network_is_that_of_forward(
    name: str, dtype: type, N: int
) -> None:
    layer = CONVOLUTIONS[name]()
    x: Array = finite()[:1].repeat(N, axis=0).astype(dtype)
    layer.build(SHAPE, rng=np.random.default_rng(0), dtype=dtype)
    for array in layer.parameters.values():
        array[...] = np.random.default_rng(1).normal(size=array.shape)
    y, _ = layer.forward(x)

    found = infer(layer, x, (True,))
    turned = infer(layer, np.asfortranarray(x), (True,))

    eps = float(np.finfo(dtype).eps) * (layer.groups > 1)  # zeros are not multiplied
    assert found.dtype == y.dtype
    assert_allclose(found, y, rtol=4 * eps, atol=8 * eps)
    assert np.array_equal(turned, y)


def test_a_large_product_is_left_to_what_cuts_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    layer, x = Conv(6, 1), finite()
    layer.build(SHAPE, rng=np.random.default_rng(0))
    assert inference.is_pointwise(layer, x, layer.parameters["w"])

    monkeypatch.setattr(inference, "MAX_PRODUCT", 2 * 3 * 5 * 4 * 6 - 1)

    assert inference.is_pointwise(layer, x, layer.parameters["w"])  # it has few rows
    monkeypatch.setattr(inference, "MIN_FACTOR_ROWS", 2 * 3 * 5)
    assert not inference.is_pointwise(layer, x, layer.parameters["w"])


def test_groups_of_single_pixels_are_multiplied_a_few_rows_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    layer, x = Conv(6, 1, groups=2), finite()
    layer.build(SHAPE, rng=np.random.default_rng(0))
    whole = infer(layer, x, (False,))

    monkeypatch.setattr(inference, "MAX_PRODUCTS", 2 * 6 * 7)  # 7 of 30 rows
    with threads(2):
        cut = infer(layer, x, (False,))

    assert inference.is_pointwise(layer, x, layer.parameters["w"])
    assert_allclose(cut, whole, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("keepdims", [True, False])
@pytest.mark.parametrize("N", [0, 1, 3])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_mean_of_a_network_is_that_of_forward(
    dtype: type, N: int, keepdims: bool
) -> None:
    layer, x = GlobalAvgPool(keepdims=keepdims), finite()[:1].repeat(N, axis=0)
    x = x.astype(dtype)
    y, _ = layer.forward(x)

    found = infer(layer, x, (True,))
    turned = infer(layer, np.asfortranarray(x), (True,))

    assert found.dtype == y.dtype
    assert_allclose(found, y, rtol=0, atol=40 * float(np.finfo(dtype).eps))
    assert np.array_equal(turned, y)
    assert not np.shares_memory(found, x)


@pytest.mark.filterwarnings("ignore:invalid value encountered")
def test_a_mean_of_what_is_not_finite_is_that_of_forward() -> None:
    layer, x = GlobalAvgPool(), images()

    found = infer(layer, x, (False,))

    y, _ = layer.forward(x)
    assert np.array_equal(found, y, equal_nan=True)


@pytest.mark.parametrize("size", [1, 2, 7, 8, 15, 16])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_mean_of_few_pixels_is_rounded_like_a_sum(dtype: type, size: int) -> None:
    numbers: Array = np.random.default_rng(0).uniform(1, 2, 100).astype(dtype)
    alike = np.broadcast_to(numbers, (1, size, size, 100)).copy()  # errors add up

    found = infer(GlobalAvgPool(keepdims=False), alike, (False,))

    eps = float(np.finfo(dtype).eps)
    assert_allclose(found[0], numbers, rtol=size * size * eps / 2)


@pytest.mark.parametrize(
    "x",
    [
        np.random.default_rng(0).uniform(999, 1001, (2, 17, 16, 5)),
        np.random.default_rng(0).uniform(999, 1001, (1, 64, 64, 5)),
        np.full((1, 16, 16, 2), 3e36),
        np.full((1, 64, 64, 2), 3e36),
    ],
    ids=["more", "many", "large", "many large"],
)
def test_a_mean_that_a_short_sum_would_spoil_is_that_of_forward(x: Array) -> None:
    x = x.astype(np.float32)
    y, _ = GlobalAvgPool().forward(x)

    found = infer(GlobalAvgPool(), x, (False,))

    assert np.isfinite(y).all()
    assert np.array_equal(found, y)


@pytest.mark.parametrize("make", [Add, Multiply])
@pytest.mark.parametrize("spare", [(True, False), (False, True), (False, False)])
def test_what_is_merged_is_the_output_of_forward(
    make: Callable[[], Layer], spare: tuple[bool, bool]
) -> None:
    a, b = finite(), finite()[:, ::-1].copy()
    y, _ = make().forward((a, b))

    found = infer(make(), (a.copy(), b.copy()), spare)

    assert np.array_equal(found, y)


def test_one_number_per_channel_is_spread_over_the_other_array() -> None:
    a, b = finite(), np.full((2, 1, 1, 4), 3, np.float32)

    found = infer(Multiply(), (a.copy(), b.copy()), (True, True))
    turned = infer(Multiply(), (b.copy(), a.copy()), (True, True))

    assert np.array_equal(found, a * 3)
    assert np.array_equal(turned, a * 3)


SHARED: dict[str, dict[str, Any]] = {
    "what another reads later": {
        "a": Conv(4, 3, padding="same"),
        "relu": ReLU(),
        "b": (Conv(4, 1), "relu"),
        "silu": SiLU(),
        "y": (Add(), "silu", "relu"),
        "z": (Concat(), "y", "a"),
    },
    "what is a view": {
        "a": Conv(4, 3, padding="same"),
        "flat": (Flatten(), "a"),
        "relu": (ReLU(), "a"),
        "second": (Flatten(), "relu"),
        "z": (Concat(), "flat", "second"),
    },
    "parts of one array": {
        "a": Conv(4, 3, padding="same"),
        "left": (Slice(0, 2), "a"),
        "right": (Slice(1, 3), "a"),
        "up": (Sigmoid(), "left"),
        "z": (Add(), "up", "right"),
    },
    "what is read twice": {
        "a": Conv(4, 3, padding="same"),
        "b": (Add(), "a", "a"),
        "c": (Multiply(), "b", "b", "a"),
        "d": Sigmoid(),
        "z": (Add(), "c", "d", "c"),
    },
    "the images": {"a": ReLU(), "b": (Scale(), "input"), "z": (Add(), "a", "b")},
}


@pytest.mark.parametrize("shared", SHARED)
def test_nothing_is_written_over_that_is(shared: str) -> None:
    network = Graph(SHARED[shared]).build(SHAPE, rng=np.random.default_rng(0))
    x = finite()
    before = x.copy()
    y, _ = network.forward(x)

    found = network.predict(x)

    assert np.array_equal(found, y)
    assert np.array_equal(x, before)


def test_inference_along_a_chain_asks_for_no_memory_of_its_own() -> None:
    layers = [Conv(4, 3, padding="same"), ReLU(), Scale(), SiLU(), Flatten(), Dense(2)]
    network = Sequential(layers).build(SHAPE, rng=np.random.default_rng(0))
    x = finite()
    kept = network.run({"input": x}, ["conv1", "silu1"])
    alone = network.run({"input": x}, ["silu1"])

    assert not np.shares_memory(kept["conv1"], kept["silu1"])
    assert np.array_equal(kept["silu1"], alone["silu1"])
