"""Draw arrays as grids of cells, each cell with its number.

A grid leaves behind, in its group of the SVG, the name and the shape of its array and
then its entries in reading order, so that a test can read a picture like an array.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from .._typing import Array
from .captions import named, shown
from .film import Point
from .svg import Canvas, box, element

__all__ = [
    "CELL",
    "Grid",
    "cell",
    "draw_array",
    "emptied",
    "frame_differences",
    "label",
]

CELL = 32.0
DIGITS = 15.0  # the height of a number in a cell, at least, if there is room


@dataclass(frozen=True)
class Grid:
    """Where the cells of an array of two axes stand."""

    left: float
    top: float
    rows: int
    columns: int
    side: float = CELL

    @property
    def right(self) -> float:
        """The right edge."""
        return self.left + self.columns * self.side

    @property
    def bottom(self) -> float:
        """The lower edge."""
        return self.top + self.rows * self.side

    def corner(self, i: int, j: int) -> Point:
        """Return the upper left corner of the cell in row `i`, column `j`."""
        return Point(self.left + j * self.side, self.top + i * self.side)


def draw_array(
    canvas: Canvas,
    array: Array,
    name: str,
    at: Point,
    kinds: str | Array = "plain",
    *,
    side: float = CELL,
    title: str | None = None,
    classes: str | Array = "",
    styles: str | Array = "",
) -> Grid:
    """Draw an array of two axes under its name and shape; what is None stays empty."""
    rows, columns = array.shape
    grid = Grid(at.x, at.y, rows, columns, side)
    if title != "":
        label(canvas, grid, title or named(name, array.shape))
    looks = [
        np.broadcast_to(np.asarray(look, object), array.shape)
        for look in (kinds, classes, styles)
    ]
    cells = [
        cell(
            shown(array[place]),
            grid.corner(*place),
            *(str(look[place]) for look in looks),
            side=side,
        )
        for place in np.ndindex(array.shape)
    ]
    longest = max((len(shown(entry)) for entry in array.ravel()), default=1)
    size = round(min(max(DIGITS, side / 2), 1.5 * side / max(longest, 1)), 1)
    if any(looks[1].ravel()):  # room for what is still to come
        canvas.put(box("slot", at, columns * side, rows * side))
    group = element(
        "g",
        "\n" + "\n".join(cells) + "\n",
        data_array=name,
        data_shape=" ".join(map(str, array.shape)),
        style=f"font-size:{size:g}px",
    )
    canvas.put(group, until=Point(grid.right, grid.bottom))
    return grid


def emptied(array: Array, where: Array) -> Array:
    """Return a copy of an array whose entries are None in some places."""
    copy = array.astype(object)
    copy[where] = None
    return copy


def cell(
    text: str,
    at: Point,
    kind: str,
    class_: str = "",
    style: str = "",
    *,
    side: float = CELL,
) -> str:
    """Write one cell: a square of its kind, and what it holds."""
    square = box(kind, at, side, side)
    if kind == "unread":
        across = f"M{at.x:g} {at.y:g}l{side:g} {side:g}m0 {-side:g}l{-side:g} {side:g}"
        square += element("path", class_="cross", d=across)
    middle = {"x": at.x + side / 2, "y": at.y + side / 2}
    both = square + element("text", text, class_="number", **middle)
    if not class_:
        return both
    return element("g", both, class_=class_, **({"style": style} if style else {}))


def label(canvas: Canvas, grid: Grid, words: str) -> None:
    """Write what a grid shows above its left corner."""
    canvas.words(words, Point(grid.left, grid.top - 10), "label")


def frame_differences(
    canvas: Canvas, grid: Grid, places: Iterable[Iterable[int]]
) -> None:
    """Put a frame around the cells that are not what they should be."""
    for i, j in places:
        differs = {"data_differs": f"{i} {j}"}
        canvas.put(box("hot", grid.corner(i, j), grid.side, grid.side, **differs))
