"""Settings of a layer arrive at its operation, or are refused when they should be.

A gradient can be right for the wrong operation, so the gradients cannot tell.
"""

from dataclasses import fields
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
    ConvTranspose,
    Dense,
    Flatten,
    Layer,
    MaxPool,
    ReLU,
    Rescale,
    Sequential,
    glorot_uniform,
)
from im2col_cnn.nn.layer import Back, ParameterlessLayer, Random
from im2col_cnn.nn.serialization import KINDS
from im2col_cnn.testing.strategies import Case, convolutions, poolings


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
    y, _ = Rescale(8, offset=-1).forward(np.array([[0, 4, 16]], np.float32))
    assert_array_equal(y, np.array([[-1, -0.5, 1]], np.float32))


def test_first_values_come_from_the_generator_and_biases_start_at_0() -> None:
    shape, settings = (5, 4, 2), {"dtype": np.float32}
    one, same, other = Conv(3, 3), Conv(3, 3), Conv(3, 3)
    for conv, seed in (one, 1), (same, 1), (other, 2):
        conv.build(shape, rng=np.random.default_rng(seed), **settings)

    assert_array_equal(one.parameters["w"], same.parameters["w"])
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


@pytest.mark.parametrize("kind", KINDS.values())
def test_rules_are_those_of_settings(kind: type[Layer]) -> None:
    settings = {setting.name for setting in fields(kind) if setting.init}

    assert all(getattr(base, "rules", {}).keys() <= settings for base in kind.__mro__)


def test_the_rules_of_a_base_class_hold_beside_those_of_a_layer() -> None:
    with pytest.raises(TypeError, match=r"^ceil_mode must be True or False, got 1$"):
        AvgPool(2, ceil_mode=1)  # type: ignore[arg-type]  # refused, too
    with pytest.raises(TypeError, match=r"^count_include_pad must be True or False"):
        AvgPool(2, count_include_pad=1)  # type: ignore[arg-type]  # refused, too


class Shifted(ParameterlessLayer):
    """A layer of one's own, with an array for a setting and no rules."""

    shift: Array

    def apply(self, x: Array, training: bool, rng: Random) -> tuple[Array, None]:
        """Shift."""
        return x + self.shift, None

    def differentiate(self, dy: Array, cache: None, input_gradient: bool) -> Back:
        """Pass on."""
        return dy, {}


def test_a_layer_without_rules_keeps_its_settings_as_they_are() -> None:
    shift = np.array([[1, 2]])

    assert Shifted(shift).shift is shift


@pytest.mark.parametrize("make", [Conv, ConvTranspose, Dense])
@pytest.mark.parametrize("initializer", ["he_normal", None])
def test_an_initializer_is_a_function(make: Any, initializer: Any) -> None:
    size = (4,) if make is Dense else (4, 3)

    with pytest.raises(TypeError, match=r"^initializer must be a function, got "):
        make(*size, initializer=initializer)


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


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.int64])
def test_a_setting_of_any_integer_type_is_that_number(kind: type) -> None:
    rng = np.random.default_rng(0)
    layers = [
        Conv(kind(4), kind(1), groups=kind(2), stride=kind(1)),
        MaxPool(kind(1)),
        Flatten(),
        Dense(kind(3)),
        Rescale(kind(100)),
    ]
    network = Sequential(layers).build((1, 1, 600), rng=rng)

    scores, _ = network.forward(np.ones((2, 1, 1, 600)))

    assert scores.shape == (2, 3)
    assert repr(network.layers["conv1"]) == "Conv(4, 1, groups=2)"
    assert network.layers["rescale1"].settings == {"pixel_maximum": 100, "offset": 0.0}
