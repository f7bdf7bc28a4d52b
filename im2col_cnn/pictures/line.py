"""Draw one axis: a line of pixels, a comb for every window, and how often each is read.

A line that is too long for the paper keeps its two ends and loses its middle, where
nothing happens that does not happen at the ends as well.
"""

import numpy as np

from .._typing import Array
from ..axis import Axis
from .film import Film
from .grids import Grid, draw_array, emptied
from .svg import Canvas, Point, element

__all__ = ["TOOTH", "draw_line", "frames"]

TOOTH = 24.0  # from the middle of one pixel to the next
APART = 16.0  # from one comb to the next
PIXELS = 12  # drawn at either end of a long line
WINDOWS = 5  # drawn at either end of many
GAP = -1  # stands for all places that are left out


def draw_line(canvas: Canvas, film: Film, axis: Axis, at: Point) -> None:
    """Draw an axis; its windows appear one after the other."""
    places = np.array(ends(axis.padded_size, PIXELS))
    pixels = places - axis.before
    inside = (places != GAP) & (pixels >= 0) & (pixels < axis.size)
    counts = np.zeros(len(places), np.int64)
    counts[inside] = axis.coverage()[pixels[inside]]
    kinds = np.where(counts > 0, "image", "unread").astype(object)
    kinds[~inside] = "padding"
    kinds[places == GAP] = "zero"

    line = draw_cells(canvas, "pixels", pixels, kinds, at, shown=inside)
    windows = ends(axis.output_size, WINDOWS)
    for row, o in enumerate(windows):
        y = line.bottom + 18 + APART * row
        if o == GAP:
            left_out = axis.output_size - 2 * WINDOWS
            beside = Point(line.left + TOOTH / 4, y + 4)
            canvas.words(f"and {left_out:,} more windows", beside, "small")
        else:
            comb = draw_comb_of(axis, o, places, line, y)
            canvas.put(element("g", comb, class_=film.during(row), data_window=o))
    kinds[kinds == "padding"] = "zero"
    below = Point(at.x, line.bottom + 14 + APART * len(windows))
    draw_cells(canvas, "coverage", counts, kinds, below, shown=counts > 0)


def frames(axis: Axis) -> int:
    """Count what appears one after the other when an axis is drawn."""
    return len(ends(axis.output_size, WINDOWS))


def ends(count: int, most: int) -> list[int]:
    """Count to `count`; if that is more than twice `most`, leave the middle out."""
    if count <= 2 * most:
        return list(range(count))
    return [*range(most), GAP, *range(count - most, count)]


def draw_cells(
    canvas: Canvas, name: str, entries: Array, kinds: Array, at: Point, *, shown: Array
) -> Grid:
    """Draw a row of cells, and dots where some are left out."""
    row = emptied(entries, ~shown).reshape(1, -1)
    grid = draw_array(canvas, row, name, at, kinds, side=TOOTH, title="")
    if len(entries) > 2 * PIXELS:
        gap = grid.corner(0, PIXELS)
        dots = Point(gap.x + TOOTH / 2, gap.y + TOOTH / 2 + 4)
        canvas.words("\N{MIDLINE HORIZONTAL ELLIPSIS}", dots, "small middle")
    return grid


def draw_comb_of(axis: Axis, o: int, places: Array, line: Grid, y: float) -> str:
    """Write a window as a comb: a dot reads a pixel, a ring reads padding."""
    cells = {int(place): cell for cell, place in enumerate(places)}
    taps = [o * axis.stride + k * axis.dilation for k in range(axis.kernel)]
    middles = [
        line.corner(0, cells.get(tap, PIXELS)).x + TOOTH / 2 for tap in taps
    ]  # what is left out lies in the gap
    parts = [element("path", class_="line", d=f"M{middles[0]:g} {y:g}H{middles[-1]:g}")]
    for tap, x in zip(taps, middles, strict=True):
        if tap in cells:
            inside = axis.before <= tap < axis.before + axis.size
            kind = "dot" if inside else "ring"
            parts.append(element("circle", class_=kind, cx=x, cy=y, r=5))
    return "".join(parts)
