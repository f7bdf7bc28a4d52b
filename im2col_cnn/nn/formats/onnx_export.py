"""Write a network of ours to an ONNX file.

    x (N, H, W, C) -- Transpose -- Conv -- Relu -- Transpose -- Reshape -- Gemm

Operators of ONNX read channels first, and images stay channels last outside. An array
is turned only where a layer needs the other order, so once on the way in.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from ..._checks import as_padding
from ..._typing import Array, Shape
from ...files.onnx import import_onnx
from ...ops.adaptive_pool import bins
from ...window import Window
from ..layer import Layer
from ..serialization import Built

__all__ = ["EXPORTS", "onnx_content"]

OPSET = 19
MADE_BY = "im2col_cnn"


class Wire(NamedTuple):
    """An array of the file: its name, and whether channels come first there."""

    name: str
    first: bool
    shape: Shape  # of one image, channels last


def onnx_content(built: Built) -> bytes:
    """Return the content of a file that does what the layers of a network do."""
    content: bytes = Writer(built).model().SerializeToString()
    return content


class Writer:
    """Nodes and constant arrays of a file, in order."""

    def __init__(self, network: Built) -> None:
        self.onnx = import_onnx()
        self.network = network
        self.nodes: list[Any] = []
        self.arrays: list[Any] = []
        self.names = {*network.input_shapes, *network.outputs}

    def model(self) -> Any:
        """Return the model, checked by onnx."""
        helper, network = self.onnx.helper, self.network
        dtype = helper.np_dtype_to_tensor_dtype(network.dtype)
        wires = {k: Wire(k, False, s) for k, s in network.input_shapes.items()}
        inputs = [self.described(wire, dtype) for wire in wires.values()]
        for name, layer in network.layers.items():
            read = [wires[one] for one in network.reads[name]]
            wires[name] = self.layer(name, layer, read, network.shapes[name])
        outputs = []
        for name in network.outputs:
            wire = self.last(wires[name])
            self.nodes.append(helper.make_node("Identity", [wire.name], [name]))
            outputs.append(self.described(wire._replace(name=name), dtype))
        graph = helper.make_graph(self.nodes, MADE_BY, inputs, outputs, self.arrays)
        opsets = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, producer_name=MADE_BY)
        model.ir_version = 9  # that of its opset: older readers refuse a later one
        self.onnx.checker.check_model(model, full_check=True)
        return model

    def described(self, wire: Wire, dtype: int) -> Any:
        """Return what a file says of an input or an output."""
        return self.onnx.helper.make_tensor_value_info(
            wire.name, dtype, ["N", *wire.shape]
        )

    def layer(self, name: str, layer: Layer, read: list[Wire], shape: Shape) -> Wire:
        """Write a layer."""
        if layer.kind not in EXPORTS:
            raise ValueError(
                f"{name}: ONNX has no operator for {layer}: leave it out, or say it "
                f"with other layers"
            )
        wants_first, write = EXPORTS[layer.kind]
        is_image = len(read[0].shape) > 1
        first = is_image and (read[0].first if wants_first is None else wants_first)
        ready = [self.first(wire) if first else self.last(wire) for wire in read]
        exported = Exported(self, name, layer, ready, shape)
        return Wire(write(exported), first and len(shape) > 1, shape)

    def first(self, wire: Wire) -> Wire:
        """Return an array with channels first."""
        axes = len(wire.shape) + 1
        perm = (0, axes - 1, *range(1, axes - 1))
        return wire if wire.first else self.turned(wire, perm)

    def last(self, wire: Wire) -> Wire:
        """Return an array with channels last."""
        axes = len(wire.shape) + 1
        return self.turned(wire, (0, *range(2, axes), 1)) if wire.first else wire

    def turned(self, wire: Wire, perm: tuple[int, ...]) -> Wire:
        """Return an array in the other order."""
        name = self.node("Transpose", [wire.name], f"{wire.name}_turned", perm=perm)
        return Wire(name, not wire.first, wire.shape)

    def node(self, operator: str, inputs: list[str], name: str, **settings: Any) -> str:
        """Write a node, and return the name of its output."""
        (name,) = self.outputs(operator, inputs, [name], **settings)
        return name

    def outputs(
        self, operator: str, inputs: list[str], names: list[str], **settings: Any
    ) -> list[str]:
        """Write a node, and return the names of its outputs; "" is none."""
        names = [self.new_name(name) if name else "" for name in names]
        self.nodes.append(
            self.onnx.helper.make_node(
                operator, inputs, names, name=names[-1], **settings
            )
        )
        return names

    def array(self, name: str, array: Any) -> str:
        """Write a constant array in the dtype of the network, or of ints."""
        name = self.new_name(name)
        array = np.asarray(array, order="C")
        if array.dtype.kind == "f":
            array = array.astype(self.network.dtype)
        self.arrays.append(self.onnx.numpy_helper.from_array(array, name))
        return name

    def new_name(self, name: str) -> str:
        """Return a name that is not taken yet."""
        while name in self.names:
            name += "_"
        self.names.add(name)
        return name


class Exported(NamedTuple):
    """A layer to write: where, its name, what it reads and the shape of its output."""

    writer: Writer
    name: str
    layer: Layer
    read: list[Wire]
    shape: Shape

    @property
    def axes(self) -> int:
        """How many axes there are in what it reads first, that of images among them."""
        return len(self.read[0].shape) + 1

    def number(self, name: str) -> Array:
        """Return a setting that is a number, in the dtype of the network."""
        return np.array(self.layer.settings[name], self.writer.network.dtype)

    def put(self, operator: str, *arrays: Any, name: str = "", **settings: Any) -> str:
        """Write a node that reads what the layer reads, and constants."""
        inputs = [wire.name for wire in self.read]
        inputs += [
            self.writer.array(f"{self.name}_{n}", a) for n, a in enumerate(arrays)
        ]
        return self.writer.node(operator, inputs, name or self.name, **settings)

    def then(self, operator: str, before: str, *arrays: Any, **settings: Any) -> str:
        """Write a node that reads what another wrote, and constants."""
        inputs = [before, *(self.writer.array(f"{self.name}_c", a) for a in arrays)]
        return self.writer.node(operator, inputs, self.name, **settings)

    def slid(self) -> dict[str, Any]:
        """Return kernel, stride, padding and dilation, in numbers."""
        s, spatial = self.layer.settings, self.read[0].shape[:-1]
        size = s["kernel_size"]
        stride = s["stride"] if s["stride"] is not None else size
        window = Window(
            spatial,
            size,
            stride=stride,
            padding=s["padding"],
            dilation=s["dilation"],
            ceil_mode=s.get("ceil_mode", False),
        )
        # The last window of `ceil_mode` reaches beyond the padding, here as there.
        ends = ((a.output_size - 1) * a.stride + a.span for a in window.axes)
        before = [axis.before for axis in window.axes]
        after = [
            max(axis.after, end - axis.before - axis.size)
            for axis, end in zip(window.axes, ends, strict=True)
        ]
        if s.get("count_include_pad") and after != [axis.after for axis in window.axes]:
            raise ValueError(f"{self.name}: ONNX counts what ceil_mode adds, ours not")
        return {
            "kernel_shape": window.kernel_size,
            "strides": window.stride,
            "pads": (*before, *after),
            "dilations": window.dilation,
        }


def convolution(e: Exported) -> str:
    """Write Conv."""
    p = e.layer.parameters
    w = np.moveaxis(p["w"], (-1, -2), (0, 1))
    return e.put("Conv", w, *bias(p), group=e.layer.settings["groups"], **e.slid())


def transposed(e: Exported) -> str:
    """Write ConvTranspose; what a padding cuts off follows from both shapes."""
    p, s = e.layer.parameters, e.layer.settings
    axes = len(e.shape) - 1
    w = np.moveaxis(p["w"], (-1, -2), (0, 1))

    def each(value: Any) -> tuple[int, ...]:
        return tuple(int(n) for n in np.broadcast_to(value, axes))

    stride, dilation = each(s["stride"]), each(s["dilation"])
    spatial, kernel = e.shape[:-1], w.shape[2:]
    window = Window(
        spatial, kernel, stride=stride, padding=s["padding"], dilation=dilation
    )
    before = [pair[0] for pair in window.padding]
    after = [
        (n - 1) * step + (k - 1) * d + 1 - b - size
        for n, step, k, d, b, size in zip(
            e.read[0].shape, stride, kernel, dilation, before, spatial, strict=False
        )
    ]
    more = tuple(max(-n, 0) for n in after)
    return e.put(
        "ConvTranspose",
        w,
        *bias(p),
        group=s["groups"],
        strides=stride,
        dilations=dilation,
        pads=(*before, *(max(n, 0) for n in after)),
        output_padding=more,
    )


def bias(parameters: dict[str, Array]) -> list[Array]:
    """Return the bias, if there is one."""
    return [parameters["b"]] if "b" in parameters else []


def dense(e: Exported) -> str:
    """Write Gemm."""
    p = e.layer.parameters
    return e.put("Gemm", p["w"], *bias(p))


def pooling(e: Exported) -> str:
    """Write MaxPool, AveragePool or LpPool."""
    s, slid = e.layer.settings, e.slid()
    if e.layer.kind == "max_pool":
        return e.put("MaxPool", **slid)
    if e.layer.kind == "lp_pool":
        if s["p"] != int(s["p"]):
            raise ValueError(f"{e.name}: ONNX has whole exponents only, not {s['p']}")
        return e.put("LpPool", p=int(s["p"]), **slid)
    counted = int(s["count_include_pad"])
    return e.put("AveragePool", count_include_pad=counted, **slid)


def adaptive(operator: str) -> Callable[[Exported], str]:
    """Write a pooling into so many windows, if these are alike and as far apart."""

    def write(e: Exported) -> str:
        *spatial, _ = e.read[0].shape
        *counts, _ = e.shape
        kernel, strides = [], []
        for pixels, count in zip(spatial, counts, strict=True):
            windows = bins(pixels, count)
            sizes = {window.stop - window.start for window in windows}
            steps = {b.start - a.start for a, b in pairwise(windows)} or {pixels}
            if len(sizes) > 1 or len(steps) > 1 or 0 in steps:
                raise ValueError(
                    f"{e.name}: ONNX pools into windows of one size at one stride, not "
                    f"of sizes {listed(sizes)} at strides {listed(steps)}, as {count} "
                    f"windows of {pixels} pixels are: take as many as divide {pixels}"
                )
            kernel.append(sizes.pop())
            strides.append(steps.pop())
        return e.put(operator, kernel_shape=kernel, strides=strides)

    return write


def listed(numbers: set[int]) -> str:
    """Write numbers with commas between them."""
    return ", ".join(map(str, sorted(numbers)))


def global_pooling(operator: str) -> Callable[[Exported], str]:
    """Write a global pooling, and drop its axes if they are not kept."""

    def write(e: Exported) -> str:
        if e.layer.settings["keepdims"]:
            return e.put(operator)
        pooled = e.put(operator, name=f"{e.name}_pooled")
        return e.then("Flatten", pooled)

    return write


def affine(e: Exported) -> str:
    """Write a gain and a shift, those of a normalization too."""
    p = e.layer.arrays
    if e.layer.kind == "batch_norm":
        spread = np.sqrt(p["running_var"] + e.layer.settings["epsilon"])
        w = p["gamma"] / spread
        b = p["beta"] - w * p["running_mean"]
    else:
        w, b = p["w"], p["b"]
    return e.then("Add", e.put("Mul", w, name=f"{e.name}_gain"), b)


def pads(sign: int) -> Callable[[Exported], str]:
    """Write Pad, or a crop, which is a negative one."""

    def write(e: Exported) -> str:
        s, axes = e.layer.settings, len(e.shape) - 1
        pairs = np.array(as_padding(s["padding"], axes), np.int64)
        numbers = sign * np.concatenate([[0, 0], pairs[:, 0], [0, 0], pairs[:, 1]])
        value = np.array(s.get("value", 0), e.writer.network.dtype)
        return e.put(
            "Pad", numbers.astype(np.int64), value, mode=s.get("mode", "constant")
        )

    return write


def sliced(e: Exported) -> str:
    """Write Slice."""
    s = e.layer.settings
    start, stop, step = s["start"], s["stop"], s["step"]
    far = 2**62
    start = start if start is not None else (0 if step > 0 else far)
    stop = stop if stop is not None else (far if step > 0 else -far)
    return e.put(
        "Slice", *(np.array([n]) for n in (start, stop, s["axis"] % e.axes, step))
    )


def upsampled(e: Exported) -> str:
    """Write Resize to equal pixels."""
    spatial = len(e.shape) - 1
    scale = np.ones(2 + spatial, np.float32)
    scale[2:] = e.layer.settings["scale"]
    settings = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    inputs = [e.read[0].name, "", f"{e.name}_scale"]
    e.writer.arrays.append(e.writer.onnx.numpy_helper.from_array(scale, inputs[2]))
    return e.writer.node("Resize", inputs, e.name, mode="nearest", **settings)


def plain(operator: str, **names: str) -> Callable[[Exported], str]:
    """Write a node whose attributes are settings of the layer."""

    def write(e: Exported) -> str:
        taken = {theirs: e.layer.settings[ours] for theirs, ours in names.items()}
        # LRN counts channels; all other numbers are real ones.
        settings: dict[str, Any] = {
            k: v if k == "size" else float(v) for k, v in taken.items()
        }
        return e.put(operator, **settings)

    return write


def clipped(e: Exported) -> str:
    """Write Clip."""
    s = e.layer.settings or {"low": 0.0, "high": 6.0}
    dtype = e.writer.network.dtype
    return e.put("Clip", np.array(s["low"], dtype), np.array(s["high"], dtype))


def gated(e: Exported) -> str:
    """Write x times its sigmoid."""
    gate = e.put("Sigmoid", name=f"{e.name}_gate")
    return e.writer.node("Mul", [e.read[0].name, gate], e.name)


def along_axis(operator: str) -> Callable[[Exported], str]:
    """Write a node that works along an axis, counted from the first."""
    return lambda e: e.put(operator, axis=e.layer.settings["axis"] % e.axes)


def merged(operator: str) -> Callable[[Exported], str]:
    """Write an operator of two arrays, over and over for more."""

    def write(e: Exported) -> str:
        total, *rest = aligned(e)
        for n, name in enumerate(rest, 1):
            called = e.name if n == len(rest) else f"{e.name}_{n}"
            total = e.writer.node(operator, [total, name], called)
        return total

    return write


def aligned(e: Exported) -> list[str]:
    """Return what a layer reads, with as many axes."""
    rank = max(len(wire.shape) for wire in e.read)
    names = []
    for wire in e.read:
        name = wire.name
        if len(wire.shape) < rank:
            full = np.array([-1, *[1] * (rank - len(wire.shape)), *wire.shape])
            inputs = [name, e.writer.array(f"{e.name}_shape", full)]
            name = e.writer.node("Reshape", inputs, f"{e.name}_spread")
        names.append(name)
    return names


def filled(e: Exported) -> str:
    """Write Where."""
    x, where = aligned(e)
    dtype = e.writer.network.dtype
    zero, number = (
        e.writer.array(f"{e.name}_{n}", np.array(n, dtype))
        for n in (0, e.layer.settings["number"])
    )
    kept = e.writer.node("Equal", [where, zero], f"{e.name}_kept")
    return e.writer.node("Where", [kept, x, number], e.name)


def equal(e: Exported) -> str:
    """Write Equal, and numbers of what is true."""
    same = e.put("Equal", e.number("number"), name="same")
    to = e.writer.onnx.helper.np_dtype_to_tensor_dtype(e.writer.network.dtype)
    return e.writer.node("Cast", [same], e.name, to=to)


def reduced(operator: str) -> Callable[[Exported], str]:
    """Write ReduceMean or its like."""

    def write(e: Exported) -> str:
        found = [axis % e.axes for axis in e.layer.settings["axes"]]
        return e.put(operator, np.array(found), keepdims=1)

    return write


def rescaled(e: Exported) -> str:
    """Write a division by the scale of pixels, and what is added."""
    y, offset = e.put("Div", e.number("pixel_maximum")), e.number("offset")
    return e.then("Add", y, offset) if offset else y


def weights_of_lstm(e: Exported) -> list[str]:
    """Write the constants of an LSTM, its gates as i, o, f and c."""
    p = e.layer.parameters
    order = np.arange(len(p["b"])).reshape(4, -1)[[0, 3, 1, 2]].ravel()
    w, recurrent = (p[name].T[np.newaxis, order] for name in ("w", "recurrent"))
    b = np.concatenate([p["b"][order], np.zeros_like(p["b"])])[np.newaxis]
    return [e.writer.array(f"{e.name}_{n}", a) for n, a in enumerate((w, recurrent, b))]


def lstm(e: Exported) -> str:
    """Write LSTM, whose steps come first."""
    settings, constants = e.layer.settings, weights_of_lstm(e)
    steps = e.put("Transpose", name=f"{e.name}_steps", perm=(1, 0, 2))
    hidden = {"hidden_size": settings["units"]}
    y = e.writer.node("LSTM", [steps, *constants], f"{e.name}_all", **hidden)
    y = e.then("Squeeze", y, np.array([1]))
    if settings["return_sequences"]:
        return e.then("Transpose", y, perm=(1, 0, 2))
    return e.then("Gather", y, np.array(-1), axis=0)


def lstm_states(e: Exported) -> str:
    """Write an LSTM for each step: one of all tells what is remembered at the last."""
    sequences, *states = (wire.name for wire in e.read)
    T, U, name, write = e.shape[0], e.layer.settings["units"], e.name, e.writer
    constants = weights_of_lstm(e)
    steps = [write.node("Transpose", [sequences], f"{name}_steps", perm=(1, 0, 2))]
    if T > 1:
        sizes = write.array(f"{name}_sizes", np.ones(T, np.int64))
        steps = write.outputs("Split", [*steps, sizes], [f"{name}_step"] * T, axis=0)
    state: list[str] = []
    if states:
        state_first = e.then("Unsqueeze", states[0], np.array([0]))
        halves = write.array(f"{name}_halves", np.array([U, U]))
        names = [f"{name}_h", f"{name}_c"]
        state = ["", *write.outputs("Split", [state_first, halves], names, axis=2)]
    found = []
    for step in steps:
        names = ["", f"{name}_h", f"{name}_c"]
        read = [step, *constants, *state]
        state = write.outputs("LSTM", read, names, hidden_size=U)
        found.append(write.node("Concat", state[1:], f"{name}_state", axis=2))
    return e.then(
        "Transpose", write.node("Concat", found, f"{name}_all", axis=0), perm=(1, 0, 2)
    )


# Of each kind: channels first, last, or as they come (None), and what is written.
EXPORTS: dict[str, tuple[bool | None, Callable[[Exported], str]]] = {
    "adaptive_avg_pool": (True, adaptive("AveragePool")),
    "adaptive_max_pool": (True, adaptive("MaxPool")),
    "add": (False, merged("Add")),
    "avg_pool": (True, pooling),
    "batch_norm": (False, affine),
    "clip": (None, clipped),
    "concat": (False, along_axis("Concat")),
    "conv": (True, convolution),
    "conv_transpose": (True, transposed),
    "crop": (True, pads(-1)),
    "dense": (False, dense),
    "dropout": (None, lambda e: e.read[0].name),  # it has learned: nothing changes
    "equal": (None, equal),
    "fill": (False, filled),
    "flatten": (False, lambda e: e.put("Reshape", np.array([-1, *e.shape]))),
    "global_avg_pool": (True, global_pooling("GlobalAveragePool")),
    "global_max_pool": (True, global_pooling("GlobalMaxPool")),
    "hard_sigmoid": (None, plain("HardSigmoid", alpha="slope", beta="offset")),
    "hard_swish": (None, plain("HardSwish")),
    "leaky_relu": (None, plain("LeakyRelu", alpha="slope")),
    "local_response_norm": (
        True,
        plain("LRN", size="size", alpha="alpha", beta="beta", bias="k"),
    ),
    "log": (None, plain("Log")),
    "lp_pool": (True, pooling),
    "lstm": (False, lstm),
    "lstm_states": (False, lstm_states),
    "matmul": (False, merged("MatMul")),
    "max": (False, reduced("ReduceMax")),
    "max_pool": (True, pooling),
    "mean": (False, reduced("ReduceMean")),
    "min": (False, reduced("ReduceMin")),
    "multiply": (False, merged("Mul")),
    "pad": (True, pads(1)),
    "power": (None, lambda e: e.put("Pow", e.number("p"))),
    "prelu": (False, lambda e: e.put("PRelu", e.layer.parameters["slope"])),
    "relu": (None, plain("Relu")),
    "relu6": (None, clipped),
    "rescale": (None, rescaled),
    "reshape": (False, lambda e: e.put("Reshape", np.array([-1, *e.shape]))),
    "scale": (False, affine),
    "sigmoid": (None, plain("Sigmoid")),
    "silu": (None, gated),
    "slice": (False, sliced),
    "softmax": (False, along_axis("Softmax")),
    "sum": (False, reduced("ReduceSum")),
    "tanh": (None, plain("Tanh")),
    "transpose": (
        False,
        lambda e: e.put("Transpose", perm=(0, *e.layer.settings["axes"])),
    ),
    "upsample": (True, upsampled),
}
