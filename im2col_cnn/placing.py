"""Place the windows that an operation asks for: to pool, or to paint.

A convolution slides over images whose size is known, and asks for a `Window` itself. A
pooling adds two rules of its own, and a transposed convolution knows only how often
its window stops: the size of the image it slides over is what has to be found.
"""

from ._checks import (
    as_padding,
    as_per_axis,
    refuse_output_padding,
    require_paint,
    require_sight,
    require_stops,
)
from ._typing import Padding, Shape, Sizes
from .window import Window

__all__ = ["painting_window", "pooling_window"]


def pooling_window(
    spatial: Shape,
    kernel_size: Sizes,
    *,
    stride: Sizes | None,
    padding: Padding,
    dilation: Sizes,
    ceil_mode: bool,
) -> Window:
    """Return a window that pools: side by side by default, never over padding only."""
    window = Window(
        spatial,
        kernel_size,
        stride=kernel_size if stride is None else stride,
        padding=padding,
        dilation=dilation,
        ceil_mode=ceil_mode,
    )
    reads = [axis.reads() for axis in window.axes]
    require_sight(reads, window.kernel_size, window.padding)
    return window


def painting_window(
    stops: Shape,
    kernel_size: Shape,
    *,
    stride: Sizes,
    padding: Padding,
    output_padding: Sizes,
    dilation: Sizes,
    output_size: Sizes | None,
) -> Window:
    """Return the window that stops this often on an image of the size asked for."""
    axes = len(stops)
    strides = as_per_axis(stride, "stride", axes, at_least=1)
    dilations = as_per_axis(dilation, "dilation", axes, at_least=1)
    extra = as_per_axis(output_padding, "output_padding", axes, at_least=0)
    pairs = as_padding(padding, axes)
    if any(extra) and (output_size is not None or isinstance(pairs, str)):
        refuse_output_padding(output_padding, output_size, padding)

    if output_size is not None:
        spatial = as_per_axis(output_size, "output_size", axes, at_least=1)
    elif isinstance(pairs, str):
        spatial = tuple(o * s for o, s in zip(stops, strides, strict=True))
    else:
        spatial = tuple(
            (o - 1) * s + d * (k - 1) + 1 - before - after + e
            for o, s, d, k, (before, after), e in zip(
                stops, strides, dilations, kernel_size, pairs, extra, strict=True
            )
        )
    require_paint(spatial, output_padding=extra, stride=strides)
    window = Window(
        spatial, kernel_size, stride=strides, padding=padding, dilation=dilations
    )
    require_stops(window.output_size, stops, spatial)
    return window
