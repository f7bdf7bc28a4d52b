"""Refuse images, kernels and a bias that do not go together."""

from .._typing import Array, ArrayLike
from .arrays import as_array, as_images
from .settings import as_int

__all__ = ["as_bias", "as_convolution", "as_transposed_convolution"]


def as_convolution(
    x: ArrayLike, w: ArrayLike, b: ArrayLike | None, groups: int
) -> tuple[Array, Array, Array | None]:
    """Return images, kernels and bias of a convolution, if they go together."""
    images, kernels = as_images(x), as_kernels(w)
    groups = as_int(groups, "groups", at_least=1)
    require_channels(images, kernels, groups)
    return images, kernels, None if b is None else as_bias(b, kernels.shape[-1])


def as_transposed_convolution(
    x: ArrayLike, w: ArrayLike, b: ArrayLike | None, groups: int
) -> tuple[Array, Array, Array | None]:
    """Return the arrays of a transposed convolution, if they go together."""
    images, kernels = as_images(x), as_kernels(w)
    groups = as_int(groups, "groups", at_least=1)
    require_axes(images, kernels, "(*kernel_size, F // groups, C)")
    *_, depth, C = kernels.shape
    if images.shape[-1] != C or C % groups:
        raise ValueError(
            f"w must have axes (*kernel_size, F // groups, C), with C = "
            f"{images.shape[-1]} as in x and divisible by groups = {groups}, got "
            f"shape {kernels.shape}"
        )
    return images, kernels, None if b is None else as_bias(b, depth * groups)


def as_kernels(value: ArrayLike) -> Array:
    """Return `value` as kernels with at least one tap."""
    w = as_array(value, "w")
    if 0 in w.shape[:-2]:
        raise ValueError(f"w must have at least one tap per axis, got shape {w.shape}")
    return w


def as_bias(value: ArrayLike, F: int) -> Array:
    """Return `value` as an array of F numbers, in whatever shape it has."""
    b = as_array(value, "b")
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
    """Refuse kernels whose axes, channels or filters do not match the images."""
    require_axes(x, w, "(*kernel_size, C // groups, F)")
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
