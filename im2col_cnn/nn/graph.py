"""A network as a graph: named layers, each reading inputs or what others wrote.

                 +-- conv -- relu -- conv --+
    y_before ----+                          +---- add ---- y
                 +--------------------------+

A dict says it, with names for wires: a layer alone reads the one before it, and a tuple
names what its layer reads. Keras' functional style calls layers on placeholders to say
the same; here nothing is called before there are images, so part of a network is a
dict, and a block that repeats is a function that returns one.

    def residual(name: str, reads: str, filters: int) -> Nodes:
        return {
            f"{name}_conv1": (Conv(filters, 3, padding="same"), reads),
            f"{name}_relu": ReLU(),
            f"{name}_conv2": Conv(filters, 3, padding="same"),
            name: (Add(), f"{name}_conv2", reads),
        }

    nodes = {"stem": Conv(16, 3, padding="same")}
    nodes |= residual("block1", "stem", 16) | residual("block2", "block1", 16)
    nodes |= {"pool": GlobalAvgPool(keepdims=False), "scores": Dense(10)}
    network = Graph(nodes)
"""

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any, Self, TypeAlias, final

import numpy as np

from .._checks import quoted
from .._typing import AnyPath, ArrayLike, Shape
from .formats.onnx_models import read_built
from .layer import Layer
from .network import Network
from .serialization import INPUT, Built, describe, require_name

__all__ = ["Graph"]

Reads: TypeAlias = tuple[str, ...]
# A layer that reads the one before it, or a tuple: a layer and the names it reads.
Nodes: TypeAlias = Mapping[str, Any]


@final
class Graph(Network):
    """
    Named layers, each reading inputs or what other layers wrote.

    Parameters
    ----------
    nodes : dict of str to Layer or tuple
        A layer alone reads the one before it, the first one the input; ``(layer, "a",
        "b")`` reads what is called ``a`` and ``b``. If each comes after what it reads,
        that is the order in which they are computed; otherwise they are sorted.
    outputs : str or sequence of str, optional
        The layers whose outputs are those of the network; by default the last one. Of
        several, `forward` and `predict` return a dict by name.
    inputs : str or sequence of str, default "input"
        What the images are called. Several inputs are given as a dict by name, where
        one is given as an array.

    Attributes
    ----------
    reads : dict of str to tuple of str
        What each layer reads.
    layers, inputs, outputs, shapes, dtype, classes
        As those of every `Network`.

    Raises
    ------
    TypeError, ValueError
        If a name is none or unknown, if layers read in a circle, if what a layer wrote
        is read by no other and is no output.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn.nn import Add, Conv, Dense, GlobalAvgPool, Graph, ReLU
    >>> network = Graph(
    ...     {
    ...         "stem": Conv(4, 3, padding="same"),
    ...         "relu": ReLU(),
    ...         "conv": Conv(4, 3, padding="same"),
    ...         "add": (Add(), "conv", "stem"),
    ...         "pool": GlobalAvgPool(keepdims=False),
    ...         "scores": Dense(2),
    ...     }
    ... )
    >>> network.build((8, 8, 1), rng=np.random.default_rng(0)).summary()
    layer   output  parameters  reads
    stem     8x8x4          40  input
    relu     8x8x4           0  stem
    conv     8x8x4         148  relu
    add      8x8x4           0  conv, stem
    pool         4           0  add
    scores       2          10  pool
    total                  198
    >>> network.predict(np.zeros((3, 8, 8, 1))).shape
    (3, 2)
    """

    def __init__(
        self,
        nodes: Nodes,
        outputs: str | Sequence[str] | None = None,
        *,
        inputs: str | Sequence[str] = INPUT,
    ) -> None:
        named = as_names(inputs, "inputs")
        layers, reads = as_layers(nodes, named)
        written = as_names(list(layers)[-1] if outputs is None else outputs, "outputs")
        require_known(reads, named, written)
        order = in_order(reads, named)
        require_read(reads, named, written)
        super().__init__(
            {name: layers[name] for name in order},
            {name: reads[name] for name in order},
            named,
            written,
        )

    @classmethod
    def connect(cls, built: Built) -> Self:
        """Make a graph; a chain is one too."""
        nodes = {k: (layer, *built.reads[k]) for k, layer in built.layers.items()}
        return cls(nodes, built.outputs, inputs=tuple(built.input_shapes))

    @classmethod
    def from_onnx(
        cls,
        path: AnyPath,
        *,
        input_shape: Shape | Mapping[str, Shape] | None = None,
        fixed: Mapping[str, ArrayLike] | None = None,
    ) -> Self:
        """
        Build a network from an ONNX file; the file need not be trusted.

        Parameters
        ----------
        path : path
            A file of opset 7 to 23.
        input_shape : tuple of int, or dict of them by name, optional
            Of one image, channels last. Only for a model that leaves it open;
            the number of channels may be left out where the model says it.
        fixed : dict of arrays or numbers by name, optional
            Inputs that are no images and stay the same, ``{"sr": 16000}``.

        Returns
        -------
        Graph
            It reads images channels last, float32, whichever way the model has them. Of
            a model that has them first, arrays with as many axes come out channels
            last, too; all others are as the model has them, but for images, which are
            the first axis. Several inputs and outputs are called as they are there.

        Raises
        ------
        ImportError
            If onnx is not installed.
        OSError
            If the file is missing or damaged.
        ValueError
            If it holds no model, or one with an operator or an attribute that no layer
            here has; the message names the node.

        See Also
        --------
        from_keras : The same for files of Keras.
        Network.to_onnx : The way back.

        Notes
        -----
        What a model computes from constants is computed once. Batch normalization, and
        any other gain and shift, goes into the convolution before it.

        Examples
        --------
        >>> from im2col_cnn.nn import Graph
        >>> network = Graph.from_onnx("squeezenet.onnx")  # doctest: +SKIP
        """
        return cls.of(read_built(path, input_shape, fixed))

    @property
    def structure(self) -> dict[str, Any]:
        """Inputs, named layers with what they read, and outputs."""
        described = describe(self.layers.values())
        return {
            "inputs": {name: list(shape) for name, shape in self.input_shapes.items()},
            "layers": [
                {"name": name, "reads": list(reads), **layer}
                for (name, reads), layer in zip(
                    self.reads.items(), described, strict=True
                )
            ],
            "outputs": list(self.outputs),
        }

    def __repr__(self) -> str:
        """Write the call that makes such a network, a layer on every line."""
        lines, before = "", self.inputs
        for name, layer in self.layers.items():
            said = repr(layer)
            # A layer that merges names even the only one that it reads.
            if self.reads[name] != before or (layer.merges and len(before) == 1):
                said = f"({', '.join([said, *map(repr, self.reads[name])])})"
            lines += f"    {name!r}: {said},\n"
            before = (name,)
        said = "" if self.outputs == before else f", outputs={self.outputs!r}"
        if self.inputs != (INPUT,):
            said += f", inputs={self.inputs!r}"
        return f"{type(self).__name__}({{\n{lines}}}{said})"


def as_names(value: Any, argument: str) -> Reads:
    """Return one name or several as a tuple of names, each there once."""
    alone = isinstance(value, str) or not np.iterable(value)
    names = (value,) if alone else tuple(value)
    if not all(isinstance(name, str) for name in names):
        raise TypeError(f"{argument} must be a str or several, got {quoted(value)}")
    if not names or len(set(names)) < len(names):
        raise ValueError(
            f"{argument} must be names, each there once, got {quoted(value)}"
        )
    return tuple(require_name(name, argument) for name in names)


def as_layers(nodes: Any, inputs: Reads) -> tuple[dict[str, Layer], dict[str, Reads]]:
    """Return layers, and what each reads, by name."""
    if not isinstance(nodes, Mapping) or not nodes:
        raise TypeError(f"nodes must be a dict of layers, got {quoted(nodes)}")
    names: dict[Layer, str] = {}
    reads: dict[str, Reads] = {}
    before = inputs
    for name, node in nodes.items():
        if require_name(name, "nodes") in inputs:
            raise ValueError(f"{name} names an input: call the layer something else")
        layer, *read = node if isinstance(node, tuple) and node else (node,)
        if not isinstance(layer, Layer):
            raise TypeError(
                f"{name} must be a layer, or a tuple of a layer and what it reads, got "
                f"{quoted(node)}"
            )
        if layer in names:
            raise ValueError(
                f"{names[layer]} and {name} are the same layer: make two of it"
            )
        if layer.merges and not read and len(before) == 1:
            raise ValueError(
                f"{name} merges arrays and names none: ({layer!r}, {before[0]!r}, ...) "
                f"names what it reads"
            )
        names[layer], reads[name] = name, tuple(read) or before
        if len(reads[name]) > 1 and not layer.merges:
            raise ValueError(
                f"{name} reads one array, got {', '.join(map(str, reads[name]))}: "
                f"merge them first, with Add or Concat"
            )
        before = (name,)
    return {name: layer for layer, name in names.items()}, reads


def require_known(
    reads: dict[str, tuple[Any, ...]], inputs: Reads, outputs: Reads
) -> None:
    """Refuse names that name nothing."""
    known = {*reads, *inputs}
    for name, read in reads.items():
        for one in read:
            if not isinstance(one, str) or one not in known:
                raise ValueError(
                    f"{name} reads {quoted(one)}, which names no layer and no input"
                )
    for name in outputs:
        if name not in reads:
            raise ValueError(f"outputs: {quoted(name)} names no layer")


def require_read(reads: dict[str, Reads], inputs: Reads, outputs: Reads) -> None:
    """Refuse what no layer reads and is no output."""
    read_or_out = {*outputs, *(one for read in reads.values() for one in read)}
    for name in (*inputs, *reads):
        if name not in read_or_out:
            raise ValueError(
                f"{name} is read by no layer and is no output: leave it out, or name "
                f"it in outputs"
            )


def in_order(reads: dict[str, Reads], inputs: Reads) -> list[str]:
    """Return names such that each comes after what it reads: as given, if that does."""
    known = set(inputs)
    for name, read in reads.items():
        if not known.issuperset(read):
            break
        known.add(name)
    else:
        return list(reads)
    inside = {k: [one for one in read if one in reads] for k, read in reads.items()}
    try:
        return list(TopologicalSorter(inside).static_order())
    except CycleError as error:
        _, circle = error.args
        raise ValueError(
            f"layers must not read in a circle: {' to '.join(circle):.200}"
        ) from None
