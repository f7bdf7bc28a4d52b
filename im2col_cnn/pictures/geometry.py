"""Draw any geometry: where windows stop, what they read, how often, and how many."""

import numpy as np

from ..axis import Axis
from ..window import Window
from .captions import settings_of, times
from .coverage import draw_sweep
from .film import Film
from .planes import as_plane
from .svg import MARGIN, Canvas, Point
from .unfolding import show_unfolding

__all__ = ["draw_window"]


def draw_window(window: Window) -> str:
    """
    Draw the windows of one image: its column matrix, the counts, the size formula.

    Parameters
    ----------
    window : Window
        With one or two spatial axes, and small: what nobody could read is refused.

    Returns
    -------
    str
        An animated SVG. The pixel at row ``i``, column ``j`` holds ``10 * i + j``, so
        that every number says where it came from (``100 * i + j`` in a larger image).

    Raises
    ------
    ValueError
        If there are three spatial axes, or too many windows or pixels to draw.

    Examples
    --------
    >>> from im2col_cnn import Window
    >>> from im2col_cnn.pictures import draw_window
    >>> picture = draw_window(Window((3, 4), 2))
    >>> picture.count('data-array="columns"')
    1
    """
    H, W = as_plane(window).spatial
    P, K = window.columns_shape()
    i, j = np.ogrid[:H, :W]
    x = (10 if max(H, W) <= 10 else 100) * i + j
    names = ["pixels"] if len(window.axes) == 1 else ["rows", "columns"]
    sizes = [
        f"{name}: {size_formula(axis)}"
        for name, axis in zip(names, window.axes, strict=True)
    ]
    canvas = Canvas(
        f"{P} windows on {times(window.spatial)} pixels", [settings_of(window), *sizes]
    )
    film = Film(P, seconds=1.2 if P <= 30 else 0.6)
    image = show_unfolding(canvas, film, x, window, top=canvas.top + 36)
    below = Point(MARGIN, image.bottom + 52)
    draw_sweep(canvas, film, window, below, "read how often?", side=image.side)
    return canvas.write(
        f"A window of {K} pixels stops {P} times on an image of "
        f"{times(window.spatial)} pixels; each stop is one row of the column matrix. "
        f"A pixel is read up to {window.coverage().max()} times, and {window.unread} "
        f"pixels are never read.",
        film.motion(),
    )


def size_formula(axis: Axis) -> str:
    """Fill in the size formula of one axis."""
    dropped = " - 1 behind the image" if axis.dropped else ""
    return f"{axis.formula}{dropped} = {axis.output_size} windows"
