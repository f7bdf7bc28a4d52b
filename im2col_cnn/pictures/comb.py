"""Draw windows on a line of pixels as combs: stride, padding, dilation at a glance."""

from collections.abc import Sequence

import numpy as np

from ..window import Window
from .captions import settings_of
from .film import Film
from .grids import draw_array, emptied
from .planes import as_plane, padded_kinds, padded_pixels
from .svg import MARGIN, Canvas, Point, element

__all__ = ["draw_comb"]

GAP = 44.0
TOOTH = 24.0  # from the middle of one pixel to the next
APART = 16.0  # from one comb to the next


def draw_comb(windows: Sequence[Window]) -> str:
    """
    Draw windows on a line of pixels as combs, with a tooth at every tap.

    Parameters
    ----------
    windows : sequence of Window
        With one spatial axis each; one panel per window, two in a row.

    Returns
    -------
    str
        An animated SVG. A filled dot reads a pixel, a ring reads padding; under every
        pixel stands how many combs read it.
    """
    canvas = Canvas(
        "Stride, padding, dilation: where do windows stop?",
        ["each line is a window; a dot reads a pixel, a ring reads padding"],
    )
    film = Film(max(window.output_size[0] for window in windows), seconds=0.8)
    width = max(window.padded_size[0] for window in windows) * TOOTH
    top = canvas.top + 8
    for n, window in enumerate(windows):
        if n % 2 == 0 and n:
            top = canvas.bottom + GAP
        draw_panel(
            canvas, film, window, Point(MARGIN + (n % 2) * (width + 2 * GAP), top)
        )
    described = "; ".join(
        f"{settings_of(window)}: {window.columns_shape()[0]} windows, "
        f"{window.unread} unread"
        for window in windows
    )
    return canvas.write(
        f"Lines of pixels with the windows that stop on them. {described}.",
        film.motion(),
    )


def draw_panel(canvas: Canvas, film: Film, window: Window, at: Point) -> None:
    """Draw one line of pixels, the combs below it, and the counts they add up to."""
    (axis,) = window.axes
    unread = f", {window.unread} unread" if window.unread else ""
    canvas.words(settings_of(window), at, "label")
    canvas.words(
        f"{axis.size} pixels, {axis.output_size} windows{unread}",
        Point(at.x, at.y + 20),
    )
    plane = as_plane(window)
    kinds = padded_kinds(plane)
    line = padded_pixels(np.arange(axis.size).reshape(1, -1), plane)
    line = emptied(line, kinds == "padding")
    counts = padded_pixels(plane.coverage(), plane)
    top = at.y + 34
    grid = draw_array(
        canvas, line, "pixels", Point(at.x, top), kinds, side=TOOTH, title=""
    )
    for o in range(axis.output_size):
        y = grid.bottom + 18 + 16 * o
        places = [o * axis.stride + k * axis.dilation for k in range(axis.kernel)]
        middles = [grid.corner(0, place).x + TOOTH / 2 for place in places]
        parts = [
            element("path", class_="line", d=f"M{middles[0]:g} {y:g}H{middles[-1]:g}")
        ]
        for place, x in zip(places, middles, strict=True):
            inside = axis.before <= place < axis.before + axis.size
            kind = "dot" if inside else "ring"
            parts.append(element("circle", class_=kind, cx=x, cy=y, r=5))
        canvas.put(element("g", "".join(parts), class_=film.during(o), data_window=o))
    draw_array(
        canvas,
        emptied(counts, kinds != "image"),
        "coverage",
        Point(at.x, grid.bottom + 14 + 16 * axis.output_size),
        np.where(kinds == "padding", "zero", kinds),
        side=TOOTH,
        title="",
    )
