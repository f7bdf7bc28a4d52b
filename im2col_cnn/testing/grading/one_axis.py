"""Put exhibits, which know rows and columns, to images with one spatial axis.

The images become one row. With the padding around that row as well, what goes wrong
with the padding goes wrong as it does along the only axis; the other rows of output are
left out, and get no gradient. Without it, there are as many places as there should be,
as a mean over them needs.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..._typing import Array

__all__ = ["of_any_axes"]

Forward = Callable[..., tuple[Array, Any]]
Backward = Callable[..., Any]


def of_any_axes(
    kind: str, forward: Forward, backward: Backward | None, *, around: bool
) -> tuple[Forward, Backward | None]:
    """
    Return functions that take images with one spatial axis as well as with two.

    Parameters
    ----------
    kind : str
    forward, backward : callable
        They take images with rows and columns.
    around : bool
        Whether a convolution has its padding around the row as well. A pooling never
        has it there, where its windows would see nothing.
    """
    is_conv = kind == "conv"

    def forward_of_any(
        x: Array, *arrays: Array, **settings: Any
    ) -> tuple[Array, tuple[int, int, Any]]:
        if x.ndim != 3:
            y, cache = forward(x, *arrays, **settings)
            return y, (0, 0, cache)
        kernels = [w[None] for w in arrays[:1]]
        written, row = in_two(settings, around=around and is_conv)
        y, cache = forward(x[:, None], *kernels, *arrays[1:], **written)
        rows = y.shape[1]
        return y[:, min(row, rows - 1)], (rows, row, cache)

    def backward_of_any(dy: Array, kept: tuple[int, int, Any]) -> Any:
        assert backward is not None
        rows, row, cache = kept
        if not rows:
            return backward(dy, cache)
        wide = dy[:, None]
        if rows > 1:
            wide = np.zeros((len(dy), rows, *dy.shape[1:]), dy.dtype)
            wide[:, min(row, rows - 1)] = dy
        found = backward(wide, cache)
        if not is_conv:
            return only_row(found)
        dx, dw, *db = found
        return (only_row(dx), dw[0] if len(dw) == 1 else dw, *db)

    return forward_of_any, None if backward is None else backward_of_any


def only_row(dx: Any) -> Any:
    """Return the row in the middle, if there are rows."""
    if not isinstance(dx, np.ndarray) or dx.ndim != 4:
        return dx
    if not dx.shape[1]:
        return np.zeros((len(dx), *dx.shape[2:]), dx.dtype)
    return dx[:, dx.shape[1] // 2]


def in_two(settings: dict[str, Any], *, around: bool) -> tuple[dict[str, Any], int]:
    """Return settings for rows and columns, and which row of the output is meant."""
    written = dict(settings)
    for name in ("stride", "dilation", "kernel_size"):
        if name in settings:
            value = settings[name]
            written[name] = (1, value if isinstance(value, int) else value[-1])
    row = 0
    if "padding" in settings and not isinstance(settings["padding"], str):
        pad = settings["padding"]
        before, after = (pad, pad) if isinstance(pad, int) else both_sides(pad[-1])
        row = before if around else 0
        written["padding"] = (before, after) if around else (0, 0), (before, after)
    return written, row


def both_sides(pad: Any) -> tuple[int, int]:
    """Return how much is before and after, where it may be one number for both."""
    return (pad, pad) if isinstance(pad, int) else (pad[0], pad[1])
