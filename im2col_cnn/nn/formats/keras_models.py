"""Build a network of ours from a model that Keras saved.

    Input, Conv2D, BatchNormalization, Activation, Flatten, Dense       there
           Conv,   BatchNorm,          ReLU,       Flatten, Dense       here

The file becomes a description and arrays as those of our own files, and then a network
by the same way as those: what is too large for the file, or has other arrays than its
layers, is refused before anything is built.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter
from typing import Any, NamedTuple

import numpy as np

from ..._checks import as_path, in_a_line, quoted
from ..._typing import AnyPath, Shape
from ...files.keras import KerasFile, read_keras
from ...files.weights import cast_finite
from ..graph import Graph
from ..layer import named_by_kind
from ..network import Network, Sequential
from ..serialization import INPUT, describe, fill_shape, in_chain, rebuild
from .keras_layers import Described, Step, steps_of
from .pairing import layout_of, places

__all__ = ["from_keras"]

CHAINS = {"Sequential"}
MODELS = CHAINS | {"Functional", "Model"}
BATCH_SHAPES = ("build_input_shape", "batch_shape", "batch_input_shape")


class Entry(NamedTuple):
    """A layer as the file describes it, and the names of the layers that it reads."""

    kind: str
    settings: dict[str, Any]
    sources: list[str]
    group: str  # of its arrays


class Node(NamedTuple):
    """A layer of ours and its arrays, and the names of the layers that it reads."""

    step: Step
    sources: list[str]


def from_keras(path: AnyPath, *, input_shape: Shape | None = None) -> Network:
    """
    Build a network from a model that Keras saved; the file need not be trusted.

    Parameters
    ----------
    path : path
        A ``.keras`` file, or an ``.h5`` file of a whole model, of Keras 2 or 3.
    input_shape : tuple of int, optional
        Of one image, channels last. Only for a model that leaves it open;
        the number of channels may be left out where the model says it.

    Returns
    -------
    Sequential or Graph
        A chain where the layers are one. It reads images channels last, also where the
        model has them first.

    Raises
    ------
    OSError
        If the file is missing or damaged.
    ValueError
        If it holds no model, or one with a layer or a setting that no layer here has.

    See Also
    --------
    load_keras_weights : Fills a network that is there.

    Examples
    --------
    >>> from im2col_cnn.nn import from_keras
    >>> network = from_keras("emotions.h5")  # doctest: +SKIP
    """
    path = as_path(path, "path")
    file = read_keras(path)
    if file.model is None:
        raise ValueError(
            f"{path}: holds weights without a model: load_keras_weights fills one"
        )
    try:
        return network_of(file, input_shape)
    except (LookupError, AttributeError, RecursionError) as error:
        raise ValueError(
            f"{path}: does not describe its model as Keras does: {in_a_line(error)}"
        ) from error
    except (ArithmeticError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: {in_a_line(error)}") from error


def network_of(file: KerasFile, input_shape: Shape | None) -> Network:
    """Build the network of a file."""
    entries, outputs = entries_of(file.model, [INPUT], "", "", by_class=file.by_class)
    channels_first = any(
        entry.settings.get("data_format") == "channels_first"
        for entry in entries.values()
        if entry.kind != "Flatten"
    )
    shape = shape_of(file.model, channels_first, input_shape)
    layers = file.layers
    nodes: dict[str, Node] = {}
    ends = {INPUT: INPUT}  # by layer of theirs: the one of ours that gives it out
    axes = {INPUT: len(shape) - 1}  # spatial ones, by layer of theirs
    turned = False
    for name, entry in entries.items():
        d = Described(
            entry.kind,
            dict(entry.settings),
            layers.get(entry.group) or layers.get(entry.group.partition("/")[0], []),
            axes=max(axes[source] for source in entry.sources),
            channels=shape[-1] if entry.sources == [INPUT] else None,
            channels_first=channels_first,
            keras=file.version,
        )
        try:
            steps = steps_of(d)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{quoted(name)}: {error}") from error
        sources = [ends[source] for source in entry.sources]
        for n, step in enumerate(steps):
            ours = re.sub(r"[./]", "_", f"{name}_{step.layer.kind}" if n else name)
            while ours in {*nodes, INPUT} or (n and ours in entries):
                ours += "_"
            nodes[ours], sources = Node(step, sources), [ours]
        (ends[name],) = sources
        axes[name] = d.axes_after(steps)
        turned |= d.flattens_as_stored
    network = assembled(nodes, [ends[name] for name in outputs], shape)
    if turned:
        turn_rows(network)
    return network


def assembled(nodes: Mapping[str, Node], outputs: list[str], shape: Shape) -> Network:
    """Return a chain of layers where they are one, and a graph otherwise."""
    steps = [node.step for node in nodes.values()]
    arrays = [array for step in steps for array in step.arrays.values()]
    dtype = np.result_type(*arrays) if arrays else np.dtype(np.float32)
    reads = {name: tuple(node.sources) for name, node in nodes.items()}
    layers = describe(step.layer for step in steps)
    configuration: dict[str, Any] = {"dtype": dtype.name, "layers": layers}
    names = list(nodes)
    if reads == in_chain(nodes) and outputs == names[-1:]:
        configuration["input_shape"] = list(shape)
        names = list(named_by_kind(step.layer for step in steps))
    else:
        configuration |= {"inputs": {INPUT: list(shape)}, "outputs": outputs}
        for name, layer in zip(names, layers, strict=True):
            layer |= {"name": name, "reads": list(reads[name])}
    stored = {
        f"{name}/{key}": cast_finite(array, dtype, f"{name}.{key}")
        for name, step in zip(names, steps, strict=True)
        for key, array in step.arrays.items()
    }
    make = Sequential if "input_shape" in configuration else Graph
    return make.of(rebuild(configuration, stored))


def turn_rows(network: Network) -> None:
    """Put the rows behind a `Flatten` in the order of pixels, from that of channels."""
    for place in places(network):
        rows, turned = place.axes, place.axes[-1] + place.axes[:-1]
        for array in place.layer.arrays.values() if place.image else ():
            rest = ("O",) * (array.ndim - 1)
            if place.layer.kind != "dense" or rest:
                layout = layout_of(
                    (rows, *rest), (turned, *rest), array.shape, **place.sizes
                )
                array[...] = layout.inward(array)


def shape_of(model: Any, channels_first: bool, wanted: Shape | None) -> Shape:
    """Return the shape of one image, channels last."""
    config = model["config"]
    config = {"layers": config} if isinstance(config, list) else config
    found = next(batch_shapes(config), None)
    if found is None:
        raise LookupError("it has no shape of what it reads")
    _, *known = found
    if channels_first:
        known = [*known[1:], known[0]]
    return fill_shape(known, wanted)


def batch_shapes(config: Any) -> Iterator[Any]:
    """Yield the shapes of inputs, of a model and of those within it."""
    yield from (config[key] for key in BATCH_SHAPES if config.get(key))
    for layer in config.get("layers", []):
        yield from batch_shapes(layer["config"])


def entries_of(
    model: Any, inputs: list[str], prefix: str, within: str, *, by_class: bool
) -> tuple[dict[str, Entry], list[str]]:
    """Return the layers of a model and of those within it, and which give it out.

    `inputs` are what it reads; `prefix` and `within` stand before the names of its
    layers and before those of their arrays, which may go `by_class`.
    """
    kind, config = model["class_name"], model["config"]
    config = {"layers": config} if isinstance(config, list) else config  # Keras 2.1
    if kind not in MODELS:
        raise ValueError(f"{quoted(kind)} is no model whose layers have a known order")
    described, groups, reads = {}, {}, {}
    counts: Counter[str] = Counter()
    last: list[str] = []
    for layer in config["layers"]:
        name = str(layer.get("name") or layer["config"]["name"])
        if name in described:
            raise ValueError(f"two layers are called {quoted(name)}")
        word = snake_case(layer["class_name"])
        counted = f"{word}_{counts[word]}" if counts[word] else word
        counts[word] += 1
        described[name], groups[name] = layer, within + (counted if by_class else name)
        reads[name] = last if kind in CHAINS else nodes_of(layer)
        last = [name]
    entries: dict[str, Entry] = {}
    given: dict[str, list[str]] = {}
    waiting = list(inputs)
    for name in TopologicalSorter(reads).static_order():
        layer, full = described[name], prefix + name
        sources = [source for read in reads[name] for source in given[read]]
        if layer["class_name"] == "InputLayer":
            if not waiting:
                raise ValueError(f"{quoted(full)} is one input more than is read here")
            given[name] = [waiting.pop(0)]
        elif layer["class_name"] in MODELS:
            inside = f"{groups[name]}/" if by_class or not within else within
            inner, given[name] = entries_of(
                layer, sources or inputs, f"{full}/", inside, by_class=by_class
            )
            entries |= inner
        else:
            entries[full] = Entry(
                layer["class_name"], layer["config"], sources or inputs, groups[name]
            )
            given[name] = [full]
    outputs = last if kind in CHAINS else histories(config["output_layers"])
    return entries, [name for output in outputs for name in given[output]]


def nodes_of(layer: Any) -> list[str]:
    """Return the layers that a layer reads, in order."""
    if len(layer["inbound_nodes"]) > 1:
        raise ValueError(f"{quoted(layer['config']['name'])} is used twice")
    return histories(layer["inbound_nodes"])


def histories(value: Any) -> list[str]:
    """Return the layers whose outputs a node of a graph reads, in order."""
    match value:
        case {"class_name": "__keras_tensor__", "config": {"keras_history": history}}:
            return histories(history)
        case {"args": args, "kwargs": kwargs} if not said(kwargs):  # Keras 3
            return histories(args)
        case [str(name), 0, 0, *rest] if not any(map(said, rest)):
            return [name]
        case list() if not (value and isinstance(value[0], str)):
            return [name for entry in value for name in histories(entry)]
        case list() | {"args": _}:
            raise ValueError(f"{quoted(value)} is called in a way not known here")
    return []


def said(kwargs: Any) -> bool:
    """Return whether a layer is called with more than images: training=True, say."""
    return any(value not in (None, False) for value in kwargs.values())


def snake_case(word: str) -> str:
    """Return Conv2D as conv2d, PReLU as p_re_lu."""
    word = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", word)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", word).lower()
