"""Stack layers into a network: forward in order, backward in reverse.

    y = layer_n( ... layer_2(layer_1(x)))          forward passes images on
    dx = dlayer_1( ... dlayer_n-1(dlayer_n(dy)))   backward passes gradients back

That is the chain rule, and all there is to backpropagation in a chain of layers.
"""

from os import PathLike
from typing import Any, Self, final

import numpy as np

from .._checks import as_array, as_int, as_path, quoted
from .._typing import Array, ArrayLike
from ..files.hdf5.source import in_a_line
from ..files.weights import read_weights, save_weights
from .configuration import read_classes
from .layer import Gradients
from .rebuilding import rebuild
from .stack import Stack

__all__ = ["Sequential"]


@final
class Sequential(Stack):
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
        Of parameters, and of images once they are inside.
    classes : tuple of str
        What its scores are scores of, if anyone has said so.

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

    def save(self, path: str | PathLike[str]) -> None:
        """Write the network to an HDF5 file; see `im2col_cnn.files.save_weights`."""
        save_weights(path, self)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """
        Build a network from a file that `save` wrote, whoever made the file.

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
            Whether this pass is one to learn from.
        rng : numpy.random.Generator, optional
            Where chance comes from, in training. Dropout needs it.

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
        for name, layer in self.layers.items():
            y, caches[name] = layer.forward(y, training=training, rng=rng)
        return y, caches

    def backward(
        self, dy: Array, caches: dict[str, Any], *, input_gradient: bool = False
    ) -> tuple[Array | None, Gradients]:
        """
        Compute the gradient of the loss for every parameter.

        Parameters
        ----------
        dy : array, shape (N, *output shape)
            The gradient of the loss with respect to the scores.
        caches : dict
            What `forward` returned beside those scores.
        input_gradient : bool, default False
            Whether to go on to the images. Nothing is learned from that, so by default
            the first layer that has parameters is the last one asked.

        Returns
        -------
        dx : array of the shape of the images, or None
        gradients : dict
            One array per entry of `parameters`, under the same name.

        Raises
        ------
        TypeError, ValueError
            If `caches` are not those of `forward`, or `dy` has another shape than the
            scores.
        """
        self.require_caches(caches)
        gradients: Gradients = {}
        dx: Array | None = dy
        waiting = len(self.parameters)
        for name, layer in reversed(self.layers.items()):
            if dx is None:
                break
            waiting -= len(layer.parameters)
            dx, of_layer = layer.backward(
                dx, caches[name], input_gradient=input_gradient or waiting > 0
            )
            gradients |= {f"{name}.{key}": array for key, array in of_layer.items()}
        return dx, gradients

    def absorb(self, caches: dict[str, Any]) -> None:
        """Let every layer take over what a batch said about its state."""
        for name, layer in self.layers.items():
            layer.absorb(caches[name])

    def predict(self, x: ArrayLike, *, batch_size: int = 256) -> Array:
        """
        Compute the scores of many images, a batch at a time.

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
        return np.concatenate([self.forward(images[i : i + size])[0] for i in starts])

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
