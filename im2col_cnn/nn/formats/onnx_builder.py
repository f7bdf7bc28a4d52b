"""Layers of ours, put together while a model is read.

A `Flow` is an array that depends on images: the layer that writes it, and which axis of
the model's array each of its axes is. Images come first here, channels last; the model
has them where it likes, and nothing is moved until a layer needs it.

    the model's (N, C, H, W), ours (N, H, W, C):       order = (0, 2, 3, 1)
"""

from collections.abc import Sequence
from math import prod
from typing import NamedTuple, TypeAlias

import numpy as np

from ..._typing import Array, Shape
from ..convolution import Conv, ConvTranspose
from ..dense import Dense
from ..layer import Layer
from ..reshaping import Flatten, Reshape, Transpose
from ..scale import Scale

__all__ = ["MAX_IMAGES", "Builder", "Flat", "Flow", "Value", "channels_last"]

Order: TypeAlias = tuple[int, ...]

MAX_MODEL_BYTES = 2**31  # as many as one ONNX file can hold
MAX_IMAGES = 2**31 - 1  # of a model that leaves their number open: exporters end there


class Flow(NamedTuple):
    """What a layer writes, as an array of the model."""

    name: str
    order: Order  # axis i of ours is axis order[i] of the model's
    shape: Shape  # of the model's, for one image

    @property
    def ours(self) -> Shape:
        """The shape of one image as our layer writes it, which has an axis at least."""
        return tuple(self.shape[axis] for axis in self.order[1:]) or (1,)

    def transposed(self, perm: Sequence[int]) -> "Flow":
        """Return it with the model's axes in another order: nothing is moved."""
        order = tuple(perm.index(axis) for axis in self.order)
        return Flow(self.name, order, tuple(self.shape[axis] for axis in perm))


class Flat(NamedTuple):
    """An array that the model flattens: what multiplies it may turn its own rows."""

    source: Flow
    shape: Shape


Value: TypeAlias = Array | Flow | Flat


def channels_last(axes: int) -> Order:
    """Return the order of ours, of an array with so many axes whose second is C."""
    return (0, *range(2, axes), 1)


class Builder:
    """Layers by name, with their arrays and what they read."""

    def __init__(self) -> None:
        self.layers: dict[str, Layer] = {}
        self.reads: dict[str, tuple[str, ...]] = {}
        self.shapes: dict[str, Shape] = {}
        self.writes_alone: set[str] = set()  # layers whose output is read once
        self.taken: set[str] = set()  # names that are no layer's
        self.claimed = 0  # bytes of arrays
        self.max_images = 1  # that an input of the model may hold

    def claim(self, *arrays: Array) -> None:
        """Count arrays that are about to be made, and refuse more than a model has.

        A node takes few bytes in a file, and may share its weights with a thousand
        others, or make them of a shape alone.
        """
        self.claimed += sum(array.nbytes for array in arrays)
        if self.claimed > MAX_MODEL_BYTES:
            raise ValueError(
                f"would take more than {MAX_MODEL_BYTES} bytes of weights and constants"
            )

    def put(
        self, name: str, layer: Layer, *reads: Flow, **arrays: Array
    ) -> tuple[str, Shape]:
        """Add a layer that is ready, and return its name and what it writes."""
        name = self.new_name(name)
        self.claim(*arrays.values())
        layer.parameters.update(  # copies: layers learn in place, constants are shared
            {k: np.array(v, np.float32, order="C") for k, v in arrays.items()}
        )
        self.layers[name] = layer
        self.reads[name] = tuple(flow.name for flow in reads)
        empty = tuple(np.zeros((0, *flow.ours), np.float32) for flow in reads)
        y, _ = layer.forward(empty if layer.merges else empty[0])
        self.shapes[name] = y.shape[1:]
        return name, y.shape[1:]

    def keep(self, name: str, layer: Layer, *reads: Flow, **arrays: Array) -> Flow:
        """Add a layer whose output lies as what it reads."""
        order = reads[0].order
        name, shape = self.put(name, layer, *reads, **arrays)
        ours = (1, *shape)
        return Flow(name, order, tuple(ours[order.index(i)] for i in range(len(order))))

    def new_name(self, name: str) -> str:
        """Return a name that no layer has yet, of letters that layers may have."""
        first, n = plain(name), 1
        found = first
        while found in self.layers or found in self.taken:
            n += 1
            found = f"{first}_{n}"
        return found

    def name_outputs(self, wanted: dict[str, str]) -> list[str]:
        """Give layers other names, those of outputs; return what they are called."""
        names = {name: name for name in self.layers}
        for name, theirs in wanted.items():
            found = plain(theirs)
            names[name] = self.new_name(found) if found in self.taken else found
            self.taken.add(names[name])
        for name in [k for k in self.layers if k in self.taken and k not in wanted]:
            names[name] = self.new_name(name)
            self.taken.add(names[name])
        self.layers = {names[k]: layer for k, layer in self.layers.items()}
        self.shapes = {names[k]: shape for k, shape in self.shapes.items()}
        self.reads = {
            names[k]: tuple(names.get(one, one) for one in read)
            for k, read in self.reads.items()
        }
        return [names[name] for name in wanted]

    def arranged(self, flow: Flow, order: Order) -> Flow:
        """Return the same array with its axes in another order."""
        if flow.order == order:
            return flow
        if order[0] != flow.order[0]:
            raise ValueError("moves images away from the first axis")
        kept = [axis for axis in flow.order if flow.shape[axis] > 1]
        ours = tuple(flow.shape[axis] for axis in order[1:])
        if kept == [axis for axis in order if flow.shape[axis] > 1]:
            name, _ = self.put(f"{flow.name}_reshape", Reshape(ours), flow)
        else:
            axes = tuple(flow.order.index(axis) for axis in order[1:])
            name, _ = self.put(f"{flow.name}_transpose", Transpose(axes), flow)
        return Flow(name, order, flow.shape)

    def as_images(self, value: Value) -> Flow:
        """Return an array of images with channels last."""
        flow = self.settled(value)
        if len(flow.shape) < 3:
            raise ValueError(f"reads images, got an array of shape {flow.shape}")
        return self.arranged(flow, channels_last(len(flow.shape)))

    def as_it_is(self, value: Value) -> Flow:
        """Return an array with its axes where the model has them."""
        flow = self.settled(value)
        return self.arranged(flow, tuple(range(len(flow.shape))))

    def images_first(self, value: Value) -> Flow:
        """Return an array with its axes as the model has them, behind its images."""
        flow = self.settled(value)
        images, *others = flow.order
        return self.arranged(flow, (images, *sorted(others)))

    def settled(self, value: Value) -> Flow:
        """Return what depends on images; flatten it now if that was put off."""
        if isinstance(value, Flat):
            return self.reshaped(self.as_it_is(value.source), value.shape)
        if not isinstance(value, Flow):
            raise ValueError("reads a constant where images are expected")
        return value

    def flattened(self, flat: Flat) -> tuple[Flow, Array]:
        """Flatten as the pixels lie, and say which row of the model's each one is."""
        source = flat.source
        name, shape = self.put(f"{source.name}_flatten", Flatten(), source)
        rows = np.arange(prod(source.shape)).reshape(source.shape)
        return Flow(name, (0, 1), (1, *shape)), rows.transpose(source.order).ravel()

    def reshape(self, value: Value, shape: Shape) -> Value:
        """Give an array of the model another shape; flattening waits."""
        flow = self.settled(value)
        images = flow.order[0]
        if images and shape[: images + 1] == flow.shape[: images + 1]:
            # What comes before images stays: only the axes behind get another shape.
            others = [axis for axis in range(len(flow.shape)) if axis != images]
            first = flow.transposed([images, *others])
            found = self.reshaped(first, (1, *shape[:images], *shape[images + 1 :]))
            back = [*range(1, images + 1), 0, *range(images + 1, len(shape))]
            return found.transposed(back)
        moved = [axis for axis in flow.order if flow.shape[axis] > 1]
        if len(shape) == 2 and len(flow.shape) > 2 and moved != sorted(moved):
            require_images_first(flow, shape)
            return Flat(flow, shape)
        return self.reshaped(flow, shape)

    def reshaped(self, flow: Flow, shape: Shape) -> Flow:
        """Give an array another shape, with as little moved as can be."""
        require_images_first(flow, shape)
        groups = decompose(flow.shape[1:], shape[1:])
        where = {axis: g for g, (olds, _) in enumerate(groups) for axis in olds}
        sequence: list[int] = []
        for axis in flow.order[1:]:
            if flow.shape[axis] > 1 and where[axis - 1] not in sequence:
                sequence.append(where[axis - 1])
        sequence += [g for g in range(len(groups)) if g not in sequence]
        wanted = (0, *(old + 1 for g in sequence for old in groups[g][0]))
        flow = self.arranged(flow, wanted)
        order = (0, *(new + 1 for g in sequence for new in groups[g][1]))
        return self.renamed(flow, order, shape)

    def squeezed(self, flow: Flow, axes: Sequence[int]) -> Flow:
        """Drop axes of the model's array that have size 1."""
        if any(flow.shape[axis] != 1 or axis == flow.order[0] for axis in axes):
            raise ValueError(f"drops axes {tuple(axes)} of shape {flow.shape}")
        kept = [axis for axis in range(len(flow.shape)) if axis not in axes]
        order = tuple(kept.index(axis) for axis in flow.order if axis in kept)
        return self.renamed(flow, order, tuple(flow.shape[axis] for axis in kept))

    def expanded(self, flow: Flow, axes: Sequence[int]) -> Flow:
        """Add axes of size 1 to the model's array; behind all others, in ours."""
        total = len(flow.shape) + len(axes)
        kept = [axis for axis in range(total) if axis not in axes]
        order = (*(kept[axis] for axis in flow.order), *axes)
        shape = [1] * total
        for axis, size in zip(kept, flow.shape, strict=True):
            shape[axis] = size
        return self.renamed(flow, order, tuple(shape))

    def renamed(self, flow: Flow, order: Order, shape: Shape) -> Flow:
        """Return the same numbers in the same places under other axes."""
        found = Flow(flow.name, order, shape)
        if found.ours == flow.ours:
            return found
        name, _ = self.put(f"{flow.name}_reshape", Reshape(found.ours), flow)
        return Flow(name, order, shape)

    def beside(self, constant: Array, flow: Flow) -> Array:
        """Return a constant as it broadcasts to single images of ours."""
        axes = len(flow.shape)
        if constant.ndim > axes:
            raise ValueError(f"adds axes: shape {constant.shape} to {flow.shape}")
        full = constant.reshape((1,) * (axes - constant.ndim) + constant.shape)
        if full.shape[flow.order[0]] != 1:
            raise ValueError(f"has {constant.shape}, one for each of so many images")
        return np.asarray(full.transpose(flow.order)[0])

    def scaled(self, name: str, flow: Flow, gain: Array, shift: Array) -> Flow:
        """Multiply and add constants, in the layer before if nothing else reads it."""
        size = np.broadcast_shapes(gain.shape, shift.shape)
        if np.broadcast_shapes(size, flow.ours) != flow.ours:
            raise ValueError(f"spreads {flow.ours} over a constant of shape {size}")
        if any(n > 1 for n in size[:-1]):
            w, b = (np.broadcast_to(a, size) for a in (gain, shift))
            return self.keep(name, Scale(size=size), flow, w=w, b=b)
        w, b = (np.broadcast_to(a.ravel(), flow.ours[-1:]) for a in (gain, shift))
        if flow.name in self.writes_alone and self.take_over(flow.name, w, b):
            return flow
        if is_one(w) and is_one(b):
            return self.keep(name, Scale(size=(1,)), flow, w=w[:1], b=b[:1])
        return self.keep(name, Scale(), flow, w=w, b=b)

    def take_over(self, name: str, w: Array, b: Array) -> bool:
        """Let a layer multiply its output by `w` and add `b` too, if it has weights."""
        match layer := self.layers[name]:
            case Conv() | Dense() | Scale(size=None):
                factors = w
            case Scale(size=(1,)) if is_one(w) and is_one(b):
                factors = w = w[:1]
                b = b[:1]
            case ConvTranspose(groups=1):
                factors = w[:, np.newaxis]  # its kernels end in (F, C)
            case _:
                return False
        before = layer.parameters
        if layer.settings.get("bias") is False:
            layer = type(layer)(**{**layer.settings, "bias": True})
            self.layers[name] = layer
        layer.parameters["w"] = (before["w"] * factors).astype(np.float32)
        layer.parameters["b"] = (before.get("b", 0) * w + b).astype(np.float32)
        return True

    def pruned(self, outputs: Sequence[str]) -> dict[str, Layer]:
        """Return the layers that outputs depend on."""
        wanted = set(outputs)
        for name in reversed(self.layers):
            if name in wanted:
                wanted.update(self.reads[name])
        return {name: layer for name, layer in self.layers.items() if name in wanted}


def plain(name: str) -> str:
    """Return a name of letters that layers may have."""
    letters = (c if c.isprintable() and c not in "./" else "_" for c in name)
    return "".join(letters)[-200:] or "layer"


def is_one(numbers: Array) -> bool:
    """Tell whether numbers are the same for all channels."""
    return bool((numbers == numbers[0]).all())


def require_images_first(flow: Flow, shape: Shape) -> None:
    """Refuse a reshaping that mixes images."""
    if flow.order[0] != 0 or shape[:1] != (1,):
        raise ValueError(f"mixes images: from shape {flow.shape} to {shape}")


def decompose(old: Shape, new: Shape) -> list[tuple[list[int], list[int]]]:
    """Return which axes become which, in groups as small as can be."""
    groups = []
    i = j = 0
    while i < len(old) or j < len(new):
        olds = [i] if i < len(old) else []
        news = [j] if j < len(new) else []
        while (p := prod(old[a] for a in olds)) != (q := prod(new[a] for a in news)):
            if p < q:
                olds.append(i + len(olds))
            else:
                news.append(j + len(news))
        i, j = i + len(olds), j + len(news)
        groups.append((olds, news))
    return groups
