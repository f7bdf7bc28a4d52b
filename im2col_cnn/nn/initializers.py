"""First values of weights, whose variance keeps signals at one scale.

An output is a sum of ``fan_in`` products, so its variance is ``fan_in * var(w)`` times
that of the inputs; a gradient on its way back is a sum of ``fan_out`` of them.

    He      var(w) = 2 / fan_in               forward, half the inputs cut by ReLU
    Glorot  var(w) = 2 / (fan_in + fan_out)   a compromise between both directions

The generator is an argument: the same seed draws the same numbers, in every dtype.
"""

from math import prod, sqrt
from typing import Protocol

import numpy as np
import numpy.typing as npt

from .._checks import as_float_dtype, as_rng, as_shape
from .._typing import Array, Shape

__all__ = ["Initializer", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform"]


class Initializer(Protocol):
    """Anything that draws an array of a given shape."""

    def __call__(
        self, shape: Shape, *, rng: np.random.Generator, dtype: npt.DTypeLike
    ) -> Array:
        """Return a new array of `shape`, drawn from `rng`."""


def he_normal(
    shape: Shape, *, rng: np.random.Generator, dtype: npt.DTypeLike = np.float32
) -> Array:
    """
    Draw from a normal distribution with variance ``2 / fan_in``.

    Parameters
    ----------
    shape : tuple of int
        ``(*KERNEL, C, F)`` for a convolution, ``(D, F)`` for a dense layer.
    rng : numpy.random.Generator
        Where the numbers come from; it moves on.
    dtype : dtype, default float32
        The numbers are drawn in float64 and then rounded to it.

    Returns
    -------
    array, shape `shape`

    Raises
    ------
    TypeError, ValueError
        If `rng` is no generator, `dtype` is not one of floats, or `shape` has fewer
        than two axes or an empty one.

    See Also
    --------
    glorot_normal : For layers without ReLU.

    References
    ----------
    He, Zhang, Ren, Sun (2015), "Delving deep into rectifiers", ICCV.

    Examples
    --------
    A 3x3 kernel over 8 channels sums 72 products:

    >>> import numpy as np
    >>> from im2col_cnn.nn import he_normal
    >>> w = he_normal((3, 3, 8, 1000), rng=np.random.default_rng(0))
    >>> round(float(w.var()) * 72, 2)
    2.0
    """
    fan_in, _ = fans(shape)
    return normal(shape, 2 / fan_in, rng, dtype)


def he_uniform(
    shape: Shape, *, rng: np.random.Generator, dtype: npt.DTypeLike = np.float32
) -> Array:
    """
    Draw from a uniform distribution around 0 with variance ``2 / fan_in``.

    Parameters, result and reference are those of `he_normal`.
    """
    fan_in, _ = fans(shape)
    return uniform(shape, 2 / fan_in, rng, dtype)


def glorot_normal(
    shape: Shape, *, rng: np.random.Generator, dtype: npt.DTypeLike = np.float32
) -> Array:
    """
    Draw from a normal distribution with variance ``2 / (fan_in + fan_out)``.

    Parameters and result are those of `he_normal`.

    References
    ----------
    Glorot, Bengio (2010), "Understanding the difficulty of training deep feedforward
    neural networks", AISTATS.
    """
    return normal(shape, 2 / sum(fans(shape)), rng, dtype)


def glorot_uniform(
    shape: Shape, *, rng: np.random.Generator, dtype: npt.DTypeLike = np.float32
) -> Array:
    """
    Draw from a uniform distribution with variance ``2 / (fan_in + fan_out)``.

    Parameters and result are those of `he_normal`, the reference is `glorot_normal`'s.
    """
    return uniform(shape, 2 / sum(fans(shape)), rng, dtype)


def fans(shape: Shape) -> tuple[int, int]:
    """Count the products in one output, and the outputs one input takes part in."""
    shape = as_shape(shape, "shape", at_least=1)
    if len(shape) < 2:
        raise ValueError(f"shape must be (*KERNEL, C, F) or (D, F), got {shape}")
    *kernel, C, F = shape
    return prod(kernel) * C, prod(kernel) * F


def normal(
    shape: Shape, variance: float, rng: np.random.Generator, dtype: npt.DTypeLike
) -> Array:
    """Draw from a normal distribution around 0."""
    return as_rng(rng).normal(0.0, sqrt(variance), shape).astype(as_float_dtype(dtype))


def uniform(
    shape: Shape, variance: float, rng: np.random.Generator, dtype: npt.DTypeLike
) -> Array:
    """Draw from the uniform distribution between -a and a, whose variance is a*a/3."""
    bound = sqrt(3 * variance)
    return as_rng(rng).uniform(-bound, bound, shape).astype(as_float_dtype(dtype))
