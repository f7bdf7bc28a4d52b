"""A model that Keras saved becomes a network, or a line says what stands in the way."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from im2col_cnn.nn import (
    AvgPool,
    BatchNorm,
    Conv,
    Dense,
    Flatten,
    LeakyReLU,
    MaxPool,
    ReLU,
    Sequential,
    from_keras,
)
from tests.files.keras import Layers, arrays, sequential, write_archive, write_by_name

RNG = np.random.default_rng(0)


CONV = {"filters": 4, "kernel_size": [3, 3], "strides": [2, 2], "padding": "same"}
MODEL = sequential(
    (7, 6, 2),
    ("Conv2D", {**CONV, "activation": "relu"}),
    ("BatchNormalization", {"axis": [3], "momentum": 0.99, "epsilon": 0.001}),
    ("MaxPooling2D", {"pool_size": [2, 1], "strides": [1, 1]}),
    ("Flatten", {"data_format": "channels_last"}),
    ("Dense", {"units": 3, "use_bias": False, "activation": "leaky_relu"}),
)
LAYERS = {
    "conv2d": arrays((3, 3, 2, 4), (4,)),
    "batch_normalization": arrays(*[(4,)] * 4),
    "dense": arrays((36, 3)),
}
BY_NAME = dict(
    zip(("conv2d_0", "batchnormalization_1", "dense_4"), LAYERS.values(), strict=True)
)


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., Path]:
    """Write a model and its arrays as Keras 3 does."""

    def write(model: Any, layers: Layers) -> Path:
        return write_archive(tmp_path / "net.keras", layers, model)

    return write


@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_a_model_becomes_the_network_that_one_would_write(
    tmp_path: Path, ending: str
) -> None:
    path = tmp_path / f"net.{ending}"
    if ending == "keras":
        write_archive(path, LAYERS, MODEL)
    else:
        write_by_name(path, BY_NAME, MODEL)

    network = from_keras(path)

    ours = Sequential(
        [
            Conv(4, (3, 3), stride=(2, 2), padding="same", dilation=1),
            ReLU(),
            BatchNorm(momentum=0.01, epsilon=0.001),
            MaxPool((2, 1), stride=(1, 1), padding="valid"),
            Flatten(),
            Dense(3, bias=False),
            LeakyReLU(0.2),
        ]
    ).build((7, 6, 2), rng=RNG)
    assert repr(network) == repr(ours)
    assert network.summary() == ours.summary()
    found = list(network.arrays.values())
    expected = [array for group in LAYERS.values() for array in group]
    assert all(
        np.array_equal(a, b) for a, b in zip(found[:2], expected[:2], strict=True)
    )
    assert np.array_equal(network.arrays["dense1.w"], LAYERS["dense"][0])
    assert np.array_equal(network.arrays["batch_norm1.beta"], expected[3])


def test_a_network_of_keras_is_saved_and_loaded_like_any_other(
    save: Callable[..., Path], tmp_path: Path
) -> None:
    network = from_keras(save(MODEL, LAYERS))
    x = RNG.random((2, 7, 6, 2), np.float32)

    network.save(tmp_path / "ours.h5")

    again = Sequential.load(tmp_path / "ours.h5")
    assert np.array_equal(again.predict(x), network.predict(x))


def test_rows_behind_a_flatten_of_channels_follow_the_pixels(
    save: Callable[..., Path],
) -> None:
    first = {"data_format": "channels_first"}
    (w,) = arrays((24, 3))
    model = sequential(
        (2, 3, 4),
        ("AveragePooling2D", {"pool_size": 1, **first}),
        ("Flatten", {}),  # Keras 1 and 2.0 had no format here
        ("Dense", {"units": 3, "use_bias": False}),
    )

    network = from_keras(save(model, {"dense": [w]}))

    x = RNG.random((2, 3, 4, 2), np.float32)
    expected = x.transpose(0, 3, 1, 2).reshape(2, 24) @ w
    np.testing.assert_allclose(network.predict(x), expected, rtol=1e-5)
    assert isinstance(next(iter(network.layers.values())), AvgPool)


def test_sizes_that_a_model_leaves_open_are_filled_and_others_kept(
    save: Callable[..., Path],
) -> None:
    path = save(sequential((None, 4, 2), ("Flatten", {})), {})

    assert from_keras(path, input_shape=(3, 4, 2)).input_shape == (3, 4, 2)
    with pytest.raises(ValueError, match=r"must fit \(\?, 4, 2\), that of one image"):
        from_keras(path, input_shape=(3, 5, 2))


def test_weights_alone_are_no_model(tmp_path: Path) -> None:
    path = write_by_name(tmp_path / "net.h5", BY_NAME)

    with pytest.raises(ValueError, match=r"without a model: load_keras_weights"):
        from_keras(path)


def test_a_model_within_a_model_of_keras_2_gives_its_layers(tmp_path: Path) -> None:
    deep, gamma, w = arrays((1, 1, 2, 1), (2,), (2, 3))
    depthwise = {"kernel_size": 1, "groups": 1, "use_bias": False, "name": "deep"}
    settings = {"center": False, "epsilon": 0, "name": "norm"}
    model = sequential(
        (4, 3, 2),
        ("Sequential", {"name": "body", "layers": []}),
        ("GlobalAveragePooling2D", {}),
        ("Dense", {"units": 3, "use_bias": False, "name": "head"}),
    )
    inner = (
        model["config"]["layers"].pop(0),
        *(
            {"class_name": kind, "config": config}
            for kind, config in (
                ("DepthwiseConv2D", depthwise),
                ("BatchNormalization", settings),
            )
        ),
    )
    model["config"]["layers"][0]["config"]["layers"] = inner
    listed = {"deep/depthwise_kernel:0": deep, "norm/gamma:0": gamma}
    # What is not trained comes last there, whatever layer it is of.
    listed |= {"norm/moving_mean:0": 0 * gamma, "norm/moving_variance:0": gamma}
    with h5py.File(tmp_path / "net.h5", "w") as file:
        file.attrs["model_config"] = json.dumps(model)
        weights = file.create_group("model_weights")
        weights.attrs["layer_names"] = [b"body", b"head"]
        for name, group in (("body", listed), ("head", {"head/kernel:0": w})):
            weights.create_group(name).attrs["weight_names"] = list(group)
            for key, array in group.items():
                weights[name][key] = array

    network = from_keras(tmp_path / "net.h5")

    x = RNG.random((2, 4, 3, 2), np.float32)
    expected = (x * deep[0, 0, :, 0] * np.sqrt(gamma)).mean(axis=(1, 2)) @ w
    np.testing.assert_allclose(network.predict(x), expected, rtol=1e-5)


def tensors(*names: str) -> list[dict[str, Any]]:
    """Say what a layer of Keras 3 reads."""
    found = [
        {"class_name": "__keras_tensor__", "config": {"keras_history": [name, 0, 0]}}
        for name in names
    ]
    return [{"args": [found if len(found) > 1 else found[0]], "kwargs": {"mask": None}}]


def functional(
    *layers: tuple[str, str, dict[str, Any], tuple[str, ...]], keras: int, outputs: Any
) -> dict[str, Any]:
    """Describe a graph of layers as Keras 2 or 3 does: name, class, settings, reads."""
    entries = [
        {
            "name": name,
            "class_name": kind,
            "config": {"name": name, **settings},
            "inbound_nodes": (
                tensors(*reads) if keras == 3 else [[[r, 0, 0, {}] for r in reads]]
            )
            if reads
            else [],
        }
        for name, kind, settings, reads in layers
    ]
    config = {"name": "net", "layers": entries, "input_layers": [["x", 0, 0]]}
    kind = "Functional" if keras == 3 else "Model"
    return {"class_name": kind, "config": {**config, "output_layers": outputs}}


X: Any = ("x", "InputLayer", {"batch_shape": [None, 4, 3, 2]}, ())
RELU = {"filters": 2, "kernel_size": [1, 1], "use_bias": False, "activation": "relu"}
BRANCHES: Any = (
    X,
    ("both", "Concatenate", {"axis": -1}, ("sum", "left")),  # before what it reads
    ("left", "Conv2D", RELU, ("x",)),
    ("sum", "Add", {}, ("left", "x")),
    ("mean", "GlobalAveragePooling2D", {}, ("both",)),
)


@pytest.mark.parametrize("keras", [2, 3])
def test_branches_become_a_graph(tmp_path: Path, keras: int) -> None:
    (w,) = arrays((1, 1, 2, 2))
    model = functional(*BRANCHES, keras=keras, outputs=[["mean", 0, 0], ["sum", 0, 0]])
    path = tmp_path / "net"
    if keras == 3:
        write_archive(path, {"conv2d": [w]}, model)
    else:
        write_by_name(path, {"left": [w]}, model)

    network = from_keras(path)

    x = RNG.random((2, 4, 3, 2), np.float32)
    found = network.predict(x)
    left = np.maximum(x @ w[0, 0], 0)
    both = np.concatenate([left + x, left], axis=-1)
    assert network.outputs == ("mean", "sum")
    np.testing.assert_allclose(found["sum"], left + x, rtol=1e-5)
    np.testing.assert_allclose(found["mean"], both.mean(axis=(1, 2)), rtol=1e-5)


@pytest.mark.parametrize(
    ("layers", "outputs", "words"),
    [
        (
            [X, ("a", "ReLU", {}, ("b",)), ("b", "ReLU", {}, ("a",))],
            "a",
            "circle|cycle",
        ),
        ([X, ("a", "ReLU", {}, ("z",))], "a", "does not describe its model .*z"),
        ([X, ("a", "ReLU", {}, ("x", "x"))], "a", "reads one array, got input, input"),
        (
            [X, ("a", "ReLU", {}, ("x",)), ("a", "Add", {}, ("x",))],
            "a",
            "two layers are",
        ),
        ([X, X, ("a", "ReLU", {}, ("x",))], "a", "two layers are called 'x'"),
        ([X, ("y", *X[1:]), ("a", "Add", {}, ("x", "y"))], "a", "one input more"),
        ([X, ("b/c", "ReLU", {}, ("x",)), ("b.c", "ReLU", {}, ("b/c",))], "b.c", ""),
    ],
)
def test_what_is_no_graph_is_refused_in_one_line(
    save: Callable[..., Path], layers: Any, outputs: str, words: str
) -> None:
    path = save(functional(*layers, keras=3, outputs=[outputs, 0, 0]), {})

    if not words:
        assert from_keras(path).summary()[-1].shape == (4, 3, 2)
        return
    with pytest.raises(ValueError, match=rf"net\.keras: .*({words})") as no:
        from_keras(path)
    assert str(no.value).isprintable()


@pytest.mark.parametrize("keras", [2, 3])
@pytest.mark.parametrize("training", [None, False, True])
def test_a_layer_that_trains_for_ever_is_refused(
    tmp_path: Path, keras: int, training: bool | None
) -> None:
    layers: Any = (X, ("a", "ReLU", {}, ("x",)), ("b", "ReLU", {}, ("a",)))
    model = functional(*layers, keras=keras, outputs=[["b", 0, 0]])
    (node,) = model["config"]["layers"][2]["inbound_nodes"]
    (node["kwargs"] if keras == 3 else node[0][3])["training"] = training
    path = write_by_name(tmp_path / "net.h5", {"a": []}, model)

    if not training:
        assert list(from_keras(path).layers) == ["relu1", "relu2"]
        return
    with pytest.raises(ValueError, match=r"is called in a way not known here"):
        from_keras(path)


def test_a_reshape_makes_a_pixel_of_a_vector(
    save: Callable[..., Path],
) -> None:
    (w,) = arrays((1, 1, 2, 2))
    layers: Any = (
        X,
        ("mean", "GlobalAveragePooling2D", {"keepdims": False}, ("x",)),
        ("back", "Reshape", {"target_shape": [1, 1, 2]}, ("mean",)),
        ("weights", "Conv2D", RELU, ("back",)),
        ("weighed", "Multiply", {}, ("x", "weights")),
    )
    settings: Any = {"keras": 3, "outputs": ["weighed", 0, 0]}

    network = from_keras(save(functional(*layers, **settings), {"conv2d": [w]}))

    x = RNG.random((2, 4, 3, 2), np.float32)
    weights = np.maximum(x.mean(axis=(1, 2), keepdims=True) @ w[0, 0], 0)
    np.testing.assert_allclose(network.predict(x), x * weights, rtol=1e-5)


def test_a_layer_that_is_used_twice_is_refused(save: Callable[..., Path]) -> None:
    model = functional(X, ("a", "ReLU", {}, ("x",)), keras=3, outputs=["a", 0, 0])
    model["config"]["layers"][1]["inbound_nodes"] *= 2

    with pytest.raises(ValueError, match=r"net\.keras: 'a' is used twice"):
        from_keras(save(model, {}))
