"""Read ONNX files, with the onnx package, which only parses them.

    OnnxModel(nodes, constants, inputs, outputs, opset)
    OnnxNode(operator="Conv", name="conv1", inputs=("x", "w", "b"), outputs=("y",),
             attributes={"strides": (2, 2), ...})

Such files come from anyone. Arrays are taken from the file itself, or from a file
beside it that the model names, never from elsewhere. No array is larger than the bytes
that hold it, nothing is run, and names are shown without what a terminal would obey.
"""

from collections.abc import Callable, Iterator
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .._checks import as_path, quoted
from .._typing import AnyPath, Array, Shape
from .hdf5.source import reading
from .origin import require_origin

__all__ = ["OnnxBranch", "OnnxModel", "OnnxNode", "import_onnx", "read_onnx"]

MIN_OPSET, MAX_OPSET = 7, 23
MAX_FILE_BYTES = 2**31 - 1  # more fits in no protobuf message
MAX_NODES = 100_000
MAX_AXES = 8  # of an array
OUR_DOMAINS = ("", "ai.onnx")
EXTERNAL = 1  # TensorProto.DataLocation: in a file of its own


class OnnxNode(NamedTuple):
    """One operator applied to named arrays; an input that is left out is called ""."""

    operator: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]

    @property
    def branches(self) -> "list[OnnxBranch]":
        """The graphs among its attributes."""
        values = self.attributes.values()
        return [value for value in values if isinstance(value, OnnxBranch)]

    def everything(self) -> Iterator["OnnxNode"]:
        """Yield the nodes of its branches, and of theirs, and this node last."""
        for branch in self.branches:
            for node in branch.nodes:
                yield from node.everything()
        yield self


class OnnxBranch(NamedTuple):
    """What an If computes in one of two cases; it may read what is outside."""

    nodes: tuple[OnnxNode, ...]
    constants: dict[str, Array]
    inputs: tuple[str, ...]  # an If has none
    outputs: tuple[str, ...]


class OnnxModel(NamedTuple):
    """What a file holds: nodes in an order in which they can be computed."""

    path: Path
    nodes: tuple[OnnxNode, ...]
    constants: dict[str, Array]
    inputs: dict[str, tuple[int | None, ...]]  # None: a size that is left open
    outputs: tuple[str, ...]
    opset: int


def import_onnx() -> Any:
    """Import onnx, or say how to install it."""
    try:
        import onnx  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ImportError(
            'ONNX files need the onnx package: pip install "im2col-cnn[onnx]"'
        ) from error
    return onnx


def read_onnx(path: AnyPath) -> OnnxModel:
    """
    Read the graph of an ONNX file and its constant arrays.

    Raises
    ------
    ImportError
        If onnx is not installed.
    OSError
        If the file is missing or damaged.
    ValueError
        If it is no ONNX model, of an opset that is not known here, or asks for files
        outside its folder.
    """
    path = as_path(path, "path")
    onnx = import_onnx()
    fault = require_origin(path, "ONNX")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise ValueError(f"{path}: is larger than any ONNX file, {MAX_FILE_BYTES}")
    model = onnx.ModelProto()
    with reading(path, "the model"):
        content = path.read_bytes()
    try:
        model.ParseFromString(content)
    except Exception as error:  # protobuf has errors of its own
        raise fault(f"{path}: is no ONNX model, or is cut off") from error
    graph, opset = model.graph, opset_of(model, path)
    if not graph.node or not graph.output or count_nodes(graph) > MAX_NODES:
        raise ValueError(
            f"{path}: is no ONNX model of up to {MAX_NODES} nodes with an output"
        )
    main = as_branch(graph, path)
    inputs = {
        value.name: sizes_of(value)
        for value in graph.input
        if value.name not in main.constants
    }
    require_defined(path, main, {""})
    return OnnxModel(path, main.nodes, main.constants, inputs, main.outputs, opset)


def count_nodes(graph: Any) -> int:
    """Return how many nodes there are, with those of branches."""
    inside = (
        count_nodes(attribute.g)
        for node in graph.node
        for attribute in node.attribute
        if attribute.HasField("g")
    )
    return len(graph.node) + sum(inside)


def as_branch(graph: Any, path: Path) -> OnnxBranch:
    """Return a graph as plain Python."""
    return OnnxBranch(
        tuple(as_node(node, n, path) for n, node in enumerate(graph.node)),
        {tensor.name: as_constant(tensor, path) for tensor in graph.initializer},
        tuple(value.name for value in graph.input),
        tuple(value.name for value in graph.output),
    )


def opset_of(model: Any, path: Path) -> int:
    """Return the version of the operators."""
    versions = [o.version for o in model.opset_import if o.domain in OUR_DOMAINS]
    if len(versions) != 1 or not MIN_OPSET <= versions[0] <= MAX_OPSET:
        raise ValueError(
            f"{path}: opset {', '.join(map(str, versions)) or 'none'} is not read, "
            f"only {MIN_OPSET} to {MAX_OPSET}: onnx.version_converter changes it"
        )
    return int(versions[0])


def as_node(node: Any, number: int, path: Path) -> OnnxNode:
    """Return a node as plain Python; arrays in it are checked as all others."""
    operator = node.op_type if node.domain in OUR_DOMAINS else f"{node.domain}.?"
    attributes = {}
    for attribute in node.attribute:
        attributes[attribute.name] = as_value(attribute, path)
    return OnnxNode(
        operator,
        node.name or f"{node.op_type}{number}",
        tuple(node.input),
        tuple(node.output),
        attributes,
    )


def as_value(attribute: Any, path: Path) -> Any:
    """Return the value of an attribute; of those we do not read, what kind it is."""
    kind = attribute.AttributeType.Name(attribute.type)
    readers: dict[str, Callable[[], Any]] = {
        "FLOAT": lambda: float(attribute.f),
        "FLOATS": lambda: tuple(map(float, attribute.floats)),
        "INT": lambda: int(attribute.i),
        "INTS": lambda: tuple(map(int, attribute.ints)),
        "STRING": lambda: attribute.s.decode(errors="replace"),
        "STRINGS": lambda: tuple(s.decode(errors="replace") for s in attribute.strings),
        "TENSOR": lambda: as_constant(attribute.t, path),
        "GRAPH": lambda: as_branch(attribute.g, path),
    }
    return readers[kind]() if kind in readers else f"a {kind.lower()}"


def as_constant(tensor: Any, path: Path) -> Array:
    """Return an array, from the file or from one beside it."""
    onnx = import_onnx()
    name, shape = quoted(tensor.name), tuple(map(int, tensor.dims))
    try:
        dtype = np.dtype(onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type))
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: {name} holds no numbers") from error
    if dtype.kind not in "biuf" or len(shape) > MAX_AXES or min(shape, default=0) < 0:
        raise ValueError(f"{path}: {name} of shape {shape} holds no numbers")
    if tensor.data_location == EXTERNAL:
        return read_beside(tensor, path, shape, dtype)
    if len(tensor.raw_data) not in (0, prod(shape) * dtype.itemsize):
        raise ValueError(
            f"{path}: {name} of shape {shape} does not fit its "
            f"{len(tensor.raw_data)} bytes"
        )
    with reading(path, tensor.name):
        return np.asarray(onnx.numpy_helper.to_array(tensor))


def read_beside(tensor: Any, path: Path, shape: Shape, dtype: np.dtype) -> Array:
    """Return an array from a file in the folder of the model."""
    said = {entry.key: entry.value for entry in tensor.external_data}
    location = said.get("location", "")
    file = path.parent / location
    if Path(location).name != location or not file.is_file() or file.is_symlink():
        raise ValueError(
            f"{path}: {quoted(tensor.name)} is kept in {quoted(location)}, which is no "
            f"file beside the model"
        )
    with reading(path, tensor.name):
        offset, size = int(said.get("offset", 0)), prod(shape) * dtype.itemsize
        if offset < 0 or int(said.get("length", size)) != size:
            raise ValueError(
                f"of shape {shape} does not fit {said.get('length')} bytes"
            )
        if offset + size > file.stat().st_size:
            raise ValueError(f"{location} ends before its array does")
        return np.fromfile(file, dtype, prod(shape), offset=offset).reshape(shape)


def sizes_of(value: Any) -> tuple[int | None, ...]:
    """Return the shape of an input; what has a name only, or none, is left open."""
    tensor = value.type.tensor_type
    return tuple(
        int(size.dim_value) if size.dim_value > 0 else None for size in tensor.shape.dim
    )


def require_defined(path: Path, graph: OnnxBranch, known: set[str]) -> None:
    """Refuse a node that reads what comes later, or never, and names used twice.

    What a branch writes is known there only, and `known` is afterwards as before.
    """
    written = {*graph.constants, *graph.inputs} - known
    known |= written
    for node in graph.nodes:
        for name in node.inputs:
            if name not in known:
                raise ValueError(
                    f"{path}: {quoted(node.name)} reads {quoted(name)}, which nothing "
                    f"before it writes"
                )
        for branch in node.branches:
            require_defined(path, branch, known)
        for name in node.outputs:
            if name and name in known:
                raise ValueError(f"{path}: {quoted(name)} is written twice")
        new = set(node.outputs) - known
        written |= new
        known |= new
    for name in graph.outputs:
        if name not in known:
            raise ValueError(f"{path}: nothing writes the output {quoted(name)}")
    known -= written
