"""Read an ONNX file as layers of ours.

    x (N, C, H, W) -- Conv -- Relu -- Reshape -- Gemm          there
    x (N, H, W, C) -- Conv -- ReLU -- Flatten -- Dense         here

Inside, channels come last. No number is moved for that: each array remembers which axis
of the model's array each of its axes is, so a Transpose of the model costs nothing, and
what multiplies flattened images has its rows turned, once, instead of each image.

An If is read as the branch that it takes: what it asks must be constant, once sizes are
known and `fixed` says what is not an image, a rate of sampling, say.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np

from ..._checks import as_path, in_a_line, quoted
from ..._typing import AnyPath, Array, ArrayLike, Shape
from ...files.onnx import OnnxBranch, OnnxModel, OnnxNode, read_onnx
from ..reshaping import Reshape
from ..serialization import INPUT, Built, fill_shape
from .onnx_builder import MAX_IMAGES, Builder, Flow, Value, channels_last
from .onnx_constants import FOLDED, folded
from .onnx_layers import TRANSLATIONS, Call, refuse_unknown

__all__ = ["read_built"]

READ_BY_AXIS = {  # operators that say which axis of their input the channels are
    *("AveragePool", "BatchNormalization", "Conv", "ConvTranspose"),
    *("GlobalAveragePool", "GlobalLpPool", "GlobalMaxPool"),
    *("LRN", "LpPool", "MaxPool"),
}
READ_ANYHOW = {  # and others whose output has the axes of their input
    *("Add", "Cast", "Clip", "Concat", "Div", "Dropout", "HardSigmoid", "HardSwish"),
    *("Identity", "LeakyRelu", "Log", "Mul", "Neg", "Pad", "Pow", "PRelu", "Relu"),
    *("Resize", "Sigmoid", "Slice", "Sqrt", "Sub", "Tanh", "Upsample"),
}


def read_built(
    path: AnyPath,
    input_shape: Shape | Mapping[str, Shape] | None,
    fixed: Mapping[str, ArrayLike] | None,
) -> Built:
    """Return the layers of an ONNX file; `Graph.from_onnx` says what goes in."""
    path = as_path(path, "path")
    model = read_onnx(path)
    try:
        with np.errstate(all="ignore"):  # what is not finite there stays so
            return layers_of(model, input_shape, {} if fixed is None else fixed)
    except (
        LookupError,
        AttributeError,
        ArithmeticError,
        TypeError,
        ValueError,
    ) as error:
        raise ValueError(f"{path}: {in_a_line(error)}") from error


def layers_of(
    model: OnnxModel,
    input_shape: Shape | Mapping[str, Shape] | None,
    fixed: Mapping[str, ArrayLike],
) -> Built:
    """Return the layers of a file."""
    nodes = needed(model.nodes, model.outputs)
    read = {name for node in nodes for name in read_by(node)}.union(model.outputs)
    inputs = {k: sizes for k, sizes in model.inputs.items() if k in read - {*fixed}}
    values: dict[str, Value | None] = {"": None, **model.constants}
    values |= constant_inputs(model, fixed)
    refuse_unknown(nodes)
    builder = Builder()
    flows = {}
    for name, sizes in inputs.items():
        given = input_shape
        if isinstance(input_shape, Mapping):
            given = input_shape.get(name)
        ours = INPUT if len(inputs) == 1 else builder.new_name(name)
        builder.taken.add(ours)
        values[name] = flow = flows[ours] = entry(ours, name, sizes, given, nodes)
        images = sizes[flow.order[0]]
        most = MAX_IMAGES if images is None else images
        builder.max_images = max(builder.max_images, most)
    Reading(model, builder, values, nodes).read(nodes)
    last = {len(f.shape) for f in flows.values() if f.order[-1] == 1 < len(f.order) - 1}
    outputs: dict[str, None] = {}  # in order
    for name in model.outputs:
        outputs[given_out(builder, values[name], last, outputs)] = None
    named = list(outputs)
    if len(named) > 1:
        named = builder.name_outputs(dict(zip(named, model.outputs, strict=True)))
    layers = builder.pruned(named)
    reads = {name: builder.reads[name] for name in layers}
    seen = {name for names in reads.values() for name in names}
    return Built(
        layers,
        reads,
        {name: flow.ours for name, flow in flows.items() if name in seen},
        tuple(named),
        {name: builder.shapes[name] for name in layers},
        np.dtype(np.float32),
    )


def needed(nodes: Iterable[OnnxNode], outputs: Iterable[str]) -> list[OnnxNode]:
    """Return the nodes that outputs depend on, in order."""
    wanted, found = set(outputs), []
    for node in reversed([*nodes]):
        if not wanted.isdisjoint(node.outputs):
            wanted.update(read_by(node))
            found.append(node)
    return found[::-1]


def read_by(node: OnnxNode) -> list[str]:
    """Return what a node reads, and what its branches read and write."""
    names = [name for inner in node.everything() for name in inner.inputs]
    for inner in node.everything():
        names += [name for branch in inner.branches for name in branch.outputs]
    return names


def constant_inputs(
    model: OnnxModel, fixed: Mapping[str, ArrayLike]
) -> dict[str, Array]:
    """Return the inputs that stay the same; refuse others that are no images."""
    if not isinstance(fixed, Mapping):
        raise TypeError(f"fixed must be a dict, got {quoted(fixed)}")
    found = {}
    for name, value in fixed.items():
        sizes = model.inputs.get(name)
        if sizes is None:
            known = ", ".join(map(quoted, model.inputs))
            raise ValueError(f"fixed: {quoted(name)} is no input: {known:.200} are")
        array = np.asarray(value)
        fits = len(sizes) == array.ndim and all(
            size in (None, n) for size, n in zip(sizes, array.shape, strict=True)
        )
        if array.dtype.kind not in "biuf" or not fits:
            wanted = ", ".join("?" if n is None else str(n) for n in sizes)
            raise ValueError(
                f"fixed: {quoted(name)} must be numbers of shape ({wanted}), got "
                f"{quoted(value)}"
            )
        found[name] = array
    return found


def entry(
    ours: str,
    name: str,
    sizes: tuple[int | None, ...],
    given: Any,
    nodes: list[OnnxNode],
) -> Flow:
    """Return an input of the model, as images that come channels last."""
    axes = len(sizes)
    if not axes:
        raise ValueError(
            f"{quoted(name)} is one number, not images: fixed={{{quoted(name)}: ...}} "
            f"says which"
        )
    order = tuple(range(axes))
    if axes > 2 and is_channels_first(name, nodes):
        order = channels_last(axes)
    elif sizes[0] not in (None, 1) and (images := images_axis(sizes)):
        order = (images, *order[:images], *order[images + 1 :])
    known = [sizes[axis] for axis in order[1:]]
    try:
        shape = fill_shape(known, given)
    except ValueError as error:
        raise ValueError(f"{quoted(name)}: {error}") from None
    full = (1, *shape)
    return Flow(ours, order, tuple(full[order.index(axis)] for axis in range(axes)))


def images_axis(sizes: tuple[int | None, ...]) -> int:
    """Return the axis of images if it is not said: one that is open, or has size 1."""
    return next((sizes.index(n) for n in (None, 1) if n in sizes), 0)


def is_channels_first(name: str, nodes: list[OnnxNode]) -> bool:
    """Tell whether channels are the second axis for what reads an input."""
    names = {name}
    for node in (inner for outer in nodes for inner in outer.everything()):
        if names.isdisjoint(node.inputs[:1]):
            continue
        if node.operator in READ_BY_AXIS:
            return True
        if node.operator not in READ_ANYHOW:
            return False
        names.update(node.outputs)
    return False


class Reading:
    """The arrays of a model by name, as they become known node by node."""

    def __init__(
        self,
        model: OnnxModel,
        builder: Builder,
        values: dict[str, Value | None],
        nodes: list[OnnxNode],
    ) -> None:
        self.opset, self.builder, self.values = model.opset, builder, values
        self.uses = Counter(name for node in nodes for name in read_by(node))
        self.uses.update(model.outputs)

    def read(self, nodes: Iterable[OnnxNode]) -> None:
        """Read nodes, each after what it reads."""
        for node in nodes:
            before = len(self.builder.layers)
            found = self.branched(node) if node.operator == "If" else self.written(node)
            alone = self.builder.writes_alone
            if node.operator != "If":
                alone.update(list(self.builder.layers)[before:])
            for name, value in zip(node.outputs, found, strict=False):
                if not name:  # left out; what is left out among inputs is None
                    continue
                self.values[name] = value
                if isinstance(value, Flow) and self.uses[name] != 1:
                    alone.discard(value.name)

    def branched(self, node: OnnxNode) -> list[Value | None]:
        """Read the branch that an If takes, and return what it writes."""
        condition = self.values[node.inputs[0]] if node.inputs else None
        if not isinstance(condition, np.ndarray) or condition.size != 1:
            raise ValueError(
                f"{quoted(node.name)}, 'If': asks what depends on images: only what is "
                f"constant can be asked, or an input that fixed= gives"
            )
        name = "then_branch" if condition.item() else "else_branch"
        branch = node.attributes.get(name)
        if (
            not isinstance(branch, OnnxBranch)
            or branch.inputs
            or len(branch.outputs) != len(node.outputs)
        ):
            raise ValueError(
                f"{quoted(node.name)}, 'If': has no {name} that reads nothing and "
                f"writes {len(node.outputs)} arrays"
            )
        nodes = needed(branch.nodes, branch.outputs)
        refuse_unknown(nodes)
        self.values.update(branch.constants)
        self.read(nodes)
        return [self.values[name] for name in branch.outputs]

    def written(self, node: OnnxNode) -> list[Value]:
        """Return what a node writes: constants, or what layers of ours write."""
        values: list[Any] = [self.values[name] for name in node.inputs]
        try:
            if node.operator == "Constant":
                return [constant_of(node)]
            if node.operator == "Shape":
                return [np.array(values[0].shape, np.int64)]
            constant = all(v is None or isinstance(v, np.ndarray) for v in values)
            if constant and node.operator in FOLDED:
                array = folded(node.operator, values, node.attributes)
                self.builder.claim(array)
                return [array]
            if node.operator not in TRANSLATIONS:
                raise ValueError("is known of constants only")
            call = Call(node, values, self.builder, self.opset)
            found = TRANSLATIONS[node.operator](call)
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
    flow = builder.as_images(value) if is_image else builder.images_first(value)
    if flow.name not in builder.layers or flow.name in taken:  # input, or output too
        return builder.put("same", Reshape(flow.ours), flow)[0]
    return flow.name
