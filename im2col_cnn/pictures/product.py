"""Draw the rows of im2col meeting a kernel: one product is the whole convolution."""

import numpy as np

from .._checks import as_matrix
from .._typing import ArrayLike, Padding, Sizes
from ..columns import unfold
from ..window import Window
from .captions import named, settings_of, times
from .convolution import show_arithmetic
from .film import FLIGHT, Point
from .grids import CELL, draw_array
from .svg import MARGIN, Canvas
from .windows_on_grid import as_plane, stops, sweep_rows

__all__ = ["draw_product"]


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
    x, w = as_matrix(x, "x", "(H, W)"), as_matrix(w, "w", "(KH, KW)")
    window = as_plane(
        Window(x.shape, w.shape, stride=stride, padding=padding, dilation=dilation)
    )
    P, K = window.columns_shape()
    columns = unfold(x.reshape(1, *window.spatial, 1), window).reshape(P, K)
    y = columns @ w.reshape(K, 1)
    canvas = Canvas(
        "One product of two matrices",
        [settings_of(window), "y = columns @ w"],
        frames=P,
    )
    top = canvas.top + 16
    arrived = np.array([[canvas.film.during(r + FLIGHT)] for r in range(P)], object)
    matrix = draw_array(canvas, columns, "columns", Point(MARGIN, top), "image")
    kernel = draw_array(
        canvas, w.reshape(K, 1), "w", Point(matrix.right + 36, top), "kernel"
    )
    column = draw_array(
        canvas, y, "y", Point(kernel.right + 36, top), "output", classes=arrived
    )
    draw_array(
        canvas,
        y.reshape(window.output_size),
        "image",
        canvas.beside(column.right + 36, CELL * window.output_size[1], top),
        "output",
        title=named("y, reshaped", window.output_size),
        classes=arrived.reshape(window.output_size),
    )
    for grid, sign in (matrix, "@"), (kernel, "="), (column, "\N{RIGHTWARDS ARROW}"):
        at = Point(grid.right + 18, top + 22)
        canvas.words(sign, at, "label middle")
    sweep_rows(canvas, matrix)
    sweep_rows(canvas, column)
    names = [f"y[{','.join(map(str, stop))}]" for stop in stops(window)]
    at = Point(MARGIN, canvas.bottom + 30)
    show_arithmetic(canvas, columns, w.ravel(), names=names, at=at)
    return canvas.write(
        f"A matrix of {P} rows and {K} columns, one window per row, is multiplied by "
        f"the {K} numbers of the kernel, written as a column. Each row gives one of "
        f"the {P} pixels of the output, then reshaped to {times(window.output_size)}."
    )
