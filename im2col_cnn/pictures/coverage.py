"""Draw how often pixels are read, and which are not, as the window takes its steps."""

from collections.abc import Iterable
from math import prod

from .._checks import as_items
from .._typing import Padding, Shape, Sizes
from ..window import Window
from .captions import briefly, times
from .film import Point
from .grids import draw_array, emptied
from .svg import MARGIN, Canvas
from .windows_on_grid import as_plane, padded_kinds, padded_pixels, sweep

__all__ = ["draw_coverage", "draw_sweep"]

GAP = 24.0
SIDE = 32.0


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
        for stride in as_items(strides, "strides")
    ]
    shape, kernel = windows[0].spatial, windows[0].kernel_size
    canvas = Canvas(
        "How many windows read each pixel?",
        [
            f"image {times(shape)}, kernel {times(kernel)}",
            "crossed out: read by no window, so its gradient is 0",
        ],
        frames=max(prod(window.output_size) for window in windows),
        seconds=0.5,
    )
    left, found = MARGIN, []
    for window in windows:
        stride = briefly(window.stride)
        wide = as_plane(window).padded_size[1] * SIDE
        at = canvas.beside(left, wide, canvas.top + 16)
        left = draw_sweep(canvas, window, at, f"stride {stride}") + GAP
        found.append(
            f"at stride {stride} up to {window.coverage().max()}, "
            f"{window.unread} pixels unread"
        )
    return canvas.write(
        "Images with the number of windows that read each pixel: "
        + "; ".join(found)
        + "."
    )


def draw_sweep(
    canvas: Canvas, window: Window, at: Point, title: str, *, side: float = SIDE
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
    sweep(canvas, grid, plane)
    stops = f"{times(window.output_size)} windows"
    unread = f", {window.unread} pixels unread" if window.unread else ""
    canvas.words(stops + unread, Point(grid.left, grid.bottom + 22))
    return grid.right
