"""Refuse windows that find no place, or nothing to see."""

from collections.abc import Iterable
from typing import Any, NoReturn

import numpy as np

from .._typing import Array, Padding, Shape, Sizes
from .quoting import by, quoted
from .settings import as_padding, as_per_axis

__all__ = [
    "refuse_output_padding",
    "require_fit",
    "require_paint",
    "require_sight",
    "require_stops",
    "require_window",
]


def require_window(
    kernel_size: Sizes, stride: Sizes, padding: Padding, dilation: Sizes
) -> None:
    """Refuse a window that fits no image; how many axes that has is not known yet."""
    settings = (kernel_size, stride, dilation, padding)
    lengths = [len(s) for s in settings if np.iterable(s) and not isinstance(s, str)]
    axes = lengths[0] if lengths else 1
    as_per_axis(kernel_size, "kernel_size", axes, at_least=1)
    as_per_axis(stride, "stride", axes, at_least=1)
    as_per_axis(dilation, "dilation", axes, at_least=1)
    as_padding(padding, axes)


def require_fit(
    *,
    size: Shape,
    kernel: Shape,
    dilation: Shape,
    padded: Shape,
    output: Shape,
    formulas: Iterable[str],
) -> None:
    """Refuse a kernel that finds no place in the padded image."""
    for axis, (stops, formula) in enumerate(zip(output, formulas, strict=True)):
        if stops < 1:
            span = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True))
            spans = "" if span == kernel else f", spread to {by(span)} by dilation,"
            raise ValueError(
                f"a {by(kernel)} kernel{spans} does not fit in a {by(size)} image "
                f"padded to {by(padded)}: shrink the kernel or add padding (along "
                f"spatial axis {axis} there are {formula} = {stops} windows)"
            )


def require_sight(
    reads: Iterable[Array], kernel: Shape, padding: tuple[tuple[int, int], ...]
) -> None:
    """Refuse a pooling window that sees only padding: it has nothing to pool."""
    for axis, counts in enumerate(reads):
        if not counts.all():
            raise ValueError(
                f"padding {padding} leaves window {np.argmin(counts)} along spatial "
                f"axis {axis} of a {by(kernel)} pooling nothing but padding to read: "
                f"pad less"
            )


def refuse_output_padding(
    output_padding: Any, output_size: Any, padding: Any
) -> NoReturn:
    """Refuse two answers to one question: how large the output is."""
    other = f'padding="{padding}"' if output_size is None else f"{output_size=}"
    raise ValueError(
        f"output_padding must be 0 with {other}, got {quoted(output_padding)}: give "
        f"output_size alone"
    )


def require_paint(spatial: Shape, *, output_padding: Shape, stride: Shape) -> None:
    """Refuse a transposed convolution that leaves nothing, or pads a whole stride."""
    if min(spatial) < 1:
        raise ValueError(
            f"padding must leave something of the output, got a size of {by(spatial)}: "
            f"pad less"
        )
    if any(e >= s for e, s in zip(output_padding, stride, strict=True)):
        raise ValueError(
            f"output_padding must be less than the stride, {stride}, got "
            f"{output_padding}: a whole stride more takes another pixel of x"
        )


def require_stops(found: Shape, stops: Shape, spatial: Shape) -> None:
    """Refuse an output that the transposed convolution would not turn into `x`."""
    if found != stops:
        raise ValueError(
            f"output_size must be one that the convolution reduces to the size of x, "
            f"{by(stops)}, got {by(spatial)}, which it reduces to {by(found)}"
        )
