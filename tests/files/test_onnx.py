"""ONNX files from anyone: what is in them is read, and no more than that."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from im2col_cnn.files.onnx import read_onnx

onnx = pytest.importorskip("onnx")


def model(*nodes: Any, arrays: dict[str, Any] | None = None, opset: int = 13) -> Any:
    """Return a model that reads x and writes y."""
    floats = onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        nodes or [onnx.helper.make_node("Relu", ["x"], ["y"], name="relu")],
        "graph",
        [onnx.helper.make_tensor_value_info("x", floats, ["N", 2, 4, None])],
        [onnx.helper.make_tensor_value_info("y", floats, None)],
        [onnx.numpy_helper.from_array(a, name) for name, a in (arrays or {}).items()],
    )
    return onnx.helper.make_model(
        graph, opset_imports=[onnx.helper.make_opsetid("", opset)]
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "model.onnx"


def save(path: Path, saved: Any) -> None:
    path.write_bytes(saved.SerializeToString())


def external(path: Path, location: str, **said: int) -> None:
    """Write a model whose array w lies in another file."""
    saved = model(arrays={"w": np.arange(6, dtype=np.float32)})
    (tensor,) = saved.graph.initializer
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in {"location": location, **said}.items():
        tensor.external_data.add(key=key, value=str(value))
    save(path, saved)


def test_nodes_and_arrays_are_read_as_plain_python(path: Path) -> None:
    w = np.arange(4, dtype=np.float32).reshape(2, 2)
    node = onnx.helper.make_node(
        "Gemm", ["x", "w"], ["y"], name="gemm", alpha=0.5, transB=1
    )
    save(path, model(node, arrays={"w": w}))

    found = read_onnx(path)

    (gemm,) = found.nodes
    assert gemm.operator == "Gemm"
    assert gemm.inputs == ("x", "w")
    assert gemm.attributes == {"alpha": 0.5, "transB": 1}
    assert found.inputs == {"x": (None, 2, 4, None)}
    assert found.outputs == ("y",)
    assert (found.constants["w"] == w).all()


def test_arrays_are_read_from_a_file_beside_the_model(path: Path) -> None:
    numbers = np.arange(10, dtype=np.float32)
    (path.parent / "weights.bin").write_bytes(numbers.tobytes())
    external(path, "weights.bin", offset=8, length=24)

    assert read_onnx(path).constants["w"].tolist() == [2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("../weights.bin", {}),
        ("/etc/passwd", {}),
        ("missing.bin", {}),
        ("link.bin", {}),
        ("weights.bin", {"offset": 32}),
        ("weights.bin", {"offset": -4}),
        ("weights.bin", {"length": 10**12}),
    ],
)
def test_nothing_is_read_from_elsewhere(
    path: Path, location: str, said: dict[str, int]
) -> None:
    (path.parent / "weights.bin").write_bytes(bytes(40))
    (path.parent / "link.bin").symlink_to("/etc/passwd")
    external(path, location, **said)

    with pytest.raises((OSError, ValueError), match=r"model\.onnx: "):
        read_onnx(path)


@pytest.mark.parametrize("cut", [1, 20, 60])
def test_a_file_that_is_cut_off_is_refused(path: Path, cut: int) -> None:
    whole = model(arrays={"w": np.ones(50, np.float32)}).SerializeToString()
    path.write_bytes(whole[:-cut])

    with pytest.raises((OSError, ValueError), match=r"model\.onnx: "):
        read_onnx(path)


def test_what_is_no_onnx_file_is_refused(path: Path) -> None:
    for content in (b"", b"hello", b"\x89HDF\r\n\x1a\n" + bytes(100)):
        path.write_bytes(content)
        with pytest.raises((OSError, ValueError), match=r"model\.onnx: "):
            read_onnx(path)


def test_an_array_that_lies_about_its_shape_is_refused(path: Path) -> None:
    saved = model(arrays={"w": np.ones(4, np.float32)})
    saved.graph.initializer[0].dims[0] = 10**12
    save(path, saved)

    with pytest.raises(ValueError, match=r"'w' .* does not fit its 16 bytes"):
        read_onnx(path)


def test_a_circle_is_refused(path: Path) -> None:
    node = onnx.helper.make_node
    save(path, model(node("Relu", ["y"], ["a"]), node("Relu", ["a"], ["y"])))

    with pytest.raises(ValueError, match="reads 'y', which nothing before it writes"):
        read_onnx(path)


def test_branches_are_read_and_checked_as_all_else(path: Path) -> None:
    make, floats = onnx.helper.make_node, onnx.TensorProto.FLOAT

    def saved(reads: str, writes: str, output: str) -> Any:
        out = onnx.helper.make_tensor_value_info(output, floats, None)
        inner = [make("Relu", [reads], [writes], name="inner")]
        graph = onnx.helper.make_graph(inner, "branch", [], [out])
        both = {"then_branch": graph, "else_branch": graph}
        return model(make("If", ["x"], ["y"], name="if", **both))

    save(path, saved("x", "a", "a"))

    (node,) = read_onnx(path).nodes
    first, second = node.branches
    assert first.nodes[0].operator == second.nodes[0].operator == "Relu"
    assert [one.name for one in node.everything()] == ["inner", "inner", "if"]
    for names, said in (
        (("b", "a", "a"), "'inner' reads 'b', which nothing before it writes"),
        (("x", "x", "x"), "'x' is written twice"),
        (("x", "a", "b"), "nothing writes the output 'b'"),
    ):
        save(path, saved(*names))
        with pytest.raises(ValueError, match=said):
            read_onnx(path)


def test_more_nodes_than_a_model_has_are_refused_in_branches_too(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("im2col_cnn.files.onnx.MAX_NODES", 3)
    make, out = onnx.helper.make_node, onnx.helper.make_empty_tensor_value_info("a")
    graph = onnx.helper.make_graph([make("Relu", ["x"], ["a"])] * 2, "b", [], [out])
    both = {"then_branch": graph, "else_branch": graph}
    save(path, model(make("If", ["x"], ["y"], **both)))

    with pytest.raises(ValueError, match="no ONNX model of up to 3 nodes"):
        read_onnx(path)


def test_names_are_shown_without_what_a_terminal_obeys(path: Path) -> None:
    save(path, model(onnx.helper.make_node("Relu", ["\x1b[2J"], ["y"])))

    with pytest.raises(ValueError, match="which nothing before it writes") as caught:
        read_onnx(path)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("opset", [6, 99])
def test_an_opset_that_is_not_known_is_refused(path: Path, opset: int) -> None:
    save(path, model(opset=opset))

    with pytest.raises(ValueError, match=f"opset {opset} is not read, only 7 to 23"):
        read_onnx(path)
