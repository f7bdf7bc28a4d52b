"""Draw windows on a line of pixels as combs: stride, padding, dilation at a glance."""

from collections.abc import Sequence

from im2col_cnn._checks import as_items
from im2col_cnn.pictures.captions import settings_of
from im2col_cnn.pictures.film import Point
from im2col_cnn.pictures.svg import MARGIN, Canvas
from im2col_cnn.pictures.window import TOOTH, draw_line, frames
from im2col_cnn.window import Window

__all__ = ["draw_comb"]

GAP = 44.0


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
    windows = as_items(windows, "windows", Window)
    for window in windows:
        if len(window.axes) != 1:
            raise ValueError(
                f"windows must have one spatial axis each, got one on {window.spatial}"
            )
    canvas = Canvas(
        "Stride, padding, dilation: where do windows stop?",
        ["each line is a window; a dot reads a pixel, a ring reads padding"],
        frames=max(frames(window.axes[0]) for window in windows),
        seconds=0.8,
    )
    width = max(window.padded_size[0] for window in windows) * TOOTH
    at = Point(MARGIN, canvas.top + 8)
    for window in windows:
        draw_panel(canvas, window, at)
        at = canvas.beside(at.x + width + GAP, width, at.y)
    described = "; ".join(
        f"{settings_of(window)}: {window.columns_shape()[0]} windows, "
        f"{window.unread} unread"
        for window in windows
    )
    return canvas.write(
        f"Lines of pixels with the windows that stop on them. {described}."
    )


def draw_panel(canvas: Canvas, window: Window, at: Point) -> None:
    """Draw one line of pixels, the combs below it, and the counts they add up to."""
    (axis,) = window.axes
    unread = f", {window.unread} unread" if window.unread else ""
    canvas.words(settings_of(window), at, "label")
    canvas.words(
        f"{axis.size} pixels, {axis.output_size} windows{unread}",
        Point(at.x, at.y + 20),
    )
    draw_line(canvas, axis, Point(at.x, at.y + 34))
