"""Move a window over an image, and a frame over what belongs to it elsewhere."""

import numpy as np

from ..window import Window
from .film import Film
from .grids import Grid
from .planes import source, stops
from .svg import Canvas, Point, box, element

__all__ = ["sweep", "sweep_cells"]


def sweep(canvas: Canvas, film: Film, grid: Grid, window: Window) -> None:
    """Mark the taps of a window on a padded image, and let it stop everywhere."""
    taps = [
        box("hot", grid.corner(*source(window, (0, 0), offset)), grid.side, grid.side)
        for offset in np.ndindex(window.kernel_size)
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
    style: str = "",
) -> None:
    """Let a frame around some rows and columns of a grid stop at these corners."""
    canvas.put(
        box(
            f"frame {film.gliding(corners)}",
            corners[0],
            columns * grid.side,
            rows * grid.side,
            **({"style": style} if style else {}),
        )
    )
