"""Transposed convolution with loops: every pixel of `x` paints a window of `y`.

patch(n, stop) += x[n, stop, c] * w[..., c]       for every channel c of x
"""

from dataclasses import dataclass
from typing import Literal, overload

import numpy as np

from .._checks import as_flag, as_transposed_convolution, as_upstream, require_cache
from .._dtypes import arithmetic
from .._typing import Array, ArrayLike, Images, Kernels, Padding, Sizes
from ..placing import reached, transposed_window
from ..window import Window
from .conv import crop, pad, place

__all__ = ["conv_transpose_backward", "conv_transpose_forward"]


@dataclass(frozen=True, eq=False, repr=False)
class LoopConvTransposeCache:
    """What backward needs to know of forward."""

    x: Array
    w: Array
    b: Array | None
    y: Array
    window: Window
    groups: int


def conv_transpose_forward(
    x: ArrayLike,
    w: ArrayLike,
    b: ArrayLike | None = None,
    *,
    stride: Sizes = 1,
    padding: Padding = 0,
    output_padding: Sizes = 0,
    dilation: Sizes = 1,
    groups: int = 1,
    output_size: Sizes | None = None,
) -> tuple[Images, LoopConvTransposeCache]:
    """Add every pixel times the kernel of its channel into a larger image."""
    x, w, b = as_transposed_convolution(x, w, b, groups)
    N, *stops, C = x.shape
    *kernel_size, depth, _ = w.shape
    window, spatial = transposed_window(
        tuple(stops),
        tuple(kernel_size),
        stride=stride,
        padding=padding,
        output_padding=output_padding,
        dilation=dilation,
        output_size=output_size,
    )
    result, working = arithmetic(x, w, b)

    images, kernels = x.astype(working), w.astype(working)
    painted = pad(np.zeros((N, *window.spatial, depth * groups), working), window)
    for n in range(N):
        for stop in np.ndindex(*stops):
            for c in range(C):
                here = place(window, stop, c // (C // groups), depth)
                painted[n][here] += images[(n, *stop, c)] * kernels[..., c]
    y = np.zeros((N, *spatial, depth * groups), working)
    y[reached(window)] = crop(painted, window)
    if b is not None:
        y = y + b.ravel().astype(working)
    y = y.astype(result)
    return y, LoopConvTransposeCache(x, w, b, y, window, groups)


@overload
def conv_transpose_backward(
    dy: ArrayLike,
    cache: LoopConvTransposeCache,
    *,
    input_gradient: Literal[True] = True,
) -> tuple[Images, Kernels, Array | None]: ...
@overload
def conv_transpose_backward(
    dy: ArrayLike, cache: LoopConvTransposeCache, *, input_gradient: Literal[False]
) -> tuple[None, Kernels, Array | None]: ...
@overload
def conv_transpose_backward(
    dy: ArrayLike, cache: LoopConvTransposeCache, *, input_gradient: bool
) -> tuple[Images | None, Kernels, Array | None]: ...
def conv_transpose_backward(
    dy: ArrayLike, cache: LoopConvTransposeCache, *, input_gradient: bool = True
) -> tuple[Images | None, Kernels, Array | None]:
    """Return the gradients of `conv_transpose_forward`, product by product."""
    cache = require_cache(cache, LoopConvTransposeCache, "loops.conv_transpose_forward")
    wanted = as_flag(input_gradient, "input_gradient")
    window, x, w, b = cache.window, cache.x, cache.w, cache.b
    dy = as_upstream(dy, cache.y.shape)
    *_, depth, C = w.shape
    result, working = arithmetic(cache.y, dy)

    images, kernels = x.astype(working), w.astype(working)
    padded = pad(dy[reached(window)].astype(working), window)
    dx, dw = np.zeros_like(images), np.zeros_like(kernels)
    for n in range(len(images)):
        for stop in np.ndindex(window.output_size):
            for c in range(C):
                patch = padded[n][place(window, stop, c // (C // cache.groups), depth)]
                dx[(n, *stop, c)] = np.sum(patch * kernels[..., c])
                dw[..., c] += patch * images[(n, *stop, c)]
    db = None
    if b is not None:
        db = dy.astype(working).sum(axis=tuple(range(dy.ndim - 1))).astype(result)
        db = db.reshape(b.shape)
    return (dx.astype(result) if wanted else None, dw.astype(result), db)
