"""Networks from ONNX files and in them: functions beside those of Keras and PyTorch.

    from_onnx(path, ...)         is    Graph.from_onnx(path, ...)
    save_onnx(path, network)     is    network.to_onnx(path)

The methods say what goes in and out.
"""

from collections.abc import Mapping

from ..._typing import AnyPath, ArrayLike, Shape
from ...files.weights import require_network
from ..graph import Graph
from ..network import Network

__all__ = ["from_onnx", "save_onnx"]


def from_onnx(
    path: AnyPath,
    *,
    input_shape: Shape | Mapping[str, Shape] | None = None,
    fixed: Mapping[str, ArrayLike] | None = None,
) -> Graph:
    """Build a network from an ONNX file, as `Graph.from_onnx` does."""
    return Graph.from_onnx(path, input_shape=input_shape, fixed=fixed)


def save_onnx(path: AnyPath, network: Network) -> None:
    """Write a network to an ONNX file, as `Network.to_onnx` does."""
    require_network(network)
    network.to_onnx(path)
