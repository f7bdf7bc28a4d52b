"""What is written to an ONNX file is read again as a network that answers the same."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from im2col_cnn._typing import Array
from im2col_cnn.nn import (
    AdaptiveAvgPool,
    AdaptiveMaxPool,
    Add,
    Conv,
    Graph,
    Layer,
    LpPool,
    LSTMStates,
    Sequential,
    from_onnx,
    save_onnx,
)
from im2col_cnn.nn.formats.onnx_export import EXPORTS
from im2col_cnn.nn.layer import PureLayer
from im2col_cnn.nn.serialization import KINDS as EVERY
from tests.nn.formats.onnx_files import written_or_refused
from tests.nn.strategies import KINDS, fresh, graphs, layered, network
from tests.profile import at_most, in_turn

pytest.importorskip("onnx")
RNG = np.random.default_rng(0)


@in_turn(2)
@pytest.mark.parametrize("kind", sorted(EXPORTS.keys() & KINDS.keys()))
@at_most(25)
@given(data=st.data())
def test_a_layer_comes_back(kind: str, data: st.DataObject) -> None:
    layer, x = data.draw(layered(kind))
    before = Sequential([fresh(layer)])
    before.build(x.shape[1:], rng=np.random.default_rng(0))

    with TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        if not written_or_refused(path, layer, before):
            return
        after = from_onnx(path)

    assert_allclose(after.predict(x), before.predict(x), rtol=1e-4, atol=1e-4)


@given(before=graphs(dtype=np.float32))
def test_a_graph_comes_back(before: Graph) -> None:
    x = np.random.default_rng(0).normal(size=(3, 2, 3, 2)).astype(np.float32)

    with TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        save_onnx(path, before)
        after = from_onnx(path)

    one, other = before.predict(x), after.predict(x)
    if not isinstance(one, dict):
        one, other = {"y": one}, {"y": other}
    assert isinstance(other, dict)
    for found, wanted in zip(other.values(), one.values(), strict=True):
        assert_allclose(found, wanted, rtol=1e-3, atol=1e-4)


def test_an_array_that_is_given_out_twice_comes_back_twice(tmp_path: Path) -> None:
    nodes = {"conv": Conv(2, 1), "one": (Add(), "conv"), "other": (Add(), "conv")}
    before = Graph(nodes, ["one", "other"])
    before.build((2, 3, 2), rng=np.random.default_rng(0))
    x = np.ones((1, 2, 3, 2), np.float32)

    save_onnx(tmp_path / "network.onnx", before)
    first, second = from_onnx(tmp_path / "network.onnx").predict(x).values()

    assert_allclose(first, before.predict(x)["one"], rtol=1e-6)
    assert (first == second).all()


def test_a_network_comes_back_as_long_as_it_was(tmp_path: Path) -> None:
    before = network(dtype=np.float32)
    save_onnx(tmp_path / "network.onnx", before)
    (shape,) = before.input_shapes.values()
    x = np.random.default_rng(0).random((4, *shape), np.float32)

    after = from_onnx(tmp_path / "network.onnx")

    assert_allclose(after.predict(x), before.predict(x), rtol=1e-4, atol=1e-5)
    assert len(after.layers) <= len(before.layers)


def test_functions_read_and_write_what_methods_do(tmp_path: Path) -> None:
    before = network(dtype=np.float32)
    before.to_onnx(tmp_path / "method.onnx")
    save_onnx(tmp_path / "function.onnx", before)

    read = Graph.from_onnx(tmp_path / "function.onnx")

    written = [
        (tmp_path / f"{name}.onnx").read_bytes() for name in ("method", "function")
    ]
    assert written[0] == written[1]
    assert repr(read) == repr(from_onnx(tmp_path / "method.onnx"))


def test_a_network_that_is_not_built_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="build this network first"):
        Sequential([Conv(2, 3)]).to_onnx(tmp_path / "network.onnx")
    assert not list(tmp_path.iterdir())


def test_every_layer_of_ours_is_written() -> None:
    assert EXPORTS.keys() == EVERY.keys()


@pytest.mark.parametrize("steps", [1, 4])
@pytest.mark.parametrize("inputs", [("x",), ("x", "state")])
def test_states_of_an_lstm_come_back(
    tmp_path: Path, steps: int, inputs: tuple[str, ...]
) -> None:
    shapes = {"x": (steps, 3), "state": (4,)}
    before = Graph({"states": (LSTMStates(2), *inputs)}, inputs=inputs)
    used = {name: shapes[name] for name in inputs}
    before.build(used if len(used) > 1 else used["x"], rng=RNG)
    given = {name: RNG.normal(size=(5, *shape)) for name, shape in used.items()}
    x: Any = given if len(given) > 1 else given["x"]

    before.to_onnx(tmp_path / "network.onnx")

    after = Graph.from_onnx(tmp_path / "network.onnx")
    assert_allclose(after.predict(x), before.predict(x), rtol=1e-5, atol=1e-6)


def test_a_layer_without_an_operator_is_refused_by_name(tmp_path: Path) -> None:
    network = Sequential([Doubled()]).build((6, 1), rng=RNG)

    with pytest.raises(ValueError, match="doubled1: ONNX has no operator for Doubled"):
        network.to_onnx(tmp_path / "network.onnx")
    assert not list(tmp_path.iterdir())


class Doubled(PureLayer):
    """A layer of one's own."""

    kind = "doubled"

    def compute(self, x: Array) -> tuple[Array, Any]:
        """Double."""
        return 2 * x, None

    def pull_back(self, dy: Array, cache: Any) -> Array:
        """Double."""
        return 2 * dy


@pytest.mark.parametrize(
    ("pixels", "windows", "right"), [(3, 2, [1, 2]), (5, 2, [2, 4]), (7, 3, [2, 4, 6])]
)
def test_windows_of_one_size_at_one_stride_may_share_pixels(
    pixels: int, windows: int, right: list[int], tmp_path: Path
) -> None:
    before = Sequential([AdaptiveMaxPool(windows)]).build((pixels, 1), rng=RNG)

    before.to_onnx(tmp_path / "network.onnx")

    x = np.arange(float(pixels)).reshape(1, pixels, 1)
    assert from_onnx(tmp_path / "network.onnx").predict(x).ravel().tolist() == right


@pytest.mark.parametrize(
    ("layer", "said"),
    [
        (AdaptiveAvgPool((2, 3)), "sizes 2, 3 at strides 1, 2, as 3 windows of 5 pix"),
        (AdaptiveMaxPool((4, 5)), "sizes 2 at strides 1, 2, as 4 windows of 6 pixels"),
        (AdaptiveMaxPool((12, 1)), "sizes 1 at strides 0, 1, as 12 windows of 6 pixel"),
        (LpPool(2, p=2.5), "lp_pool1: ONNX has whole exponents only, not 2.5"),
    ],
)
def test_settings_that_no_operator_has_are_refused(
    layer: Layer, said: str, tmp_path: Path
) -> None:
    network = Sequential([layer]).build((6, 5, 1), rng=RNG)

    with pytest.raises(ValueError, match=said):
        network.to_onnx(tmp_path / "network.onnx")
    assert not list(tmp_path.iterdir())
