"""Windows on a grid of pixels: with padding, along two axes, stop after stop."""

from collections.abc import Iterable, Iterator

import numpy as np

from .._typing import Array, Shape
from ..window import Window
from .grids import Grid
from .limits import require_drawable
from .svg import Canvas, box, element

__all__ = [
    "as_plane",
    "padded_kinds",
    "padded_pixels",
    "source",
    "stops",
    "sweep",
    "sweep_cells",
    "sweep_rows",
]


def as_plane(window: Window) -> Window:
    """Return the same windows on an image of two axes; a line is one row high."""
    require_drawable(window.spatial, window.padded_size, window.columns_shape())
    if len(window.axes) == 2:
        return window
    return Window(
        (1, *window.spatial),
        (1, *window.kernel_size),
        stride=(1, *window.stride),
        padding=((0, 0), *window.padding),
        dilation=(1, *window.dilation),
        ceil_mode=window.axes[0].ceil_mode,
    )


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


def padded_pixels(x: Array, window: Window) -> Array:
    """Return the image with all the padding its windows may read."""
    return np.pad(x, around(window))


def padded_kinds(window: Window) -> Array:
    """Return the kind of every padded pixel: image, unread, or padding."""
    kinds = np.where(window.coverage() == 0, "unread", "image").astype(object)
    return np.pad(kinds, around(window), constant_values="padding")


def around(window: Window) -> list[tuple[int, int]]:
    """Return the padding of each axis; ``ceil_mode`` may need some more after it."""
    return [
        (axis.before, axis.padded_size - axis.before - axis.size)
        for axis in window.axes
    ]


def sweep(canvas: Canvas, grid: Grid, window: Window) -> None:
    """Mark the taps of a window on a padded image, and let it stop everywhere."""
    taps = [
        box("hot", grid.corner(*source(window, (0, 0), offset)), grid.side, grid.side)
        for offset in np.ndindex(window.kernel_size)
    ]
    places = [grid.corner(*source(window, stop, (0, 0))) for stop in stops(window)]
    canvas.put(element("g", "".join(taps), class_=canvas.film.gliding(places)))


def sweep_cells(
    canvas: Canvas,
    grid: Grid,
    places: Iterable[Shape],
    *,
    rows: int = 1,
    columns: int = 1,
    style: str = "",
) -> None:
    """Let a frame around some rows and columns of a grid stop at these places."""
    corners = [grid.corner(i, j) for i, j in places]
    width, height = columns * grid.side, rows * grid.side
    class_ = f"frame {canvas.film.gliding(corners)}"
    styled = {"style": style} if style else {}
    canvas.put(box(class_, corners[0], width, height, **styled))


def sweep_rows(canvas: Canvas, grid: Grid, *, style: str = "") -> None:
    """Let a frame around a whole row of a grid stop at each of them."""
    places = [(row, 0) for row in range(grid.rows)]
    sweep_cells(canvas, grid, places, columns=grid.columns, style=style)
