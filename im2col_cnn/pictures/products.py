"""Draw a convolution as a product of matrices: with its columns, and with its own."""

from math import prod

import numpy as np

from .._typing import ArrayLike, Padding, Shape, Sizes
from ..columns import unfold
from ..ops.conv import conv_forward
from ..window import Window
from .captions import named, settings_of, times
from .film import FLIGHT, Film
from .grids import as_plane, draw_array, emptied
from .sliding import show_arithmetic
from .svg import MARGIN, Canvas, Point
from .sweeping import stops, sweep_cells

__all__ = ["draw_convolution_matrix", "draw_product"]

SMALL = 26.0
TRANSPOSED = "M\N{MODIFIER LETTER CAPITAL T}"


def draw_product(
    x: ArrayLike,
    w: ArrayLike,
    *,
    stride: Sizes = 1,
    padding: Padding = 0,
    dilation: Sizes = 1,
) -> str:
    """
    Draw the rows of im2col meeting the kernel, written as a column.

    Parameters
    ----------
    x : array, shape (H, W)
        One image with one channel.
    w : array, shape (KH, KW)
        One kernel.
    stride, padding, dilation
        As for `conv_forward`.

    Returns
    -------
    str
        An animated SVG.
    """
    x, w = np.asarray(x), np.asarray(w)
    window = as_plane(
        Window(x.shape, w.shape, stride=stride, padding=padding, dilation=dilation)
    )
    P, K = window.columns_shape()
    columns = unfold(x.reshape(1, *window.spatial, 1), window).reshape(P, K)
    y = columns @ w.reshape(K, 1)
    canvas = Canvas(
        "One product of two matrices", [settings_of(window), "y = columns @ w"]
    )
    film = Film(P)
    top = canvas.top + 16
    arrived = np.array([[film.during(r + FLIGHT)] for r in range(P)], object)
    matrix = draw_array(canvas, columns, "columns", Point(MARGIN, top), "image")
    kernel = draw_array(
        canvas, w.reshape(K, 1), "w", Point(matrix.right + 56, top), "kernel"
    )
    column = draw_array(
        canvas, y, "y", Point(kernel.right + 56, top), "output", classes=arrived
    )
    draw_array(
        canvas,
        y.reshape(window.output_size),
        "image",
        Point(column.right + 72, top),
        "output",
        title=named("y, reshaped", window.output_size),
        classes=arrived.reshape(window.output_size),
    )
    for grid, sign in (matrix, "@"), (kernel, "="), (column, "\N{RIGHTWARDS ARROW}"):
        middle = 28 if grid is not column else 36
        at = Point(grid.right + middle, top + 26)
        canvas.words(sign, at, "label middle")
    sweep_cells(
        canvas, film, matrix, [matrix.corner(r, 0) for r in range(P)], columns=K
    )
    sweep_cells(canvas, film, column, [column.corner(r, 0) for r in range(P)])
    names = [f"y[{','.join(map(str, stop))}]" for stop in stops(window)]
    bottom = max(matrix.bottom, kernel.bottom) + 34
    at = Point(MARGIN, bottom)
    show_arithmetic(canvas, film, columns, w.ravel(), names=names, at=at)
    return canvas.write(
        f"A matrix of {P} rows and {K} columns, one window per row, is multiplied by "
        f"the {K} numbers of the kernel, written as a column. Each row gives one of "
        f"the {P} pixels of the output, then reshaped to {times(window.output_size)}.",
        film.motion(),
    )


def draw_convolution_matrix(
    spatial: Shape,
    w: ArrayLike,
    *,
    stride: Sizes = 1,
    padding: Padding = 0,
    dilation: Sizes = 1,
) -> str:
    """
    Draw the sparse matrix that a convolution is, and its transpose.

    Parameters
    ----------
    spatial : tuple of int
        Size of the image, with one channel.
    w : array, shape (KH, KW)
        One kernel.
    stride, padding, dilation
        As for `conv_forward`.

    Returns
    -------
    str
        An animated SVG. Zeros are left empty.
    """
    w = np.asarray(w)
    window = Window(spatial, w.shape, stride=stride, padding=padding, dilation=dilation)
    pixels, outputs = prod(window.spatial), prod(window.output_size)
    # Convolving an image with a single 1 gives one column of the matrix.
    units = np.eye(pixels, dtype=w.dtype).reshape(pixels, *window.spatial, 1)
    y, _ = conv_forward(
        units,
        w[..., None, None],
        stride=stride,
        padding=padding,
        dilation=dilation,
    )
    transposed = y.reshape(pixels, outputs)
    matrix = transposed.T

    canvas = Canvas(
        "A convolution is a sparse matrix M",
        [
            f"image {times(window.spatial)}, {settings_of(window)}",
            f"forward y = M x, one row per window; backward dx = {TRANSPOSED} dy",
        ],
    )
    film = Film(outputs)
    top = canvas.top + 16
    kernel = draw_array(canvas, w, "w", Point(MARGIN, top), "kernel", side=SMALL)
    forward = draw_array(
        canvas,
        emptied(matrix, matrix == 0),
        "M",
        Point(kernel.right + 44, top),
        np.where(matrix == 0, "zero", "kernel"),
        side=SMALL,
    )
    backward = draw_array(
        canvas,
        emptied(transposed, transposed == 0),
        "transposed",
        Point(forward.right + 44, top),
        np.where(transposed == 0, "zero", "kernel"),
        side=SMALL,
        title=named(TRANSPOSED, transposed.shape),
    )
    rows = [forward.corner(r, 0) for r in range(outputs)]
    columns = [backward.corner(0, r) for r in range(outputs)]
    sweep_cells(canvas, film, forward, rows, columns=pixels)
    sweep_cells(canvas, film, backward, columns, rows=pixels)
    return canvas.write(
        f"The matrix M has {outputs} rows, one per window, and {pixels} columns, one "
        f"per pixel. Each row holds the {w.size} weights of the kernel where its "
        f"window stands, and zeros elsewhere. Its transpose has the rows as columns.",
        film.motion(),
    )
