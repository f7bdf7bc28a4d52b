"""Build the `Window` of a pooling, and that of a transposed convolution.

A convolution slides over images whose size is known. A
pooling adds two rules of its own, and a transposed convolution knows only how often
its window stops: the size of the image it slides over is what has to be found.
"""

from collections.abc import Callable
from functools import lru_cache, wraps
from math import prod
from typing import Any, NoReturn

from ._checks import MAX_NUMBERS, MAX_PIXELS, as_padding, as_per_axis, by, quoted
from ._typing import Padding, Shape, Sizes
from .window import EVERY, Window

__all__ = ["pooling_window", "reached", "sliding_window", "transposed_window"]


PLAIN = {int, str, bool, type(None)}  # equal settings of one of these say the same
MAX_KEPT_TAPS = 256  # of a kernel along an axis, in a window that is kept


def kept(make: Callable[..., Window]) -> Callable[..., Window]:
    """Return the window that `make` made before for the same plain settings."""
    keep = lru_cache(256, typed=True)(make)

    @wraps(make)
    def window(spatial: Shape, kernel_size: Sizes, **settings: Any) -> Window:
        sizes = kernel_size if type(kernel_size) is tuple else (kernel_size,)
        is_plain = {int}.issuperset(map(type, sizes)) and sizes != ()
        is_plain &= all(type(s) in PLAIN or are_ints(s) for s in settings.values())
        if is_plain and max(sizes) <= MAX_KEPT_TAPS:
            return keep(spatial, kernel_size, **settings)
        return make(spatial, kernel_size, **settings)

    return window


def are_ints(setting: Any) -> bool:
    """Tell whether a setting is a tuple of ints, or of such tuples."""
    # Not of bools: (True,) equals (1,), and must be refused.
    return type(setting) is tuple and all(
        type(entry) is int or are_ints(entry) for entry in setting
    )


@kept
def sliding_window(spatial: Shape, kernel_size: Sizes, **settings: Any) -> Window:
    """Return the window of a convolution."""
    return Window(spatial, kernel_size, **settings)


@kept
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
    require_real_pixels(window)
    return window


def transposed_window(
    stops: Shape,
    kernel_size: Shape,
    *,
    stride: Sizes,
    padding: Padding,
    output_padding: Sizes,
    dilation: Sizes,
    output_size: Sizes | None,
) -> tuple[Window, Shape]:
    """
    Return the window of the convolution that is transposed, and the size of `y`.

    The window slides over `y`, from its first pixel on. A stride or more of
    `output_padding` adds pixels behind those that it slides over: nothing but the bias.
    """
    axes = len(stops)
    strides = as_per_axis(stride, "stride", axes, at_least=1)
    dilations = as_per_axis(dilation, "dilation", axes, at_least=1)
    extra = as_per_axis(output_padding, "output_padding", axes, at_least=0)
    pairs = as_padding(padding, axes)
    if any(extra) and (output_size is not None or isinstance(pairs, str)):
        refuse_output_padding(output_padding, output_size, padding)

    behind = (0,) * axes
    if output_size is not None:
        spatial = as_per_axis(output_size, "output_size", axes, at_least=1)
    elif isinstance(pairs, str):
        spatial = tuple(o * s for o, s in zip(stops, strides, strict=True))
    else:
        require_output_padding(extra, strides, dilations)
        spatial = tuple(
            (o - 1) * s + d * (k - 1) + 1 - before - after + e
            for o, s, d, k, (before, after), e in zip(
                stops, strides, dilations, kernel_size, pairs, extra, strict=True
            )
        )
        # What is a stride or more must not let the window stop once more: first there
        # is less padding behind the image, then less image.
        less = tuple(e - e % s for e, s in zip(extra, strides, strict=True))
        behind = tuple(
            max(n - after, 0) for n, (_, after) in zip(less, pairs, strict=True)
        )
        padding = tuple(
            (before, max(after - n, 0))
            for n, (before, after) in zip(less, pairs, strict=True)
        )
    require_output(spatial)
    slid_over = tuple(n - m for n, m in zip(spatial, behind, strict=True))
    require_output(slid_over)
    window = Window(
        slid_over, kernel_size, stride=strides, padding=padding, dilation=dilations
    )
    require_round_trip(window.output_size, stops, spatial)
    return window, spatial


def reached(window: Window) -> tuple[slice, ...]:
    """Index the pixels of a batch of `y` that a window slides over."""
    return (EVERY, *(slice(size) for size in window.spatial))


def require_real_pixels(window: Window) -> None:
    """Refuse a pooling window that covers only padding."""
    for number, axis in enumerate(window.axes):
        if axis.first_blind is not None:
            raise ValueError(
                f"padding {window.padding} leaves window {axis.first_blind} along "
                f"spatial axis {number} of a {by(window.kernel_size)} pooling nothing "
                f"but padding to read: pad less"
            )


def require_output(spatial: Shape) -> None:
    """Refuse an output without pixels, and one that no memory holds."""
    if min(spatial) < 1:
        raise ValueError(
            f"padding must leave something of the output, got a size of {by(spatial)}: "
            f"pad less"
        )
    if max(spatial) >= MAX_PIXELS or prod(spatial) >= MAX_NUMBERS:
        raise ValueError(
            f"y must have fewer than 2**31 pixels along every axis and 2**48 in all, "
            f"got {by(spatial)}: lower the stride or the dilation"
        )


def require_output_padding(extra: Shape, stride: Shape, dilation: Shape) -> None:
    """Refuse to add as many pixels as a stride, unless taps lie further apart."""
    if any(e >= max(s, d) for e, s, d in zip(extra, stride, dilation, strict=True)):
        raise ValueError(
            f"output_padding must be less than the stride or the dilation, {stride} "
            f"and {dilation}, got {extra}: more of it takes another pixel of x"
        )


def require_round_trip(found: Shape, stops: Shape, spatial: Shape) -> None:
    """Refuse an output size that the convolution does not reduce to that of `x`."""
    if found != stops:
        raise ValueError(
            f"output_size must be one that the convolution reduces to the size of x, "
            f"{by(stops)}, got {by(spatial)}, which it reduces to {by(found)}"
        )


def refuse_output_padding(
    output_padding: Any, output_size: Any, padding: Any
) -> NoReturn:
    """Refuse `output_padding` where `output_size` or a word of padding says it all."""
    other = f'padding="{padding}"' if output_size is None else f"{output_size=}"
    raise ValueError(
        f"output_padding must be 0 with {other}, got {quoted(output_padding)}: give "
        f"output_size alone"
    )
