"""A small convolutional network for small images, chosen by their shape.

    Rescale  Conv ReLU [MaxPool]  Conv ReLU [MaxPool]  Flatten  Dense ReLU  Dense

Pooling is set by two goals: the second convolution sees about 16 pixels a side, the
dense layers 4. So 8x8 digits are pooled once, by 2; 64x64 photos twice, by 4.
"""

from .._checks import as_int, as_shape
from .._typing import Shape
from .activations import ReLU
from .convolution import Conv
from .dense import Dense
from .initializers import glorot_uniform
from .layer import Layer
from .network import Sequential
from .pooling import MaxPool
from .preprocessing import Rescale
from .reshaping import Flatten

__all__ = ["small_cnn"]


def small_cnn(shape: Shape, classes: int, *, pixel_maximum: float) -> Sequential:
    """
    Return a network, not yet built, that tells `classes` kinds of image apart.

    Parameters
    ----------
    shape : tuple of int
        Of one image: ``(*SPATIAL, C)``.
    classes : int
        How many scores to give.
    pixel_maximum : float
        The largest value a pixel can have: 255 for ordinary 8-bit pictures.

    Returns
    -------
    Sequential

    Raises
    ------
    TypeError, ValueError
        If `shape` is not one of an image, or a number is out of range.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn.nn import small_cnn
    >>> network = small_cnn((8, 8, 1), 10, pixel_maximum=16)
    >>> network = network.build((8, 8, 1), rng=np.random.default_rng(0))
    >>> [row.name for row in network.summary() if row.parameters]
    ['conv1', 'conv2', 'dense1', 'dense2']
    >>> network.shapes["max_pool1"]
    (4, 4, 32)
    """
    *spatial, _ = as_shape(shape, "shape", at_least=1)
    first = tuple(divided(size, 16) for size in spatial)
    rest = tuple(divided(size, n) for size, n in zip(spatial, first, strict=True))
    second = tuple(divided(size, 4) for size in rest)
    return Sequential(
        [
            Rescale(pixel_maximum),
            Conv(16, 3, padding="same"),
            ReLU(),
            *shrinking(first),
            Conv(32, 3, padding="same"),
            ReLU(),
            *shrinking(second),
            Flatten(),
            Dense(128),
            ReLU(),
            Dense(as_int(classes, "classes", at_least=1), initializer=glorot_uniform),
        ]
    )


def divided(size: int, by: int) -> int:
    """Divide and round up: how long a pooled axis is, and by how much to pool it."""
    return -(-size // by)


def shrinking(factors: Shape) -> list[Layer]:
    """Return a pooling that makes each axis ``ceil(size / factor)`` long."""
    if max(factors, default=1) == 1:
        return []  # a pixel would become itself
    # Windows overlap: each is nearly twice as wide as its step. With two forms of the
    # training digits held out, they were right more often than windows side by side.
    kernel = tuple(2 * factor - 1 for factor in factors)
    padding = tuple(factor - 1 for factor in factors)
    return [MaxPool(kernel, stride=factors, padding=padding)]
