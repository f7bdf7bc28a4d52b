"""Write small ONNX models, and build networks from them."""

from pathlib import Path
from typing import Any

import numpy as np

from im2col_cnn._typing import Array
from im2col_cnn.nn import Graph, Layer, from_onnx

__all__ = ["branch", "loaded", "may_be_refused", "node"]


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


def may_be_refused(layer: Layer, x: Array) -> bool:
    """Tell whether ONNX has no operator for some settings of a layer."""
    settings = layer.settings
    _, *spatial, _ = x.shape
    if "output_size" in settings:
        bins = np.broadcast_to(settings["output_size"], len(spatial))
        return bool((np.array(spatial) % bins).any())
    counts_what_it_adds = settings.get("ceil_mode") and settings.get(
        "count_include_pad"
    )
    return bool(counts_what_it_adds) or settings.get("p", 1) % 1 != 0
