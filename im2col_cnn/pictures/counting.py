"""Draw how often pixels are read, and which are not, as the window takes its steps."""

from collections.abc import Iterable, Sequence
from math import prod

import numpy as np

from .._typing import Padding, Shape, Sizes
from ..window import Window
from .captions import settings_of, times
from .film import Film
from .grids import as_plane, draw_array, emptied, padded_kinds, padded_pixels
from .svg import MARGIN, Canvas, Point, element
from .sweeping import sweep

__all__ = ["draw_comb", "draw_coverage", "draw_sweep"]

GAP = 44.0
SIDE = 34.0
TOOTH = 24.0  # from the middle of one pixel of a comb to the next


def draw_coverage(
    spatial: Shape,
    kernel_size: Sizes,
    *,
    strides: Iterable[Sizes] = (1, 2, 3),
    padding: Padding = 0,
    dilation: Sizes = 1,
) -> str:
    """
    Draw how many windows read each pixel, side by side for several strides.

    Parameters
    ----------
    spatial : tuple of int
        Size of the image.
    kernel_size, padding, dilation
        As for `coverage`.
    strides : iterable
        The strides to compare.

    Returns
    -------
    str
        An animated SVG. Pixels that no window reads are crossed out.
    """
    windows = [
        Window(spatial, kernel_size, stride=stride, padding=padding, dilation=dilation)
        for stride in strides
    ]
    shape, kernel = windows[0].spatial, windows[0].kernel_size
    canvas = Canvas(
        "How many windows read each pixel?",
        [
            f"image {times(shape)}, kernel {times(kernel)}",
            "crossed out: read by no window, so its gradient is 0",
        ],
    )
    film = Film(max(prod(window.output_size) for window in windows), seconds=0.5)
    left, found = MARGIN, []
    for window in windows:
        stride = ", ".join(sorted({str(step) for step in window.stride}))
        at = Point(left, canvas.top + 16)
        left = draw_sweep(canvas, film, window, at, f"stride {stride}") + GAP
        found.append(
            f"at stride {stride} up to {window.coverage().max()}, "
            f"{window.unread} pixels unread"
        )
    return canvas.write(
        "Images with the number of windows that read each pixel: "
        + "; ".join(found)
        + ".",
        film.motion(),
    )


def draw_sweep(
    canvas: Canvas,
    film: Film,
    window: Window,
    at: Point,
    title: str,
    *,
    side: float = SIDE,
) -> float:
    """Draw the counts of one window, which moves over them; return the right edge."""
    plane = as_plane(window)
    counts = padded_pixels(plane.coverage(), plane)
    kinds = padded_kinds(plane)
    grid = draw_array(
        canvas,
        emptied(counts, kinds != "image"),
        "coverage",
        at,
        kinds,
        side=side,
        title=title,
    )
    sweep(canvas, film, grid, plane)
    stops = f"{times(window.output_size)} windows"
    unread = f", {window.unread} pixels unread" if window.unread else ""
    canvas.words(stops + unread, Point(grid.left, grid.bottom + 22))
    return grid.right


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
