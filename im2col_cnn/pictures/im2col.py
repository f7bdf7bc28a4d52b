"""Draw how im2col writes every window down as one row of a matrix."""

import numpy as np

from .._checks import as_matrix
from .._typing import Array, ArrayLike, Padding, Sizes
from ..columns import unfold
from ..window import Window
from .captions import image_title, named, settings_of, times
from .film import Point, journey
from .grids import CELL, Grid, draw_array
from .svg import BELOW, MARGIN, WIDEST, Canvas
from .windows_on_grid import (
    as_plane,
    padded_kinds,
    padded_pixels,
    source,
    stops,
    sweep,
    sweep_rows,
)

__all__ = ["draw_im2col", "show_unfolding"]

NAMES = 100.0  # between the image and its matrix, with room for the names of the rows


def draw_im2col(
    x: ArrayLike,
    kernel_size: Sizes,
    *,
    stride: Sizes = 1,
    padding: Padding = 0,
    dilation: Sizes = 1,
) -> str:
    """
    Draw a window sliding over an image, and every stop becoming a row.

    Parameters
    ----------
    x : array, shape (H, W)
        One image with one channel.
    kernel_size, stride, padding, dilation
        As for `im2col`.

    Returns
    -------
    str
        An animated SVG.

    Examples
    --------
    >>> import numpy as np
    >>> from pathlib import Path
    >>> from im2col_cnn.pictures import draw_im2col
    >>> i, j = np.ogrid[:3, :4]
    >>> picture = draw_im2col(10 * i + j, kernel_size=2)
    >>> _ = Path("im2col.svg").write_text(picture)  # doctest: +SKIP
    """
    x = as_matrix(x, "x", "(H, W)")
    window = Window(
        x.shape, kernel_size, stride=stride, padding=padding, dilation=dilation
    )
    P, K = window.columns_shape()
    canvas = Canvas(
        "im2col: every window becomes one row",
        [settings_of(window), f"{P} windows of {K} pixels: a matrix of {P} rows"],
        frames=P,
    )
    show_unfolding(canvas, x, window, top=canvas.top + 36)
    return canvas.write(
        f"A window of {K} pixels slides over an image of {times(x.shape)} pixels in "
        f"reading order and stops {P} times. The pixels under it fly to the right and "
        f"become one row of a matrix of {P} rows and {K} columns."
    )


def show_unfolding(canvas: Canvas, x: Array, window: Window, *, top: float) -> Grid:
    """Draw the image, the matrix beside it, and the pixels that fly across."""
    P, K = window.columns_shape()
    plane = as_plane(window)
    cells = max(P, *plane.padded_size)  # a long grid stays on a screen
    side = CELL if cells <= 12 else 30.0 if cells <= 20 else 24.0
    pixels = padded_pixels(x.reshape(plane.spatial), plane)
    rows, _ = pixels.shape
    is_wide = MARGIN + plane.padded_size[1] * side + NAMES + K * side + MARGIN > WIDEST
    # The image stands at half height, or above its matrix.
    lower = 0.0 if is_wide else max(0.0, min(P, 10) - rows) * side / 2
    image = draw_array(
        canvas,
        pixels,
        "x",
        Point(MARGIN, top + lower),
        padded_kinds(plane),
        side=side,
        title=image_title(window),
    )
    matrix = Grid(image.right + NAMES, top, P, K, side)
    if is_wide:
        matrix = Grid(MARGIN + NAMES, image.bottom + BELOW + 20, P, K, side)
    columns = unfold(x.reshape(1, *window.spatial, 1), window).reshape(P, K)
    draw_flying(canvas, columns, matrix, image=image, window=plane)
    name_taps(canvas, matrix, window)
    sweep(canvas, image, plane)
    sweep_rows(canvas, matrix)
    return image


def draw_flying(
    canvas: Canvas, columns: Array, matrix: Grid, *, image: Grid, window: Window
) -> None:
    """Draw the rows of the matrix; every entry comes from the pixel it copies."""
    P, K = columns.shape
    offsets = list(np.ndindex(window.kernel_size))
    classes = np.empty((P, K), object)
    styles = np.empty((P, K), object)
    for r, stop in enumerate(stops(window)):
        for k, offset in enumerate(offsets):
            start = image.corner(*source(window, stop, offset))
            classes[r, k] = canvas.film.landing(r)
            styles[r, k] = journey(matrix.corner(r, k), start)
    inside = unfold(np.ones((1, *window.spatial, 1), int), window).reshape(P, K)
    draw_array(
        canvas,
        columns,
        "columns",
        matrix.corner(0, 0),
        np.where(inside == 1, "image", "padding"),
        side=matrix.side,
        title="",
        classes=classes,
        styles=styles,
    )


def name_taps(canvas: Canvas, matrix: Grid, window: Window) -> None:
    """Write the window beside each row, and the tap above each column."""
    canvas.words(
        named("columns", (matrix.rows, matrix.columns)),
        Point(matrix.left, matrix.top - 28),
        "label",
    )
    middle = matrix.side / 2
    for k, offset in enumerate(np.ndindex(window.kernel_size)):
        at = Point(matrix.corner(0, k).x + middle, matrix.top - 8)
        canvas.words(",".join(map(str, offset)), at, "small middle")
    for r, stop in enumerate(np.ndindex(window.output_size)):
        at = Point(matrix.left - 8, matrix.corner(r, 0).y + middle + 4)
        canvas.words("window " + ",".join(map(str, stop)), at, "small end")
