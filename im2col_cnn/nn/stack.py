"""Pile up layers, draw what they start from, and say what the pile is made of."""

from abc import ABC
from collections.abc import Iterable
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from .._checks import as_float_dtype, as_rng, as_shape, by
from .._typing import Array, Shape
from .configuration import describe
from .layer import Layer, named_by_kind
from .summary import Summary, SummaryRow

__all__ = ["Stack"]


class Stack(ABC):  # how images pass through is not said here
    """What `Sequential` is made of."""

    layers: dict[str, Layer]
    input_shape: Shape
    shapes: dict[str, Shape]
    dtype: np.dtype[Any]

    def __init__(self, layers: Iterable[Layer]) -> None:
        self.layers = named_by_kind(layers)
        self.input_shape = ()
        self.shapes = {}
        self.dtype = np.dtype(np.float32)
        self.classes: tuple[str, ...] = ()

    def build(
        self,
        shape: Shape,
        *,
        rng: np.random.Generator,
        dtype: npt.DTypeLike = np.float32,
    ) -> Self:
        """
        Draw the parameters of every layer for images of one shape.

        Parameters
        ----------
        shape : tuple of int
            Of one image: ``(*SPATIAL, C)``.
        rng : numpy.random.Generator
            Where the first values come from; layers draw in order.
        dtype : dtype, default float32
            float32 or float64; float16 works but learns little.

        Returns
        -------
        Sequential
            This network, so that making and building fit in one expression.

        Raises
        ------
        ValueError
            If a layer cannot work on what reaches it; the message names the layer.
        """
        as_rng(rng)
        dtype = as_float_dtype(dtype)
        self.input_shape = shape = as_shape(shape, "shape", at_least=1)
        self.dtype, self.shapes = dtype, {}
        shapes = {}
        for name, layer in self.layers.items():
            try:
                shape = layer.build(shape, rng=rng, dtype=dtype)
            except ValueError as error:
                raise ValueError(f"{name} cannot read {by(shape)}: {error}") from error
            shapes[name] = shape
        self.shapes = shapes
        return self

    @property
    def parameters(self) -> dict[str, Array]:
        """Every parameter as ``layer.parameter``: a new dict, the arrays themselves."""
        return {
            f"{name}.{parameter}": array
            for name, layer in self.layers.items()
            for parameter, array in layer.parameters.items()
        }

    @property
    def arrays(self) -> dict[str, Array]:
        """All that the network remembers: parameters, and state of layers."""
        return {
            f"{name}.{key}": array
            for name, layer in self.layers.items()
            for key, array in layer.arrays.items()
        }

    @property
    def configuration(self) -> dict[str, Any]:
        """What it takes to build this network again, in words that JSON knows."""
        return {
            "input_shape": list(self.input_shape),
            "dtype": self.dtype.name,
            "classes": list(self.classes),
            "layers": describe(self.layers.values()),
        }

    def summary(self) -> Summary:
        """Return one row per layer, all of which show themselves as a table."""
        self.require_built()
        named_shapes = zip(self.layers.items(), self.shapes.values(), strict=True)
        return Summary(
            SummaryRow(name, shape, sum(p.size for p in layer.parameters.values()))
            for (name, layer), shape in named_shapes
        )

    def __repr__(self) -> str:
        """Write the call that makes such a network, a layer on every line."""
        lines = "".join(f"    {layer!r},\n" for layer in self.layers.values())
        return f"{type(self).__name__}([\n{lines}])"

    def require_built(self) -> None:
        """Refuse to be used before there are parameters."""
        if not self.shapes:
            raise RuntimeError("build this network first: build(shape, rng=...)")

    def require_images(self, shape: Shape, name: str) -> None:
        """Refuse images of another shape than this network was built for."""
        self.require_built()
        if not shape or shape[1:] != self.input_shape:
            *spatial, C = self.input_shape
            way_out = ""
            if shape == self.input_shape:
                way_out = f": for a single one, {name}[np.newaxis]"
            elif C == 1 and shape[1:] == tuple(spatial):
                way_out = f": for grey images, {name}[..., np.newaxis]"
            sizes = ", ".join(map(str, self.input_shape))
            raise ValueError(
                f"{name} must have shape (N, {sizes}), got {shape}{way_out}"
            )
