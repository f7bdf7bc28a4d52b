"""Move a window over an image, and a frame over what belongs to it elsewhere."""

from collections.abc import Iterator

import numpy as np

from .._typing import Shape
from ..window import Window
from .film import Film
from .grids import Grid
from .svg import Canvas, Point, element

__all__ = ["source", "stops", "sweep", "sweep_cells"]


def stops(window: Window) -> Iterator[Shape]:
    """List where the windows stand, in reading order."""
    yield from np.ndindex(window.output_size)


def source(window: Window, stop: Shape, offset: Shape) -> tuple[int, int]:
    """Return row and column, in the padded image, of one tap of one window."""
    i, j = (
        o * axis.stride + k * axis.dilation
        for axis, o, k in zip(window.axes, stop, offset, strict=True)
    )
    return i, j


def sweep(canvas: Canvas, film: Film, grid: Grid, window: Window) -> None:
    """Mark the taps of a window on a padded image, and let it stop everywhere."""
    taps = [
        element(
            "rect",
            class_="hot",
            x=corner.x,
            y=corner.y,
            width=grid.side,
            height=grid.side,
        )
        for offset in np.ndindex(window.kernel_size)
        for corner in [grid.corner(*source(window, (0, 0), offset))]
    ]
    places = [grid.corner(*source(window, stop, (0, 0))) for stop in stops(window)]
    canvas.put(element("g", "".join(taps), class_=film.gliding(places)))


def sweep_cells(
    canvas: Canvas,
    film: Film,
    grid: Grid,
    corners: list[Point],
    *,
    rows: int = 1,
    columns: int = 1,
) -> None:
    """Let a frame around some rows and columns of a grid stop at these corners."""
    canvas.put(
        element(
            "rect",
            class_=f"frame {film.gliding(corners)}",
            x=corners[0].x,
            y=corners[0].y,
            width=columns * grid.side,
            height=rows * grid.side,
        )
    )
