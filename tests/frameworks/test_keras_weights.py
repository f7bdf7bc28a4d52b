"""Weights go to Keras and come from it, in every kind of file that it writes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from im2col_cnn.nn import (
    LSTM,
    BatchNorm,
    Conv,
    ConvTranspose,
    Dense,
    Flatten,
    MaxPool,
    ReLU,
    Sequential,
    load_keras_weights,
    save_keras_weights,
)
from tests.frameworks.agreement import assert_near

pytestmark = [
    pytest.mark.frameworks,
    pytest.mark.filterwarnings("ignore:.*:DeprecationWarning"),  # of Keras itself
]


def twins(keras: Any) -> tuple[Any, Sequential]:
    """Return the same layers there, with random numbers, and here."""
    L = keras.layers
    theirs = keras.Sequential(
        [
            keras.Input((9, 10, 4)),
            L.Conv2D(8, 3, padding="same", strides=2, groups=2),
            L.BatchNormalization(epsilon=1e-3),
            L.DepthwiseConv2D((3, 2), depth_multiplier=2, use_bias=False),
            L.SeparableConv2D(5, 2, padding="same"),
            L.Conv2DTranspose(4, 3, strides=2, padding="same"),
            L.MaxPooling2D(2),
            L.Flatten(),
            L.Dense(7, activation="relu"),
            L.Dense(7),
        ]
    )
    ours = [
        Conv(8, 3, padding="same", stride=2, groups=2),
        BatchNorm(epsilon=1e-3),
        Conv(16, (3, 2), groups=8, bias=False),
        Conv(16, 2, padding="same", groups=16, bias=False),
        Conv(5, 1),
        ConvTranspose(4, 3, stride=2, padding="same"),
        MaxPool(2),
        Flatten(),
        Dense(7),
        ReLU(),
        Dense(7),
    ]
    rng = np.random.default_rng(0)
    theirs.set_weights([rng.uniform(0.5, 1, w.shape) for w in theirs.get_weights()])
    return theirs, Sequential(ours).build((9, 10, 4), rng=rng)


@pytest.mark.parametrize("name", ["net.weights.h5", "net.keras", "net.h5"])
@pytest.mark.filterwarnings("ignore")  # .h5 is old
def test_weights_come_from_every_file_of_keras(
    keras: Any, tmp_path: Path, name: str
) -> None:
    theirs, ours = twins(keras)
    path = tmp_path / name
    (theirs.save_weights if "weights" in name else theirs.save)(path)
    x = np.random.default_rng(1).random((3, 9, 10, 4), np.float32)

    load_keras_weights(path, ours)

    assert_near(ours.predict(x), theirs.predict(x, verbose=0))


def test_keras_reads_weights_written_like_its_own(keras: Any, tmp_path: Path) -> None:
    theirs, ours = twins(keras)
    theirs.save_weights(tmp_path / "theirs.weights.h5")
    x = np.random.default_rng(1).random((3, 9, 10, 4), np.float32)

    save_keras_weights(
        tmp_path / "ours.weights.h5", ours, like=tmp_path / "theirs.weights.h5"
    )
    theirs.load_weights(tmp_path / "ours.weights.h5")

    assert_near(theirs.predict(x, verbose=0), ours.predict(x))


def recurrent_twins(keras: Any) -> tuple[Any, Sequential]:
    """Return the same layers for sequences there, with random numbers, and here."""
    L = keras.layers
    theirs = keras.Sequential(
        [
            keras.Input((7, 3)),
            L.LSTM(5, return_sequences=True),
            L.LSTM(5, return_sequences=True),
            L.Flatten(),
            L.Dense(2),
        ]
    )
    layers = [LSTM(5, return_sequences=True) for _ in "ab"]
    ours = Sequential([*layers, Flatten(), Dense(2)])
    rng = np.random.default_rng(0)
    theirs.set_weights([rng.normal(size=w.shape) for w in theirs.get_weights()])
    return theirs, ours.build((7, 3), rng=rng)


@pytest.mark.parametrize("name", ["net.weights.h5", "net.keras", "net.h5"])
@pytest.mark.filterwarnings("ignore")  # .h5 is old
def test_weights_of_recurrent_layers_come_and_go(
    keras: Any, tmp_path: Path, name: str
) -> None:
    theirs, ours = recurrent_twins(keras)
    path, back = tmp_path / name, tmp_path / "ours.weights.h5"
    (theirs.save_weights if "weights" in name else theirs.save)(path)
    x = np.random.default_rng(1).random((3, 7, 3), np.float32)

    load_keras_weights(path, ours)
    assert_near(ours.predict(x), theirs.predict(x, verbose=0))

    if name == "net.h5":
        return  # no pattern to write weights by
    for array in ours.arrays.values():
        array[...] = array[::-1].copy()
    save_keras_weights(back, ours, like=path)
    theirs.load_weights(back)
    assert_near(theirs.predict(x, verbose=0), ours.predict(x))
