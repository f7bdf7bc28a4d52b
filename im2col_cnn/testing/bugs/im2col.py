"""Show the bugs of im2col and of col2im, its transpose."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..._typing import Array, Columns, Images, Shape
from ...columns import fold, unfold
from ...window import Window
from .exhibit import UNREPORTED, Exhibit

__all__ = ["COLUMN_BUGS"]

Cache = tuple[Shape, Window]


def pair(
    to_columns: Callable[[Images, Window], Array] = unfold,
    to_images: Callable[[Array, Window], Images] = fold,
    window_of: Callable[..., Window] = Window,
) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Make im2col and col2im of two maps between images and (N, *OUT, *KERNEL, C)."""

    def im2col(x: Images, kernel_size: Any, **settings: Any) -> tuple[Columns, Cache]:
        window = window_of(x.shape[1:-1], kernel_size, **settings)
        rows = to_columns(x, window)
        N, *_, C = x.shape
        return rows.reshape(window.columns_shape(N, C)), (x.shape, window)

    def col2im(columns: Columns, cache: Cache) -> Images:
        (N, *_, C), window = cache
        shape = N, *window.output_size, *window.kernel_size, C
        return to_images(columns.reshape(shape), window)

    return im2col, col2im


def channels_first(x: Images, window: Window) -> Array:
    return np.moveaxis(unfold(x, window), -1, 3)


def from_channels_first(columns: Array, window: Window) -> Images:
    N, OH, OW, KH, KW, C = columns.shape
    return fold(np.moveaxis(columns.reshape(N, OH, OW, C, KH, KW), 3, -1), window)


def images_last(x: Images, window: Window) -> Array:
    return np.moveaxis(unfold(x, window), 0, 2)


def from_images_last(columns: Array, window: Window) -> Images:
    N, OH, OW, *taps = columns.shape
    return fold(np.moveaxis(columns.reshape(OH, OW, N, *taps), 2, 0), window)


def down_the_columns(x: Images, window: Window) -> Array:
    return unfold(x, window).swapaxes(1, 2)


def from_down_the_columns(columns: Array, window: Window) -> Images:
    N, OH, OW, *taps = columns.shape
    return fold(columns.reshape(N, OW, OH, *taps).swapaxes(1, 2), window)


def overwriting(columns: Array, window: Window) -> Images:
    """Write every window where it came from; the last one stays."""
    N, *_, C = columns.shape
    x = np.zeros((N, *window.spatial, C), columns.dtype)
    for offset, stops, pixels in window.taps():
        x[pixels] = columns[stops + offset]
    return x


def averaging(columns: Array, window: Window) -> Images:
    """Undo im2col, which is not its transpose."""
    return fold(columns, window) / np.maximum(window.coverage(), 1)[..., None]


def without_stride(spatial: Shape, kernel_size: Any, **settings: Any) -> Window:
    return Window(spatial, kernel_size, **{**settings, "stride": 1})


def keep_padding(columns: Array, window: Window) -> Images:
    """Take positions in the padded image for positions in the image."""
    x = fold(columns, Window(window.padded_size, window.kernel_size, **moves(window)))
    H, W = window.spatial
    return x[:, :H, :W]


def moves(window: Window) -> dict[str, Any]:
    return {"stride": window.stride, "dilation": window.dilation}


COLUMN_BUGS = (
    Exhibit(
        "C3c",
        "im2col",
        "col2im assigns with =, or with a fancy index, where windows overlap",
        "x[i, j] += c with index arrays adds once per pixel, not once per window",
        "np.add.at(x, (i, j), c), or a loop over the taps with +=",
        "FluxML/NNlib.jl 205",
        *pair(to_images=overwriting),
    ),
    Exhibit(
        "C4f",
        "im2col",
        "the stride is left out",
        "every window is there, not every stride-th",
        "range(0, H - KH + 1, stride)",
        "Kulbear/deep-learning-coursera 34",
        *pair(window_of=without_stride),
    ),
    Exhibit(
        "C8c",
        "im2col",
        "positions in the padded image are taken for positions in the image",
        "col2im puts everything as far down and right as there is padding",
        "x = padded[:, p : p + H, p : p + W]",
        "numpy-ml Pool2D.backward",
        *pair(to_images=keep_padding),
    ),
    Exhibit(
        "C11c",
        "im2col",
        "within a row, channels come first",
        "w.reshape(-1, F) of a kernel (KH, KW, C, F) has the channels last",
        "transpose the taps to (KH, KW, C) before flattening",
        "PyDeepFlow PR 84; jax's patches are channel-major even for NHWC",
        *pair(channels_first, from_channels_first),
    ),
    Exhibit(
        "E16",
        "im2col",
        "rows run over windows first, then over images",
        "reshaping the product to (N, OH, OW, F) mixes the images of a batch",
        "put the images first before flattening",
        "cs231n im2col.py, where it is meant and undone",
        *pair(images_last, from_images_last),
    ),
    Exhibit(
        "C1f",
        "im2col",
        "windows run down the columns instead of along the rows",
        "reshaping the product to (N, OH, OW, F) transposes every image",
        "rows outside, columns inside",
        "renmengye/np-conv2d PR 2",
        *pair(down_the_columns, from_down_the_columns),
    ),
    Exhibit(
        "E17",
        "im2col",
        "col2im averages where windows overlap",
        "that undoes im2col; the gradient needs its transpose, which adds up",
        "do not divide by the number of windows",
        UNREPORTED,
        *pair(to_images=averaging),
    ),
)
