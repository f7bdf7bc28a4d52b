"""Draw how col2im adds every row of a matrix back to the pixels it was read from."""

import numpy as np

from .._checks import as_items, as_matrix, quoted, require_columns
from .._typing import ArrayLike, Padding, Shape, Sizes
from ..window import Window
from .captions import named, settings_of, shown, times
from .film import Point
from .grids import draw_array
from .sums import Term, draw_flying_terms, draw_growing_sums
from .svg import MARGIN, Canvas
from .windows_on_grid import as_plane, padded_kinds, source, stops, sweep, sweep_rows

__all__ = ["draw_col2im"]

SIDE = 30.0  # of an entry that flies
PIXEL = 46.0  # of a pixel, with room for its counter


def draw_col2im(
    columns: ArrayLike,
    spatial: Shape,
    kernel_size: Sizes,
    *,
    stride: Sizes = 1,
    padding: Padding = 0,
    dilation: Sizes = 1,
    names: tuple[str, str] = ("columns", "image"),
) -> str:
    """
    Draw rows flying back to their windows and adding up where these overlap.

    Parameters
    ----------
    columns : array, shape (prod(OUT), prod(KERNEL))
        A matrix of `im2col`, of one image with one channel.
    spatial : tuple of int
        Size of the image to fold into.
    kernel_size, stride, padding, dilation
        As for `col2im`.
    names : pair of str
        What to call the matrix and the image: ``("dX", "dx")`` for gradients.

    Returns
    -------
    str
        An animated SVG. A counter in each pixel says how many terms it got.
    """
    window = as_plane(
        Window(spatial, kernel_size, stride=stride, padding=padding, dilation=dilation)
    )
    P, K = window.columns_shape()
    columns = as_matrix(columns, "columns", "(P, K)")
    require_columns(columns, (P, K))
    if len(as_items(names, "names", str)) != 2:
        raise ValueError(f"names must be a pair of words, got {quoted(names)}")
    canvas = Canvas(
        "col2im: rows go back, and add up",
        [settings_of(window), "the small number counts the terms that a pixel got"],
        frames=P,
    )
    top = canvas.top + 16
    matrix = draw_array(
        canvas,
        columns,
        "columns",
        Point(MARGIN, top),
        "output",
        side=SIDE,
        title=named(names[0], columns.shape),
    )
    height = window.padded_size[0] * PIXEL
    lower = max(0.0, min(matrix.bottom - top, 400) - height) / 2
    kinds = padded_kinds(window)
    places = [
        [source(window, stop, offset) for offset in np.ndindex(window.kernel_size)]
        for stop in stops(window)
    ]
    terms = [
        Term(r, matrix.corner(r, k), places[r][k], columns[r, k])
        for r in range(P)
        for k in range(K)
    ]
    image = draw_growing_sums(
        canvas,
        terms,
        "image",
        at=canvas.beside(matrix.right + 32, PIXEL * window.padded_size[1], top + lower),
        kinds=kinds,
        title=named(names[1], window.spatial),
        side=PIXEL,
    )
    sweep(canvas, image, window)
    sweep_rows(canvas, matrix)
    draw_flying_terms(canvas, terms, image, "output", side=SIDE)
    most = int(window.coverage().max())
    return canvas.write(
        f"The {P} rows of a matrix fly back, one after the other, to the windows of an "
        f"image of {times(window.spatial)} pixels. Where windows overlap the amounts "
        f"add up: a pixel gets up to {shown(most)} terms, and {window.unread} "
        f"pixels get none."
    )
