"""Draw any geometry: where windows stop, what they read, how often, and how many."""

from math import prod

import numpy as np

from .._checks import drawable
from ..explanation import axis_names, counted
from ..window import Window
from .captions import settings_of, times
from .coverage import draw_sweep
from .film import Film
from .im2col import show_unfolding
from .line import draw_line, frames
from .svg import MARGIN, Canvas, Point

__all__ = ["draw_window"]

GAP = 52.0
AXIS_BY_AXIS = [
    "a window reads a pixel if it does so along every axis;",
    "a dot reads a pixel, a ring reads padding; below: how often",
]


def draw_window(window: Window) -> str:
    """
    Draw where the windows of one image stop: all of them, or axis by axis.

    Parameters
    ----------
    window : Window
        Any. A small one with one or two spatial axes is drawn with its column matrix;
        of others each axis is drawn by itself, for they do not know of each other, and
        of a long axis both ends.

    Returns
    -------
    str
        An animated SVG. The pixel at row ``i``, column ``j`` holds ``10 * i + j``, so
        that every number says where it came from (``100 * i + j`` in a larger image);
        along an axis, pixels are numbered.

    Examples
    --------
    >>> from im2col_cnn import Window
    >>> from im2col_cnn.pictures import draw_window
    >>> draw_window(Window((3, 4), 2)).count('data-array="columns"')
    1
    >>> draw_window(Window((224, 224), 7, stride=2)).count('data-array="pixels"')
    2
    """
    P, K = window.columns_shape()
    names = axis_names(len(window.axes))
    whole = drawable(window.spatial, window.padded_size, (P, K))
    lines = [
        f"{name}: {counted(axis)}"
        for name, axis in zip(names, window.axes, strict=True)
    ]
    canvas = Canvas(
        f"{P:,} windows on {times(window.spatial)} pixels",
        [settings_of(window), *(lines if whole else AXIS_BY_AXIS)],
    )
    if whole:
        film = draw_plane(canvas, window)
    else:
        film = Film(max(map(frames, window.axes)), seconds=0.8)
        for line, axis in zip(lines, window.axes, strict=True):
            top = max(canvas.top, canvas.bottom + GAP / 2) + 16
            canvas.words(line, Point(MARGIN, top), "label")
            draw_line(canvas, film, axis, Point(MARGIN, top + 12))
    most = prod(int(axis.coverage().max()) for axis in window.axes)
    return canvas.write(
        f"A window of {K} pixels stops {P} times on an image of "
        f"{times(window.spatial)} pixels; each stop is one row of the column matrix. "
        f"A pixel is read up to {most} times, and {window.unread} pixels are never "
        f"read.",
        film.motion(),
    )


def draw_plane(canvas: Canvas, window: Window) -> Film:
    """Draw all pixels, the column matrix and the counts."""
    H, W = (1, *window.spatial)[-2:]
    P, _ = window.columns_shape()
    i, j = np.ogrid[:H, :W]
    x = (10 if max(H, W) <= 10 else 100) * i + j
    film = Film(P, seconds=1.2 if P <= 30 else 0.6)
    image = show_unfolding(canvas, film, x, window, top=canvas.top + 36)
    below = Point(MARGIN, image.bottom + GAP)
    draw_sweep(canvas, film, window, below, "read how often?", side=image.side)
    return film
