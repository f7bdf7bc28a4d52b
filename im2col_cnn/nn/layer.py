"""Say what a layer is: settings, parameters once it is built, and no memory.

A layer never keeps what flows through it. ``forward`` hands its caller a cache, and
``backward`` takes that cache back, so one layer can serve any number of batches at
once and calling it twice changes nothing.

    y, cache = layer.forward(x)
    dx, gradients = layer.backward(dy, cache)      gradients has the names of parameters

What a layer does remember is learned in two ways: `parameters` follow gradients, and
`state`, the running statistics of batch normalization, follows what `absorb` is shown.
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from .._checks import (
    quoted,
)
from .._typing import Array, Shape
from .initializers import Initializer

__all__ = [
    "Fixed",
    "Gradients",
    "Layer",
    "Operation",
    "Weighted",
    "Wrapped",
    "named_by_kind",
    "output_shape",
]


Gradients = dict[str, Array]


@dataclass(frozen=True, eq=False, repr=False)
class Layer(ABC):
    """One step of a network; `kind` is the word its name is made from."""

    kind: ClassVar[str]
    mixes_images: ClassVar[bool] = False  # whether, training, one image sways another
    parameters: dict[str, Array] = field(default_factory=dict, init=False, repr=False)
    state: dict[str, Array] = field(default_factory=dict, init=False, repr=False)

    @abstractmethod
    def array_shapes(self, shape: Shape) -> dict[str, Shape]:
        """
        Return the shapes of all that `build` would make, without making it.

        Parameters
        ----------
        shape : tuple of int
            The shape of one input, as for `build`.

        Returns
        -------
        dict
            One shape per entry of `parameters` and of `state`.

        Raises
        ------
        ValueError
            If the layer cannot work on such inputs.
        """

    @abstractmethod
    def build(
        self, shape: Shape, *, rng: np.random.Generator, dtype: npt.DTypeLike
    ) -> Shape:
        """
        Draw the parameters for inputs of one shape; those of before are dropped.

        Parameters
        ----------
        shape : tuple of int
            The shape of one input, without the batch: ``(*SPATIAL, C)`` or ``(D,)``.
        rng : numpy.random.Generator
            Where the first values come from.
        dtype : dtype
            Of the parameters.

        Returns
        -------
        tuple of int
            The shape of one output.

        Raises
        ------
        ValueError
            If the layer cannot work on such inputs.
        """

    @abstractmethod
    def forward(
        self,
        x: Array,
        *,
        training: bool = False,
        rng: np.random.Generator | None = None,
    ) -> tuple[Array, Any]:
        """
        Compute the output for a batch.

        Parameters
        ----------
        x : array, shape (N, *shape)
        training : bool, default False
            Whether this pass is one to learn from. Some layers care.
        rng : numpy.random.Generator, optional
            Where chance comes from, in training. Dropout needs it.

        Returns
        -------
        y : array, shape (N, *output shape)
        cache
            For `backward`; nobody else looks inside.
        """

    @abstractmethod
    def backward(
        self, dy: Array, cache: Any, *, input_gradient: bool = True
    ) -> tuple[Array | None, Gradients]:
        """
        Compute the gradients of the loss.

        Parameters
        ----------
        dy : array of the shape of y
            The gradient with respect to the output.
        cache
            What `forward` returned beside that output.
        input_gradient : bool, default True
            Whether anyone needs `dx`. The first layer of a network does without.

        Returns
        -------
        dx : array of the shape of x, or None
        gradients : dict
            One array per entry of `parameters`, of the same name and shape.
        """

    def __repr__(self) -> str:
        """Write the call that makes such a layer, without what goes without saying."""
        said = [
            f"{f.name}={value}" if f.kw_only else value
            for f in fields(self)
            if f.init and (value := shown(getattr(self, f.name))) != shown(f.default)
        ]
        return f"{type(self).__name__}({', '.join(said)})"

    def absorb(self, cache: Any) -> None:
        """Take over into `state` what a batch said about it, in place."""
        for name, array in self.state.items():
            array[...] = getattr(cache, name)

    @property
    def arrays(self) -> dict[str, Array]:
        """All that the layer remembers: parameters and state."""
        return self.parameters | self.state

    @property
    def settings(self) -> dict[str, Any]:
        """What the layer was made with, by name."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.init}

    @property
    def built(self) -> dict[str, Array]:
        """The parameters, or a refusal while there are none."""
        if not self.parameters:
            raise RuntimeError(f"build this layer before using it: {self}")
        return self.parameters


@dataclass(frozen=True, eq=False, repr=False)
class Fixed(Layer):
    """A layer with nothing to learn."""

    def array_shapes(self, shape: Shape) -> dict[str, Shape]:
        """Return none."""
        return {}

    def build(
        self, shape: Shape, *, rng: np.random.Generator, dtype: npt.DTypeLike
    ) -> Shape:
        """Draw nothing; return the shape of one output."""
        return output_shape(self, shape, dtype)


def shown(value: Any) -> str:
    """Write a setting as it is written in code; an initializer by its name."""
    return str(getattr(value, "__name__", repr(value)))


def output_shape(layer: Layer, shape: Shape, dtype: npt.DTypeLike) -> Shape:
    """Return the shape of one output: push an empty batch through and look."""
    # So the size formula, and every refusal, stays with the operation that owns it.
    y, _ = layer.forward(np.zeros((0, *shape), dtype))
    return y.shape[1:]


def named_by_kind(layers: Iterable[Layer]) -> dict[str, Layer]:
    """Name layers after their kind, counted from 1."""
    if not isinstance(layers, Iterable):
        raise TypeError(f"layers must be a list, got {quoted(layers)}")
    names: dict[Layer, str] = {}
    counts: Counter[str] = Counter()
    for layer in layers:
        if not isinstance(layer, Layer):
            raise TypeError(f"layers must hold layers, got {quoted(layer)}")
        if layer in names:
            raise ValueError(f"{names[layer]} stands in layers twice: make two of it")
        counts[layer.kind] += 1
        names[layer] = f"{layer.kind}{counts[layer.kind]}"
    if not names:
        raise ValueError("layers must hold at least one layer, got none")
    return {name: layer for layer, name in names.items()}


class Operation(NamedTuple):
    """A function of ``im2col_cnn.ops``, and the one that sends gradients back."""

    forward: Callable[..., tuple[Array, Any]]
    backward: Callable[..., Any]


@dataclass(frozen=True, eq=False, repr=False)
class Wrapped(Fixed):
    """A layer that does what one operation does."""

    operation: ClassVar[Operation]

    def forward(
        self,
        x: Array,
        *,
        training: bool = False,
        rng: np.random.Generator | None = None,
    ) -> tuple[Array, Any]:
        """Apply the operation."""
        return self.operation.forward(x, **self.settings)

    def backward(
        self, dy: Array, cache: Any, *, input_gradient: bool = True
    ) -> tuple[Array | None, Gradients]:
        """Send the gradient back through the operation."""
        return self.operation.backward(dy, cache) if input_gradient else None, {}


@dataclass(frozen=True, eq=False, repr=False)
class Weighted(Layer):
    """A layer of one operation with weights ``w`` and, if it has one, a bias ``b``."""

    operation: ClassVar[Operation]
    told: ClassVar[tuple[str, ...]]  # which of the settings the operation is told

    def build(
        self, shape: Shape, *, rng: np.random.Generator, dtype: npt.DTypeLike
    ) -> Shape:
        """Draw ``w``, set ``b`` to 0."""
        shapes = self.array_shapes(shape)
        draw: Initializer = self.settings["initializer"]
        self.parameters["w"] = draw(shapes["w"], rng=rng, dtype=dtype)
        if "b" in shapes:
            self.parameters["b"] = np.zeros(shapes["b"], dtype)
        return output_shape(self, shape, dtype)

    def forward(
        self,
        x: Array,
        *,
        training: bool = False,
        rng: np.random.Generator | None = None,
    ) -> tuple[Array, Any]:
        """Apply the operation to ``x``, ``w`` and ``b``."""
        settings = {name: getattr(self, name) for name in self.told}
        w, b = self.built["w"], self.built.get("b")
        return self.operation.forward(x, w, b, **settings)

    def backward(
        self, dy: Array, cache: Any, *, input_gradient: bool = True
    ) -> tuple[Array | None, Gradients]:
        """Return ``dx``, and ``dw`` and ``db`` by the names of their parameters."""
        dx, dw, db = self.operation.backward(dy, cache, input_gradient=input_gradient)
        return dx, {"w": dw} if db is None else {"w": dw, "b": db}
