"""Convolve with the notebook's loops: over images, over windows, over filters.

    y[n, stop, f] = sum(patch(n, stop) * w[..., f]) + b[f]

Backward adds, for each product of that sum, the gradient of its two factors:

    dpatch += dy[n, stop, f] * w[..., f]        dw[..., f] += dy[n, stop, f] * patch
"""

from dataclasses import dataclass
from typing import Literal, overload

import numpy as np

from .._checks import as_convolution, as_flag, as_upstream, require_cache
from .._dtypes import arithmetic
from .._typing import Array, ArrayLike, Images, Kernels, Padding, Shape, Sizes
from ..window import Window

__all__ = ["conv_backward", "conv_forward", "crop", "pad", "place"]


@dataclass(frozen=True, eq=False, repr=False)
class LoopConvCache:
    """What backward needs to know of forward."""

    x: Array
    w: Array
    b: Array | None
    y: Array
    window: Window
    groups: int


def conv_forward(
    x: ArrayLike,
    w: ArrayLike,
    b: ArrayLike | None = None,
    *,
    stride: Sizes = 1,
    padding: Padding = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> tuple[Images, LoopConvCache]:
    """Slide every filter over every image."""
    x, w, b = as_convolution(x, w, b, groups)
    N, *spatial, _ = x.shape
    *kernel_size, depth, F = w.shape
    window = Window(
        spatial, kernel_size, stride=stride, padding=padding, dilation=dilation
    )
    result, working = arithmetic(x, w, b)

    padded = pad(x.astype(working), window)
    kernels = w.astype(working)
    y = np.zeros((N, *window.output_size, F), working)
    for n in range(N):
        for stop in np.ndindex(window.output_size):
            for f in range(F):
                patch = padded[n][place(window, stop, f // (F // groups), depth)]
                y[(n, *stop, f)] = np.sum(patch * kernels[..., f])
                if b is not None:
                    y[(n, *stop, f)] += b.ravel()[f]
    y = y.astype(result)
    return y, LoopConvCache(x, w, b, y, window, groups)


@overload
def conv_backward(
    dy: ArrayLike, cache: LoopConvCache, *, input_gradient: Literal[True] = True
) -> tuple[Images, Kernels, Array | None]: ...
@overload
def conv_backward(
    dy: ArrayLike, cache: LoopConvCache, *, input_gradient: Literal[False]
) -> tuple[None, Kernels, Array | None]: ...
@overload
def conv_backward(
    dy: ArrayLike, cache: LoopConvCache, *, input_gradient: bool
) -> tuple[Images | None, Kernels, Array | None]: ...
def conv_backward(
    dy: ArrayLike, cache: LoopConvCache, *, input_gradient: bool = True
) -> tuple[Images | None, Kernels, Array | None]:
    """Return the gradients of `conv_forward`, added up product by product."""
    cache = require_cache(cache, LoopConvCache, "loops.conv_forward")
    wanted = as_flag(input_gradient, "input_gradient")
    window, w, b = cache.window, cache.w, cache.b
    dy = as_upstream(dy, cache.y.shape)
    *_, depth, F = w.shape
    result, working = arithmetic(cache.y, dy)

    padded = pad(cache.x.astype(working), window)
    kernels, dy = w.astype(working), dy.astype(working)
    dx, dw, db = np.zeros_like(padded), np.zeros_like(kernels), np.zeros(F, working)
    for n in range(len(padded)):
        for stop in np.ndindex(window.output_size):
            for f in range(F):
                here = place(window, stop, f // (F // cache.groups), depth)
                gradient = dy[(n, *stop, f)]
                dx[n][here] += gradient * kernels[..., f]
                dw[..., f] += gradient * padded[n][here]
                db[f] += gradient
    return (
        crop(dx, window).astype(result) if wanted else None,
        dw.astype(result),
        None if b is None else db.astype(result).reshape(b.shape),
    )


def pad(x: Images, window: Window) -> Images:
    """Surround every image with zeros."""
    return np.pad(x, ((0, 0), *window.padding, (0, 0)))


def crop(x: Images, window: Window) -> Images:
    """Cut the padding off again; `before : before + size` also where it is 0."""
    inner = [slice(axis.before, axis.before + axis.size) for axis in window.axes]
    return x[(slice(None), *inner)]


def place(window: Window, stop: Shape, group: int, depth: int) -> tuple[slice, ...]:
    """Return where in a padded image the filters of a group read at this stop."""
    taps = (
        slice(o * axis.stride, o * axis.stride + axis.span, axis.dilation)
        for o, axis in zip(stop, window.axes, strict=True)
    )
    return *taps, slice(group * depth, (group + 1) * depth)
