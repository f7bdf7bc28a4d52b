"""Activations, and layers that resize or scale, do what NumPy does in a line or two.

That gradients are slopes is held for all layers; a slope can be right for the wrong
operation, so here are the values.
"""

from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from im2col_cnn._typing import Array
from im2col_cnn.nn import (
    LSTM,
    Add,
    Clip,
    Crop,
    Equal,
    Fill,
    GlobalAvgPool,
    GlobalMaxPool,
    HardSigmoid,
    HardSwish,
    Layer,
    LocalResponseNorm,
    Log,
    Max,
    Mean,
    Min,
    Multiply,
    Pad,
    PReLU,
    ReLU6,
    Scale,
    SiLU,
    Slice,
    Softmax,
    Sum,
    Upsample,
)

ANY_WORD: Any = "mirror"
X = np.linspace(-8, 8, 2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
SPATIAL = (1, 2)


def built(layer: Layer, **parameters: Array) -> Layer:
    layer.build(X.shape[1:], rng=np.random.default_rng(0), dtype=np.float64)
    for name, array in parameters.items():
        layer.parameters[name][...] = array
    return layer


SLOPES = np.array([0.5, -1, 0, 2, 3])
WIDTHS = [(0, 0), (1, 1), (2, 2), (0, 0)]
LINE = np.clip(X / 6 + 0.5, 0, 1)
EXPECTED: dict[str, tuple[Layer, Array]] = {
    "clip": (Clip(-1, 2), np.minimum(np.maximum(X, -1), 2)),
    "crop": (Crop(((1, 0), (2, 1))), X[:, 1:, 2:-1]),
    "equal": (Equal(X[0, 0, 0, 0]), X == -8),
    "global_avg": (GlobalAvgPool(keepdims=False), X.mean(SPATIAL)),
    "global_max": (GlobalMaxPool(keepdims=False), X.max(SPATIAL)),
    "hard_sigmoid": (HardSigmoid(slope=0.2), np.clip(X * 0.2 + 0.5, 0, 1)),
    "hard_sigmoid_of_torch": (HardSigmoid(), LINE),
    "hard_swish": (HardSwish(), X * LINE),
    "max": (Max((3, 1)), X.max((1, 3), keepdims=True)),
    "min": (Min((2,)), X.min(2, keepdims=True)),
    "pad": (
        Pad((1, 2), value=7),
        np.pad(X, [(0,) * 2, (1,) * 2, (2,) * 2, (0,) * 2], constant_values=7),
    ),
    "prelu": (built(PReLU(), slope=SLOPES), np.where(X > 0, X, X * SLOPES)),
    "relu6": (ReLU6(), np.minimum(np.maximum(X, 0), 6)),
    "scale": (built(Scale(), w=SLOPES, b=SLOPES + 1), X * SLOPES + SLOPES + 1),
    "silu": (SiLU(), X / (1 + np.exp(-X))),
    "slice": (Slice(3, 0, step=-2), X[..., 3:0:-2]),
    "slice_rows": (Slice(None, 2, axis=1), X[:, :2]),
    "softmax": (Softmax(axis=1), np.exp(X) / np.exp(X).sum(1, keepdims=True)),
    "sum": (Sum((1, 2)), X.sum((1, 2), keepdims=True)),
    "upsample": (Upsample((2, 3)), X.repeat(2, 1).repeat(3, 2)),
}


@pytest.mark.parametrize("name", EXPECTED)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_layer_computes_what_numpy_does(name: str, dtype: type) -> None:
    layer, expected = EXPECTED[name]
    x: Array = X.astype(dtype)
    if layer.parameters:
        layer.build(X.shape[1:], rng=np.random.default_rng(0), dtype=dtype)
        for key in layer.parameters:
            layer.parameters[key][...] = SLOPES + (key == "b")

    y, cache = layer.forward(x)
    dx, _ = layer.backward(y, cache)

    assert y.dtype == dx.dtype == dtype
    eps = 50 * float(np.finfo(dtype).eps)
    assert_allclose(y, expected, rtol=eps, atol=eps)


WHOLE: list[Layer] = [Add(), HardSwish(), Log(), Mean((1, 2)), Multiply()]
WHOLE += [LocalResponseNorm(3, alpha=1)]


@pytest.mark.parametrize("layer", WHOLE, ids=repr)
@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float16])
def test_whole_numbers_and_half_floats_give_what_the_same_doubles_do(
    layer: Layer, dtype: type
) -> None:
    x = np.arange(1, 121).reshape(2, 3, 4, 5)[..., ::-1] * 2
    small: Array = x.astype(dtype)
    large: Array = x.astype(float)

    y, cache = layer.forward((small, small) if layer.merges else small)
    expected, its_cache = layer.forward((large, large) if layer.merges else large)
    dx, _ = layer.backward(np.ones_like(y), cache)
    dx_expected, _ = layer.backward(np.ones_like(expected), its_cache)

    eps = 3e-3 if dtype == np.float16 else 1e-9
    assert_allclose(y, expected, rtol=eps)
    assert_allclose(dx, dx_expected, rtol=eps, atol=eps)


def test_the_gradient_of_whole_sequences_is_not_cut_to_whole_numbers() -> None:
    layer = LSTM(2)
    layer.build((3, 2), rng=np.random.default_rng(0), dtype=np.float64)
    x = np.arange(12).reshape(2, 3, 2)

    y, cache = layer.forward(x)
    _, its_cache = layer.forward(x * 1.0)

    dx, _ = layer.backward(np.ones_like(y), cache)
    assert_array_equal(dx, layer.backward(np.ones_like(y), its_cache)[0])


@pytest.mark.parametrize("mode", ["constant", "edge", "reflect", "wrap"])
def test_pad_is_the_pad_of_numpy_and_adds_up_going_back(mode: Any) -> None:
    pad = Pad(((1, 2), (0, 3)), mode=mode)
    y, cache = pad.forward(X)
    dy = np.arange(y.size, dtype=float).reshape(y.shape)

    dx, _ = pad.backward(dy, cache)

    assert_array_equal(y, np.pad(X, [(0, 0), (1, 2), (0, 3), (0, 0)], mode))
    assert np.vdot(dx, X) == pytest.approx(np.vdot(dy, y))


def test_a_logarithm_has_the_reciprocal_as_its_slope() -> None:
    x = np.array([[0.5, 1, 4]])

    y, cache = Log().forward(x)
    dx, _ = Log().backward(np.array([[1.0, 2, 3]]), cache)

    assert_array_equal(y, np.log(x))
    assert_array_equal(dx, [[2, 2, 0.75]])


def test_equal_numbers_share_the_gradient_of_an_extreme() -> None:
    x = np.array([[3, 1, 3, 1.0]])
    for layer, expected in (Max((1,)), [6, 0, 6, 0]), (Min((1,)), [0, 6, 0, 6]):
        _, cache = layer.forward(x)
        assert_array_equal(layer.backward(np.array([[12.0]]), cache)[0], [expected])


def test_what_is_filled_learns_nothing() -> None:
    where, dy = np.array([[0, 1, -2.0]]), np.array([[1, 2, 3.0]])

    y, cache = Fill(7).forward((np.array([[4, 5, np.nan]]), where))
    (dx, dwhere), _ = Fill(7).backward(dy, cache)

    assert_array_equal(y, [[4, 7, 7]])
    assert_array_equal(dx, [[1, 0, 0]])
    assert_array_equal(dwhere, [[0, 0, 0]])
    with pytest.raises(ValueError, match="what is filled and where: 3"):
        Fill(0).forward((dy,))


def test_a_slope_at_a_kink_is_0() -> None:
    for layer, kinks in (
        (Clip(-1, 2), [-1, 2]),
        (ReLU6(), [0, 6]),
        (HardSigmoid(slope=0.25), [-2, 2]),
    ):
        y, cache = layer.forward(np.array(kinks, float))
        assert not layer.backward(np.ones_like(y), cache)[0].any()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Clip(2, 1), "low must be at most high, got 2.0 and 1.0"),
        (lambda: Clip(np.nan, 1), "low must be finite, got nan"),
        (lambda: PReLU(first_slope=np.inf), "first_slope must be finite"),
        (lambda: Pad("same"), "padding must be numbers of pixels, got 'same'"),
        (lambda: Pad(-1), "padding must be at least 0"),
        (lambda: Pad(1, mode=ANY_WORD), "mode must be one of"),
        (lambda: Crop(((1, 2, 3),)), "padding must be"),
        (lambda: Slice(0, 1, step=0), "step must not be 0"),
        (lambda: Slice(0, 1, axis=0), "axis must not be 0, along which there are"),
        (lambda: Softmax(axis=0), "axis must not be 0"),
        (lambda: Upsample(0), "scale must be at least 1"),
    ],
)
def test_a_setting_out_of_range_is_refused(make: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make()


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (Pad(4, mode="wrap"), 'padding = 4 with mode="wrap" needs more than the 3'),
        (
            Pad(3, mode="reflect"),
            "padding = 3 .* 3 pixels of an image of 3x4: pad",
        ),
        (Pad(((1, 1),)), "padding must have 2 entries"),
        (Crop(2), "cropping 2 leaves nothing of an image of 3x4: crop less"),
        (Slice(5, None), r"Slice\(5, None\) keeps nothing of 3x4x5"),
        (Slice(0, 1, axis=4), "axis 4 is none of images with 3 axes"),
        (Softmax(axis=-4), "axis -4 is none of images with 3 axes: it must be 1 to 3"),
        (Upsample((2, 2, 2)), "scale must have 2 entries"),
    ],
)
def test_images_that_do_not_suit_are_refused(layer: Layer, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        layer.build(X.shape[1:], rng=np.random.default_rng(0))


def test_layers_of_pixels_refuse_vectors() -> None:
    for layer in Pad(1), Crop(1), Upsample(2):
        with pytest.raises(ValueError, match=r"reads images, got vectors: \(5,\)"):
            layer.build((5,), rng=np.random.default_rng(0))
