"""A layer: its settings, its parameters once it is built, its forward and backward.

A layer never keeps what flows through it. ``forward`` hands its caller a cache, and
``backward`` takes that cache back, so one layer can serve any number of batches at
once and calling it twice changes nothing.

    y, cache = layer.forward(x)
    dx, gradients = layer.backward(dy, cache)      gradients has the names of parameters

What a layer does remember is learned in two ways: `parameters` follow gradients, and
`state`, the running statistics of batch normalization, follows the caches that
`update_state` is given.

Most layers read one array. One that `merges` reads several, as a tuple, and hands back
a tuple of as many gradients.

`Layer` checks arguments, once for all layers. What a kind of layer does is said in four
methods: `array_shapes`, `draw`, `apply` and `differentiate`.
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from functools import partial
from typing import Any, ClassVar, NamedTuple, TypeAlias, dataclass_transform

import numpy as np
import numpy.typing as npt

from .._checks import (
    as_array,
    as_choice,
    as_flag,
    as_float_dtype,
    as_int,
    as_rng,
    as_shape,
    as_upstream,
    quoted,
    require_cache,
)
from .._checks.keywords import FOUND_BY_BUILD
from .._typing import Array, Shape
from .hints import Hinting
from .initializers import Initializer

__all__ = [
    "COUNT",
    "SIZES",
    "Back",
    "Gradients",
    "InputShapes",
    "Inputs",
    "Layer",
    "Operation",
    "OperationLayer",
    "ParameterlessLayer",
    "PureLayer",
    "Random",
    "Rule",
    "Rules",
    "Shapes",
    "WeightedLayer",
    "as_axis",
    "axis_within",
    "named_by_kind",
    "one_of",
    "optional",
]

Gradients: TypeAlias = dict[str, Array]
Inputs: TypeAlias = Any  # an array; into a layer that merges, a tuple of arrays
InputShapes: TypeAlias = Any  # a shape; of a layer that merges, a tuple of shapes
Shapes: TypeAlias = dict[str, Shape]  # by name of a parameter or of a state
Random: TypeAlias = np.random.Generator | None
Back: TypeAlias = tuple[Inputs, Gradients]  # dx, None if it is not wanted
Rule: TypeAlias = Callable[[Any, str], object]  # refuses a setting, given its name

COUNT: Rule = partial(as_int, at_least=1)
SIZES: Rule = partial(as_shape, at_least=1)


class Rules(dict[str, Rule]):
    """What refuses a bad setting, by the name of the setting."""


def optional(rule: Rule) -> Rule:
    """Return a rule that None obeys, too."""
    return lambda value, name: value is None or rule(value, name)


def one_of(*words: str) -> Rule:
    """Return the rule to be one of some words."""
    return partial(as_choice, choices=words)


@dataclass_transform(frozen_default=True, eq_default=False)
@dataclass(frozen=True, eq=False, repr=False)
class Layer(Hinting, ABC):
    """One step of a network; `kind` is the word its name is made from."""

    instead: ClassVar[str] = (
        "a Sequential or a Graph says what it reads, and forward(x) computes"
    )
    too_many: ClassVar[str] = FOUND_BY_BUILD
    kind: ClassVar[str]
    rules: ClassVar[Rules] = Rules()  # those of base classes hold, too
    merges: ClassVar[bool] = False  # whether it reads several arrays
    mixes_images: ClassVar[bool] = False  # whether, training, one image sways another
    min_training_values: ClassVar[int] = 1  # per channel of a batch
    parameters: dict[str, Array] = field(default_factory=dict, init=False, repr=False)
    state: dict[str, Array] = field(default_factory=dict, init=False, repr=False)

    def __init_subclass__(cls) -> None:
        """Make fields of the settings that a kind of layer is written with."""
        super().__init_subclass__()
        dataclass(frozen=True, eq=False, repr=False)(cls)

    def __post_init__(self) -> None:
        """Make Python numbers of settings that are NumPy's, and refuse bad ones."""
        rules = {
            name: rule
            for base in reversed(type(self).__mro__)
            if isinstance(own := vars(base).get("rules"), Rules)
            for name, rule in own.items()
        }
        if rules:  # a user's own layer may take anything
            self.unwrap_settings()
        for name, rule in rules.items():
            rule(getattr(self, name), name)

    def build(
        self,
        shape: InputShapes,
        *,
        rng: np.random.Generator,
        dtype: npt.DTypeLike = np.float32,
    ) -> Shape:
        """
        Draw the parameters for inputs of one shape; those of before are dropped.

        Parameters
        ----------
        shape : tuple of int
            The shape of one input, without the batch: ``(*SPATIAL, C)`` or ``(D,)``.
            A layer that merges takes a tuple of such shapes.
        rng : numpy.random.Generator
            Where the first values come from.
        dtype : dtype, default float32
            Of the parameters.

        Returns
        -------
        tuple of int
            The shape of one output: what the next layer is built for.

        Raises
        ------
        TypeError, ValueError
            If an argument is malformed, or the layer cannot work on such inputs.
        """
        shapes = tuple(
            as_shape(one, "shape", at_least=1)
            for one in (shape if self.merges and np.iterable(shape) else [shape])
        )
        rng, dtype = as_rng(rng), as_float_dtype(dtype)
        self.draw(self.array_shapes(shapes if self.merges else shapes[0]), rng, dtype)
        # Empty batches: the size formula, and every refusal, stay with the operation.
        xs = tuple(np.zeros((0, *one), dtype) for one in shapes)
        y, _ = self.forward(xs if self.merges else xs[0])
        return y.shape[1:]

    def forward(
        self, x: Inputs, *, training: bool = False, rng: Random = None
    ) -> tuple[Array, Any]:
        """
        Compute the output for a batch.

        Parameters
        ----------
        x : array, shape (N, *shape), or a tuple of such arrays
        training : bool, default False
            Whether this pass is one to learn from: batch normalization and dropout
            care. A layer is used far more often than it is trained, so False; the
            operations of ``im2col_cnn.ops`` default to True, as they are written to be
            read beside their gradients.
        rng : numpy.random.Generator, optional
            Where random numbers come from, in training. Dropout needs it.

        Returns
        -------
        y : array, shape (N, *output shape)
        cache
            Pass it to `backward`; its contents are private.
        """
        training = as_flag(training, "training")
        return self.apply(x, training, rng if rng is None else as_rng(rng))

    def backward(
        self, dy: Array, cache: Any, *, input_gradient: bool = True
    ) -> tuple[Inputs, Gradients]:
        """
        Compute the gradients of the loss.

        Parameters
        ----------
        dy : array of the shape of y
            The gradient with respect to the output.
        cache
            What `forward` returned beside that output.
        input_gradient : bool, default True
            Whether to compute `dx`. The first layer of a network does without.

        Returns
        -------
        dx : array of the shape of x, a tuple of such arrays, or None
            None if `input_gradient` is False.
        gradients : dict
            One array per entry of `parameters`, of the same name and shape.
        """
        input_gradient = as_flag(input_gradient, "input_gradient")
        return self.differentiate(dy, cache, input_gradient)

    def update_state(self, cache: Any) -> None:
        """Update the running statistics in `state` from a forward cache, in place."""
        for name, array in self.state.items():
            array[...] = getattr(cache, name)

    @abstractmethod
    def array_shapes(self, shape: InputShapes) -> Shapes:
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
    def draw(self, shapes: Shapes, rng: np.random.Generator, dtype: np.dtype) -> None:
        """Fill `parameters` and `state` with first values of these shapes."""

    @abstractmethod
    def apply(self, x: Inputs, training: bool, rng: Random) -> tuple[Array, Any]:
        """Return the output and a cache; `forward` has checked the settings."""

    @abstractmethod
    def differentiate(self, dy: Array, cache: Any, input_gradient: bool) -> Back:
        """Return ``dx``, None if it is not wanted, and the gradients of parameters."""

    def __repr__(self) -> str:
        """Write the call that makes such a layer, defaults left out."""
        said = [
            f"{f.name}={value}" if f.kw_only else value
            for f in fields(self)
            if f.init and (value := shown(getattr(self, f.name))) != shown(f.default)
        ]
        return f"{type(self).__name__}({', '.join(said)})"

    @property
    def arrays(self) -> dict[str, Array]:
        """All that the layer remembers: parameters and state."""
        return self.parameters | self.state

    @property
    def settings(self) -> dict[str, Any]:
        """What the layer was made with, by name."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.init}

    def unwrap_settings(self) -> None:
        """Make Python numbers of settings that are NumPy's: uint8 has no -1."""
        for name, value in self.settings.items():
            if isinstance(value, np.generic | np.ndarray):
                plain = value.tolist()
                plain = tuple(plain) if isinstance(plain, list) else plain
                object.__setattr__(self, name, plain)

    def require_parameters(self) -> dict[str, Array]:
        """Return the parameters; refuse a layer that is not built."""
        if not self.parameters:
            raise RuntimeError(f"build this layer before using it: {self}")
        return self.parameters


class ParameterlessLayer(Layer):
    """A layer without parameters: there is nothing to draw."""

    too_many: ClassVar[str] = ""

    def array_shapes(self, shape: InputShapes) -> Shapes:
        """Return none."""
        return {}

    def draw(self, shapes: Shapes, rng: np.random.Generator, dtype: np.dtype) -> None:
        """Draw nothing."""


class PureCache(NamedTuple):
    """The shape of an output, and what `PureLayer.pull_back` needs."""

    shape: Shape
    kept: Any


class PureLayer(ParameterlessLayer):
    """A layer whose output depends on its input alone, in training and later."""

    def apply(self, x: Inputs, training: bool, rng: Random) -> tuple[Array, Any]:
        """Compute."""
        y, kept = self.compute(x if self.merges else as_array(x, "x"))
        return y, PureCache(y.shape, kept)

    def differentiate(self, dy: Array, cache: Any, input_gradient: bool) -> Back:
        """Pull the gradient back, if it is wanted."""
        shape, kept = require_cache(cache, PureCache, "forward")
        dy = as_upstream(dy, shape)
        return self.pull_back(dy, kept) if input_gradient else None, {}

    @abstractmethod
    def compute(self, x: Inputs) -> tuple[Array, Any]:
        """Return the output and a cache."""

    @abstractmethod
    def pull_back(self, dy: Array, cache: Any) -> Inputs:
        """Return ``dx``; of a layer that merges, a tuple."""


class Operation(NamedTuple):
    """The two functions of an operation in ``im2col_cnn.ops``, forward and backward."""

    forward: Callable[..., tuple[Array, Any]]
    backward: Callable[..., Any]


class OperationLayer(ParameterlessLayer):
    """A layer that is one operation with its settings, and nothing else."""

    operation: ClassVar[Operation]

    def apply(self, x: Array, training: bool, rng: Random) -> tuple[Array, Any]:
        """Apply the operation."""
        return self.operation.forward(x, **self.settings)

    def differentiate(self, dy: Array, cache: Any, input_gradient: bool) -> Back:
        """Return the gradient that the operation returns."""
        return self.operation.backward(dy, cache) if input_gradient else None, {}


class WeightedLayer(Layer):
    """A layer of one operation with weights ``w`` and, if it has one, a bias ``b``."""

    operation: ClassVar[Operation]
    operation_settings: ClassVar[tuple[str, ...]]  # those that the operation takes

    def draw(self, shapes: Shapes, rng: np.random.Generator, dtype: np.dtype) -> None:
        """Draw ``w``, set ``b`` to 0."""
        initializer: Initializer = self.settings["initializer"]
        self.parameters["w"] = initializer(shapes["w"], rng=rng, dtype=dtype)
        if "b" in shapes:
            self.parameters["b"] = np.zeros(shapes["b"], dtype)

    def apply(self, x: Array, training: bool, rng: Random) -> tuple[Array, Any]:
        """Apply the operation to ``x``, ``w`` and ``b``."""
        settings = {name: getattr(self, name) for name in self.operation_settings}
        parameters = self.require_parameters()
        return self.operation.forward(
            x, parameters["w"], parameters.get("b"), **settings
        )

    def differentiate(self, dy: Array, cache: Any, input_gradient: bool) -> Back:
        """Return ``dx``, and ``dw`` and ``db`` by the names of their parameters."""
        dx, dw, db = self.operation.backward(dy, cache, input_gradient=input_gradient)
        return dx, {"w": dw} if db is None else {"w": dw, "b": db}


def named_by_kind(layers: Iterable[Layer]) -> dict[str, Layer]:
    """Return layers by name: their kind, counted from 1."""
    if isinstance(layers, Mapping):
        raise TypeError("layers must be a list, got a dict: Graph takes layers by name")
    if not np.iterable(layers):  # an array without axes is none
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


def as_axis(axis: Any, name: str) -> int:
    """Return an axis of a batch; refuse the axis of images."""
    if as_int(axis, name, at_least=-32) == 0:
        raise ValueError(f"{name} must not be 0, along which there are images")
    return int(axis)


def axis_within(axis: int, ndim: int) -> int:
    """Return an axis of so many, counted from 0; refuse one that is not there."""
    found = axis + ndim if axis < 0 else axis
    if not 0 < found < ndim:
        if ndim < 2:
            raise ValueError(f"x must have axes (N, ..., C), got {ndim} of them")
        raise ValueError(
            f"axis {axis} is none of images with {ndim - 1} axes: it must be 1 to "
            f"{ndim - 1}, or -1 for the last"
        )
    return found


def shown(value: Any) -> str:
    """Return a setting as it is written in code; an initializer by its name."""
    return str(getattr(value, "__name__", repr(value)))
