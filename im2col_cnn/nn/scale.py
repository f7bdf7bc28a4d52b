"""The layer that learns a weight and a bias for each channel: `Scale`.

The channel is the last axis, whatever comes before it; a gradient is added up over
images and pixels.
"""

from dataclasses import KW_ONLY
from typing import Any, NamedTuple, final

import numpy as np

from .._checks import as_array, as_shape, as_upstream, by, require_cache
from .._dtypes import arithmetic, wide
from .._typing import Array, Shape
from .layer import SIZES, Back, Layer, Random, Rules, Shapes, optional

__all__ = ["Scale", "WeightedCache", "as_spread", "summed"]


class WeightedCache(NamedTuple):
    """An input, and the weights that it met."""

    x: Array
    w: Array


@final
class Scale(Layer):
    """
    Multiply each channel by a weight and add a bias: ``y = x * w + b``; any shape.

    What batch normalization does once it has learned.

    Parameters
    ----------
    size : tuple of int, optional
        The shape of ``w`` and ``b``, which broadcasts with one image: one number per
        channel if it is left out.
    """

    kind = "scale"
    rules = Rules(size=optional(SIZES))

    _: KW_ONLY
    size: Shape | None = None

    def array_shapes(self, shape: Shape) -> Shapes:
        """Return so many numbers, twice."""
        size = shape[-1:]
        if self.size is not None:
            size = as_shape(self.size, "size", at_least=1)
        if not broadcasts(size, tuple(shape)):
            raise ValueError(f"size {by(size)} does not broadcast to {by(shape)}")
        return {"w": size, "b": size}

    def draw(self, shapes: Shapes, rng: np.random.Generator, dtype: np.dtype) -> None:
        """Start with what changes nothing."""
        self.parameters["w"] = np.ones(shapes["w"], dtype)
        self.parameters["b"] = np.zeros(shapes["b"], dtype)

    def apply(self, x: Array, training: bool, rng: Random) -> tuple[Array, Any]:
        """Multiply and add; the cache is ``x`` and the weights of today."""
        parameters = self.require_parameters()
        x = as_spread(x, parameters["w"].shape)
        y = x * parameters["w"] + parameters["b"]
        return y, WeightedCache(x, parameters["w"].copy())

    def differentiate(self, dy: Array, cache: Any, input_gradient: bool) -> Back:
        """Return ``dx = dy * w``, ``dw = sum(dy * x)`` and ``db = sum(dy)``."""
        x, w = require_cache(cache, WeightedCache, "forward")
        dy = as_upstream(dy, x.shape)
        dx = dy * w if input_gradient else None
        return dx, {"w": summed(dy * x, w.shape), "b": summed(dy, w.shape)}


def broadcasts(size: Shape, shape: Shape) -> bool:
    """Return whether an array of a size is spread over a shape that stays as it is."""
    ends = zip(reversed(size), reversed(shape), strict=False)
    return len(size) <= len(shape) and all(n in {1, whole} for n, whole in ends)


def as_spread(x: Array, size: Shape) -> Array:
    """Return what weights of a size are spread over."""
    x = as_array(x, "x")
    if not broadcasts(size, x.shape):
        raise ValueError(
            f"x must have axes (N, ...) that weights of shape {size} broadcast to, got "
            f"shape {x.shape}"
        )
    return x


def summed(terms: Array, shape: Shape) -> Array:
    """Add up over images, and over all axes along which these numbers were spread."""
    result, working = arithmetic(terms)
    full = (1,) * (terms.ndim - len(shape)) + shape
    spread = tuple(i for i, n in enumerate(full) if n == 1)
    return np.asarray(
        terms.sum(axis=spread, dtype=wide(working)).reshape(shape), result
    )
