"""Layers of several inputs: `Add`, `Multiply`, `Fill`, `Concat` and `MatMul`.

They read a tuple of arrays and return a tuple of gradients. Sums and products broadcast
as NumPy does, image by image: the shapes ``(H, W, C)`` and ``(C,)`` fit, one number per
channel for all pixels. What was spread over an axis going forward is added up along it
going back.
"""

from abc import abstractmethod
from dataclasses import KW_ONLY
from functools import reduce
from operator import add, mul
from typing import Any, final

import numpy as np

from .._checks import as_array, as_real, by, quoted
from .._dtypes import arithmetic, wide
from .._typing import Array, Shape
from ..tiling.blas import with_one_blas_thread
from .layer import Inputs, PureLayer, Rules, as_axis, axis_within

__all__ = ["Add", "Concat", "Fill", "MatMul", "MergeLayer", "Multiply"]


class MergeLayer(PureLayer):
    """A layer that reads several arrays: ``forward((a, b, ...))``."""

    merges = True

    def compute(self, x: Inputs) -> tuple[Array, Any]:
        """Merge what is a tuple of batches of as many images."""
        if not isinstance(x, tuple | list) or not x:
            raise TypeError(f"x must be a tuple of arrays, got {quoted(x)}")
        xs = tuple(as_array(one, "x") for one in x)
        if not all(one.ndim and len(one) == len(xs[0]) for one in xs):
            raise ValueError(f"x must hold batches of as many images: {in_words(xs)}")
        return self.merge(xs)

    @abstractmethod
    def merge(self, xs: tuple[Array, ...]) -> tuple[Array, Any]:
        """Return one array made of several, and a cache."""


@final
class Add(MergeLayer):
    """
    Add arrays up: a residual block adds its input to its output.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn.nn import Add
    >>> y, cache = Add().forward((np.array([[1, 2]]), np.array([[10, 20]])))
    >>> y
    array([[11, 22]])
    >>> Add().backward(np.array([[5, 6]]), cache)
    ((array([[5, 6]]), array([[5, 6]])), {})
    """

    kind = "add"

    def merge(self, xs: tuple[Array, ...]) -> tuple[Array, Any]:
        """Add, the first two first; the cache is their shapes."""
        return reduce(add, exact(aligned(xs))), tuple(x.shape for x in xs)

    def pull_back(self, dy: Array, cache: Any) -> tuple[Array, ...]:
        """Pass ``dy`` to all."""
        return tuple(gathered(dy, shape) for shape in cache)


@final
class Multiply(MergeLayer):
    """
    Multiply arrays: one number per channel weighs it, say.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn.nn import Multiply
    >>> images, weights = np.ones((1, 2, 2, 3)), np.array([[1.0, 2.0, 3.0]])
    >>> y, cache = Multiply().forward((images, weights))
    >>> y[0, 0, 0]
    array([1., 2., 3.])
    >>> (dx, dweights), _ = Multiply().backward(np.ones_like(y), cache)
    >>> dweights  # of four pixels
    array([[4., 4., 4.]])
    """

    kind = "multiply"

    def merge(self, xs: tuple[Array, ...]) -> tuple[Array, Any]:
        """Multiply, the first two first; the cache is the factors."""
        return reduce(mul, exact(aligned(xs))), xs

    def pull_back(self, dy: Array, cache: Any) -> tuple[Array, ...]:
        """Multiply ``dy`` by all other factors."""
        factors = aligned(cache)
        return tuple(
            gathered(reduce(mul, [*factors[:i], *factors[i + 1 :]], dy), x.shape)
            for i, x in enumerate(cache)
        )


@final
class Fill(MergeLayer):
    """Write a number where a second array is not 0: what was there is not learned."""

    kind = "fill"
    rules = Rules(number=as_real)

    number: float

    def merge(self, xs: tuple[Array, ...]) -> tuple[Array, Any]:
        """Fill; the cache is where, and both shapes."""
        if len(xs) != 2:
            raise ValueError(f"x must hold what is filled and where: {in_words(xs)}")
        x, where = aligned(xs)
        y = np.where(where != 0, x.dtype.type(self.number), x)
        return y, (where != 0, [one.shape for one in xs], where.dtype)

    def pull_back(self, dy: Array, cache: Any) -> tuple[Array, ...]:
        """Pass ``dy`` where nothing was filled."""
        where, (shape, mask), dtype = cache
        kept = np.where(where, dy.dtype.type(0), dy)
        return gathered(kept, shape), np.zeros(mask, dtype)


@final
class Concat(MergeLayer):
    """
    Join arrays along an axis, that of channels unless told otherwise.

    The axis is one of ``(N, *SPATIAL, C)``, as in `numpy.concatenate`.
    """

    kind = "concat"
    rules = Rules(axis=as_axis)

    _: KW_ONLY
    axis: int = -1

    def merge(self, xs: tuple[Array, ...]) -> tuple[Array, Any]:
        """Join; the cache is where each array ends."""
        axis = axis_within(self.axis, xs[0].ndim)
        rests = {(*x.shape[:axis], *x.shape[axis + 1 :]) for x in xs}
        if len({x.ndim for x in xs}) > 1 or len(rests) > 1:
            raise ValueError(
                f"arrays must differ along axis {self.axis} only: {in_words(xs)}"
            )
        ends = np.cumsum([x.shape[axis] for x in xs])
        return np.concatenate(xs, axis=axis), ends[:-1]

    def pull_back(self, dy: Array, cache: Any) -> tuple[Array, ...]:
        """Cut ``dy`` where arrays meet."""
        return tuple(np.split(dy, cache, axis=self.axis))


@final
class MatMul(MergeLayer):
    """Multiply two arrays as matrices along their last two axes, image by image."""

    kind = "matmul"

    @with_one_blas_thread
    def merge(self, xs: tuple[Array, ...]) -> tuple[Array, Any]:
        """Multiply; the cache is both."""
        if len(xs) != 2 or min(x.ndim for x in xs) < 3:
            raise ValueError(f"x must hold two batches of matrices, got {in_words(xs)}")
        a, b = with_as_many_axes(xs)
        require_factors(a.shape[1:], b.shape[1:])
        return a @ b, xs

    @with_one_blas_thread
    def pull_back(self, dy: Array, cache: Any) -> tuple[Array, ...]:
        """Multiply ``dy`` by the other one, transposed."""
        a, b = with_as_many_axes(cache)
        da, db = dy @ b.swapaxes(-1, -2), a.swapaxes(-1, -2) @ dy
        return gathered(da, cache[0].shape), gathered(db, cache[1].shape)


def require_factors(a: Shape, b: Shape) -> None:
    """Refuse matrices of which one has not as many columns as the other has rows."""
    *stack, _, K = a
    *other, rows, _ = b
    alike = (m == n or 1 in {m, n} for m, n in zip(stack, other, strict=True))
    if rows != K or not all(alike):
        raise ValueError(
            f"x must hold matrices of K columns and of K rows, got {by(a)} and {by(b)}"
        )


def with_as_many_axes(xs: tuple[Array, ...]) -> list[Array]:
    """Return arrays whose images have as many axes."""
    axes = max(x.ndim for x in xs)
    return [x.reshape(len(x), *[1] * (axes - x.ndim), *x.shape[1:]) for x in xs]


def aligned(xs: tuple[Array, ...]) -> list[Array]:
    """Return arrays whose images have as many axes; refuse what does not broadcast."""
    if len({x.shape for x in xs}) == 1:  # as nearly always
        return list(xs)
    found = with_as_many_axes(xs)
    try:
        np.broadcast_shapes(*(x.shape[1:] for x in found))
    except ValueError:
        raise ValueError(
            f"shapes must be the same, or 1 along an axis: {in_words(xs)}"
        ) from None
    return found


def exact(xs: list[Array]) -> list[Array]:
    """Return whole numbers in int64, in which their sums and products fit."""
    result, _ = arithmetic(*xs)
    return [x.astype(result, copy=False) for x in xs] if result.kind == "i" else xs


def gathered(dy: Array, shape: Shape) -> Array:
    """Add up along the axes over which an array of this shape was spread."""
    N, *rest = shape
    full = (N, *[1] * (dy.ndim - len(shape)), *rest)
    spread = tuple(i for i, n in enumerate(full) if n == 1 < dy.shape[i])
    if not spread:
        return dy.reshape(shape)
    result, working = arithmetic(dy)
    summed = dy.sum(axis=spread, dtype=wide(working), keepdims=True)
    return np.asarray(summed.reshape(shape), result)


def in_words(xs: tuple[Array, ...]) -> str:
    """Return the shapes of single images."""
    return " and ".join(by(x.shape[1:]) for x in xs)
