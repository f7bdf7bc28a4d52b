"""Compute once what a model computes from constants: shapes, anchors, masks.

Exporters write out how a shape is found: "take the shape of x, its second entry, join
it with -1". Once sizes of images are known, all that is constant.
"""

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from ..._checks import quoted
from ..._typing import Array

__all__ = ["FOLDED", "folded", "onnx_slices", "target_shape"]

MAX_CONSTANT_NUMBERS = 2**29  # of an array that a node makes

CASTS = {
    1: np.float32,
    2: np.uint8,
    3: np.int8,
    5: np.int16,
    6: np.int32,
    7: np.int64,
    9: np.bool_,
    10: np.float16,
    11: np.float64,
    12: np.uint32,
    13: np.uint64,
}


def axes_of(inputs: list[Any], attributes: dict[str, Any]) -> Any:
    """Return axes, which older opsets have as an attribute and newer as an input."""
    if len(inputs) > 1 and inputs[1] is not None:
        return tuple(map(int, inputs[1].ravel()))
    return attributes.get("axes")


def filled(inputs: list[Any], attributes: dict[str, Any]) -> Any:
    """Return an array of one number."""
    value = attributes.get("value", np.zeros(1, np.float32))
    shape = tuple(map(int, inputs[0]))
    require_room(shape)
    return np.full(shape, value.ravel()[0])


def expand(inputs: list[Any], _: dict[str, Any]) -> Any:
    """Broadcast to a shape."""
    shape = np.broadcast_shapes(inputs[0].shape, tuple(map(int, inputs[1])))
    require_room(shape)
    return np.broadcast_to(inputs[0], shape)


def tiled(inputs: list[Any], _: dict[str, Any]) -> Any:
    """Repeat an array along each axis."""
    array, often = inputs[0], tuple(map(int, inputs[1]))
    if len(often) != array.ndim:
        raise ValueError(f"repeats shape {array.shape} {quoted(often)} times")
    require_room(tuple(n * m for n, m in zip(array.shape, often, strict=True)))
    return np.tile(array, often)


def arange(inputs: list[Any], _: dict[str, Any]) -> Any:
    """Return numbers from one to another."""
    start, stop, step = (one.item() for one in inputs)
    require_room((int(abs((stop - start) / step)),))
    return np.arange(start, stop, step).astype(inputs[0].dtype)


def divided(inputs: list[Any], _: dict[str, Any]) -> Any:
    """Divide, whole numbers towards zero."""
    a, b = inputs
    if a.dtype.kind in "iu":  # towards zero, and not down
        return np.trunc(a / b).astype(a.dtype)
    return a / b


def of(function: Callable[..., Any]) -> Callable[[list[Any], dict[str, Any]], Any]:
    """Return a folding that calls a NumPy function with all inputs."""
    return lambda inputs, _: np.asarray(function(*inputs))


FOLDED: dict[str, Callable[[list[Any], dict[str, Any]], Any]] = {
    "Abs": of(np.abs),
    "Add": of(np.add),
    "And": of(np.logical_and),
    "Cast": lambda inputs, a: inputs[0].astype(CASTS[a["to"]]),
    "Ceil": of(np.ceil),
    "Concat": lambda inputs, a: np.concatenate(inputs, axis=a["axis"]),
    "ConstantOfShape": filled,
    "Cos": of(np.cos),
    "Div": divided,
    "Equal": of(np.equal),
    "Exp": of(np.exp),
    "Expand": expand,
    "Floor": of(np.floor),
    "Gather": lambda inputs, a: np.take(inputs[0], inputs[1], a.get("axis", 0)),
    "Greater": of(np.greater),
    "GreaterOrEqual": of(np.greater_equal),
    "Identity": of(np.asarray),
    "Less": of(np.less),
    "LessOrEqual": of(np.less_equal),
    "Log": of(np.log),
    "Max": of(np.maximum),
    "Min": of(np.minimum),
    "Mod": lambda inputs, a: (np.fmod if a.get("fmod") else np.mod)(*inputs),
    "Mul": of(np.multiply),
    "Neg": of(np.negative),
    "Not": of(np.logical_not),
    "Or": of(np.logical_or),
    "Pow": of(np.power),
    "Range": arange,
    "ReduceProd": lambda inputs, a: np.prod(
        inputs[0], axis=a.get("axes"), keepdims=bool(a.get("keepdims", 1))
    ),
    "Reshape": lambda inputs, a: inputs[0].reshape(
        target_shape(inputs[0].shape, inputs[1], a)
    ),
    "Sin": of(np.sin),
    "Size": of(np.size),
    "Slice": lambda inputs, a: inputs[0][onnx_slices(inputs[0].ndim, inputs, a)],
    "Sqrt": of(np.sqrt),
    "Squeeze": lambda inputs, a: np.squeeze(inputs[0], axes_of(inputs, a)),
    "Sub": of(np.subtract),
    "Tile": tiled,
    "Transpose": lambda inputs, a: inputs[0].transpose(a.get("perm")),
    "Unsqueeze": lambda inputs, a: np.expand_dims(inputs[0], axes_of(inputs, a)),
    "Where": of(np.where),
}


def folded(operator: str, inputs: list[Any], attributes: dict[str, Any]) -> Array:
    """Return what a node computes from constants; refuse what fits in no memory."""
    shapes = [one.shape for one in inputs if one is not None]
    if operator in ("Add", "Mul", "Sub", "Div", "Where", "Pow"):
        require_room(np.broadcast_shapes(*shapes))
    with np.errstate(all="ignore"):
        return np.asarray(FOLDED[operator](inputs, attributes))


def require_room(shape: tuple[int, ...]) -> None:
    """Refuse arrays that no model has."""
    if min(shape, default=0) < 0 or prod(shape) > MAX_CONSTANT_NUMBERS:
        raise ValueError(f"makes an array of shape {quoted(shape)}")


def target_shape(
    shape: tuple[int, ...], wanted: Array, attributes: dict[str, Any]
) -> tuple[int, ...]:
    """Return the shape that Reshape makes: 0 keeps a size, -1 takes what is left."""
    sizes = [int(n) for n in wanted.ravel()]
    if not attributes.get("allowzero", 0):
        sizes = [shape[i] if n == 0 else n for i, n in enumerate(sizes)]
    if -1 in sizes:
        known = prod(n for n in sizes if n != -1)
        sizes[sizes.index(-1)] = prod(shape) // max(known, 1)
    if prod(sizes) != prod(shape) or min(sizes, default=0) < 0:
        raise ValueError(f"cannot turn shape {shape} into {quoted(tuple(sizes))}")
    return tuple(sizes)


def onnx_slices(
    axes: int, inputs: list[Any], attributes: dict[str, Any]
) -> tuple[slice, ...]:
    """Return the slices that Slice takes, one per axis."""
    if len(inputs) == 1:  # before opset 10
        starts, ends = attributes["starts"], attributes["ends"]
        at = attributes.get("axes") or range(len(starts))
        steps: Any = [1] * len(starts)
    else:
        starts, ends = inputs[1].tolist(), inputs[2].tolist()
        at = range(len(starts))
        if len(inputs) > 3 and inputs[3] is not None:
            at = inputs[3].tolist()
        steps = inputs[4].tolist() if len(inputs) > 4 else [1] * len(starts)
    found = [slice(None)] * axes
    for axis, start, end, step in zip(at, starts, ends, steps, strict=True):
        backward_end = None if step < 0 and end < -(2**31) else end
        found[axis] = slice(start, backward_end, step)
    return tuple(found)
