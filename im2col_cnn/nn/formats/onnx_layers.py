"""Say which layers of ours do what an operator of ONNX does.

Each translation takes a node and the values it reads, and returns what it writes. An
operator or an attribute that no layer here has is refused: an answer that is a little
wrong is worse than none.
"""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from ..._checks import quoted
from ..._typing import Array
from ...files.onnx import OnnxNode
from ..activations import (
    Clip,
    HardSigmoid,
    HardSwish,
    LeakyReLU,
    PReLU,
    ReLU,
    ReLU6,
    Sigmoid,
    SiLU,
    Softmax,
    Tanh,
)
from ..arithmetic import (
    Equal,
    Log,
    Max,
    Mean,
    Min,
    Power,
    Reduction,
    Sum,
)
from ..convolution import Conv, ConvTranspose
from ..dense import Dense
from ..layer import Layer
from ..merging import Add, Concat, Fill, MatMul, Multiply
from ..normalization import LocalResponseNorm
from ..pooling import AvgPool, GlobalAvgPool, GlobalMaxPool, LpPool, MaxPool
from ..recurrent import LSTMStates
from ..resizing import Crop, Pad, Slice, Upsample
from ..scale import Scale
from .onnx_builder import Builder, Flat, Flow, Value
from .onnx_constants import FOLDED, onnx_slices, target_shape

__all__ = ["TRANSLATIONS", "Call", "refuse_unknown"]

ONE, ZERO = np.float32(1), np.float32(0)


class Call(NamedTuple):
    """A node, what it reads, and the builder of layers."""

    node: OnnxNode
    values: list[Any]  # None where an input is left out
    builder: Builder
    opset: int

    def take(self, name: str, default: Any = None) -> Any:
        """Return an attribute."""
        return self.node.attributes.get(name, default)

    def need(self, name: str, *known: Any) -> None:
        """Refuse an attribute that has another value than those known."""
        value = self.take(name, known[0])
        if value not in known:
            raise ValueError(f"{name} = {quoted(value)} is not known here")

    def constant(self, number: int, default: Any = None) -> Any:
        """Return an input that must be constant, or a default if it is left out."""
        value = self.values[number] if number < len(self.values) else None
        if value is None:
            return default
        if not isinstance(value, np.ndarray):
            raise ValueError(f"input {number} depends on images, it must be constant")
        return value

    @property
    def flow(self) -> Flow:
        """The first input, which depends on images."""
        return self.builder.settled(self.values[0])

    def put(self, layer: Layer, *flows: Flow, **arrays: Array) -> Flow:
        """Apply a layer to what depends on images, to the first input by default."""
        return self.builder.keep(
            self.node.name, layer, *(flows or [self.flow]), **arrays
        )

    def on_images(self, layer: Layer, **arrays: Array) -> Flow:
        """Apply a layer that reads channels last to the first input."""
        return self.put(layer, self.builder.as_images(self.values[0]), **arrays)


def window(call: Call, axes: int) -> dict[str, Any]:
    """Return stride, padding and dilation."""
    pads = call.take("pads", (0,) * (2 * axes))
    words = {"SAME_UPPER": "same", "SAME_LOWER": "same_lower", "VALID": 0}
    word = call.take("auto_pad", "NOTSET")
    padding: Any = tuple(zip(pads[:axes], pads[axes:], strict=True))
    if word != "NOTSET":
        padding = words[word]
    return {
        "stride": call.take("strides", (1,) * axes),
        "padding": padding,
        "dilation": call.take("dilations", (1,) * axes),
    }


def convolution(call: Call) -> Value:
    """Translate Conv: kernels (F, C // groups, *KERNEL)."""
    w, b = call.constant(1), call.constant(2)
    axes = w.ndim - 2
    layer = Conv(
        w.shape[0],
        w.shape[2:],
        groups=call.take("group", 1),
        bias=b is not None,
        **window(call, axes),
    )
    arrays = {"w": np.moveaxis(w, (1, 0), (-2, -1))}
    return call.on_images(layer, **arrays, **({} if b is None else {"b": b}))


def transposed(call: Call) -> Value:
    """Translate ConvTranspose: kernels (C, F // groups, *KERNEL)."""
    w, b = call.constant(1), call.constant(2)
    axes, groups = w.ndim - 2, call.take("group", 1)
    call.need("output_shape", None)
    layer = ConvTranspose(
        w.shape[1] * groups,
        w.shape[2:],
        groups=groups,
        bias=b is not None,
        output_padding=call.take("output_padding", (0,) * axes),
        **window(call, axes),
    )
    arrays = {"w": np.moveaxis(w, (1, 0), (-2, -1))}
    return call.on_images(layer, **arrays, **({} if b is None else {"b": b}))


def pooling(call: Call) -> Value:
    """Translate MaxPool, AveragePool and LpPool."""
    size = call.take("kernel_shape")
    settings = window(call, len(size))
    settings["ceil_mode"] = bool(call.take("ceil_mode", 0))
    call.need("storage_order", 0)
    if call.node.operator == "MaxPool":
        return call.on_images(MaxPool(size, **settings))
    if call.node.operator == "LpPool":
        return call.on_images(LpPool(size, p=call.take("p", 2), **settings))
    counted = bool(call.take("count_include_pad", 0))
    return call.on_images(AvgPool(size, count_include_pad=counted, **settings))


def global_norm(call: Call) -> Value:
    """Translate GlobalLpPool."""
    *spatial, _ = call.builder.as_images(call.values[0]).ours
    return call.on_images(LpPool(tuple(spatial), p=call.take("p", 2)))


def batch_norm(call: Call) -> Value:
    """Translate BatchNormalization that has learned: a gain and a shift."""
    call.need("spatial", 1)
    call.need("training_mode", 0)
    gamma, beta, mean, var = (call.constant(n).astype(np.float64) for n in (1, 2, 3, 4))
    gain = gamma / np.sqrt(var + call.take("epsilon", 1e-5))
    flow = call.flow
    if len(flow.shape) > 2:
        flow = call.builder.as_images(flow)
    return call.builder.scaled(call.node.name, flow, gain, beta - gain * mean)


def gemm(call: Call) -> Value:
    """Translate Gemm and MatMul by a constant matrix."""
    x, w = call.values[0], call.constant(1)
    alpha, beta, b = ONE, ONE, None
    if call.node.operator == "Gemm":
        call.need("transA", 0)
        alpha, beta = (np.float32(call.take(k, 1.0)) for k in ("alpha", "beta"))
        w, b = (w.T if call.take("transB", 0) else w), call.constant(2)
    if not isinstance(x, Flat):
        x = call.builder.as_it_is(x)
    w = w * alpha if alpha != 1 else w
    arrays = {} if b is None else {"b": np.broadcast_to(b.ravel() * beta, w.shape[1:])}
    if len(x.shape) > 2:  # each vector on the last axis: a kernel of one pixel
        ones = (1,) * (len(x.shape) - 2)
        layer: Layer = Conv(w.shape[1], ones, bias=False)
        return call.put(layer, x, w=w.reshape(*ones, *w.shape))
    if isinstance(x, Flat):
        x, rows = call.builder.flattened(x)
        w = w[rows]
    layer = Dense(w.shape[1], bias=b is not None)
    return call.put(layer, x, w=w, **arrays)


def matmul(call: Call) -> Value:
    """Translate MatMul."""
    if isinstance(call.values[1], np.ndarray):
        if call.values[1].ndim != 2:
            raise ValueError(f"multiplies by shape {call.values[1].shape}")
        return gemm(call)
    both = [call.builder.as_it_is(value) for value in call.values]
    return call.put(MatMul(), *both)


def arithmetic(call: Call) -> Value:
    """Translate Add, Sub, Mul, Div, Sum of images, and of images and constants."""
    op, b = call.node.operator, call.builder
    values = list(call.values)
    if op == "Sum" and len(values) != 2:
        flow, *rest = (b.settled(value) for value in values)
        others = [b.arranged(one, flow.order) for one in rest]
        return call.put(Add(), flow, *others) if others else flow
    left, right = values
    if isinstance(right, np.ndarray) or isinstance(left, np.ndarray):
        constant_first = isinstance(left, np.ndarray)
        flow = b.settled(right if constant_first else left)
        c = b.beside(left if constant_first else right, flow).astype(np.float32)
        if constant_first and op == "Div":
            flow, op = call.put(Power(-1), flow), "Mul"
        gain, shift = {
            "Add": (ONE, c),
            "Sum": (ONE, c),
            "Sub": (-ONE, c) if constant_first else (ONE, -c),
            "Mul": (c, ZERO),
            "Div": (1 / c if op == "Div" else c, ZERO),
        }[op]
        gain, shift = np.asarray(gain), np.asarray(shift)
        return curve(call, flow, gain) or b.scaled(call.node.name, flow, gain, shift)
    first, second = b.settled(left), b.settled(right)
    if op in ("Sub", "Div"):
        negated = {"Sub": Scale(), "Div": Power(-1)}[op]
        minus = -np.ones(second.ours[-1]), np.zeros(second.ours[-1])
        arrays = dict(zip("wb", minus, strict=True)) if op == "Sub" else {}
        second = b.keep(f"{call.node.name}_other", negated, second, **arrays)
    if op == "Mul" and (found := gated(call, first, second)):
        return found
    if len(first.shape) < len(second.shape):
        first, second = second, first
    if len(first.shape) > len(second.shape):
        raise ValueError(f"meets shapes {first.shape} and {second.shape}")
    second = b.arranged(second, first.order)
    return call.put(Multiply() if op in ("Mul", "Div") else Add(), first, second)


def reads_one(call: Call, flow: Flow, kind: type[Layer]) -> str | None:
    """Return what a layer of a kind reads whose output is read once; None if none."""
    b = call.builder
    alone = flow.name in b.writes_alone and isinstance(b.layers.get(flow.name), kind)
    return b.reads[flow.name][0] if alone else None


def gated(call: Call, first: Flow, second: Flow) -> Value | None:
    """Return SiLU or HardSwish for x times its sigmoid, where that is written out."""
    b = call.builder
    for x, gate in ((first, second), (second, first)):
        if reads_one(call, gate, Sigmoid) == x.name:
            return call.put(SiLU(), x)
        if reads_one(call, gate, HardSigmoid) == x.name:
            layer = b.layers[gate.name].settings
            if np.allclose([layer["slope"], layer["offset"]], [1 / 6, 0.5]):
                return call.put(HardSwish(), x)
    return None


def curve(call: Call, flow: Flow, gain: Array) -> Value | None:
    """Return HardSigmoid or HardSwish for ``clip(x + 3, 0, 6) / 6``, written out."""
    b = call.builder
    if gain.size != 1 or not np.isclose(gain.item(), 1 / 6):
        return None
    layer, x = b.layers.get(flow.name), None
    if isinstance(layer, Multiply) and flow.name in b.writes_alone:
        for name, other in (b.reads[flow.name], b.reads[flow.name][::-1]):
            if plus_three(b, other) == name:
                x = name
    if x is not None:
        return call.put(HardSwish(), flow._replace(name=x))
    if isinstance(layer, ReLU6) and (x := plus_three(b, flow.name)):
        return call.put(HardSigmoid(), flow._replace(name=x))
    return None


def plus_three(b: Builder, name: str) -> str | None:
    """Return x where a layer gives out ``clip(x + 3, 0, 6)`` to one reader only."""
    if not isinstance(b.layers.get(name), ReLU6) or name not in b.writes_alone:
        return None
    (inner,) = b.reads[name]
    layer = b.layers.get(inner)
    if not isinstance(layer, Scale) or inner not in b.writes_alone:
        return None
    p = layer.parameters
    return b.reads[inner][0] if (p["w"] == 1).all() and (p["b"] == 3).all() else None


def clip(call: Call) -> Value:
    """Translate Clip: bounds are attributes up to opset 10."""
    low, high = (
        float(call.constant(n, np.asarray(call.take(k, bound))).ravel()[0])
        for n, k, bound in ((1, "min", -np.inf), (2, "max", np.inf))
    )
    if (low, high) == (0, np.inf):
        return call.put(ReLU())
    return call.put(ReLU6() if (low, high) == (0, 6) else Clip(low, high))


def softmax(call: Call) -> Value:
    """Translate Softmax; up to opset 12, over all axes from one on at once."""
    flow = call.flow
    axes = len(flow.shape)
    axis = call.take("axis", 1 if call.opset < 13 else -1) % axes
    if call.opset < 13:
        wide = [n for n in range(axis, axes) if flow.shape[n] > 1]
        if len(wide) > 1:
            raise ValueError(f"axis = {axis} of shape {flow.shape} is not known here")
        axis = wide[0] if wide else axis
    return call.put(Softmax(axis=flow.order.index(axis)), flow)


def joined(call: Call) -> Value:
    """Translate Concat."""
    flows = [call.builder.settled(value) for value in call.values]
    return joined_along(call, flows, call.take("axis") % len(flows[0].shape))


def joined_along(call: Call, flows: Iterable[Flow], axis: int) -> Flow:
    """Join arrays along an axis of the model's; a lone one stays as it is."""
    first, *rest = flows
    others = [call.builder.arranged(flow, first.order) for flow in rest]
    layer = Concat(axis=first.order.index(axis))
    return call.put(layer, first, *others) if rest else first


def cut(call: Call) -> list[Value]:
    """Translate Split."""
    flow = call.flow
    axis = call.take("axis", 0) % len(flow.shape)
    outputs, size = len(call.node.outputs), flow.shape[axis]
    each = -(-size // outputs)
    sizes = call.constant(1, call.take("split", [each] * (outputs - 1) + [size]))
    ends = np.minimum(np.cumsum(sizes), size)
    return [
        sliced(call, flow, axis, slice(int(end) - int(n), int(end), 1))
        for end, n in zip(ends, np.diff(ends, prepend=0), strict=True)
    ]


def sliced(call: Call, flow: Flow, axis: int, part: slice) -> Flow:
    """Keep a part along an axis."""
    if flow.order[0] == axis:
        raise ValueError("cuts among images")
    ours = flow.order.index(axis)
    layer = Slice(part.start, part.stop, step=part.step or 1, axis=ours)
    return call.put(layer, flow)


def slices(call: Call) -> Value:
    """Translate Slice."""
    flow = call.flow
    constants = [None, *(call.constant(n) for n in range(1, len(call.values)))]
    parts = onnx_slices(len(flow.shape), constants, call.node.attributes)
    images, *_ = flow.order
    for axis, part in enumerate(parts):
        size = call.builder.max_images if axis == images else flow.shape[axis]
        if part.indices(size) != (0, size, 1):
            flow = sliced(call, flow, axis, part)
    return flow


def gathered(call: Call) -> Value:
    """Translate Gather of one entry, or of some that are equally apart."""
    flow, places = call.flow, call.constant(1)
    axis = call.take("axis", 0) % len(flow.shape)
    numbers = [int(n) for n in places.ravel()]
    size = flow.shape[axis]
    if not all(-size <= n < size for n in numbers):
        raise ValueError(f"takes {quoted(numbers)} of {size} entries")
    numbers = [n % size for n in numbers]
    steps = set(np.diff(numbers).tolist()) or {1}
    if not numbers or len(steps) > 1 or 0 in steps:
        raise ValueError(f"takes {quoted(numbers)}, which are not equally apart")
    step = steps.pop()
    stop = numbers[-1] + step
    part = slice(numbers[0], stop if stop >= 0 else None, step)
    found = sliced(call, flow, axis, part)
    if not places.ndim:
        return call.builder.squeezed(found, [axis])
    shape = (*flow.shape[:axis], *places.shape, *flow.shape[axis + 1 :])
    return found if found.shape == shape else call.builder.reshape(found, shape)


def axes_of(call: Call, number: int) -> Any:
    """Return axes, an attribute in older opsets and an input in newer ones."""
    axes = call.constant(number, call.take("axes"))
    return None if axes is None else tuple(int(axis) for axis in np.ravel(axes))


REDUCTIONS: dict[str, type[Reduction]] = {
    "ReduceMax": Max,
    "ReduceMean": Mean,
    "ReduceMin": Min,
    "ReduceSum": Sum,
}


def reduced(call: Call) -> Value:
    """Translate ReduceMean and its like; no axes are all, or none if that is said."""
    flow = call.flow
    n = len(flow.shape)
    axes = [axis % n for axis in axes_of(call, 1) or ()]
    if not axes:
        if call.take("noop_with_empty_axes", 0):
            return flow
        axes = list(range(n))
    ours = tuple(sorted(flow.order.index(axis) for axis in axes))
    layer = REDUCTIONS[call.node.operator](ours)
    found = call.put(layer, flow)
    return found if call.take("keepdims", 1) else call.builder.squeezed(found, axes)


def alone(call: Call, number: int) -> float:
    """Return an input that must be one constant number."""
    found = call.constant(number)
    if found.size != 1:
        raise ValueError(f"input {number} must be one number, it holds {found.size}")
    return float(found.item())


def filled(call: Call) -> Value:
    """Translate Where that picks between an array and one constant number."""
    b, where = call.builder, call.flow
    number, rest = (1, 2) if isinstance(call.values[1], np.ndarray) else (2, 1)
    flow = b.settled(call.values[rest])
    if len(where.shape) != len(flow.shape):
        raise ValueError(f"meets shapes {where.shape} and {flow.shape}")
    if number == 2:  # filled where it is 0
        where = b.keep(f"{call.node.name}_not", Equal(0), where)
    where = b.arranged(where, flow.order)
    return call.put(Fill(alone(call, number)), flow, where)


def reshape(call: Call) -> Value:
    """Translate Reshape and Flatten."""
    value = call.values[0]
    if call.node.operator == "Flatten":
        call.need("axis", 1)
        return call.builder.reshape(value, (1, int(np.prod(value.shape[1:]))))
    wanted = call.constant(1)
    return call.builder.reshape(
        value, target_shape(value.shape, wanted, call.node.attributes)
    )


def squeeze(call: Call) -> Value:
    """Translate Squeeze and Unsqueeze."""
    flow, axes = call.flow, axes_of(call, 1)
    n = len(flow.shape)
    if call.node.operator == "Unsqueeze":
        n += len(axes)
        return call.builder.expanded(flow, sorted(axis % n for axis in axes))
    if axes is None:
        ones = (axis for axis, size in enumerate(flow.shape) if size == 1)
        axes = tuple(axis for axis in ones if axis != flow.order[0])
    return call.builder.squeezed(flow, [axis % n for axis in axes])


def transpose(call: Call) -> Value:
    """Translate Transpose: axes get other names, and nothing is moved."""
    flow = call.flow
    n = len(flow.shape)
    return flow.transposed([axis % n for axis in call.take("perm", range(n)[::-1])])


def resize(call: Call) -> Value:
    """Translate Resize and Upsample to whole multiples, nearest pixels."""
    call.need("mode", "nearest")
    flow = call.builder.as_images(call.values[0])
    places = call.take("coordinate_transformation_mode", "half_pixel")
    rounding = call.take("nearest_mode", "round_prefer_floor")
    if call.node.operator == "Upsample" or call.opset < 11:
        places, rounding = "asymmetric", "floor"
    sizes, number = call.constant(3), 1 if call.opset < 11 else 2
    if sizes is None:
        scales = call.constant(number, call.take("scales"))
    else:
        scales = np.asarray(sizes) / flow.shape
    whole = tuple(int(scale) for scale in scales)
    repeats = {
        *((p, r) for p in ("half_pixel", "pytorch_half_pixel") for r in ROUNDINGS),
        ("asymmetric", "floor"),
        *((("asymmetric", "round_prefer_floor"),) if set(whole) <= {1, 2} else ()),
    }
    if (
        tuple(scales) != whole
        or whole[:2] != (1, 1)
        or (places, rounding) not in repeats
    ):
        raise ValueError(
            f"makes {tuple(map(float, scales))} times as many pixels ({places}, "
            f"{rounding}): only whole numbers of equal ones are known here"
        )
    return call.put(Upsample(whole[2:]), flow)


ROUNDINGS = ("round_prefer_floor", "round_prefer_ceil")


def padded(call: Call) -> Value:
    """Translate Pad; one axis but that of images stays as it is, and comes last."""
    flow = call.flow
    n = len(flow.shape)
    pads = np.ravel(call.constant(1, call.take("pads"))).astype(int)
    if call.constant(3) is not None:
        raise ValueError("axes are not known here")
    pairs = list(zip(pads[:n].tolist(), pads[n:].tolist(), strict=True))
    images, *ours = flow.order
    if pairs[images] == (0, 0) and all(any(pairs[axis]) for axis in ours):
        flow, ours = call.builder.expanded(flow, [n]), [*ours, n]  # as a lone channel
        pairs.append((0, 0))
    value = float(np.ravel(call.constant(2, call.take("value", 0.0)))[0])
    mode = call.take("mode", "constant")
    whole = [axis for axis in ours if pairs[axis] == (0, 0)]
    if len(ours) < 2 or not whole or pairs[images] != (0, 0) or mode not in PAD_MODES:
        raise ValueError(f"pads = {tuple(pads.tolist())} ({mode}) is not known here")
    if ours[-1] not in whole:
        ours.remove(whole[-1])
        ours.append(whole[-1])
    flow = call.builder.arranged(flow, (images, *ours))
    around = tuple(pairs[axis] for axis in ours[:-1])
    crops = (pads <= 0).all() and (pads < 0).any()
    cut = tuple((-before, -after) for before, after in around)
    layer = Crop(cut) if crops else Pad(around, mode=mode, value=value)
    found = call.put(layer, flow)
    return call.builder.squeezed(found, [n]) if len(pairs) > n else found


PAD_MODES = ("constant", "edge", "reflect", "wrap")


DIRECTIONS = {"forward": (1,), "reverse": (-1,), "bidirectional": (1, -1)}  # steps


def lstm(call: Call) -> list[Value]:
    """Translate LSTM: steps come first there, the gates are i, o, f and c."""
    call.need("direction", *DIRECTIONS)
    direction = call.take("direction", "forward")
    ways = DIRECTIONS[direction]
    call.need("activations", None, ("Sigmoid", "Tanh", "Tanh") * len(ways))
    for name in ("clip", "input_forget", "layout"):
        call.need(name, 0)
    x = call.flow
    T, one, C = x.shape
    if x.order[0] != 1 or one != 1:
        raise ValueError(
            "goes from image to image: axis 0 of what it reads has images, where it "
            "expects steps"
        )
    shapes = [np.shape(call.constant(n)) for n in (1, 2, 3)]
    units = shapes[1][-1] if shapes[1] else 0
    D = len(ways)
    wanted = [(D, 4 * units, C), (D, 4 * units, units), (D, 8 * units)]
    if shapes[:2] != wanted[:2] or shapes[2] not in ((), wanted[2]):
        raise ValueError(
            f"weights of shapes {shapes} are not those of direction = "
            f"{quoted(direction)} and steps of {C} numbers"
        )
    if len(call.values) > 7 and call.values[7] is not None:
        raise ValueError("peepholes, P, are not known here")
    if (call.constant(4, np.array(T)) != T).any():
        raise ValueError("sequence_lens is not known here")
    written = [one_way(call, x, n, step) for n, step in enumerate(ways)]
    steps, *last = zip(*written, strict=True)
    both = [call.builder.expanded(h, [1]) for h in steps]
    return [joined_along(call, both, 1), *(joined_along(call, one, 0) for one in last)]


def one_way(call: Call, x: Flow, number: int, step: int) -> tuple[Flow, Flow, Flow]:
    """Read steps in one direction; return h of all of them, and the last h and c."""
    b = call.builder
    w, recurrent = (call.constant(n)[number] for n in (1, 2))
    T, units = x.shape[0], recurrent.shape[-1]
    biases = call.constant(3)
    both = np.zeros(8 * units) if biases is None else biases[number]
    order = np.arange(4 * units).reshape(4, units)[[0, 2, 3, 1]].ravel()
    arrays = {"w": w[order].T, "recurrent": recurrent[order].T}
    arrays["b"] = (both[: 4 * units] + both[4 * units :])[order]
    turned = x if step > 0 else sliced(call, x, 0, slice(None, None, -1))
    states = [b.arranged(turned, (1, 0, 2))]
    if started := first_state(call, number):
        states.append(started)
    # Its axes are those of what it reads, but for the last.
    found = b.keep(call.node.name, LSTMStates(units), *states, **arrays)
    h, c = (sliced(call, found, 2, slice(n * units, (n + 1) * units)) for n in (0, 1))
    last_h, last_c = (
        sliced(call, one, 0, slice(T - 1, T)) if T > 1 else one for one in (h, c)
    )
    if step < 0:
        h = sliced(call, h, 0, slice(None, None, -1))
    return h, last_h, last_c


def first_state(call: Call, number: int) -> Flow | None:
    """Return what an LSTM starts from, h and c in one vector; None if it is zeros."""
    b, given = call.builder, [*call.values, None, None, None][5:7]
    if not any(isinstance(one, Flow) or np.any(one) for one in given):
        return None
    if not all(isinstance(one, Flow) for one in given):
        raise ValueError("initial_h and initial_c must be zeros, or depend on images")
    flows = [b.settled(one) for one in given]
    D, _, units = call.constant(2).shape
    if any(one.shape != (D, 1, units) for one in flows):
        shapes = ", ".join(str(one.shape) for one in flows)
        raise ValueError(
            f"initial_h, initial_c of shapes {shapes} are not {(D, 1, units)}"
        )
    if D > 1:
        flows = [sliced(call, one, 0, slice(number, number + 1)) for one in flows]
    h, c = (b.squeezed(one, [0]) for one in flows)
    return b.keep(f"{call.node.name}_state", Concat(), h, c)


def slope(call: Call) -> Value:
    """Translate PRelu: one slope for each place along an axis, or one for all."""
    b, slopes = call.builder, call.constant(1)
    flow = call.flow
    n = len(flow.shape)
    wide = [n - slopes.ndim + i for i, size in enumerate(slopes.shape) if size > 1]
    if len(wide) > 1 or wide == [flow.order[0]]:
        raise ValueError(f"has slopes of shape {slopes.shape}, not one per channel")
    last = wide or [flow.order[-1]]
    flow = b.arranged(flow, (*(axis for axis in flow.order if axis not in last), *last))
    array = np.broadcast_to(slopes.ravel(), flow.ours[-1:])
    return call.put(PReLU(), flow, slope=array)


def dropped(call: Call) -> Any:
    """Translate Dropout, which drops nothing once it has learned."""
    rate, training = call.constant(1, np.array(0.5)), call.constant(2, np.array(0))
    if training.any() and rate.any():
        raise ValueError("drops numbers by chance, training_mode, where it should not")
    return call.values[0]


def response_norm(call: Call) -> Value:
    """Translate LRN."""
    size, settings = call.take("size"), {"alpha": 1e-4, "beta": 0.75, "bias": 1.0}
    alpha, beta, k = (call.take(name, value) for name, value in settings.items())
    flow = call.flow
    if len(flow.shape) > 2:
        flow = call.builder.as_images(flow)
    layer = LocalResponseNorm(size, alpha=alpha, beta=beta, k=k)
    return call.put(layer, flow)


def negated(call: Call) -> Value:
    """Translate Neg."""
    minus, nothing = np.asarray(-ONE), np.asarray(ZERO)
    return call.builder.scaled(call.node.name, call.flow, minus, nothing)


def cast(call: Call) -> Any:
    """Translate Cast to floats: all are float32 here."""
    call.need("to", *FLOATS)
    return call.values[0]


FLOATS = (1, 10, 11)  # of TensorProto: float32, 16 and 64


TRANSLATIONS: dict[str, Callable[[Call], Any]] = {
    **dict.fromkeys(("Add", "Sub", "Mul", "Div", "Sum"), arithmetic),
    **dict.fromkeys(("AveragePool", "LpPool", "MaxPool"), pooling),
    **dict.fromkeys(("Flatten", "Reshape"), reshape),
    **dict.fromkeys(("Resize", "Upsample"), resize),
    **dict.fromkeys(("Squeeze", "Unsqueeze"), squeeze),
    **dict.fromkeys(REDUCTIONS, reduced),
    "BatchNormalization": batch_norm,
    "Cast": cast,
    "Clip": clip,
    "Concat": joined,
    "Conv": convolution,
    "ConvTranspose": transposed,
    "Dropout": dropped,
    "Equal": lambda call: call.put(Equal(alone(call, 1))),
    "Gather": gathered,
    "Gemm": gemm,
    "GlobalAveragePool": lambda call: call.on_images(GlobalAvgPool(keepdims=True)),
    "GlobalLpPool": global_norm,
    "GlobalMaxPool": lambda call: call.on_images(GlobalMaxPool()),
    "HardSigmoid": lambda call: call.put(
        HardSigmoid(slope=call.take("alpha", 0.2), offset=call.take("beta", 0.5))
    ),
    "HardSwish": lambda call: call.put(HardSwish()),
    "Identity": lambda call: call.values[0],
    "LRN": response_norm,
    "LSTM": lstm,
    "Log": lambda call: call.put(Log()),
    "LeakyRelu": lambda call: call.put(LeakyReLU(call.take("alpha", 0.01))),
    "MatMul": matmul,
    "Neg": negated,
    "PRelu": slope,
    "Pad": padded,
    "Pow": lambda call: call.put(Power(alone(call, 1))),
    "Reciprocal": lambda call: call.put(Power(-1)),
    "Relu": lambda call: call.put(ReLU()),
    "Sigmoid": lambda call: call.put(Sigmoid()),
    "Slice": slices,
    "Softmax": softmax,
    "Split": cut,
    "Sqrt": lambda call: call.put(Power(0.5)),
    "Tanh": lambda call: call.put(Tanh()),
    "Transpose": transpose,
    "Where": filled,
}


def refuse_unknown(nodes: list[OnnxNode]) -> None:
    """Refuse operators that nothing here does, before any work."""
    known = TRANSLATIONS.keys() | FOLDED.keys() | {"Constant", "If", "Shape"}
    unknown = {node.operator: node.name for node in nodes if node.operator not in known}
    if unknown:
        said = ", ".join(f"{quoted(k)} ({quoted(v)})" for k, v in unknown.items())
        raise ValueError(
            f"no layer here does {said:.500}: export the model without, or run it with "
            f"onnxruntime"
        )
