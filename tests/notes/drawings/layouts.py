"""Draw the order of an image in memory: channels last, and channels first."""

import numpy as np

from im2col_cnn._checks import as_array
from im2col_cnn._typing import Array, ArrayLike, Sizes
from im2col_cnn.pictures.captions import settings_of, times
from im2col_cnn.pictures.film import Point
from im2col_cnn.pictures.grids import Grid, draw_array
from im2col_cnn.pictures.limits import require_drawable
from im2col_cnn.pictures.svg import MARGIN, Canvas
from im2col_cnn.pictures.windows_on_grid import (
    as_plane,
    stops,
    sweep_cells,
)
from im2col_cnn.window import Window

__all__ = ["draw_layouts"]

SIDE = 27.0
ADDRESS = 26.0  # room for the number of the first entry of a line
CHANNEL_KINDS = "image", "output", "kernel"  # one for each channel


def draw_layouts(x: ArrayLike, kernel_size: Sizes) -> str:
    """
    Draw one image in both orders, and the runs of memory that a window reads.

    Parameters
    ----------
    x : array, shape (H, W, C)
        One image.
    kernel_size : int or pair of int
        The window, moved by one pixel at a time.

    Returns
    -------
    str
        An animated SVG. A frame surrounds what lies next to each other.

    Examples
    --------
    >>> from tests.notes.drawings.layouts import draw_layouts
    >>> "2 runs of 4 entries" in draw_layouts([[[0, 100], [1, 101]]] * 2, 2)
    True
    """
    image: Array = as_array(x, "x")
    if image.ndim != 3:
        raise ValueError(f"x must have shape (H, W, C), got {image.shape}")
    H, W, C = image.shape
    window = as_plane(Window((H, W), kernel_size))
    KH, KW = window.kernel_size
    require_drawable(window.spatial, (H, W * C), (H * C, W))
    canvas = Canvas(
        "The same numbers, in two orders",
        [settings_of(window), "a frame: entries that are neighbours in memory"],
        frames=len(list(stops(window))),
    )
    top = canvas.top + 16
    at, planes = Point(MARGIN + ADDRESS, top), []
    for c in range(C):
        plane = draw_array(
            canvas,
            image[:, :, c],
            "channel",
            at,
            CHANNEL_KINDS[c % len(CHANNEL_KINDS)],
            side=SIDE,
            title=f"channel {c}",
        )
        planes.append(plane)
        at = Point(plane.right + 40, top)
    for plane in planes:
        sweep_cells(canvas, plane, stops(window), rows=KH, columns=KW)

    # Lines break where an image row or a channel ends: so no run is broken.
    left = MARGIN + ADDRESS
    last = draw_lines(
        canvas,
        image.reshape(H, W * C),
        np.broadcast_to(np.arange(C), image.shape).reshape(H, W * C),
        "NHWC",
        at=Point(left, planes[-1].bottom + 44),
    )
    first = draw_lines(
        canvas,
        np.moveaxis(image, -1, 0).reshape(C, H * W),
        np.repeat(np.arange(C)[:, None], H * W, axis=1),
        "NCHW",
        at=Point(left, last.bottom + 68),
    )
    for kh in range(KH):
        runs = [(h + kh, w * C) for h, w in stops(window)]
        sweep_cells(canvas, last, runs, columns=KW * C)
        for c in range(C):
            runs = [(c, (h + kh) * W + w) for h, w in stops(window)]
            sweep_cells(canvas, first, runs, columns=KW)
    for grid, count, length in (last, KH, KW * C), (first, KH * C, KW):
        canvas.words(
            f"a window: {count} runs of {length} entries",
            Point(grid.left, grid.bottom + 20),
        )
    return canvas.write(
        f"An image of {times((H, W))} pixels with {C} channels, and its {image.size} "
        f"entries as they lie in memory. Channels last, a window of "
        f"{times(window.kernel_size)} is {KH} runs of {KW * C} entries; channels "
        f"first, it is {KH * C} runs of {KW} entries."
    )


def draw_lines(
    canvas: Canvas, memory: Array, channels: Array, name: str, *, at: Point
) -> Grid:
    """Draw entries in the order of memory, with the number of the first of a line."""
    kinds = np.array(CHANNEL_KINDS, object)[channels % len(CHANNEL_KINDS)]
    order = {"NHWC": "channels last", "NCHW": "channels first"}[name]
    grid = draw_array(
        canvas, memory, name, at, kinds, side=SIDE, title=f"{name} in memory: {order}"
    )
    _, columns = memory.shape
    for line in range(grid.rows):
        beside = Point(grid.left - 6, grid.corner(line, 0).y + SIDE / 2 + 4)
        canvas.words(str(line * columns), beside, "small end")
    return grid
