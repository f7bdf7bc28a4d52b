"""The pixels that a pooling window reads; padding is not among them."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from .._typing import Shape
from ..window import Window

__all__ = ["is_nan", "pixels", "places"]


def pixels(window: Window, at: Shape) -> Iterator[Shape]:
    """Walk in reading order through the pixels read for the output at an index."""
    n, *_, c = at
    for place in places(window, at):
        if all(0 <= i < axis.size for i, axis in zip(place, window.axes, strict=True)):
            yield n, *place, c


def places(window: Window, at: Shape) -> Iterator[Shape]:
    """Walk through the taps of a window, counted from the image's first pixel."""
    _, *stop, _ = at
    for offset in np.ndindex(window.kernel_size):
        yield tuple(
            o * axis.stride + k * axis.dilation - axis.before
            for o, k, axis in zip(stop, offset, window.axes, strict=True)
        )


def is_nan(value: Any) -> bool:
    """Tell whether a number is not equal to itself."""
    return bool(value != value)  # noqa: PLR0124 — np.isnan refuses other dtypes
