"""Draw channels and filters: forward, and both gradients side by side."""

import numpy as np

from .._checks import as_array
from .._typing import Array, ArrayLike
from ..ops.conv import conv_backward, conv_forward
from ..window import Window
from .captions import settings_of, times
from .film import Point
from .grids import CELL, Grid, draw_array
from .svg import BELOW, MARGIN, Canvas
from .windows_on_grid import as_plane, stops, sweep_cells

__all__ = ["draw_channels"]

BETWEEN = 16.0  # pixels from one plane to the next


def draw_channels(x: ArrayLike, w: ArrayLike, *, dy: ArrayLike | None = None) -> str:
    """
    Draw images and kernels channel by channel, or their gradients.

    Parameters
    ----------
    x : array, shape (H, W, C)
        One image.
    w : array, shape (KH, KW, C, F)
        F kernels, moved by one pixel at a time.
    dy : array, shape (OH, OW, F), optional
        If it is given, `dx` stands where `x` would, `dw` for `w`, and `dy` for `y`.

    Returns
    -------
    str
        An animated SVG: a row for each channel, a column for each filter.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn.pictures import draw_channels
    >>> drawn = draw_channels(np.ones((2, 3, 2), int), np.ones((2, 2, 2, 1), int))
    >>> "2 channels" in drawn
    True
    """
    x, w = as_array(x, "x"), as_array(w, "w")
    if x.ndim != 3 or w.ndim != 4:
        raise ValueError(
            "x must have shape (H, W, C) and w (KH, KW, C, F), "
            f"got {x.shape} and {w.shape}"
        )
    H, W, C = x.shape
    KH, KW, _, F = w.shape
    window = as_plane(Window((H, W), (KH, KW)))
    y, cache = conv_forward(x[np.newaxis], w)
    planes, names, kinds = (x, w, y[0]), ("x", "w", "y"), ("image", "kernel", "output")
    title, said = "All channels in, one plane per filter out", "all channels add up"
    if dy is not None:
        dy = as_array(dy, "dy")
        dx, dw, _ = conv_backward(dy[np.newaxis], cache)
        planes, names = (dx[0], dw, dy), ("dx", "dw", "dy")
        title = "Both gradients, by channels and filters"
        said = "dx adds up over windows and filters, dw over windows"
    image, kernels, output = planes
    frames = len(list(stops(window)))
    canvas = Canvas(title, [settings_of(window), said], frames=frames)
    top = canvas.top + 16
    below = Point(MARGIN, top + C * (max(H, KH) * CELL + BELOW))
    for c in range(C):
        at = Point(MARGIN, top + c * (below.y - top) / C)
        grid = plane(canvas, image[..., c], f"{names[0]}[..., {c}]", at, kinds[0])
        sweep_cells(canvas, grid, stops(window), rows=KH, columns=KW)
        for f in range(F):
            over = Point(column(grid, output.shape[1], f), at.y)
            label = f"{names[1]}[..., {c}, {f}]"
            plane(canvas, kernels[..., c, f], label, over, kinds[1])
    for f in range(F):
        at = Point(column(grid, output.shape[1], f), below.y)
        under = plane(canvas, output[..., f], f"{names[2]}[..., {f}]", at, kinds[2])
        sweep_cells(canvas, under, stops(window))
    return canvas.write(
        f"{names[0]} of {times((H, W))} pixels with {C} channels, {F} filters of "
        f"{times((KH, KW))}. {names[1]} has a plane for each channel and each filter, "
        f"{names[2]} one for each filter; a frame stops at {window.columns_shape()[0]} "
        f"windows, in all channels at once."
    )


def plane(canvas: Canvas, array: Array, title: str, at: Point, kind: str) -> Grid:
    """Draw one plane under its title."""
    return draw_array(canvas, array, title, at, kind, title=title)


def column(image: Grid, width: int, f: int) -> float:
    """Return where the planes of filter `f` begin."""
    return image.right + BETWEEN + f * (max(width, 3) * image.side + BETWEEN)
