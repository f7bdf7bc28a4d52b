"""A network of layers: forward in order, backward in reverse.

    y = layer_n( ... layer_2(layer_1(x)))          forward passes images on
    dx = dlayer_1( ... dlayer_n-1(dlayer_n(dy)))   backward passes gradients back

That is the chain rule, and all there is to backpropagation in a chain of layers. Where
several layers read one array, the gradients that they pass back meet, and add up:

    a = f(x),  y = g(a) + h(a)          da = dg(dy) + dh(dy)

`Network` is what all networks share, `Sequential` a chain; ``graph.py`` has the rest.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping
from operator import is_ as is_same
from typing import Any, ClassVar, Self, TypeAlias, final

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
    hint_at_batch,
    hinting,
    in_a_line,
    quoted,
)
from .._typing import AnyPath, Array, Shape
from ..files.atomic import write_whole
from ..files.weights import read_weights, save_weights
from ..tiling.blas import with_one_blas_thread
from ..tiling.winograd import winograd_unless_refused
from .batches import compute_each
from .executors import Engine
from .formats.onnx_export import onnx_content
from .hints import ByName, Hinting
from .inference import gives_view, infer
from .layer import Gradients, Inputs, Layer, Random, named_by_kind
from .serialization import (
    INPUT,
    Built,
    describe,
    in_chain,
    read_classes,
    rebuild,
    require_loadable,
    written,
)
from .summary import Summary, SummaryRow

__all__ = ["Network", "Sequential"]

Named: TypeAlias = Any  # one array; of several inputs or outputs, a dict by name


class Network(Hinting, ABC):
    """
    Layers by name, each reading images or what others wrote.

    Parameters
    ----------
    layers : dict of str to Layer
        In an order in which each comes after all that it reads.
    reads : dict of str to tuple of str
        What each layer reads: names of inputs or of layers.
    inputs : tuple of str
        What the images are called.
    outputs : tuple of str
        The layers whose outputs are those of the network.

    Attributes
    ----------
    layers, reads, inputs, outputs
        As given.
    input_shapes : dict of str to tuple of int
        The shape of one image of each input; empty until the network is built.
    shapes : dict of str to tuple of int
        The shape of one output of each layer; empty until the network is built.
    dtype : numpy.dtype
        Of parameters, and of images, which are cast to it.
    classes : tuple of str
        The names of its scores; empty where they have none.
    """

    instead: ClassVar[str] = "predict(x) computes scores, forward(x) caches too"

    def __init__(
        self,
        layers: dict[str, Layer],
        reads: dict[str, tuple[str, ...]],
        inputs: tuple[str, ...],
        outputs: tuple[str, ...],
    ) -> None:
        self.layers: dict[str, Layer] = ByName(layers)
        self.reads = reads
        self.inputs, self.outputs = inputs, outputs
        last_readers = {read: name for name in layers for read in reads[name]}
        self.freed: dict[str, list[str]] = {name: [] for name in layers}
        for read, name in last_readers.items():
            self.freed[name].append(read)
        self.input_shapes: dict[str, Shape] = {}
        self.shapes: dict[str, Shape] = {}
        self.dtype: np.dtype = np.dtype(np.float32)
        self.classes: tuple[str, ...] = ()

    @classmethod
    @abstractmethod
    def connect(cls, built: Built) -> Self:
        """Make such a network of these layers, and leave out what `build` finds."""

    @classmethod
    def of(cls, built: Built) -> Self:
        """Make a network of layers that are built."""
        network = cls.connect(built)
        network.input_shapes, network.shapes = built.input_shapes, built.shapes
        network.dtype = built.dtype
        return network

    @property
    @abstractmethod
    def structure(self) -> dict[str, Any]:
        """What `configuration` says of inputs, layers and outputs."""

    @hinting
    def build(
        self,
        shape: Named,
        *,
        rng: np.random.Generator,
        dtype: npt.DTypeLike = np.float32,
    ) -> Self:
        """
        Draw the parameters of every layer for images of one shape.

        Parameters
        ----------
        shape : tuple of int
            Of one image: ``(*SPATIAL, C)``; for several inputs, a dict by name.
        rng : numpy.random.Generator
            Where the first values come from; layers draw in order.
        dtype : dtype, default float32
            float32 or float64; float16 works but learns little.

        Returns
        -------
        Network
            This network, so that making and building fit in one expression.

        Raises
        ------
        ValueError
            If a layer cannot work on what reaches it, or belongs to another network;
            the message names the layer.
        """
        as_rng(rng)
        dtype = as_float_dtype(dtype)
        given = by_name(self.inputs, shape, "shape")
        if not self.input_shapes:  # never built, so no parameters can be its own
            require_new(self.layers)
        self.input_shapes = {
            name: as_shape(one, "shape", at_least=1) for name, one in given.items()
        }
        sizes = [layer.settings.get("kernel_size") for layer in self.layers.values()]
        for one in self.input_shapes.values():
            hint_at_batch(one, [size for size in sizes if size is not None])
        self.dtype, self.shapes = dtype, {}
        shapes = dict(self.input_shapes)
        for name, layer in self.layers.items():
            read = tuple(shapes[one] for one in self.reads[name])
            try:
                shapes[name] = layer.build(
                    read if layer.merges else read[0], rng=rng, dtype=dtype
                )
            except ValueError as error:
                words = " and ".join(map(by, read))
                raise ValueError(f"{name} cannot read {words}: {error}") from error
        self.shapes = {name: shapes[name] for name in self.layers}
        return self

    def forward(
        self, x: Named, *, training: bool = False, rng: Random = None
    ) -> tuple[Named, dict[str, Any]]:
        """
        Compute the scores of a batch.

        Parameters
        ----------
        x : array, shape (N, *SPATIAL, C)
            Images of any dtype; they are computed with in the dtype of the network.
            For several inputs, a dict by name.
        training : bool, default False
            Whether this pass is one to learn from; see `Layer.forward`.
        rng : numpy.random.Generator, optional
            Where random numbers come from, in training. Dropout needs it.

        Returns
        -------
        scores : array, shape (N, *output shape)
            From several outputs, a dict by name.
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
        caches: dict[str, Any] = {}
        images = self.as_images(x)
        return alone(self.run(images, self.outputs, caches, training, rng)), caches

    @with_one_blas_thread
    def run(
        self,
        images: Mapping[str, Array],
        keep: Collection[str],
        caches: dict[str, Any] | None = None,
        training: bool = False,
        rng: Random = None,
    ) -> dict[str, Array]:
        """
        Compute the outputs of some layers, and forget all others once they are read.

        Parameters
        ----------
        images : mapping of str to array
            One array per input, checked.
        keep : collection of str
            The layers whose outputs are wanted.
        caches : dict, optional
            Where caches go; without it they are forgotten too.
        training, rng
            As for `forward`.

        Returns
        -------
        dict of str to array
            In the order of `keep`. What only later layers need is not computed.
        """
        kept = set(keep)
        *_, last = (name for name in self.layers if name in kept)
        values = {
            name: image.astype(self.dtype, copy=False) for name, image in images.items()
        }
        own: set[str] = set()  # what shares its memory with no other
        with np.errstate(under="ignore"):  # what vanishes is 0
            for name, layer in self.layers.items():
                x, reads = self.read_by(name, values), self.reads[name]
                done = self.freed[name]
                if not kept.isdisjoint(done):
                    done = [one for one in done if one not in kept]
                if caches is None and not training:
                    spare = own.intersection(done)
                    y = infer(layer, x, tuple([one in spare for one in reads]))
                    share = np.may_share_memory if gives_view(layer) else is_same
                    shared = [one for one in reads if share(values[one], y)]
                    own.difference_update(shared, done)
                    if spare.issuperset(shared):
                        own.add(name)
                else:
                    y, cache = layer.forward(x, training=training, rng=rng)
                    if caches is not None:
                        caches[name] = cache
                    del cache
                del x
                values[name] = y
                for read in done:
                    del values[read]
                if name == last:
                    break
        return {name: values[name] for name in keep}

    def read_by(self, name: str, values: Mapping[str, Array]) -> Inputs:
        """Return what a layer reads, as it takes it."""
        if self.layers[name].merges:
            return tuple(values[read] for read in self.reads[name])
        return values[self.reads[name][0]]

    def backward(
        self, dy: Named, caches: dict[str, Any], *, input_gradient: bool = True
    ) -> tuple[Named, Gradients]:
        """
        Compute the gradient of the loss for every parameter.

        Parameters
        ----------
        dy : array, shape (N, *output shape)
            The gradient of the loss with respect to the scores; for several outputs, a
            dict by name.
        caches : dict
            What `forward` returned beside those scores.
        input_gradient : bool, default True
            Whether to go on to the images. Nothing is learned from that: with False,
            which `fit` passes, only layers are asked that have parameters, or read
            what depends on some.

        Returns
        -------
        dx : array of the shape of the images, or None
            None if `input_gradient` is False; for several inputs, a dict by name.
        gradients : dict
            One array per entry of `parameters`, under the same name.

        Raises
        ------
        TypeError, ValueError
            If `caches` are not those of `forward`, or `dy` has another shape than the
            scores.

        Notes
        -----
        Gradients that meet are added in the order of the layers, the last one first:
        the sum is the same bits each time.
        """
        self.require_caches(caches)
        input_gradient = as_flag(input_gradient, "input_gradient")
        flowing = {
            k: as_array(v, "dy") for k, v in by_name(self.outputs, dy, "dy").items()
        }
        wanted = set(self.inputs) if input_gradient else set()
        for name, layer in self.layers.items():
            if layer.parameters or not wanted.isdisjoint(self.reads[name]):
                wanted.add(name)
        gradients: Gradients = {}
        with np.errstate(under="ignore"):  # what vanishes is 0
            for name, layer in reversed(self.layers.items()):
                if name not in wanted:
                    continue
                reads = self.reads[name]
                dx, of_layer = layer.backward(
                    flowing.pop(name),
                    caches[name],
                    input_gradient=not wanted.isdisjoint(reads),
                )
                gradients |= {f"{name}.{key}": array for key, array in of_layer.items()}
                passed = dx if layer.merges else (dx,)
                for read, one in zip(reads, passed or (), strict=False):
                    if read in wanted:
                        flowing[read] = added(flowing.get(read), one, read)
        if not input_gradient:
            return None, gradients
        return alone({name: flowing[name] for name in self.inputs}), gradients

    def update_state(self, caches: dict[str, Any]) -> None:
        """Update the running statistics of every layer from forward caches."""
        self.require_caches(caches)
        for name, layer in self.layers.items():
            layer.update_state(caches[name])

    @hinting
    @with_one_blas_thread
    def predict(
        self, x: Named, *, batch_size: int = 256, executor: Engine = None
    ) -> Named:
        """
        Compute the scores of many images, a batch at a time.

        Convolutions may use Winograd's scheme, unless ``winograd(False)`` holds.

        Parameters
        ----------
        x : array, shape (N, *SPATIAL, C)
            For several inputs, a dict by name.
        batch_size : int, default 256
            Images at once: it bounds the memory. What a layer returned is forgotten
            once the last layer has read it.
        executor : concurrent.futures.Executor or Cluster, optional
            What computes the batches, to the same bits; see `fit`.

        Returns
        -------
        array, shape (N, *output shape)
            From several outputs, a dict by name.

        Raises
        ------
        RuntimeError
            If the network is not built.
        TypeError, ValueError
            If `x` does not hold such images, or `batch_size` is no number of them.
        """
        images, size = self.as_images(x), as_int(batch_size, "batch_size", at_least=1)
        N = len(images[self.inputs[0]])
        pieces = (
            ({k: x[i : i + size] for k, x in images.items()}, self.outputs)
            # At least one batch: no images at all still give scores of a shape.
            for i in range(0, max(N, 1), size)
        )
        winograd_unless_refused()
        scores = [*compute_each(type(self).run, self, pieces, executor)]
        return alone(
            {name: np.concatenate([y[name] for y in scores]) for name in self.outputs}
        )

    def save(self, path: AnyPath) -> None:
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
    def load(cls, path: AnyPath) -> Self:
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
            network = cls.of(built)
            network.classes = read_classes(archive.configuration)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{path}: configuration: {in_a_line(error)}") from error
        return network

    def to_onnx(self, path: AnyPath) -> None:
        """
        Write the network to an ONNX file of opset 19, which onnxruntime and others run.

        It reads and writes there what it reads and writes here: images channels last,
        in the dtype of the network, as after learning.

        Parameters
        ----------
        path : path
            Replaced if it exists, in one step.

        Raises
        ------
        ImportError
            If onnx is not installed.
        OSError
            If the file cannot be written.
        RuntimeError
            If the network is not built.
        ValueError
            If a layer is none that ONNX has an operator for.

        See Also
        --------
        Graph.from_onnx : Reads such files.

        Examples
        --------
        >>> import numpy as np
        >>> from im2col_cnn.nn import Conv, ReLU, Sequential
        >>> rng = np.random.default_rng(0)
        >>> network = Sequential([Conv(4, 3), ReLU()]).build((8, 8, 1), rng=rng)
        >>> network.to_onnx("network.onnx")  # doctest: +SKIP
        """
        path = as_path(path, "path")
        self.require_built()
        built = Built(
            self.layers,
            self.reads,
            self.input_shapes,
            self.outputs,
            self.shapes,
            self.dtype,
        )
        write_whole(path, onnx_content(built))

    def summary(self) -> Summary:
        """Return one row per layer, shown as a table."""
        self.require_built()
        goes_without_saying = self.reads == in_chain(self.layers)
        return Summary(
            SummaryRow(
                name,
                self.shapes[name],
                sum(parameter.size for parameter in layer.parameters.values()),
                () if goes_without_saying else self.reads[name],
            )
            for name, layer in self.layers.items()
        )

    @property
    def input_shape(self) -> Shape:
        """The shape of one image; of several inputs, that of the first."""
        return next(iter(self.input_shapes.values()), ())

    @property
    def output_shape(self) -> Shape:
        """The shape of the scores of one image; of several outputs, of the first."""
        return self.shapes[self.outputs[0]]

    @property
    def classifies(self) -> bool:
        """Whether there is one input, and one output of a score per class."""
        return len(self.inputs) == len(self.outputs) == len(self.output_shape) == 1

    @property
    def parameters(self) -> dict[str, Array]:
        """
        Every parameter as ``layer.parameter``: the arrays themselves, in a new dict.

        What is put under a name is written into the array there, if it has its shape.
        """
        return InPlace(
            (f"{name}.{parameter}", array)
            for name, layer in self.layers.items()
            for parameter, array in layer.parameters.items()
        )

    @property
    def arrays(self) -> dict[str, Array]:
        """All that it remembers: `parameters`, and likewise the state of layers."""
        return InPlace(
            (f"{name}.{key}", array)
            for name, layer in self.layers.items()
            for key, array in layer.arrays.items()
        )

    @property
    def configuration(self) -> dict[str, Any]:
        """A description to build this network from again, as JSON has it."""
        return {
            "dtype": self.dtype.name,
            "classes": written(self.classes),
            **self.structure,
        }

    def require_built(self) -> None:
        """Refuse to be used before there are parameters."""
        if not self.shapes:
            raise RuntimeError("build this network first: build(shape, rng=...)")

    def require_images(self, shape: Shape, name: str, of: str = "") -> None:
        """Refuse images of another shape than this network was built for."""
        self.require_built()
        expected = self.input_shapes[of or self.inputs[0]]
        if not shape or shape[1:] != expected:
            *spatial, C = expected
            way_out = ""
            if shape == expected:
                way_out = f": for a single one, {name}[np.newaxis]"
            elif C == 1 and shape[1:] == tuple(spatial):
                way_out = f": for grey images, {name}[..., np.newaxis]"
            sizes = ", ".join(map(str, expected))
            raise ValueError(
                f"{name} must have shape (N, {sizes}), got {shape}{way_out}"
            )

    def as_images(self, x: Named) -> dict[str, Array]:
        """Return images by the name of their input, if they have its shape."""
        self.require_built()
        images = {}
        for name, given in by_name(self.inputs, x, "x").items():
            label = "x" if len(self.inputs) == 1 else f"x[{name!r}]"
            images[name] = as_array(given, label)
            self.require_images(images[name].shape, label, name)
        counts = {name: len(image) for name, image in images.items()}
        if len(set(counts.values())) > 1:
            raise ValueError(f"x must hold as many images for each input, got {counts}")
        return images

    def require_caches(self, caches: Any) -> None:
        """Refuse what `forward` did not return."""
        if not isinstance(caches, dict) or caches.keys() != self.layers.keys():
            raise TypeError(
                f"caches must be those forward returned, one per layer, got "
                f"{quoted(caches)}"
            )


@final
class Sequential(Network):
    """
    A chain of layers, each reading what the one before it wrote.

    Parameters
    ----------
    layers : iterable of Layer
        In the order in which images pass through them. They are named after their
        kind and counted: ``conv1``, ``relu1``, ``conv2``.

    Attributes
    ----------
    layers, shapes, dtype, classes
        As those of every `Network`.

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
        named = named_by_kind(layers)
        for name, layer in named.items():
            if layer.merges:
                raise ValueError(f"{name} reads several arrays: make a Graph")
        *_, last = named
        super().__init__(named, in_chain(named), (INPUT,), (last,))

    @classmethod
    def connect(cls, built: Built) -> Self:
        """Make a chain; refuse layers that are none."""
        if built.reads != in_chain(named_by_kind(built.layers.values())):
            raise ValueError("its layers are no chain: Graph.load reads them")
        return cls(built.layers.values())

    @property
    def structure(self) -> dict[str, Any]:
        """The shape of one image, and the layers."""
        return {
            "input_shape": list(self.input_shape),
            "layers": describe(self.layers.values()),
        }

    def __repr__(self) -> str:
        """Write the call that makes such a network, a layer on every line."""
        lines = "".join(f"    {layer!r},\n" for layer in self.layers.values())
        return f"{type(self).__name__}([\n{lines}])"


class InPlace(ByName[Array]):
    """Arrays by name: what is put under a name is written into the array there."""

    def __setitem__(self, name: str, value: npt.ArrayLike) -> None:
        """Fill one array."""
        self.update({name: value})

    def update(self, *others: Any, **named: Any) -> None:
        """Fill several arrays, or none if a name or a shape does not fit."""
        ready = []
        for name, value in dict(*others, **named).items():
            array, given = self[name], as_array(value, name)
            if given.shape != array.shape:
                raise ValueError(
                    f"{name} must have shape {array.shape}, got {given.shape}"
                )
            ready.append((array, given))
        for array, given in ready:
            array[...] = given

    def __reduce__(self) -> tuple[type[ByName[Array]], tuple[dict[str, Array]]]:
        """Let copies be dicts of their own, whose entries may be replaced."""
        return ByName, (dict(self),)


def require_new(layers: Mapping[str, Layer]) -> None:
    """Refuse layers with parameters, which building them would draw anew."""
    for name, layer in layers.items():
        if layer.arrays:
            raise ValueError(
                f"{name} is built already, alone or in another network, and would lose "
                f"its parameters: make a new layer; once that is built, "
                f"new.parameters[name][...] = old.parameters[name] copies them"
            )


def by_name(names: tuple[str, ...], value: Named, argument: str) -> dict[str, Any]:
    """Return what is given for each of some inputs or outputs."""
    if len(names) == 1:
        return {names[0]: value}
    if not isinstance(value, Mapping) or value.keys() != set(names):
        raise TypeError(
            f"{argument} must be a dict with {', '.join(names)}, got {quoted(value)}"
        )
    return {name: value[name] for name in names}


def alone(values: dict[str, Array]) -> Named:
    """Return the only array, or all by name."""
    return values if len(values) > 1 else next(iter(values.values()))


def added(met: Array | None, one: Array, name: str) -> Array:
    """Return the sum of two gradients that meet, if two do."""
    if met is None:
        return one
    if met.shape != one.shape:  # their sum would broadcast
        raise ValueError(
            f"dy must have the shape of {name}, {one.shape}, got {met.shape}"
        )
    return met + one
