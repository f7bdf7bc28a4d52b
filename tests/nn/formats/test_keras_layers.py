"""Each layer of Keras has its own here, or a line says which has not."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from im2col_cnn.nn import from_keras
from tests.files.keras import Layers, arrays, sequential, write_archive, write_by_name


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., Path]:
    """Write a model and its arrays as Keras 3 does."""

    def write(model: Any, layers: Layers) -> Path:
        return write_archive(tmp_path / "net.keras", layers, model)

    return write


def test_what_a_batch_normalization_does_not_learn_is_1_or_0(
    save: Callable[..., Path],
) -> None:
    shifted = {"scale": False, "epsilon": 0.1}
    beta, mean, variance = arrays((2,), (2,), (2,))
    model = sequential((2,), ("BatchNormalization", shifted))

    network = from_keras(save(model, {"batch_normalization": [beta, mean, variance]}))

    x = np.random.default_rng(0).random((3, 2), np.float32)
    expected = (x - mean) / np.sqrt(variance + 0.1) + beta
    np.testing.assert_allclose(network.predict(x), expected, rtol=1e-5)


def test_depthwise_and_separable_kernels_have_a_group_for_each_channel(
    save: Callable[..., Path],
) -> None:
    deep, wide, mixing, bias = arrays((2, 1, 2, 3), (1, 1, 6, 1), (1, 1, 6, 4), (4,))
    settings = {"kernel_size": [2, 1], "depth_multiplier": 3, "use_bias": False}
    pointwise = {"filters": 4, "kernel_size": [1, 1], "depth_multiplier": 1}
    model = sequential(
        (2, 3, 2), ("DepthwiseConv2D", settings), ("SeparableConv2D", pointwise)
    )
    layers = {"depthwise_conv2d": [deep], "separable_conv2d": [wide, mixing, bias]}

    network = from_keras(save(model, layers))

    x = np.random.default_rng(0).random((2, 2, 3, 2), np.float32)
    first = np.einsum("nhwc,hcm->nwcm", x, deep[:, 0]).reshape(2, 1, 3, 6)
    expected = (first * wide[0, 0, :, 0]) @ mixing[0, 0] + bias
    np.testing.assert_allclose(network.predict(x), expected, rtol=1e-5)


def test_a_transposed_convolution_gives_out_pixels_that_no_kernel_reaches(
    save: Callable[..., Path],
) -> None:
    settings = {
        "filters": 1,
        "kernel_size": [2, 1],
        "strides": [3, 1],
        "use_bias": False,
    }
    model = sequential((4, 5, 2), ("Conv2DTranspose", settings))

    network = from_keras(save(model, {"conv2d_transpose": arrays((2, 1, 1, 2))}))

    assert network.shapes == {"conv_transpose1": (12, 5, 1)}  # as Keras says, not 11


def test_axes_are_counted_as_the_model_has_them(save: Callable[..., Path]) -> None:
    first = {"data_format": "channels_first"}
    for theirs, ours in ((1, -1), (2, -3), (-1, -2), (-3, -1)):
        layers = ("Cropping2D", {"cropping": 0, **first}), ("Softmax", {"axis": theirs})
        path = save(sequential((2, 4, 3), *layers), {})
        _, softmax = from_keras(path).layers.values()
        assert softmax.settings == {"axis": ours}


def test_a_dense_layer_of_images_multiplies_every_pixel(
    save: Callable[..., Path],
) -> None:
    w, b = arrays((2, 3), (3,))
    model = sequential((4, 5, 2), ("Dense", {"units": 3}))

    network = from_keras(save(model, {"dense": [w, b]}))

    x = np.random.default_rng(0).random((2, 4, 5, 2), np.float32)
    np.testing.assert_allclose(network.predict(x), x @ w + b, rtol=1e-5)


def layered(kind: str, **settings: Any) -> dict[str, Any]:
    return sequential((6, 5, 2), (kind, settings))


TRANSLATIONS = [
    (layered("Activation", activation="relu6"), "ReLU6()"),
    (layered("Activation", activation="swish"), "SiLU()"),
    (layered("Activation", activation="hard_swish"), "HardSwish()"),
    (layered("ReLU", max_value=6.0, threshold=0.0), "ReLU6()"),
    (layered("ReLU", max_value=2.0), "Clip(0, 2.0)"),
    (layered("ReLU", negative_slope=0.5), "LeakyReLU(0.5)"),
    (layered("LeakyReLU", alpha=0.25), "LeakyReLU(0.25)"),
    (layered("LeakyReLU"), "LeakyReLU(0.3)"),
    (layered("Softmax", axis=1), "Softmax(axis=-3)"),
    (layered("Softmax"), "Softmax()"),
    (layered("ZeroPadding2D", padding=[[1, 2], [0, 3]]), "Pad(((1, 2), (0, 3)))"),
    (layered("Cropping2D", cropping=1), "Crop(1)"),
    (layered("UpSampling2D", size=[2, 1]), "Upsample((2, 1))"),
    (layered("Dropout", rate=0.5, noise_shape=None), "Dropout(0.5)"),
    (layered("Rescaling", scale=0.25), "Rescale(4.0)"),
    (layered("Rescaling", scale=0.25, offset=-1), "Rescale(4.0, offset=-1)"),
    (layered("GlobalMaxPooling2D", keepdims=False), "GlobalMaxPool(keepdims=False)"),
    (layered("GlobalAveragePooling2D", keepdims=True), "GlobalAvgPool()"),
    (layered("Reshape", target_shape=[60]), "Flatten()"),
    (layered("Reshape", target_shape=[-1]), "Flatten()"),
    (layered("Reshape", target_shape=[3, 4, 5]), "Reshape((3, 4, 5))"),
]


@pytest.mark.parametrize(("model", "ours"), TRANSLATIONS)
def test_a_layer_of_keras_has_its_own_here(
    save: Callable[..., Path], model: Any, ours: str
) -> None:
    (layer,) = from_keras(save(model, {})).layers.values()

    assert repr(layer) == ours


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("GaussianNoise", {"stddev": 0.1}),
        ("SpatialDropout2D", {"rate": 0.5}),
        ("Dropout", {"rate": 0.5, "noise_shape": [None, 1, 1, 1]}),
    ],
)
def test_what_disturbs_training_in_other_ways_is_left_out(
    save: Callable[..., Path], kind: str, settings: dict[str, Any]
) -> None:
    model = sequential((6, 5, 2), (kind, settings), ("ReLU", {}))

    assert list(from_keras(save(model, {})).layers) == ["relu1"]


def test_a_hard_sigmoid_is_less_steep_in_keras_2(tmp_path: Path) -> None:
    model = layered("Activation", activation="hard_sigmoid")
    steep = from_keras(write_archive(tmp_path / "net.keras", {}, model))
    flat = from_keras(write_by_name(tmp_path / "net.h5", {"other": []}, model))

    assert "HardSigmoid(),\n" in repr(steep)
    assert "HardSigmoid(slope=0.2),\n" in repr(flat)


def test_one_slope_per_channel_is_read_from_an_image_of_them(
    save: Callable[..., Path],
) -> None:
    (slopes,) = arrays((1, 1, 2))

    network = from_keras(
        save(layered("PReLU", shared_axes=[1, 2]), {"p_re_lu": [slopes]})
    )

    assert np.array_equal(network.arrays["prelu1.slope"], slopes[0, 0])


def test_what_shifts_and_scales_images_is_a_layer_that_can_learn(
    save: Callable[..., Path],
) -> None:
    mean, variance = arrays((2,), (2,))
    model = sequential(
        (6, 5, 2),
        ("Rescaling", {"scale": [2.0, 4.0], "offset": -1}),
        ("Normalization", {"axis": [-1]}),
    )
    x = np.random.default_rng(0).random((2, 6, 5, 2), np.float32)

    network = from_keras(save(model, {"normalization": [mean, variance]}))

    expected = ((x * [2, 4] - 1) - mean) / np.sqrt(variance)
    np.testing.assert_allclose(network.predict(x), expected, rtol=1e-5, atol=1e-6)


PLAIN = {"filters": 2, "kernel_size": [3, 3]}
REFUSALS: list[tuple[Any, str]] = [
    (
        layered("Lambda", function="evil"),
        "'lambda_0': 'Lambda' is .*: code of strangers",
    ),
    (layered("Conv2D", **PLAIN, activation="gelu"), "activation = 'gelu' is not known"),
    (layered("Conv2D", **PLAIN, padding="causal"), "padding = 'causal' is not known"),
    (layered("Conv2D", **PLAIN, magic=3), "'conv2d_0': magic = 3 is not known here"),
    (layered("Conv2D", **PLAIN | {"filters": 3}), r"conv1/w must have shape 3x3x2x3"),
    (layered("Conv2D", **PLAIN | {"filters": 10**12}), "conv1/w must have shape"),
    (layered("Conv2D", **PLAIN | {"filters": "many"}), "filters must be"),
    (layered("Conv1D", **PLAIN), "slides along 1 axes, of 2"),
    (layered("MaxPooling2D", pool_size=10**9), "kernel_size must be at most 65536"),
    (layered("BatchNormalization", axis=1), "axis = 1 is not that of the channels"),
    (layered("ReLU", threshold=1.0), "threshold = 1.0 is not known here"),
    (layered("Dropout", rate=2), "rate must be"),
    (layered("ReLU", max_value=1.0, negative_slope=0.1), "max_value = 1.0 with a"),
    (layered("PReLU", shared_axes=[1]), "array 0 must have 3 axes, of"),
    (layered("Reshape", target_shape=[3, 4, -1]), r"shape must be at least 1"),
    (
        layered("Reshape", target_shape=[3, 4, 7]),
        r"x must hold 3x4x7 numbers per image, got shape \(\d, 6, 5, 2\)",
    ),
    (layered("UpSampling2D", size=2, interpolation="bilinear"), "'bilinear' is not"),
    (layered("Softmax", axis=0), "axis = 0 is not one of an image"),
    (layered("Add"), "add1 reads several arrays"),
    (layered("MaxPooling2D", data_format="channels_sideways"), "data_format = "),
    (layered("\x1b[2J"), r"is no kind of layer known here"),
    (sequential((None, None, 2), ("Flatten", {})), "give input_shape="),
    (sequential((10**6, 10**6, 2), ("Flatten", {})), "is more than 268435456 numbers"),
    (
        {"class_name": "Sequential"},
        "does not describe its model as Keras does: 'config'",
    ),
    ({"class_name": "Custom", "config": {}}, "'Custom' is no model whose layers"),
    ({"class_name": "Sequential", "config": {"layers": 3}}, "not iterable"),
    ({"class_name": "Sequential", "config": {"layers": []}}, "does not describe"),
    (sequential((2,)), "must be a list of up to 10000 layers"),
]


@pytest.mark.parametrize(("model", "words"), REFUSALS)
def test_what_no_layer_here_has_is_refused_in_one_line(
    save: Callable[..., Path], model: Any, words: str
) -> None:
    path = save(model, {"conv2d": arrays((3, 3, 2, 2), (2,)), "conv1d": arrays((1,))})

    with pytest.raises(ValueError, match=rf"net\.keras: .*{words}") as no:
        from_keras(path)

    assert str(no.value).isprintable()
