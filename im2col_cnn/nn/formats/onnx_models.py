"""Build a network of ours from an ONNX file.

    x (N, C, H, W) -- Conv -- Relu -- Reshape -- Gemm          there
    x (N, H, W, C) -- Conv -- ReLU -- Flatten -- Dense         here

Inside, channels come last. No number is moved for that: each array remembers which axis
of the model's array each of its axes is, so a Transpose of the model costs nothing, and
what multiplies flattened images has its rows turned, once, instead of each image.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from os import PathLike
from typing import Any

import numpy as np

from ..._checks import as_path, in_a_line, quoted
from ..._typing import Array, Shape
from ...files.onnx import OnnxModel, OnnxNode, read_onnx
from ..arrangement import Reshape
from ..graph import Graph
from ..serialization import INPUT, Built, fill_shape
from .onnx_builder import Builder, Flow, Value, channels_last
from .onnx_constants import FOLDED, folded
from .onnx_layers import TRANSLATIONS, Call, refuse_unknown

__all__ = ["from_onnx"]

READ_BY_AXIS = {  # operators that say which axis of their input the channels are
    *(
        "AveragePool",
        "BatchNormalization",
        "Conv",
        "ConvTranspose",
        "GlobalAveragePool",
    ),
    *("GlobalMaxPool", "LRN", "MaxPool"),
}
READ_ANYHOW = {
    "Add",
    "Cast",
    "Clip",
    "Div",
    "Identity",
    "Mul",
    "Pad",
    "PRelu",
    "Relu",
    "Sub",
}


def from_onnx(
    path: str | PathLike[str], *, input_shape: Shape | Mapping[str, Shape] | None = None
) -> Graph:
    """
    Build a network from an ONNX file; the file need not be trusted.

    Parameters
    ----------
    path : path
        A file of opset 7 to 23.
    input_shape : tuple of int, or dict of them by name, optional
        Of one image, channels last. Only for a model that leaves it open;
        the number of channels may be left out where the model says it.

    Returns
    -------
    Graph
        It reads images channels last, float32, whichever way the model has them. Of a
        model that has them first, arrays with as many axes come out channels last, too;
        all others are as the model has them.

    Raises
    ------
    ImportError
        If onnx is not installed.
    OSError
        If the file is missing or damaged.
    ValueError
        If it holds no model, or one with an operator or an attribute that no layer here
        has; the message names the node.

    See Also
    --------
    from_keras : The same for files of Keras.

    Notes
    -----
    What a model computes from constants is computed once. Batch normalization, and any
    other gain and shift, goes into the convolution before it.

    Examples
    --------
    >>> from im2col_cnn.nn import from_onnx
    >>> network = from_onnx("squeezenet.onnx")  # doctest: +SKIP
    """
    path = as_path(path, "path")
    model = read_onnx(path)
    try:
        with np.errstate(all="ignore"):  # what is not finite there stays so
            return network_of(model, input_shape)
    except (
        LookupError,
        AttributeError,
        ArithmeticError,
        TypeError,
        ValueError,
    ) as error:
        raise ValueError(f"{path}: {in_a_line(error)}") from error


def network_of(
    model: OnnxModel, input_shape: Shape | Mapping[str, Shape] | None
) -> Graph:
    """Build the network of a file."""
    nodes = needed(model)
    refuse_unknown(nodes)
    uses = Counter(name for node in nodes for name in node.inputs)
    uses.update(model.outputs)
    builder = Builder()
    values: dict[str, Value | None] = {"": None, **model.constants}
    alone = len(model.inputs) == 1
    names = {}
    for name, sizes in model.inputs.items():
        given = input_shape[name] if isinstance(input_shape, Mapping) else input_shape
        names[name] = INPUT if alone else builder.new_name(name)
        values[name] = entry(names[name], name, sizes, given, nodes)
    for node in nodes:
        before = len(builder.layers)
        found = written(node, [values[name] for name in node.inputs], builder, model)
        builder.writes_alone.update(list(builder.layers)[before:])
        for name, value in zip(node.outputs, found, strict=False):
            values[name] = value
            if isinstance(value, Flow) and uses[name] != 1:
                builder.writes_alone.discard(value.name)
    entries = {names[name]: values[name] for name in model.inputs}
    flows = {name: flow for name, flow in entries.items() if isinstance(flow, Flow)}
    last = {len(f.shape) for f in flows.values() if f.order[-1] == 1 < len(f.order) - 1}
    outputs: dict[str, None] = {}  # in order
    for name in model.outputs:
        outputs[given_out(builder, values[name], last, outputs)] = None
    layers = builder.pruned(list(outputs))
    built = Built(
        layers,
        {name: builder.reads[name] for name in layers},
        {name: flow.ours for name, flow in flows.items()},
        tuple(outputs),
        {name: builder.shapes[name] for name in layers},
        np.dtype(np.float32),
    )
    return Graph.of(built)


def needed(model: OnnxModel) -> list[OnnxNode]:
    """Return the nodes that outputs depend on, in order."""
    wanted, nodes = set(model.outputs), []
    for node in reversed(model.nodes):
        if not wanted.isdisjoint(node.outputs):
            wanted.update(node.inputs)
            nodes.append(node)
    return nodes[::-1]


def entry(
    ours: str,
    name: str,
    sizes: tuple[int | None, ...],
    given: Any,
    nodes: list[OnnxNode],
) -> Flow:
    """Return an input of the model, as images that come channels last."""
    axes = len(sizes)
    last = axes > 2 and is_channels_first(name, nodes)
    order = channels_last(axes) if last else tuple(range(axes))
    known = [sizes[axis] for axis in order[1:]]
    try:
        shape = fill_shape(known, given)
    except ValueError as error:
        raise ValueError(f"{quoted(name)}: {error}") from None
    full = (1, *shape)
    return Flow(ours, order, tuple(full[order.index(axis)] for axis in range(axes)))


def is_channels_first(name: str, nodes: list[OnnxNode]) -> bool:
    """Tell whether channels are the second axis for what reads an input."""
    names = {name}
    for node in nodes:
        if names.isdisjoint(node.inputs[:1]):
            continue
        if node.operator in READ_BY_AXIS:
            return True
        if node.operator not in READ_ANYHOW:
            return False
        names.update(node.outputs)
    return False


def written(
    node: OnnxNode, values: list[Any], builder: Builder, model: OnnxModel
) -> list[Value]:
    """Return what a node writes: constants, or what layers of ours write."""
    try:
        if node.operator == "Constant":
            return [constant_of(node)]
        if node.operator == "Shape":
            return [np.array(values[0].shape, np.int64)]
        constant = all(v is None or isinstance(v, np.ndarray) for v in values)
        if constant and node.operator in FOLDED:
            found = folded(node.operator, values, node.attributes)
            builder.claim(found)
            return [found]
        if node.operator not in TRANSLATIONS:
            raise ValueError("is known of constants only")
        found = TRANSLATIONS[node.operator](Call(node, values, builder, model.opset))
    except (LookupError, TypeError, ValueError) as error:
        raise ValueError(
            f"{quoted(node.name)}, {quoted(node.operator)}: {error}"
        ) from error
    return found if isinstance(found, list) else [found]


def constant_of(node: OnnxNode) -> Array:
    """Return the value of a Constant."""
    for name in ("value", "value_float", "value_floats", "value_int", "value_ints"):
        if name in node.attributes:
            return np.asarray(node.attributes[name])
    raise ValueError(f"holds {', '.join(node.attributes) or 'nothing'}, not numbers")


def given_out(
    builder: Builder, value: Any, last: set[int], taken: Collection[str]
) -> str:
    """Return the layer that writes an output: images have their channels last."""
    if isinstance(value, np.ndarray):
        raise ValueError("an output does not depend on images")
    is_image = len(value.shape) in last
    flow = builder.as_images(value) if is_image else builder.as_it_is(value)
    if flow.name not in builder.layers or flow.name in taken:  # input, or output too
        return builder.put("same", Reshape(flow.ours), flow)[0]
    return flow.name
