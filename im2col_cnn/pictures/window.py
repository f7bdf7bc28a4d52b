"""Draw where windows stop: all of them on an image, or one axis after the other.

An axis is a line of pixels, a comb for every window, and how often each pixel is read.
One that is too long for the paper keeps its two ends and loses its middle, where
nothing happens that does not happen at the ends as well.
"""

from math import prod

import numpy as np

from .._checks import require_kind
from .._typing import Array
from ..axis import Axis
from ..explanation import axis_names, counted
from ..window import Window
from .captions import settings_of, times
from .coverage import draw_sweep
from .film import Point
from .grids import Grid, draw_array, emptied
from .im2col import show_unfolding
from .limits import drawable
from .svg import MARGIN, Canvas, element

__all__ = ["TOOTH", "draw_line", "draw_window", "frames"]


TOOTH = 24.0  # pixels, from the middle of one pixel to the next
COMB_GAP = 16.0  # pixels, from one comb to the next
MAX_END_PIXELS = 12  # drawn at either end of a long line
MAX_END_WINDOWS = 5  # drawn at either end of many
LEFT_OUT = -1  # stands for all places that are left out
AXIS_GAP = 52.0
AXIS_BY_AXIS = [
    "a window reads a pixel if it does so along every axis;",
    "a dot reads a pixel, a ring reads padding; below: how often",
]


def draw_line(canvas: Canvas, axis: Axis, at: Point) -> None:
    """Draw an axis; its windows appear one after the other."""
    places = np.array(ends(axis.padded_size, MAX_END_PIXELS))
    pixels = places - axis.before
    inside = (places != LEFT_OUT) & (pixels >= 0) & (pixels < axis.size)
    counts = np.zeros(len(places), np.int64)
    counts[inside] = axis.coverage()[pixels[inside]]
    kinds = np.where(counts > 0, "image", "unread").astype(object)
    kinds[~inside] = "padding"
    kinds[places == LEFT_OUT] = "zero"

    line = draw_cells(canvas, "pixels", pixels, kinds, at, shown=inside)
    windows = ends(axis.output_size, MAX_END_WINDOWS)
    for row, o in enumerate(windows):
        y = line.bottom + 18 + COMB_GAP * row
        if o == LEFT_OUT:
            left_out = axis.output_size - 2 * MAX_END_WINDOWS
            beside = Point(line.left + TOOTH / 4, y + 4)
            canvas.words(f"and {left_out:,} more windows", beside, "small")
        else:
            comb = draw_comb_of(axis, o, places, line, y)
            canvas.put(
                element("g", comb, class_=canvas.film.during(row), data_window=o)
            )
    kinds[kinds == "padding"] = "zero"
    below = Point(at.x, line.bottom + 14 + COMB_GAP * len(windows))
    draw_cells(canvas, "coverage", counts, kinds, below, shown=counts > 0)


def frames(axis: Axis) -> int:
    """Return how many windows of an axis appear, one per frame."""
    return len(ends(axis.output_size, MAX_END_WINDOWS))


def ends(count: int, most: int) -> list[int]:
    """Return 0 to `count` - 1, without the middle if there are over twice `most`."""
    if count <= 2 * most:
        return list(range(count))
    return [*range(most), LEFT_OUT, *range(count - most, count)]


def draw_cells(
    canvas: Canvas, name: str, entries: Array, kinds: Array, at: Point, *, shown: Array
) -> Grid:
    """Draw a row of cells, and dots where some are left out."""
    row = emptied(entries, ~shown).reshape(1, -1)
    grid = draw_array(canvas, row, name, at, kinds, side=TOOTH, title="")
    if len(entries) > 2 * MAX_END_PIXELS:
        gap = grid.corner(0, MAX_END_PIXELS)
        dots = Point(gap.x + TOOTH / 2, gap.y + TOOTH / 2 + 4)
        canvas.words("\N{MIDLINE HORIZONTAL ELLIPSIS}", dots, "small middle")
    return grid


def draw_comb_of(axis: Axis, o: int, places: Array, line: Grid, y: float) -> str:
    """Write a window as a comb: a dot reads a pixel, a ring reads padding."""
    cells = {int(place): cell for cell, place in enumerate(places)}
    taps = [o * axis.stride + k * axis.dilation for k in range(axis.kernel)]
    middles = [
        line.corner(0, cells.get(tap, MAX_END_PIXELS)).x + TOOTH / 2 for tap in taps
    ]  # what is left out lies in the gap
    parts = [element("path", class_="line", d=f"M{middles[0]:g} {y:g}H{middles[-1]:g}")]
    for tap, x in zip(taps, middles, strict=True):
        if tap in cells:
            inside = axis.before <= tap < axis.before + axis.size
            kind = "dot" if inside else "ring"
            parts.append(element("circle", class_=kind, cx=x, cy=y, r=5))
    return "".join(parts)


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
    P, K = require_kind(window, "window", Window).columns_shape()
    names = axis_names(len(window.axes))
    whole = drawable(window.spatial, window.padded_size, (P, K))
    lines = [
        f"{name}: {counted(axis)}"
        for name, axis in zip(names, window.axes, strict=True)
    ]
    canvas = Canvas(
        f"{P:,} windows on {times(window.spatial)} pixels",
        [settings_of(window), *(lines if whole else AXIS_BY_AXIS)],
        frames=P if whole else max(map(frames, window.axes)),
        seconds=0.8 if not whole else 1.2 if P <= 30 else 0.6,
    )
    if whole:
        draw_plane(canvas, window)
    else:
        for line, axis in zip(lines, window.axes, strict=True):
            top = max(canvas.top, canvas.bottom + AXIS_GAP / 2) + 16
            canvas.words(line, Point(MARGIN, top), "label")
            draw_line(canvas, axis, Point(MARGIN, top + 12))
    most = prod(int(axis.coverage().max()) for axis in window.axes)
    return canvas.write(
        f"A window of {K} pixels stops {P} times on an image of "
        f"{times(window.spatial)} pixels; each stop is one row of the column matrix. "
        f"A pixel is read up to {most} times, and {window.unread} pixels are never "
        f"read."
    )


def draw_plane(canvas: Canvas, window: Window) -> None:
    """Draw all pixels, the column matrix and the counts."""
    H, W = (1, *window.spatial)[-2:]
    i, j = np.ogrid[:H, :W]
    x = (10 if max(H, W) <= 10 else 100) * i + j
    image = show_unfolding(canvas, x, window, top=canvas.top + 36)
    below = Point(MARGIN, canvas.bottom + AXIS_GAP - 12)
    draw_sweep(canvas, window, below, "read how often?", side=image.side)
