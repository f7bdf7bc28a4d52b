"""Describe a network in JSON, and build it from such a description.

    {"input_shape": [8, 8, 1], "dtype": "float32", "classes": ["cat", "dog"],
     "layers": [{"kind": "conv", "filters": 4, "kernel_size": 3, ...}, ...]}

That is a chain. In a graph every layer has a name, and says what it reads:

    {"inputs": {"input": [8, 8, 1]}, "outputs": ["add"], "dtype": ..., "classes": ...,
     "layers": [..., {"name": "add", "reads": ["conv", "input"], "kind": "add"}]}

A description may come from a file that anyone made. So a kind of layer or a setting
that is not known is refused, and so are sizes no network has, before anything is built.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from math import prod
from typing import Any, NamedTuple

import numpy as np

from .._checks import as_shape, by, quoted
from .._typing import Array, Shape
from . import (
    activations,
    arithmetic,
    convolution,
    dense,
    dropout,
    merging,
    normalization,
    pooling,
    preprocessing,
    recurrent,
    reshaping,
    resizing,
    scale,
)
from .initializers import glorot_normal, glorot_uniform, he_normal, he_uniform
from .layer import Layer, named_by_kind

__all__ = [
    "INPUT",
    "Built",
    "describe",
    "fill_shape",
    "in_chain",
    "read_classes",
    "read_layers",
    "rebuild",
    "require_loadable",
    "require_name",
    "written",
]


KINDS: dict[str, type[Layer]] = {
    layer.kind: layer
    for module in (
        *(activations, arithmetic, convolution, dense, dropout, merging, normalization),
        *(pooling, preprocessing, recurrent, reshaping, resizing, scale),
    )
    for layer in vars(module).values()
    if isinstance(layer, type) and issubclass(layer, Layer) and "kind" in vars(layer)
}
INITIALIZERS = {
    draw.__name__: draw
    for draw in (glorot_normal, glorot_uniform, he_normal, he_uniform)
}
INPUT = "input"  # what the images of a network are called, unless it says otherwise
MAX_LAYERS = 10_000
MAX_NAME_LETTERS = 200
MAX_NUMBERS_PER_IMAGE = 2**28  # 1 GiB of float32
MAX_WINDOW_PIXELS = 2**16  # of a kernel, a stride or a padding, along an axis
MAX_AXES = 16  # of an image
WINDOW_SETTINGS = (
    *("kernel_size", "stride", "padding", "dilation", "output_padding"),
    *("output_size", "scale"),
)


def describe(layers: Iterable[Layer]) -> list[dict[str, Any]]:
    """Return every layer as its kind and its settings, as JSON has it."""
    return [
        {"kind": layer.kind, **{k: written(v) for k, v in layer.settings.items()}}
        for layer in layers
    ]


def written(value: Any) -> Any:
    """Return a setting as JSON has it; None for an initializer of one's own."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [written(entry) for entry in value]
    if callable(value):
        name = getattr(value, "__name__", "")
        return name if INITIALIZERS.get(name) is value else None
    return value


def read_layers(configuration: Mapping[str, Any]) -> list[Layer]:
    """Make the layers of a description, none of them built."""
    described = configuration.get("layers")
    if not isinstance(described, list) or not 0 < len(described) <= MAX_LAYERS:
        raise ValueError(f"layers must be a list of up to {MAX_LAYERS} layers")
    return [read_layer(one) for one in described]


def read_layer(described: Any) -> Layer:
    """Make one layer."""
    settings = dict(described) if isinstance(described, dict) else {}
    for key in ("name", "reads"):  # of a graph
        settings.pop(key, None)
    kind = settings.pop("kind", None)
    make = KINDS.get(kind) if isinstance(kind, str) else None
    if make is None:
        raise ValueError(f"layers: {kind!s:.60} is no kind of layer known here")
    if settings.get("initializer", "") is None:
        del settings["initializer"]
    try:
        return make(**{k: read_setting(k, v) for k, v in settings.items()})
    except TypeError as error:  # also: a setting that this kind does not have
        raise ValueError(f"layers: {kind}: {error}") from error


def read_setting(name: str, value: Any) -> Any:
    """Return a setting as layers take it; refuse sizes that no network has."""
    if name == "initializer":
        if not isinstance(value, str) or value not in INITIALIZERS:
            raise ValueError(f"layers: initializer {value!s:.60} is not known here")
        return INITIALIZERS[value]
    if isinstance(value, list):
        if len(value) > MAX_AXES:
            raise ValueError(f"layers: {name} has {len(value)} entries")
        return tuple(read_setting(name, entry) for entry in value)
    # Arrays are as large as the file says: what it holds is their limit.
    pixels = isinstance(value, int) and name in WINDOW_SETTINGS
    if pixels and not -MAX_WINDOW_PIXELS <= value <= MAX_WINDOW_PIXELS:
        raise ValueError(
            f"layers: {name} must be at most {MAX_WINDOW_PIXELS}, got {value!s:.60}"
        )
    return value


def read_shape(found: Any) -> Shape:
    """Return the shape of one input."""
    if not isinstance(found, list) or len(found) > MAX_AXES:
        raise ValueError(f"input_shape must be a list of up to {MAX_AXES} sizes")
    shape = as_shape(found, "input_shape", at_least=1)
    return require_small_image(shape, "input_shape")


class Plan(NamedTuple):
    """Layers that are not built, and how they hang together."""

    layers: dict[str, Layer]
    reads: dict[str, tuple[str, ...]]
    input_shapes: dict[str, Shape]
    outputs: tuple[str, ...]


def in_chain(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return what layers read that follow one another."""
    return {name: (before,) for before, name in pairwise([INPUT, *names])}


def read_plan(configuration: Mapping[str, Any]) -> Plan:
    """Return layers, what each reads, and the shapes of inputs."""
    layers = read_layers(configuration)
    if "inputs" not in configuration:
        chain = named_by_kind(layers)
        shape = read_shape(configuration.get("input_shape"))
        return Plan(chain, in_chain(chain), {INPUT: shape}, (list(chain)[-1],))
    inputs = configuration["inputs"]
    if not isinstance(inputs, dict) or not 0 < len(inputs) <= MAX_LAYERS:
        raise ValueError("inputs must be a dict of names and shapes")
    input_shapes = {
        require_name(k, "inputs"): read_shape(found) for k, found in inputs.items()
    }
    described = configuration["layers"]
    names = [require_name(one.get("name"), "layers") for one in described]
    if len(set(names)) < len(names):
        raise ValueError("layers must have names of their own")
    reads = {
        name: read_names(one.get("reads"), f"{name} reads")
        for name, one in zip(names, described, strict=True)
    }
    outputs = read_names(configuration.get("outputs"), "outputs")
    return Plan(dict(zip(names, layers, strict=True)), reads, input_shapes, outputs)


def read_names(found: Any, role: str) -> tuple[str, ...]:
    """Return a list of names, at least one."""
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise ValueError(f"{role} must be a list of names")
    return tuple(found)


def require_name(name: Any, where: str) -> str:
    """Return the name of an input or a layer; refuse what names no array of a file."""
    if not isinstance(name, str):
        raise TypeError(f"{where}: a name must be a str, got {quoted(name):.60}")
    if not name.isprintable() or not 0 < len(name) <= MAX_NAME_LETTERS:
        raise ValueError(
            f"{where}: a name must have 1 to {MAX_NAME_LETTERS} printable letters, got "
            f"{len(name)} in {quoted(name):.60}"
        )
    if "." in name or "/" in name:  # as in conv1.w, or conv1/w in a file
        raise ValueError(
            f"{where}: {quoted(name)} must do without . and /: write _, say"
        )
    return name


def read_dtype(configuration: Mapping[str, Any]) -> np.dtype:
    """Return the dtype of the network."""
    name = configuration.get("dtype")
    if name not in ("float16", "float32", "float64"):
        raise ValueError(f"dtype must be float16, 32 or 64, got {name!s:.60}")
    return np.dtype(str(name))


def read_classes(configuration: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the classes, of which there may be none."""
    names = configuration.get("classes", [])
    if not isinstance(names, list) or not all(
        isinstance(name, str) and name.isprintable() for name in names
    ):
        raise ValueError(
            f"classes must be a tuple of printable names, got {quoted(names)}"
        )
    return tuple(names)


def fill_shape(known: Sequence[int | None], wanted: Shape | None) -> Shape:
    """
    Return the shape of one image, of which a model may leave sizes open.

    What is wanted may leave out channels, where the model says how many.
    """
    open_, shape = ", ".join("?" if n is None else str(n) for n in known), wanted
    if shape is None:
        if None in known or not known:
            raise ValueError(
                f"leaves sizes of images open, ({open_}): give input_shape=, or --size"
            )
        shape = tuple(n for n in known if n is not None)
    shape = as_shape(shape, "input_shape", at_least=1)
    if len(shape) == len(known) - 1 and known[-1] is not None:
        shape = (*shape, known[-1])
    if len(shape) != len(known) or any(
        size not in (None, n) for size, n in zip(known, shape, strict=True)
    ):
        raise ValueError(
            f"input_shape must fit ({open_}), that of one image, channels last, got "
            f"{shape}"
        )
    return require_small_image(shape, "input_shape")


def require_small_image(shape: Shape, name: str) -> Shape:
    """Refuse images with more numbers than can be meant."""
    if prod(shape) > MAX_NUMBERS_PER_IMAGE:
        raise ValueError(
            f"{name}: {by(shape)} is more than {MAX_NUMBERS_PER_IMAGE} numbers"
        )
    return shape


def require_stored(stored: Mapping[str, Array], name: str, shape: Shape) -> None:
    """Refuse a file without this array, or with one of another shape."""
    if name not in stored:
        raise ValueError(f"{name} is not among the arrays")
    if stored[name].shape != shape:
        raise ValueError(
            f"{name} must have shape {by(shape)}, got {by(stored[name].shape)}"
        )


def require_loadable(
    configuration: Mapping[str, Any], shapes: Mapping[str, Shape]
) -> None:
    """
    Refuse a network whose description would be refused when it is read.

    Raises
    ------
    ValueError
        If a layer, a setting, a size, the dtype or a class is none that is read.
    """
    try:
        read = json.loads(json.dumps(configuration))
        read_plan(read)
        read_dtype(read)
        read_classes(read)
        for name, shape in shapes.items():
            require_small_image(shape, name)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"this network cannot be loaded again, so it is not saved: {error}"
        ) from error


class Built(NamedTuple):
    """Layers with their arrays, and what a network knows about them."""

    layers: dict[str, Layer]
    reads: dict[str, tuple[str, ...]]
    input_shapes: dict[str, Shape]
    outputs: tuple[str, ...]
    shapes: dict[str, Shape]
    dtype: np.dtype


def rebuild(configuration: dict[str, Any], stored: Mapping[str, Array]) -> Built:
    """Build the layers of a description, and fill them with arrays, ``layer/array``.

    Raises
    ------
    TypeError, ValueError
        If the description is of no network, or of one with other arrays.
    """
    plan, dtype = read_plan(configuration), read_dtype(configuration)
    shapes: dict[str, Shape] = dict(plan.input_shapes)
    used = set()
    for name, layer in plan.layers.items():
        if not plan.reads[name] or not shapes.keys() >= set(plan.reads[name]):
            raise ValueError(f"layers: {name} does not come after what it reads")
        read = tuple(shapes[one] for one in plan.reads[name])
        shape = read if layer.merges else read[0]
        for key, size in layer.array_shapes(shape).items():
            require_stored(stored, f"{name}/{key}", size)
            used.add(f"{name}/{key}")
        rng = np.random.default_rng(0)  # what it draws is overwritten
        shapes[name] = layer.build(shape, rng=rng, dtype=dtype)
        require_small_image(shapes[name], name)
        for key, array in layer.arrays.items():
            found = stored[f"{name}/{key}"]
            if found.dtype != array.dtype:  # a larger one could overflow
                raise ValueError(
                    f"{name}/{key} must be {array.dtype}, got {found.dtype}"
                )
            array[...] = found
    if odd := sorted(stored.keys() - used):
        raise ValueError(f"no layer has the array {odd[0]}")
    outputs = {name: shapes[name] for name in plan.layers}
    return Built(*plan, outputs, dtype)
