"""Arrays as the package uses them: images, kernels, columns, gradients, labels."""

import warnings
from math import isfinite
from typing import Any, TypeVar

import numpy as np

from .._typing import Array, ArrayLike, Shape
from .settings import (
    as_int,
    entries,
    is_lone,
    quoted,
    require_countable,
    require_modest,
    whole,
)

__all__ = [
    "as_array",
    "as_array_beside",
    "as_batch_shape",
    "as_bias",
    "as_convolution",
    "as_fill",
    "as_images",
    "as_labels",
    "as_matrix",
    "as_scores",
    "as_transposed_convolution",
    "as_upstream",
    "as_window",
    "hint_at_batch",
    "hint_at_lone_image",
    "require_cache",
    "require_columns",
]


Cache = TypeVar("Cache")
MIN_SIDE_PIXELS = 8  # of what is taken for an image
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
    if array.dtype.isnative:
        return array
    # Files may store numbers with their bytes in the other order; arithmetic may not.
    return array.astype(array.dtype.newbyteorder("="))


def other_than(kinds: str, array: Array, value: ArrayLike, name: str) -> str:
    """Write which kinds of numbers were expected, which came, and how to convert."""
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


def hint_at_lone_image(x: Array, size: Any) -> None:
    """
    Warn of images that look like a lone one, where `size` does not say how many axes.

    One image of 8 by 8 pixels and 3 channels has the shape of 8 signals.
    """
    if x.ndim != 3 or not is_lone(size):
        return
    N, W, C = x.shape
    colours = C in {3, 4} and x.dtype == np.uint8
    square = C in {1, 3, 4} and N == W
    if (colours or square) and N >= MIN_SIDE_PIXELS:
        warnings.warn(
            f"x of shape {x.shape} is read as {N} signals: x[None] is one image; a "
            f"size per axis, ({quoted(size)},), says that signals are meant",
            stacklevel=4,  # the caller of a function that is `hinting`
        )


def hint_at_batch(shape: Shape, sizes: list[Any]) -> None:
    """
    Warn of the shape of one image that looks like that of a batch.

    A batch of 32 images of 8 by 8 pixels and a channel has the shape of a volume, for
    which sizes that do not say how many axes there are will do as well.
    """
    if len(shape) != 4 or not sizes or not all(map(is_lone, sizes)):
        return
    N, H, W, C = shape
    if C in {1, 3, 4} and H == W != N and H >= MIN_SIDE_PIXELS:
        warnings.warn(
            f"shape {shape} is read as one volume of {N}x{H}x{W}: {shape[1:]} is that "
            f"of one image, without the batch, and kernel_size={(sizes[0],) * 3} says "
            f"that volumes are meant",
            stacklevel=4,  # the caller of a function that is `hinting`
        )


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
    require_countable(shape, name)
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


def as_array_beside(value: Any, name: str, *others: Array | np.dtype) -> Array:
    """
    Return `value` as an array of real numbers that meets `others` in arithmetic.

    A Python number is weak there, as in NumPy: it takes their dtype, and beside whole
    numbers a float takes float64.
    """
    weak = isinstance(value, int | float) and not isinstance(value, bool | np.generic)
    dtype = np.result_type(*others)
    if isinstance(value, float):
        dtype = np.result_type(dtype, 0.0)
    if not weak or dtype.kind != "f":
        return as_array(value, name)
    try:
        with np.errstate(over="ignore"):
            array = np.array(value, dtype)
        lost = isfinite(value) and not np.isfinite(array)
    except OverflowError:  # a whole number beyond every float
        lost = True
    if lost:
        raise ValueError(
            f"{name} must fit in {dtype}, got {quoted(value)}: an array of a wider "
            f"dtype widens the result"
        )
    return array


def as_upstream(value: ArrayLike, shape: Shape, *others: Array) -> Array:
    """Return `value` as the gradient of an output of the given shape."""
    dy = as_array_beside(value, "dy", *others) if others else as_array(value, "dy")
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


def require_columns(columns: Array, shape: Shape) -> None:
    """Refuse a column matrix that im2col would not have made for these images."""
    if columns.shape != shape:
        raise ValueError(
            f"columns must have shape {shape}, one row per window and one column per "
            f"entry of a window, got {columns.shape}"
        )


def as_convolution(
    x: ArrayLike, w: ArrayLike, b: ArrayLike | None, groups: int
) -> tuple[Array, Array, Array | None]:
    """Return images, kernels and bias of a convolution, if they go together."""
    images, kernels = as_images(x), as_kernels(w)
    groups = as_int(groups, "groups", at_least=1)
    require_axes(images, kernels, "(*kernel_size, C // groups, F)")
    try:
        require_channels(images, kernels, groups)
        if b is not None:
            b = as_bias(b, kernels.shape[-1], images, kernels)
    except ValueError as error:
        F, depth = None if b is None else np.size(b), images.shape[-1] // groups
        hint = hint_at_their_axes(kernels, "F, C // groups", F, depth)
        raise ValueError(f"{error}{hint}") from None
    return images, kernels, b


def as_transposed_convolution(
    x: ArrayLike, w: ArrayLike, b: ArrayLike | None, groups: int
) -> tuple[Array, Array, Array | None]:
    """Return the arrays of a transposed convolution, if they go together."""
    images, kernels = as_images(x), as_kernels(w)
    groups = as_int(groups, "groups", at_least=1)
    require_axes(images, kernels, "(*kernel_size, F // groups, C)")
    try:
        *_, depth, C = kernels.shape
        if images.shape[-1] != C or C % groups:
            raise ValueError(
                f"w must have axes (*kernel_size, F // groups, C), with C = "
                f"{images.shape[-1]} as in x and divisible by groups = {groups}, got "
                f"shape {kernels.shape}"
            )
        if b is not None:
            b = as_bias(b, depth * groups, images, kernels)
    except ValueError as error:
        F = None if b is None else np.size(b) // groups
        hint = hint_at_their_axes(kernels, "C, F // groups", images.shape[-1], F)
        raise ValueError(f"{error}{hint}") from None
    return images, kernels, b


def hint_at_their_axes(w: Array, axes: str, *sizes: int | None) -> str:
    """Say how kernels lie here, if their first axes fit, which are last here."""
    if any(n not in (None, m) for n, m in zip(sizes, w.shape, strict=False)):
        return ""
    return (
        f": if w has the axes of PyTorch, ({axes}, *kernel_size), "
        f"np.moveaxis(w, (0, 1), (-1, -2)) has ours"
    )


def as_kernels(value: ArrayLike) -> Array:
    """Return `value` as kernels with at least one tap."""
    w = as_array(value, "w")
    if 0 in w.shape[:-2]:
        raise ValueError(f"w must have at least one tap per axis, got shape {w.shape}")
    return w


def as_bias(value: ArrayLike, F: int, *others: Array) -> Array:
    """Return `value` as an array of F numbers, which meets `others` in a sum."""
    b = as_array_beside(value, "b", *others)
    if b.size != F:
        raise ValueError(
            f"b must hold one number per filter, F = {F}, got {b.size} in shape "
            f"{b.shape}"
        )
    return b


def require_axes(x: Array, w: Array, axes: str) -> None:
    """Refuse kernels that do not have as many axes as the images."""
    if w.ndim != x.ndim:
        raise ValueError(
            f"w must have axes {axes}, {x.ndim} of them for x of shape {x.shape}, got "
            f"shape {w.shape}"
        )


def require_channels(x: Array, w: Array, groups: int) -> None:
    """Refuse kernels whose channels or filters do not match the images."""
    *_, C = x.shape
    *_, depth, F = w.shape
    if C % groups or F % groups:
        raise ValueError(
            f"groups must divide the channels of x and the filters of w, got "
            f"groups = {groups}, C = {C}, F = {F}"
        )
    if depth * groups != C:
        raise ValueError(
            f"w must read C // groups = {C // groups} channels (x has C = {C}, groups "
            f"= {groups}), got {depth} in shape {w.shape}"
        )


def as_scores(value: ArrayLike, name: str) -> Array:
    """Return `value` as scores of at least one class, along the last axis."""
    scores = as_array(value, name)
    if scores.ndim == 0 or scores.shape[-1] == 0:
        raise ValueError(
            f"{name} must hold at least one class along its last axis, got shape "
            f"{scores.shape}"
        )
    return scores


def as_labels(value: ArrayLike, batch: int | Shape, K: int) -> Array:
    """Return `value` as whole numbers that name one of K classes each."""
    shape = (batch,) if isinstance(batch, int) else batch
    labels = as_array(value, "labels", kinds="biufcOUS", selects=True)
    if labels.dtype.kind in "US" and labels.size:
        raise TypeError(
            f"labels must hold whole numbers, got names such as "
            f"{quoted(labels.ravel()[0].item())}: classes, labels = np.unique(labels, "
            f"return_inverse=True) numbers them"
        )
    if labels.shape != shape:
        ways_out = {
            (*shape, K): ": for one-hot labels, labels.argmax(axis=-1)",
            (1, *shape): ": use labels[0]",
            (*shape, 1): ": squeeze them, labels[..., 0]",
        }
        raise ValueError(
            f"labels must have shape {shape}, one per row of scores, got {labels.shape}"
            + ways_out.get(labels.shape, "")
        )
    labels = as_array(labels, "labels", kinds="iu", selects=True)
    if labels.size and not 0 <= labels.min() <= labels.max() < K:
        raise ValueError(
            f"labels must lie between 0 and {K - 1}, for scores of {K} classes, got "
            f"{labels.min()} to {labels.max()}"
        )
    return labels
