"""Each layer of Keras has its own here, or a line says which has not."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from im2col_cnn.nn import from_keras
from tests.files.keras import Layers, arrays, sequential, write_archive


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
    (layered("\x1b[2J"), r"is no kind of layer known here"),
    (sequential((None, None, 2), ("Flatten", {})), "pass input_shape= for"),
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
