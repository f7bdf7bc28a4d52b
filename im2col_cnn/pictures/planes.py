"""Lay windows out on a sheet: along two axes, with the padding around the image."""

from collections.abc import Iterator

import numpy as np

from .._checks import require_drawable
from .._typing import Array, Shape
from ..window import Window

__all__ = ["as_plane", "padded_kinds", "padded_pixels", "source", "stops"]


def as_plane(window: Window) -> Window:
    """Return the same windows on an image of two axes; a line is one row high."""
    require_drawable(window.spatial, window.padded_size, window.columns_shape())
    if len(window.axes) == 2:
        return window
    return Window(
        (1, *window.spatial),
        (1, *window.kernel_size),
        stride=(1, *window.stride),
        padding=((0, 0), *window.padding),
        dilation=(1, *window.dilation),
        ceil_mode=window.axes[0].ceil_mode,
    )


def stops(window: Window) -> Iterator[Shape]:
    """List where the windows stand, in reading order."""
    yield from np.ndindex(window.output_size)


def source(window: Window, stop: Shape, offset: Shape) -> tuple[int, int]:
    """Return row and column, in the padded image, of one tap of one window."""
    i, j = (
        o * axis.stride + k * axis.dilation
        for axis, o, k in zip(window.axes, stop, offset, strict=True)
    )
    return i, j


def padded_pixels(x: Array, window: Window) -> Array:
    """Return the image with all the padding its windows may read."""
    return np.pad(x, around(window))


def padded_kinds(window: Window) -> Array:
    """Say of every padded pixel whether it is image, padding, or read by nobody."""
    kinds = np.where(window.coverage() == 0, "unread", "image").astype(object)
    return np.pad(kinds, around(window), constant_values="padding")


def around(window: Window) -> list[tuple[int, int]]:
    """Return the padding of each axis; ``ceil_mode`` may need some more after it."""
    return [
        (axis.before, axis.padded_size - axis.before - axis.size)
        for axis in window.axes
    ]
