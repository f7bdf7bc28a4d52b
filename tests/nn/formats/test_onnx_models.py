"""Networks are built from ONNX files, and answer what these say."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from im2col_cnn._typing import Array
from im2col_cnn.nn import Adam, Conv, Dense, Graph, fit
from im2col_cnn.nn.formats import onnx_builder
from im2col_cnn.ops.conv import conv_forward
from tests.nn.formats.onnx_files import branch, loaded, node

pytest.importorskip("onnx")
rng = np.random.default_rng(0)


def floats(*shape: int) -> Array:
    return rng.normal(size=shape).astype(np.float32)


def images(*shape: int) -> Array:
    return floats(3, *shape)


def test_gains_and_shifts_go_into_the_convolution_before(tmp_path: Path) -> None:
    w, gain, shift = floats(4, 2, 3, 3), floats(4, 1, 1), floats(4, 1, 1)
    mean, var = floats(4), floats(4) ** 2
    nodes = [
        node("Conv", "x w", "conv", pads=[1] * 4),
        node("BatchNormalization", "conv gain shift mean var", "norm"),
        node("Mul", "norm times", "scaled"),
        node("Add", "plus scaled", "y"),
    ]
    network = loaded(
        tmp_path,
        nodes,
        ["N", 2, 5, 6],
        arrays={
            "w": w,
            "gain": gain.ravel(),
            "shift": shift.ravel(),
            "mean": mean,
            "var": var,
            "times": gain,
            "plus": shift,
        },
    )
    x = images(5, 6, 2)

    y = network.predict(x)

    conv, _ = conv_forward(x, w.transpose(2, 3, 1, 0), padding=1)
    norm = (conv - mean) / np.sqrt(var + 1e-5) * gain.ravel() + shift.ravel()
    assert_allclose(y, norm * gain.ravel() + shift.ravel(), rtol=1e-4, atol=1e-5)
    assert [layer.kind for layer in network.layers.values()] == ["conv"]


def test_one_number_for_all_channels_stays_one(tmp_path: Path) -> None:
    nodes = [
        node("Relu", "x", "relu"),
        node("Mul", "relu two", "doubled"),
        node("Add", "doubled two", "more"),
        node("Mul", "more gain", "y"),
    ]
    gain = floats(4, 1, 1)
    arrays: dict[str, Any] = {"two": np.float32(2), "gain": gain}
    network = loaded(tmp_path, nodes, [1, 4, 3, 5], arrays=arrays)
    x = images(4, 3, 5)

    y = network.predict(x)

    assert_allclose(y, (2 * np.maximum(x, 0) + 2) * gain, rtol=1e-6)
    sizes = [layer.settings.get("size") for layer in network.layers.values()]
    assert sizes == [None, (1,), (4, 1, 1)]
    assert network.parameters["doubled.b"].tolist() == [2]


def test_what_others_read_too_is_left_alone(tmp_path: Path) -> None:
    nodes = [
        node("Conv", "x w", "conv"),
        node("Identity", "conv", "same"),
        node("Mul", "same two", "doubled"),
        node("Add", "doubled conv", "y"),
    ]
    two = np.float32(2)
    network = loaded(
        tmp_path, nodes, [1, 2, 3, 4], arrays={"w": floats(3, 2, 1, 1), "two": two}
    )
    x = images(3, 4, 2)

    conv = network.run({"input": x}, ("conv",))["conv"]

    assert_allclose(network.predict(x), 3 * conv, rtol=1e-6)


def test_rows_behind_a_flattening_are_turned_and_no_image_is(tmp_path: Path) -> None:
    w, b = floats(3 * 4 * 2, 5), floats(5)
    nodes = [
        node("Relu", "x", "relu"),
        node("MaxPool", "relu", "pool", kernel_shape=[1, 1]),
        node("Reshape", "pool shape", "flat"),
        node("Gemm", "flat w b", "y"),
    ]
    network = loaded(
        tmp_path,
        nodes,
        [None, 2, 3, 4],
        arrays={"w": w, "b": b, "shape": np.array([0, -1])},
    )
    x = images(3, 4, 2)

    y = network.predict(x)

    rows = np.maximum(x, 0).transpose(0, 3, 1, 2).reshape(3, -1)
    assert_allclose(y, rows @ w + b, rtol=1e-4, atol=1e-5)
    kinds = [layer.kind for layer in network.layers.values()]
    assert kinds == ["relu", "max_pool", "flatten", "dense"]


def test_channels_are_shuffled_as_the_model_says(tmp_path: Path) -> None:
    nodes = [
        node("MaxPool", "x", "pool", kernel_shape=[1, 1]),
        node("Reshape", "pool split", "groups"),
        node("Transpose", "groups", "turned", perm=[0, 2, 1, 3, 4]),
        node("Reshape", "turned joined", "y"),
    ]
    network = loaded(
        tmp_path,
        nodes,
        [1, 6, 4, 5],
        arrays={"split": np.array([1, 2, 3, 4, 5]), "joined": np.array([1, 6, 4, 5])},
    )
    x = images(4, 5, 6)

    assert (network.predict(x) == x[..., [0, 3, 1, 4, 2, 5]]).all()


def test_a_transposed_input_is_channels_last_already(tmp_path: Path) -> None:
    nodes = [
        node("Transpose", "x", "turned", perm=[0, 3, 1, 2]),
        node("Conv", "turned w", "y"),
    ]
    network = loaded(tmp_path, nodes, [None, 6, 7, 2], arrays={"w": floats(3, 2, 2, 2)})

    assert network.input_shapes == {"input": (6, 7, 2)}
    assert network.predict(images(6, 7, 2)).shape == (3, 3, 5, 6)  # as the model says
    assert [layer.kind for layer in network.layers.values()] == ["conv", "transpose"]


def test_shapes_that_a_model_computes_are_constant(tmp_path: Path) -> None:
    nodes = [
        node("Shape", "x", "shape"),
        node("Gather", "shape zero", "batch", axis=0),
        node("Concat", "batch rest", "target", axis=0),
        node("Reshape", "x target", "flat"),
        node("MatMul", "flat w", "y"),
    ]
    network = loaded(
        tmp_path,
        nodes,
        [None, 2, None, 4],
        input_shape=(2, 3, 4),
        arrays={"zero": np.array([0]), "rest": np.array([-1]), "w": floats(24, 2)},
    )

    assert network.predict(images(2, 3, 4)).shape == (3, 2)


@pytest.mark.parametrize(
    ("nodes", "said"),
    [
        (
            [("Einsum", "x", "y", {"equation": "ij"})],
            "no layer here does 'Einsum' .'y'.: export the model without, or run it",
        ),
        (
            [("Resize", "x a scales", "y", {"mode": "linear"})],
            "'y', 'Resize': mode = 'linear' is not known here",
        ),
        (
            [("Softmax", "x", "y", {"axis": 0})],
            "'y', 'Softmax': axis must not be 0",
        ),
        (
            [("Conv", "x x", "y", {})],
            "'y', 'Conv': input 1 depends on images, it must be constant",
        ),
        (
            [("Reshape", "x all", "y", {})],
            "'y', 'Reshape': mixes images",
        ),
        (
            [("Cast", "x", "y", {"to": 7})],
            "'y', 'Cast': to = 7 is not known here",
        ),
        (
            [("Equal", "x scales", "y", {})],
            "'y', 'Equal': input 1 must be one number, it holds 4",
        ),
    ],
)
def test_what_no_layer_does_is_refused_by_name(
    tmp_path: Path, nodes: list[Any], said: str
) -> None:
    made = [node(op, reads, writes, **a) for op, reads, writes, a in nodes]
    with pytest.raises(ValueError, match=rf"model\.onnx: {said}"):
        loaded(
            tmp_path,
            made,
            [1, 2, 3, 4],
            arrays={
                "a": np.array([], np.float32),
                "scales": np.array([1, 1, 2, 2], np.float32),
                "all": np.array([2, 12]),
            },
        )


def test_sizes_that_are_open_must_be_given(tmp_path: Path) -> None:
    nodes = [node("Relu", "x", "relu"), node("Conv", "relu w", "y")]
    sizes, w = [None, 2, "H", 4], floats(1, 2, 1, 1)

    with pytest.raises(ValueError, match=r"open, \(\?, 4, 2\): give input_shape="):
        loaded(tmp_path, nodes, sizes, arrays={"w": w})
    with pytest.raises(ValueError, match=r"must fit \(\?, 4, 2\), that of one image"):
        loaded(tmp_path, nodes, sizes, input_shape=(5, 5, 2), arrays={"w": w})
    assert loaded(
        tmp_path, nodes, sizes, input_shape=(5, 4, 2), arrays={"w": w}
    ).shapes["y"] == (
        5,
        4,
        1,
    )


def by_rate() -> list[Any]:
    """Return nodes that take roots at a rate of 16, and nothing we know at others."""
    inner = branch([node("Sqrt", "same", "root")], "root")
    outer = [
        node("Constant", "", "yes", value_int=1),
        node("If", "yes", "deep", then_branch=inner, else_branch=branch([], "same")),
    ]
    strange = branch([node("Einsum", "x", "a", equation="i")], "a")
    return [
        node("Equal", "rate sixteen", "is"),
        node("Identity", "x", "same"),
        node("If", "is", "y", then_branch=branch(outer, "deep"), else_branch=strange),
    ]


def test_an_if_is_the_branch_that_it_takes(tmp_path: Path) -> None:
    arrays, x = {"sixteen": np.array(16)}, np.array([[1, 4], [9, 16]], np.float32)

    network = loaded(
        tmp_path,
        by_rate(),
        [1, 2],
        arrays=arrays,
        numbers=("rate",),
        fixed={"rate": 16},
    )

    assert_allclose(network.predict(x), [[1, 2], [3, 4]])
    assert [layer.kind for layer in network.layers.values()] == ["power"]


@pytest.mark.parametrize(
    ("fixed", "said"),
    [
        ({"rate": 8}, "no layer here does 'Einsum' .'a'."),
        ({}, "'rate' is one number, not images: fixed={'rate': ...} says which"),
        ({"rte": 8}, "fixed: 'rte' is no input: 'x', 'rate' are"),
        ({"rate": [8]}, r"fixed: 'rate' must be numbers of shape \(\), got \[8\]"),
        ({"rate": "8"}, "fixed: 'rate' must be numbers"),
    ],
)
def test_what_an_if_asks_must_be_known(
    tmp_path: Path, fixed: dict[str, Any], said: str
) -> None:
    arrays = {"sixteen": np.array(16)}
    with pytest.raises(ValueError, match=rf"model\.onnx: {said}"):
        loaded(
            tmp_path,
            by_rate(),
            [1, 2],
            arrays=arrays,
            numbers=("rate",),
            fixed=fixed,
        )


@pytest.mark.parametrize(
    ("condition", "one", "said"),
    [
        ("x", branch([node("Relu", "x", "a")], "a"), "asks what depends on images"),
        ("", branch([node("Relu", "x", "a")], "a"), "asks what depends on images"),
        ("yes", branch([], "i", reads=("i",)), "has no then_branch that reads nothing"),
        ("yes", branch([]), "has no then_branch that .* writes 1 arrays"),
    ],
)
def test_a_branch_that_is_none_is_refused(
    tmp_path: Path, condition: str, one: Any, said: str
) -> None:
    nodes = [node("If", condition, "y", then_branch=one, else_branch=one)]
    with pytest.raises(ValueError, match=f"'y', 'If': {said}"):
        loaded(tmp_path, nodes, [1, 1], arrays={"yes": np.array([True])})


def test_the_axis_that_is_open_is_that_of_images(tmp_path: Path) -> None:
    nodes = [
        node("Gather", "x one", "second", axis=0),
        node("Gather", "x places", "turned", axis=0),
        node("Relu", "turned", "y"),
    ]
    network = loaded(
        tmp_path,
        nodes,
        [2, None, 3],
        arrays={"one": np.array(1), "places": np.array([-1, 0])},
        outputs=("second", "y"),
    )
    x = images(2, 3)

    answer = network.predict(x)

    assert network.input_shapes == {"input": (2, 3)}
    assert list(answer) == ["second", "y"]
    assert (answer["second"] == x[:, 1]).all()
    assert (answer["y"] == np.maximum(x[:, ::-1], 0)).all()


@pytest.mark.parametrize(
    ("places", "said"),
    [
        ([0, 1, 3], r"takes \[0, 1, 3\], which are not equally apart"),
        ([0, 0], "takes .*, which are not equally apart"),
        ([4], r"takes \[4\] of 4 entries"),
    ],
)
def test_entries_that_are_no_slice_are_refused(
    tmp_path: Path, places: list[int], said: str
) -> None:
    nodes = [node("Gather", "x places", "y", axis=1)]
    with pytest.raises(ValueError, match=f"'y', 'Gather': {said}"):
        loaded(tmp_path, nodes, [None, 4], arrays={"places": np.array(places)})


@pytest.mark.parametrize(
    ("operator", "reads"),
    [("ConstantOfShape", "many"), ("Expand", "one many"), ("Tile", "one many")],
)
def test_a_constant_that_fits_in_no_memory_is_refused(
    tmp_path: Path, operator: str, reads: str
) -> None:
    nodes = [node(operator, reads, "huge"), node("Add", "x huge", "y")]
    arrays = {"many": np.array([10**6, 10**6]), "one": floats(1, 1)}

    with pytest.raises(ValueError, match="makes an array of shape"):
        loaded(tmp_path, nodes, [1, 2], arrays=arrays)


@pytest.mark.parametrize(
    "nodes",
    [
        [node("Resize", "x region scales", "before")],
        [node("Sigmoid", "x", "a"), node("LeakyRelu", "a", "before")],
        [
            node("Slice", "x zero many rows two", "even"),
            node("Slice", "x one many rows two", "odd"),
            node("Concat", "even odd", "before", axis=1),
        ],
    ],
    ids=["larger", "curves", "focus"],
)
def test_a_model_with_channels_first_is_known_by_a_later_convolution(
    tmp_path: Path, nodes: list[Any]
) -> None:
    channels = 4 if len(nodes) > 2 else 2
    numbers = {"zero": 0, "one": 1, "two": 2, "rows": 2, "many": 2**31 - 1}
    arrays: dict[str, Any] = {name: np.array([n]) for name, n in numbers.items()}
    arrays |= {
        "w": floats(3, channels, 1, 1),
        "region": np.zeros(0, np.float32),
        "scales": np.array([1, 1, 2, 2], np.float32),
    }

    network = loaded(
        tmp_path, [*nodes, node("Conv", "before w", "y")], [1, 2, 4, 6], arrays=arrays
    )

    assert network.input_shape == (4, 6, 2)
    assert network.output_shape[-1] == 3


@pytest.mark.parametrize(
    ("operator", "right"),
    [
        ("Mod", [1, 2]),
        ("And", [True, True]),
        ("Or", [True, True]),
        ("GreaterOrEqual", [True, False]),
        ("LessOrEqual", [False, True]),
    ],
)
def test_constants_are_compared_and_divided(
    tmp_path: Path, operator: str, right: list[Any]
) -> None:
    nodes = [
        node(operator, "first second", "found"),
        node("Cast", "found", "number", to=1),
        node("Add", "x number", "y"),
    ]
    arrays = {"first": np.array([7, 2]), "second": np.array([3, 4])}
    if operator in ("And", "Or"):
        arrays = {name: array.astype(bool) for name, array in arrays.items()}

    network = loaded(tmp_path, nodes, [None, 2], arrays=arrays)

    assert np.array_equal(network.predict(np.zeros((1, 2))), [right])


def test_a_constant_is_repeated_along_each_axis(tmp_path: Path) -> None:
    nodes = [node("Tile", "row often", "rows"), node("Add", "x rows", "y")]
    arrays = {"row": floats(1, 2), "often": np.array([1, 3])}
    network = loaded(tmp_path, nodes, [None, 6], arrays=arrays)
    x = images(6)

    assert_allclose(network.predict(x), x + np.tile(arrays["row"], 3), rtol=1e-6)

    arrays["often"] = np.array([3])
    with pytest.raises(ValueError, match=r"repeats shape \(1, 2\) \(3,\) times"):
        loaded(tmp_path, nodes, [None, 6], arrays=arrays)


def test_weights_that_many_nodes_share_are_counted_for_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx_builder, "MAX_MODEL_BYTES", 4 * 100)
    nodes = [node("MatMul", f"{a} w", b) for a, b in ("xa", "ab", "by")]
    w = floats(5, 5)

    assert len(loaded(tmp_path, nodes, [1, 5], arrays={"w": w}).layers) == 3
    monkeypatch.setattr(onnx_builder, "MAX_MODEL_BYTES", 4 * 74)
    with pytest.raises(ValueError, match="'y', 'MatMul': would take more than 296"):
        loaded(tmp_path, nodes, [1, 5], arrays={"w": w})


def test_a_loaded_network_learns_and_is_saved(tmp_path: Path) -> None:
    nodes = [
        node("Conv", "x w", "conv"),
        node("GlobalAveragePool", "conv", "pool"),
        node("Flatten", "pool", "flat"),
        node("Gemm", "flat v", "y"),
    ]
    network = loaded(
        tmp_path,
        nodes,
        [1, 2, 5, 5],
        arrays={"w": floats(3, 2, 2, 2), "v": floats(3, 4)},
    )
    x = images(5, 5, 2)

    scores, caches = network.forward(x)
    _, gradients = network.backward(scores, caches)
    network.save(tmp_path / "weights.h5")

    assert gradients.keys() == network.parameters.keys() == {"conv.w", "y.w"}
    assert isinstance(network.layers["conv"], Conv)
    assert isinstance(network.layers["y"], Dense)
    again = Graph.load(tmp_path / "weights.h5")
    assert (again.predict(x) == network.predict(x)).all()


def test_a_loaded_network_learns_each_bias_on_its_own(tmp_path: Path) -> None:
    nodes = [
        node("Conv", "x w b", "conv"),
        node("GlobalAveragePool", "conv", "pool"),
        node("Flatten", "pool", "flat"),
        node("Gemm", "flat v b", "first"),
        node("Gemm", "first v b", "y"),
    ]
    arrays = {"w": floats(3, 2, 2, 2), "v": floats(3, 3), "b": floats(3)}
    network = loaded(tmp_path, nodes, [1, 2, 5, 5], arrays=arrays)
    parameters = [*network.parameters.values()]
    before = [array.copy() for array in parameters]

    fit(
        network,
        images(5, 5, 2),
        [0, 1, 2],
        epochs=1,
        batch_size=3,
        optimizer=Adam(0.1),
        rng=np.random.default_rng(0),
    )

    assert all((a != b).any() for a, b in zip(parameters, before, strict=True))
    for n, array in enumerate(parameters):
        assert not any(np.shares_memory(array, other) for other in parameters[:n])
