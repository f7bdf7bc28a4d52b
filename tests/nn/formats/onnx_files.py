"""Write small ONNX models, and build networks from them."""

import math
from operator import gt
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from im2col_cnn import Window
from im2col_cnn._checks import as_per_axis
from im2col_cnn._typing import Shape
from im2col_cnn.nn import (
    AdaptiveAvgPool,
    AdaptiveMaxPool,
    AvgPool,
    Graph,
    Layer,
    LpPool,
    Sequential,
    from_onnx,
    save_onnx,
)

__all__ = ["branch", "loaded", "node", "written_or_refused"]


def loaded(
    folder: Path,
    nodes: list[Any],
    sizes: list[Any],
    *,
    opset: int = 13,
    input_shape: Any = None,
    arrays: dict[str, Any] | None = None,
    numbers: tuple[str, ...] = (),
    fixed: dict[str, Any] | None = None,
    outputs: tuple[str, ...] = ("y",),
) -> Graph:
    """Save a model that reads x and some `numbers`, and build a network from it."""
    import onnx  # noqa: PLC0415 - an extra

    floats, whole = onnx.TensorProto.FLOAT, onnx.TensorProto.INT64
    graph = onnx.helper.make_graph(
        nodes,
        "graph",
        [
            onnx.helper.make_tensor_value_info("x", floats, sizes),
            *(onnx.helper.make_tensor_value_info(name, whole, []) for name in numbers),
        ],
        [onnx.helper.make_tensor_value_info(name, floats, None) for name in outputs],
        [
            onnx.numpy_helper.from_array(np.asarray(a), k)
            for k, a in (arrays or {}).items()
        ],
    )
    opsets = [onnx.helper.make_opsetid("", opset)]
    saved = onnx.helper.make_model(graph, opset_imports=opsets)
    path = folder / "model.onnx"
    path.write_bytes(saved.SerializeToString())
    return from_onnx(path, input_shape=input_shape, fixed=fixed)


def branch(nodes: list[Any], *outputs: str, reads: tuple[str, ...] = ()) -> Any:
    """Return what an If computes in one case."""
    import onnx  # noqa: PLC0415 - an extra

    floats = onnx.TensorProto.FLOAT
    reading, writing = (
        [onnx.helper.make_tensor_value_info(name, floats, None) for name in names]
        for names in (reads, outputs)
    )
    return onnx.helper.make_graph(nodes, "branch", reading, writing)


def node(operator: str, reads: str, writes: str, **attributes: Any) -> Any:
    """Return a node that is called as what it writes."""
    import onnx  # noqa: PLC0415 - an extra

    return onnx.helper.make_node(
        operator,
        reads.split(),
        writes.split(),
        name=writes.split(maxsplit=1)[0],
        **attributes,
    )


def written_or_refused(path: Path, layer: Layer, network: Sequential) -> bool:
    """Write a network of one layer; tell whether that is so, or it is refused."""
    (shape,) = network.input_shapes.values()
    said = refusal(layer, shape[:-1])
    if said is None:
        save_onnx(path, network)
        return True
    with pytest.raises(ValueError, match=said):
        save_onnx(path, network)
    assert not path.exists()
    return False


def refusal(layer: Layer, spatial: Shape) -> str | None:
    """Return what is said of settings that no operator of ONNX has; None of others."""
    match layer:
        case AdaptiveAvgPool() | AdaptiveMaxPool():
            counts = as_per_axis(
                layer.output_size, "output_size", len(spatial), at_least=1
            )
            if not all(map(are_alike, spatial, counts)):
                return "ONNX pools into windows of one size at one stride, not of sizes"
        case AvgPool(ceil_mode=True, count_include_pad=True):
            settings = {k: v for k, v in layer.settings.items() if k in WINDOW}
            axes = Window(spatial, **settings).axes
            last = [axis.stride * (axis.output_size - 1) + axis.span for axis in axes]
            padded = [axis.before + axis.size + axis.after for axis in axes]
            if any(map(gt, last, padded)):
                return "ONNX counts what ceil_mode adds, ours not"
        case LpPool() if layer.p % 1:
            return f"ONNX has whole exponents only, not {layer.p}"
    return None


WINDOW = ("kernel_size", "stride", "padding", "dilation", "ceil_mode")


def are_alike(pixels: int, windows: int) -> bool:
    """Tell whether windows that share pixels lie at one stride, and have one size."""
    first = np.array([math.floor(pixels * i / windows) for i in range(windows)])
    end = np.array([math.ceil(pixels * i / windows) for i in range(1, windows + 1)])
    strides, sizes = set(np.diff(first).tolist()), set((end - first).tolist())
    return len(sizes) == 1 and len(strides) <= 1 and 0 not in strides
