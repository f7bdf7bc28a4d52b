"""Every operator of ONNX that is known does what its specification says."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

from im2col_cnn._typing import Array
from im2col_cnn.nn.formats.onnx_layers import TRANSLATIONS
from tests.nn.formats.onnx_files import loaded, node

pytest.importorskip("onnx")
rng = np.random.default_rng(0)

C, H, W = 4, 3, 5
ROW = np.array([[1], [2], [3]], np.float32)
NONE, SCALES = np.array([], np.float32), np.array([1, 1, 2, 3], np.float32)
PADS = ((0, 0), (0, 0), (1, 2), (0, 3))
MORE = ((0, 0), (1, 2), (0, 0), (0, 0))  # of channels
SHARES = rng.normal(size=(1, C, 1, 1)).astype(np.float32)
MATRIX = rng.normal(size=(W, 2)).astype(np.float32)
Wanted = Callable[[Array], Array]  # of arrays that are channels first


def sigmoid(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def softmax(x: Array, axis: int) -> Array:
    powers = np.exp(x - x.max(axis, keepdims=True))
    return np.asarray(powers / powers.sum(axis, keepdims=True))


def ints(*numbers: int) -> Array:
    return np.array(numbers)


# Name, attributes, constant inputs after x, what comes out; opset 13 unless it says so.


def minima(x: Array) -> Array:
    """Return the smallest number of each image: what has no axes comes with one."""
    return np.asarray(x.min((1, 2, 3), keepdims=True)[:, 0, 0])


def everywhere(x: Array) -> Array:
    """Return images padded along all axes."""
    return np.pad(x, ((0, 0), (1, 2), (1, 1), (2, 1)), "reflect")


def norm(x: Array) -> Array:
    """Return the length of each channel as a vector."""
    return np.asarray(np.sqrt((x * x).sum((2, 3), keepdims=True)))


CASES: list[tuple[str, dict[str, Any], list[Any], Wanted]] = [
    ("Add", {}, [ROW], lambda x: x + ROW),
    ("Sub", {}, [SHARES], lambda x: x - SHARES),
    ("Mul", {}, [np.float32(2)], lambda x: 2 * x),
    ("Div", {}, [SHARES], lambda x: x / SHARES),
    ("Neg", {}, [], np.negative),
    ("Pow", {}, [np.float32(2)], np.square),
    ("Reciprocal", {}, [], np.reciprocal),
    ("Relu", {}, [], lambda x: np.maximum(x, 0)),
    ("LeakyRelu", {"alpha": 0.25}, [], lambda x: np.where(x > 0, x, x / 4)),
    ("PRelu", {}, [SHARES[0]], lambda x: np.where(x > 0, x, x * SHARES)),
    ("Sigmoid", {}, [], sigmoid),
    ("Tanh", {}, [], np.tanh),
    ("HardSigmoid", {"alpha": 0.5}, [], lambda x: np.clip(x / 2 + 0.5, 0, 1)),
    ("Clip", {}, [np.float32(-1), np.float32(1)], lambda x: np.clip(x, -1, 1)),
    ("Softmax", {"axis": 1}, [], lambda x: softmax(x, 1)),
    ("Softmax", {}, [], lambda x: softmax(x, 3)),
    ("GlobalAveragePool", {}, [], lambda x: x.mean((2, 3), keepdims=True)),
    ("GlobalMaxPool", {}, [], lambda x: x.max((2, 3), keepdims=True)),
    ("GlobalLpPool", {"p": 1}, [], lambda x: abs(x).sum((2, 3), keepdims=True)),
    ("LpPool", {"kernel_shape": (H, W)}, [], norm),
    ("ReduceMean", {"axes": [1, -1], "keepdims": 0}, [], lambda x: x.mean((1, 3))),
    ("ReduceSum", {"noop_with_empty_axes": 1}, [], lambda x: x),
    ("ReduceSum", {"keepdims": 0}, [ints(1, -1)], lambda x: x.sum((1, 3))),
    ("ReduceMax", {"axes": [-2]}, [], lambda x: x.max(2, keepdims=True)),
    ("ReduceMin", {"keepdims": 0, "axes": [1, 2]}, [], lambda x: x.min((1, 2))),
    ("ReduceMin", {"keepdims": 0, "axes": [1, 2, 3]}, [], minima),
    ("Equal", {}, [np.float32(0)], lambda x: x == 0),
    ("Flatten", {}, [], lambda x: x.reshape(2, -1)),
    ("Reshape", {}, [ints(0, -1, 2, 5)], lambda x: x.reshape(2, -1, 2, 5)),
    ("Reshape", {}, [ints(0, 0, -1)], lambda x: x.reshape(2, C, H * W)),
    ("Transpose", {"perm": [0, 2, 1, 3]}, [], lambda x: x.swapaxes(1, 2)),
    ("Unsqueeze", {}, [ints(1, -1)], lambda x: x[:, np.newaxis, ..., np.newaxis]),
    ("Gather", {"axis": 1}, [np.array(2)], lambda x: x[:, 2]),
    ("Gather", {"axis": -1}, [ints(-1, 2, 0)], lambda x: x[..., ::-2]),
    ("Gather", {"axis": 1}, [ints(2, 0).reshape(2, 1)], lambda x: x[:, [[2], [0]]]),
    ("MatMul", {}, [MATRIX], lambda x: x @ MATRIX),
    ("Slice", {}, [ints(1), ints(3), ints(1)], lambda x: x[:, 1:3]),
    ("Slice", {}, [ints(0, 1), ints(2**31 - 1, 9)], lambda x: x[:, 1:]),
    ("Dropout", {}, [np.float32(0.5), np.array(False)], lambda x: x),
    ("Dropout", {}, [np.float32(0), np.array(True)], lambda x: x),
    ("Slice", {}, [ints(-1), ints(-9), ints(3), ints(-2)], lambda x: x[..., -1:-9:-2]),
    ("Pad", {}, [ints(0, 0, 1, 0, 0, 0, 2, 3)], lambda x: np.pad(x, PADS)),
    ("Pad", {}, [ints(0, 1, 0, 0, 0, 2, 0, 0)], lambda x: np.pad(x, MORE)),
    ("Pad", {"mode": "reflect"}, [ints(0, 1, 1, 2, 0, 2, 1, 1)], everywhere),
    ("Resize", {}, [NONE, SCALES], lambda x: x.repeat(2, 2).repeat(3, 3)),
    ("LRN", {"size": 3, "alpha": 0.5, "beta": 1.0}, [], lambda x: x / around(x)),
]  # fmt: skip


def around(x: Array) -> Array:
    """Return 1 and a sixth of the squares of three channels."""
    squares = np.pad(x * x, ((0, 0), (1, 1), (0, 0), (0, 0)))
    return np.asarray(1 + (squares[:, :-2] + squares[:, 1:-1] + squares[:, 2:]) / 6)


@pytest.mark.parametrize(("operator", "attributes", "constants", "wanted"), CASES)
def test_an_operator_does_what_it_says(
    tmp_path: Path,
    operator: str,
    attributes: dict[str, Any],
    constants: list[Any],
    wanted: Wanted,
) -> None:
    names = [f"c{n}" for n in range(len(constants))]
    nodes = [
        node("MaxPool", "x", "same", kernel_shape=[1, 1]),  # lets channels be first
        node(operator, " ".join(["same", *names]), "y", **attributes),
    ]
    arrays = dict(zip(names, constants, strict=True))
    network = loaded(tmp_path, nodes, [None, C, H, W], arrays=arrays)
    x = rng.normal(size=(2, H, W, C)).astype(np.float32)

    y = network.predict(x)

    right = wanted(x.transpose(0, 3, 1, 2))
    if right.ndim == 4:
        right = right.transpose(0, 2, 3, 1)
    assert_allclose(y, right, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("operator", "right"),
    [
        ("Add", lambda a, b: a + b),
        ("Sub", lambda a, b: a - b),
        ("Mul", lambda a, b: a * b),
        ("Div", lambda a, b: a / b),
        ("Sum", lambda a, b: a + b),
    ],
)
def test_two_arrays_of_images_meet(
    tmp_path: Path, operator: str, right: Callable[[Array, Array], Array]
) -> None:
    nodes = [
        node("Sigmoid", "x", "a"),
        node("Tanh", "x", "b"),
        node(operator, "a b", "y"),
    ]
    network = loaded(tmp_path, nodes, [1, 6])
    x = rng.normal(size=(3, 6)).astype(np.float32)

    assert_allclose(network.predict(x), right(sigmoid(x), np.tanh(x)), rtol=1e-5)


def test_what_is_divided_by_zero_is_filled(tmp_path: Path) -> None:
    nodes = [
        node("ReduceMax", "x", "most", axes=[1]),
        node("Log", "most", "log"),
        node("Equal", "log zero", "none"),
        node("Div", "x log", "shares"),
        node("Where", "none zero shares", "first"),
        node("Cast", "none", "number", to=1),
        node("Where", "number first zero", "second"),
        node("Sub", "first second", "y"),
    ]
    zero = {"zero": np.float32(0)}
    network = loaded(tmp_path, nodes, [1, 3], arrays=zero)
    x = np.array([[1, 1, 0.5], [2, 4, 3]], np.float32)

    with np.errstate(divide="ignore"):
        y = network.predict(x)

    # The second is 0 where the logarithm of the maximum is none.
    assert_allclose(y, [[0, 0, 0], x[1] / np.log(4)], rtol=1e-5)


def test_curves_that_are_written_out_become_one_layer(tmp_path: Path) -> None:
    nodes = [
        node("Add", "x three", "plus"),
        node("Clip", "plus zero six", "cut"),
        node("Mul", "x cut", "times"),
        node("Div", "times six", "swish"),
        node("Sigmoid", "swish", "gate"),
        node("Mul", "gate swish", "y"),
    ]
    numbers = {"zero": 0, "three": 3, "six": 6}
    arrays = {name: np.float32(n) for name, n in numbers.items()}
    network = loaded(tmp_path, nodes, [1, 6], arrays=arrays)
    x = 3 * rng.normal(size=(3, 6)).astype(np.float32)

    swish = x * np.clip(x + 3, 0, 6) / 6
    assert_allclose(network.predict(x), swish * sigmoid(swish), rtol=1e-4, atol=1e-6)
    assert [layer.kind for layer in network.layers.values()] == ["hard_swish", "silu"]


def test_a_split_is_put_together_again(tmp_path: Path) -> None:
    nodes = [
        node("Split", "x sizes", "a b", axis=1),
        node("Concat", "b a", "y", axis=1),
    ]
    network = loaded(tmp_path, nodes, [1, 5], arrays={"sizes": ints(2, 3)})
    x = rng.normal(size=(3, 5)).astype(np.float32)

    assert (network.predict(x) == x[:, [2, 3, 4, 0, 1]]).all()


# Directions, gates of 2 units in the order i, o, f, c, and what they read.
GATES = rng.normal(size=(1, 8, 3)).astype(np.float32)
MEMORY = rng.normal(size=(1, 8, 2)).astype(np.float32)
BIASES = rng.normal(size=(1, 16)).astype(np.float32)


def remembered(
    x: Array, w: Array, r: Array, b: Array, start: Array | float = 0.0
) -> tuple[Array, Array]:
    """Return what an LSTM writes at each step, and what it remembers at the end."""
    h = c = np.broadcast_to(start, (len(x), 2))
    steps = []
    for t in range(x.shape[1]):
        gates = x[:, t] @ w.T + h @ r.T + b[:8] + b[8:]
        i, o, f, g = np.split(gates, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        steps.append(h)
    return np.stack(steps, 1), c


@pytest.mark.parametrize("writes", ["y", " y", "all y"])
def test_an_lstm_has_its_steps_first(tmp_path: Path, writes: str) -> None:
    nodes = [
        node("Transpose", "x", "steps", perm=[1, 0, 2]),
        make("LSTM", ["steps", "w", "r", "b"], writes.split(" "), hidden_size=2),
    ]
    arrays = {"w": GATES, "r": MEMORY, "b": BIASES}
    network = loaded(tmp_path, nodes, [None, 4, 3], arrays=arrays)
    x = rng.normal(size=(5, 4, 3)).astype(np.float32)

    y = network.predict(x)

    h, _ = remembered(x, GATES[0], MEMORY[0], BIASES[0])
    right = h[:, :, np.newaxis] if writes == "y" else h[:, -1:]
    assert_allclose(y, right, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("steps", [1, 4])
@pytest.mark.parametrize("direction", ["reverse", "bidirectional"])
def test_an_lstm_reads_steps_from_the_last_one_on(
    tmp_path: Path, direction: str, steps: int
) -> None:
    backward = [-one[:, ::-1] for one in (GATES, MEMORY, BIASES)]
    parameters = backward
    if direction == "bidirectional":
        pairs = zip((GATES, MEMORY, BIASES), backward, strict=True)
        parameters = [np.concatenate(pair) for pair in pairs]
    nodes = [
        node("Transpose", "x", "steps", perm=[1, 0, 2]),
        make(
            "LSTM",
            ["steps", "w", "r", "b"],
            ["all", "h", "c"],
            hidden_size=2,
            direction=direction,
        ),
        # As exporters write it: the directions become channels.
        node("Transpose", "all", "turned", perm=[0, 2, 1, 3]),
        node("Reshape", "turned keep", "both"),
        node("Transpose", "both", "y", perm=[1, 0, 2]),
    ]
    arrays = dict(zip("wrb", parameters, strict=True)) | {"keep": ints(0, 0, -1)}
    network = loaded(
        tmp_path, nodes, [None, steps, 3], arrays=arrays, outputs=("y", "h", "c")
    )
    x = rng.normal(size=(5, steps, 3)).astype(np.float32)

    found = network.predict(x)

    h, c = remembered(x[:, ::-1], *(one[0] for one in backward))
    first, last = h[:, ::-1], [(h[:, -1], c)]
    if direction == "bidirectional":
        there, c = remembered(x, GATES[0], MEMORY[0], BIASES[0])
        first, last = np.concatenate([there, first], -1), [(there[:, -1], c), *last]
    assert_allclose(found["y"], first, rtol=1e-5, atol=1e-6)
    for name, wanted in zip("hc", zip(*last, strict=True), strict=True):
        assert_allclose(found[name], np.stack(wanted, 1), rtol=1e-5, atol=1e-6)


def test_an_lstm_may_start_from_what_depends_on_images(tmp_path: Path) -> None:
    nodes = [
        node("Transpose", "x", "steps", perm=[1, 0, 2]),
        node("Slice", "steps zeros twos axes", "start"),
        make(
            "LSTM",
            ["steps", "w", "r", "b", "", "start", "start"],
            ["y"],
            hidden_size=2,
            direction="bidirectional",
        ),
    ]
    pairs = [np.concatenate([one, -one]) for one in (GATES, MEMORY, BIASES)]
    arrays = dict(zip("wrb", pairs, strict=True))
    arrays |= {"zeros": ints(0, 0), "twos": ints(2, 2), "axes": ints(0, 2)}
    network = loaded(tmp_path, nodes, [None, 4, 3], arrays=arrays)
    x = rng.normal(size=(5, 4, 3)).astype(np.float32)

    y = network.predict(x)

    there, back = (
        remembered(x[:, ::step], w, r, b, start=x[:, n, :2])[0]
        for n, (step, w, r, b) in enumerate(zip((1, -1), *pairs, strict=True))
    )
    right = np.stack([there, back[:, ::-1]], axis=2)
    assert_allclose(y, right, rtol=1e-5, atol=1e-6)


def make(operator: str, reads: list[str], writes: list[str], **attributes: Any) -> Any:
    import onnx  # noqa: PLC0415 - an extra

    return onnx.helper.make_node(operator, reads, writes, name="lstm", **attributes)


@pytest.mark.parametrize(
    ("reads", "attributes", "said"),
    [
        (["steps", "w", "r"], {"direction": "up"}, "direction = 'up' is not"),
        (
            ["steps", "w", "r"],
            {"direction": "bidirectional"},
            "weights of .* direction = .bi",
        ),
        (["steps", "w", "r", "", "", "ones"], {}, "initial_h and initial_c must be"),
        (["steps", "w", "r", "", "few"], {}, "sequence_lens is not known"),
        (["x", "w", "r"], {}, "goes from image to image"),
        (["steps"], {}, r"weights of shapes .* are not those of direction = .forw"),
        (["steps", "w", "r", "few"], {}, "weights of shapes .* are not those of"),
        (
            ["steps", "rows", "r"],
            {},
            r"weights of shapes .*\(1, 8\).* are not those of",
        ),
        (
            ["steps", "w", "r", "", "", "two", "two"],
            {},
            r"initial_h, initial_c of shapes \(2, 1, 2\), .* are not \(1, 1, 2\)",
        ),
        (
            ["steps", "w_both", "r_both", "", "", "one", "one"],
            {"direction": "bidirectional"},
            r"initial_h, initial_c of shapes \(1, 1, 2\), .* are not \(2, 1, 2\)",
        ),
        (
            ["steps", "w", "r", "", "", "one", "steps"],
            {},
            r"initial_h, initial_c of shapes .*, \(4, 1, 3\) are not \(1, 1, 2\)",
        ),
        (["steps", "r", "w"], {}, "weights of shapes .* are not those of dir"),
        (
            ["steps", "w", "r"],
            {"activations": ["Relu"] * 3},
            r"activations = .'Relu', .* is not known",
        ),
    ],
)
def test_an_lstm_of_another_kind_is_refused(
    tmp_path: Path, reads: list[str], attributes: dict[str, Any], said: str
) -> None:
    nodes = [
        node("Transpose", "x", "steps", perm=[1, 0, 2]),
        node("Slice", "steps zeros one_by_two axes", "one"),
        node("Slice", "steps zeros two_by_two axes", "two"),
        make("LSTM", reads, ["all"], hidden_size=2, **attributes),
        make("Add", ["all", "steps"], ["y"]),
    ]
    arrays = {"w": GATES, "r": MEMORY, "few": np.array([1]), "rows": GATES[..., 0]}
    arrays["ones"] = np.ones((1, 1, 2), np.float32)
    arrays |= {f"{name}_both": arrays[name].repeat(2, 0) for name in "wr"}
    arrays |= {"zeros": ints(0, 0), "axes": ints(0, 2)}
    arrays |= {"one_by_two": ints(1, 2), "two_by_two": ints(2, 2)}
    with pytest.raises(ValueError, match=f"'lstm', 'LSTM': {said}"):
        loaded(tmp_path, nodes, [None, 4, 3], arrays=arrays)


@pytest.mark.parametrize("images", [None, 20])
@pytest.mark.parametrize(
    ("operator", "constants", "said"),
    [
        ("Dropout", [np.float32(0.5), np.array(True)], "drops numbers by chance"),
        ("Slice", [ints(0), ints(1)], "cuts among images"),
        ("Slice", [ints(0), ints(3)], "cuts among images"),
        ("Slice", [ints(-1), ints(2**31 - 1)], "cuts among images"),
        ("Slice", [ints(-1), ints(-(2**63)), ints(0), ints(-1)], "cuts among images"),
        ("Slice", [ints(0), ints(-1)], "cuts among images"),
        ("Slice", [ints(1), ints(2)], "cuts among images"),
    ],
)
def test_what_is_not_the_same_for_every_image_is_refused(
    tmp_path: Path,
    operator: str,
    constants: list[Any],
    said: str,
    images: int | None,
) -> None:
    names = [f"c{n}" for n in range(len(constants))]
    nodes = [node(operator, " ".join(["x", *names]), "y")]
    arrays = dict(zip(names, constants, strict=True))

    with pytest.raises(ValueError, match=f"'y', '{operator}': {said}"):
        loaded(tmp_path, nodes, [images, 4], arrays=arrays)


@pytest.mark.parametrize(
    ("images", "stop"), [(None, 2**31 - 1), (None, 2**63 - 1), (1, 1), (20, 20)]
)
def test_a_slice_of_all_images_that_a_model_takes_keeps_them(
    tmp_path: Path, images: int | None, stop: int
) -> None:
    nodes = [node("Slice", "x start stop", "y")]
    arrays = {"start": ints(0), "stop": ints(stop)}
    network = loaded(tmp_path, nodes, [images, 4], arrays=arrays)
    x = rng.normal(size=(images or 3, 4)).astype(np.float32)

    assert (network.predict(x) == x).all()


@pytest.mark.parametrize("stop", [10**4, 2**31 - 2])
def test_a_slice_of_many_images_is_refused_where_there_may_be_more(
    tmp_path: Path, stop: int
) -> None:
    nodes = [node("Slice", "x start stop", "y")]
    arrays = {"start": ints(0), "stop": ints(stop)}

    with pytest.raises(ValueError, match="'y', 'Slice': cuts among images"):
        loaded(tmp_path, nodes, [None, 4], arrays=arrays)


def test_what_is_not_tried_here_is_tried_against_onnxruntime() -> None:
    tried = {operator for operator, *_ in CASES}
    elsewhere = {
        *("AveragePool", "BatchNormalization", "Cast", "Concat", "Conv"),
        *("ConvTranspose", "Gemm", "HardSwish", "Identity", "MaxPool"),
        *("LSTM", "Log", "Split", "Sqrt", "Squeeze", "Sum", "Upsample", "Where"),
    }

    assert TRANSLATIONS.keys() == tried | elsewhere
