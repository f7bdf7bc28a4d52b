"""A network as a chain of layers: forward in order, backward in reverse.

    y = layer_n( ... layer_2(layer_1(x)))          forward passes images on
    dx = dlayer_1( ... dlayer_n-1(dlayer_n(dy)))   backward passes gradients back

That is the chain rule, and all there is to backpropagation in a chain of layers.
"""

from collections.abc import Iterable
from os import PathLike
from typing import Any, Literal, NamedTuple, Self, final, overload

import numpy as np
import numpy.typing as npt

from .._checks import (
    as_array,
    as_flag,
    as_float_dtype,
    as_int,
    as_path,
    as_rng,
    as_shape,
    by,
    in_a_line,
    quoted,
)
from .._typing import Array, ArrayLike, Shape
from ..files.weights import read_weights, save_weights
from ..tiling.winograd import winograd_unless_refused
from .layer import Gradients, Layer, named_by_kind
from .serialization import describe, read_classes, rebuild, require_loadable, written

__all__ = ["Sequential", "Summary", "SummaryRow"]


class SummaryRow(NamedTuple):
    """Name, shape of one output and number of parameters of a layer."""

    name: str
    shape: Shape
    parameters: int


class Summary(list[SummaryRow]):
    """
    One row per layer, shown as a table.

    Examples
    --------
    >>> from im2col_cnn.nn.network import Summary, SummaryRow
    >>> Summary([SummaryRow("conv1", (6, 6, 4), 40), SummaryRow("flatten1", (144,), 0)])
    layer     output  parameters
    conv1      6x6x4          40
    flatten1     144           0
    total                     40
    """

    @property
    def table(self) -> list[tuple[str, str, str]]:
        """The rows in words, under a head, with the sum below."""
        return [
            ("layer", "output", "parameters"),
            *((row.name, by(row.shape), f"{row.parameters:,}") for row in self),
            ("total", "", f"{sum(row.parameters for row in self):,}"),
        ]

    def __repr__(self) -> str:
        """Write the table: names on the left, numbers on the right."""
        first, second, third = (
            max(map(len, column)) for column in zip(*self.table, strict=True)
        )
        return "\n".join(
            f"{name:{first}}  {shape:>{second}}  {count:>{third}}"
            for name, shape, count in self.table
        )


@final
class Sequential:
    """
    A chain of layers, each reading what the one before it wrote.

    Parameters
    ----------
    layers : iterable of Layer
        In the order in which images pass through them. They are named after their
        kind and counted: ``conv1``, ``relu1``, ``conv2``.

    Attributes
    ----------
    layers : dict of str to Layer
        By name, in order.
    shapes : dict of str to tuple of int
        The shape of one output of each layer; empty until the network is built.
    dtype : numpy.dtype
        Of parameters, and of images, which are cast to it.
    classes : tuple of str
        The names of its scores; empty where they have none.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn.nn import Conv, Dense, Flatten, MaxPool, ReLU, Sequential
    >>> network = Sequential([Conv(4, 3), ReLU(), MaxPool(2), Flatten(), Dense(10)])
    >>> network = network.build((8, 8, 1), rng=np.random.default_rng(0))
    >>> network.summary()
    layer      output  parameters
    conv1       6x6x4          40
    relu1       6x6x4           0
    max_pool1   3x3x4           0
    flatten1       36           0
    dense1         10         370
    total                     410
    >>> images = np.zeros((2, 8, 8, 1), np.uint8)
    >>> scores, _ = network.forward(images)
    >>> scores.shape, scores.dtype
    ((2, 10), dtype('float32'))
    """

    def __init__(self, layers: Iterable[Layer]) -> None:
        self.layers = named_by_kind(layers)
        self.input_shape: Shape = ()
        self.shapes: dict[str, Shape] = {}
        self.dtype: np.dtype = np.dtype(np.float32)
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

    def forward(
        self,
        x: ArrayLike,
        *,
        training: bool = False,
        rng: np.random.Generator | None = None,
    ) -> tuple[Array, dict[str, Any]]:
        """
        Compute the scores of a batch.

        Parameters
        ----------
        x : array, shape (N, *SPATIAL, C)
            Images of any dtype; they are computed with in the dtype of the network.
        training : bool, default False
            Whether this pass is one to learn from; see `Layer.forward`.
        rng : numpy.random.Generator, optional
            Where random numbers come from, in training. Dropout needs it.

        Returns
        -------
        scores : array, shape (N, *output shape)
        caches : dict
            One per layer, for `backward`.

        Raises
        ------
        RuntimeError
            If the network is not built.
        TypeError, ValueError
            If `x` does not hold such images, or there is no `rng` for a layer that
            needs it.
        """
        y = self.as_batch(x)
        caches = {}
        with np.errstate(under="ignore"):  # what vanishes is 0
            for name, layer in self.layers.items():
                y, caches[name] = layer.forward(y, training=training, rng=rng)
        return y, caches

    @overload
    def backward(
        self,
        dy: Array,
        caches: dict[str, Any],
        *,
        input_gradient: Literal[True] = True,
    ) -> tuple[Array, Gradients]: ...
    @overload
    def backward(
        self, dy: Array, caches: dict[str, Any], *, input_gradient: Literal[False]
    ) -> tuple[None, Gradients]: ...
    @overload
    def backward(
        self, dy: Array, caches: dict[str, Any], *, input_gradient: bool
    ) -> tuple[Array | None, Gradients]: ...
    def backward(
        self, dy: Array, caches: dict[str, Any], *, input_gradient: bool = True
    ) -> tuple[Array | None, Gradients]:
        """
        Compute the gradient of the loss for every parameter.

        Parameters
        ----------
        dy : array, shape (N, *output shape)
            The gradient of the loss with respect to the scores.
        caches : dict
            What `forward` returned beside those scores.
        input_gradient : bool, default True
            Whether to go on to the images. Nothing is learned from that: with False,
            which `fit` passes, the first layer that has parameters is the last one
            asked.

        Returns
        -------
        dx : array of the shape of the images, or None
            None if `input_gradient` is False.
        gradients : dict
            One array per entry of `parameters`, under the same name.

        Raises
        ------
        TypeError, ValueError
            If `caches` are not those of `forward`, or `dy` has another shape than the
            scores.
        """
        self.require_caches(caches)
        input_gradient = as_flag(input_gradient, "input_gradient")
        gradients: Gradients = {}
        dx: Array | None = dy
        waiting = len(self.parameters)
        with np.errstate(under="ignore"):  # what vanishes is 0
            for name, layer in reversed(self.layers.items()):
                if dx is None:
                    break
                waiting -= len(layer.parameters)
                dx, of_layer = layer.backward(
                    dx, caches[name], input_gradient=input_gradient or waiting > 0
                )
                gradients |= {f"{name}.{key}": array for key, array in of_layer.items()}
        return dx if input_gradient else None, gradients

    def update_state(self, caches: dict[str, Any]) -> None:
        """Update the running statistics of every layer from forward caches."""
        self.require_caches(caches)
        for name, layer in self.layers.items():
            layer.update_state(caches[name])

    def predict(self, x: ArrayLike, *, batch_size: int = 256) -> Array:
        """
        Compute the scores of many images, a batch at a time.

        Convolutions may use Winograd's scheme, unless ``winograd(False)`` holds.

        Parameters
        ----------
        x : array, shape (N, *SPATIAL, C)
        batch_size : int, default 256
            Images at once: it bounds the memory for caches.

        Returns
        -------
        array, shape (N, *output shape)

        Raises
        ------
        RuntimeError
            If the network is not built.
        TypeError, ValueError
            If `x` does not hold such images, or `batch_size` is no number of them.
        """
        images, size = as_array(x, "x"), as_int(batch_size, "batch_size", at_least=1)
        self.require_images(images.shape, "x")
        # At least one batch, so that no images at all still give scores of a shape.
        starts = range(0, max(len(images), 1), size)
        with winograd_unless_refused():
            scores = [self.forward(images[i : i + size])[0] for i in starts]
        return np.concatenate(scores)

    def save(self, path: str | PathLike[str]) -> None:
        """
        Write the network to an HDF5 file that `load` reads.

        Raises
        ------
        OSError, RuntimeError, ValueError
            As `im2col_cnn.files.save_weights`; and if the network is one that `load`
            would not build: of layers of one's own, say, which `save_weights` writes
            and `load_weights` reads.
        """
        self.require_built()
        require_loadable(self.configuration, self.shapes)
        save_weights(path, self)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """
        Build a network from a file that `save` wrote; the file need not be trusted.

        Raises
        ------
        OSError
            If the file is missing or damaged.
        ValueError
            If it is something else, or describes a network that cannot be.

        Examples
        --------
        >>> import tempfile, pathlib
        >>> import numpy as np
        >>> from im2col_cnn.nn import Dense, Sequential
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "weights.h5"
        >>> rng = np.random.default_rng(0)
        >>> Sequential([Dense(2)]).build((3,), rng=rng).save(path)
        >>> Sequential.load(path)
        Sequential([
            Dense(2),
        ])
        """
        path = as_path(path, "path")
        archive = read_weights(path)
        try:
            built = rebuild(archive.configuration, archive.arrays)
            network = cls(built.layers.values())
            network.classes = read_classes(archive.configuration)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{path}: configuration: {in_a_line(error)}") from error
        _, network.input_shape, network.shapes, network.dtype = built
        return network

    def summary(self) -> Summary:
        """Return one row per layer, shown as a table."""
        self.require_built()
        named_shapes = zip(self.layers.items(), self.shapes.values(), strict=True)
        return Summary(
            SummaryRow(name, shape, sum(p.size for p in layer.parameters.values()))
            for (name, layer), shape in named_shapes
        )

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
        """A description to build this network from again, as JSON has it."""
        return {
            "input_shape": list(self.input_shape),
            "dtype": self.dtype.name,
            "classes": written(self.classes),
            "layers": describe(self.layers.values()),
        }

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

    def as_batch(self, x: ArrayLike) -> Array:
        """Return `x` in the dtype of the network, if its images have their shape."""
        images = as_array(x, "x")
        self.require_images(images.shape, "x")
        return images.astype(self.dtype, copy=False)

    def require_caches(self, caches: Any) -> None:
        """Refuse what `forward` did not return."""
        if not isinstance(caches, dict) or caches.keys() != self.layers.keys():
            raise TypeError(
                f"caches must be those forward returned, one per layer, got "
                f"{quoted(caches)}"
            )
