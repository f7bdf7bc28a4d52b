"""Write small ONNX models, and build networks from them."""

from pathlib import Path
from typing import Any

import numpy as np

from im2col_cnn.nn import Graph, from_onnx

__all__ = ["loaded", "node"]


def loaded(
    folder: Path,
    nodes: list[Any],
    sizes: list[Any],
    *,
    opset: int = 13,
    input_shape: Any = None,
    arrays: dict[str, Any] | None = None,
) -> Graph:
    """Save a model that reads x and writes y, and build a network from it."""
    import onnx  # noqa: PLC0415 - an extra

    floats = onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        nodes,
        "graph",
        [onnx.helper.make_tensor_value_info("x", floats, sizes)],
        [onnx.helper.make_tensor_value_info("y", floats, None)],
        [
            onnx.numpy_helper.from_array(np.asarray(a), k)
            for k, a in (arrays or {}).items()
        ],
    )
    opsets = [onnx.helper.make_opsetid("", opset)]
    saved = onnx.helper.make_model(graph, opset_imports=opsets)
    path = folder / "model.onnx"
    path.write_bytes(saved.SerializeToString())
    return from_onnx(path, input_shape=input_shape)


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
