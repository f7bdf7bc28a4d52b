"""Refuse arrays: of the wrong kind, or of shapes that do not go together."""

from math import prod
from typing import Any, TypeVar

import numpy as np

from .._typing import Array, ArrayLike, Shape
from .quoting import by, quoted
from .settings import entries, require_modest, whole

__all__ = [
    "as_array",
    "as_batch_shape",
    "as_fill",
    "as_images",
    "as_matrix",
    "as_number",
    "as_upstream",
    "as_window",
    "require_cache",
    "require_columns",
    "require_inputs",
    "require_positions",
]


Cache = TypeVar("Cache")
INT64_MAX = np.iinfo(np.int64).max


def as_array(
    value: ArrayLike, name: str, *, kinds: str = "biuf", selects: bool = False
) -> Array:
    """
    Return `value` as an array of numbers; by default, of real numbers.

    A function that only selects numbers takes any; one that adds them up works in
    int64, and must not be given larger ones.
    """
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise TypeError(f"{name} must not be masked: say what counts with .filled()")
    try:
        array = np.asarray(value)
    except Exception as error:
        raise TypeError(f"{name} must be an array of numbers: {error}") from error
    if array.dtype.kind not in kinds:
        raise TypeError(f"{name} must {other_than(kinds, array, value, name)}")
    if array.dtype == np.uint64 and not selects and (array > INT64_MAX).any():
        raise ValueError(
            f"{name} must fit in int64, got {array.max()}: convert it to floats"
        )
    # Files may store numbers with their bytes in the other order; arithmetic may not.
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def other_than(kinds: str, array: Array, value: ArrayLike, name: str) -> str:
    """Say which kinds of numbers were expected, what came, and how to make do."""
    dtype = array.dtype
    if dtype.kind == "O" and array.ndim == 0:
        return f"be an array of numbers, got {type(value).__name__}"
    words = {"biuf": "real numbers", "iu": "whole numbers"}.get(kinds, "numbers")
    found = f"hold {words}, got dtype {dtype}"
    if dtype.kind == "c":
        return f"{found}: {name}.real and {name}.imag are such"
    # The last are those of other packages: bfloat16, say.
    if dtype.kind in "bfO" or (dtype.kind == "V" and dtype.type is not np.void):
        like = "int" if kinds == "iu" else "float"
        return f"{found}: {name}.astype({like}) makes such"
    return found


def as_images(
    value: ArrayLike, name: str = "x", *, kinds: str = "biuf", selects: bool = False
) -> Array:
    """Return `value` as a batch of images with at least one pixel each."""
    x = as_array(value, name, kinds=kinds, selects=selects)
    if x.ndim < 3:
        raise ValueError(
            f"{name} must have axes (N, *spatial, C), got shape {x.shape}: "
            f"a lone image needs {name}[None], grey images {name}[..., None]"
        )
    if 0 in x.shape[1:-1]:
        raise ValueError(
            f"{name} must have at least one pixel per image, got shape {x.shape}"
        )
    return x


def as_batch_shape(value: Any, name: str) -> Shape:
    """Return `value` as the shape (N, *spatial, C) of a batch of images."""
    try:
        shape = tuple(whole(n) for n in entries(value))
    except TypeError:
        raise TypeError(
            f"{name} must be a tuple of ints, got {quoted(value)}"
        ) from None
    if len(shape) < 3 or min(shape) < 0 or 0 in shape[1:-1]:
        raise ValueError(
            f"{name} must be (N, *spatial, C) with at least one pixel, got {shape}"
        )
    require_modest(max(shape), name)
    return shape


def as_fill(value: Any, dtype: np.dtype) -> Any:
    """Return `value` in the given dtype, if that can hold it."""
    number = as_array(value, "fill", kinds="biufc", selects=True)
    if number.ndim:
        raise TypeError(f"fill must be a number, got shape {number.shape}")
    with np.errstate(all="ignore"):
        fill = number.astype(dtype)
    # A float may be rounded; a whole number, a bool or a real part may not.
    rounds = dtype.kind in "fc" and (dtype.kind == "c" or number.dtype.kind != "c")
    if not rounds and not np.array_equal(fill, number):
        raise ValueError(f"fill must be a value of dtype {dtype}, got {quoted(value)}")
    return fill[()]


def as_number(value: ArrayLike, name: str) -> Any:
    """Return `value` as one real number, in whatever dtype it has."""
    number = as_array(value, name)
    if number.size != 1:
        raise ValueError(f"{name} must be one number, got shape {number.shape}")
    return number.ravel()[0]


def as_window(value: ArrayLike, name: str) -> Array:
    """Return `value` as the pixels of one window, of which there is at least one."""
    window = as_array(value, name)
    if window.size == 0:
        raise ValueError(
            f"{name} must hold at least one pixel, got shape {window.shape}"
        )
    return window


def as_matrix(value: ArrayLike, name: str, axes: str) -> Array:
    """Return `value` as a matrix of real numbers with the axes spelled in `axes`."""
    matrix = as_array(value, name)
    if matrix.ndim != 2:
        raise ValueError(f"{name} must have axes {axes}, got shape {matrix.shape}")
    return matrix


def as_upstream(value: ArrayLike, shape: Shape) -> Array:
    """Return `value` as the gradient of an output of the given shape."""
    dy = as_array(value, "dy")
    if dy.shape != shape:
        raise ValueError(f"dy must have the shape of y, {shape}, got {dy.shape}")
    return dy


def require_cache(cache: Any, kind: type[Cache], forward: str) -> Cache:
    """Refuse a cache that another function made."""
    if not isinstance(cache, kind):
        raise TypeError(
            f"cache must be the one {forward} returned, got {type(cache).__name__}"
        )
    return cache


def require_inputs(x: Array, w: Array) -> None:
    """Refuse a dense layer whose matrix does not take the vectors it is given."""
    if x.shape[1] != w.shape[0]:
        raise ValueError(
            f"w must have one row per entry of x, D = {x.shape[1]}, got shape {w.shape}"
        )


def require_columns(columns: Array, shape: Shape) -> None:
    """Refuse a column matrix that im2col would not have made for these images."""
    if columns.shape != shape:
        raise ValueError(
            f"columns must have shape {shape}, one row per window and one column per "
            f"entry of a window, got {columns.shape}"
        )


def require_positions(argmax: Array, shape: Shape, spatial: Shape) -> Array:
    """Refuse flat indices of another shape, or such as lie outside the image."""
    if argmax.shape != shape:
        raise ValueError(
            f"argmax must have the shape of y, {shape}, got {argmax.shape}"
        )
    pixels = prod(spatial)
    if argmax.size and not 0 <= argmax.min() <= argmax.max() < pixels:
        raise ValueError(
            f"argmax must lie between 0 and {pixels - 1} in a {by(spatial)} image, got "
            f"{argmax.min()} to {argmax.max()}"
        )
    return argmax.astype(np.int64, copy=False)
