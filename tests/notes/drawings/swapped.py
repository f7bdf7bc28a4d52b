"""Draw a slice with rows and columns swapped: what it reads, and what it should."""

import numpy as np

from im2col_cnn._checks import as_matrix, as_shape
from im2col_cnn._typing import Array, ArrayLike, Shape, Sizes
from im2col_cnn.columns import unfold
from im2col_cnn.pictures.captions import named, settings_of, times
from im2col_cnn.pictures.film import Point
from im2col_cnn.pictures.grids import Grid, draw_array
from im2col_cnn.pictures.svg import MARGIN, Canvas, element
from im2col_cnn.pictures.windows_on_grid import as_plane, stops, sweep_cells, sweep_rows
from im2col_cnn.window import Window

__all__ = ["draw_swapped"]

SIDE = 32.0
NAMES = 40.0  # room for the names of the windows
DASHED = "stroke:var(--image-edge);stroke-dasharray:6 4"


def draw_swapped(x: ArrayLike, kernel_size: Sizes) -> str:
    """
    Draw where every window stands, and what is read if h and w are swapped.

    Parameters
    ----------
    x : array, shape (H, W)
        One image with one channel.
    kernel_size : int or pair of int
        The window, moved by one pixel at a time.

    Returns
    -------
    str
        An animated SVG. What is not the pixel that was meant is underlined; what the
        image does not have is empty.

    Examples
    --------
    >>> from tests.notes.drawings.swapped import draw_swapped
    >>> "2 of 4 pixels do not exist" in draw_swapped([[0, 1, 2]], (1, 2))
    True
    """
    x = as_matrix(x, "x", "(H, W)")
    as_shape(x.shape, "x", at_least=1)
    window = as_plane(Window(x.shape, kernel_size))
    KH, KW = window.kernel_size
    P, K = window.columns_shape()
    H, W = reach(window)
    wide = np.full((H, W), np.nan)  # the image, and what a swapped slice hopes for
    wide[: x.shape[0], : x.shape[1]] = x
    meant = unfold(x[None, :, :, None], window).reshape(P, K)
    read = np.array([wide[w : w + KH, h : h + KW].ravel() for h, w in stops(window)])
    missing, moved = int(np.isnan(read).sum()), int((meant != read).any(axis=1).sum())

    canvas = Canvas(
        f"h and w swapped, on {times(x.shape)} pixels",
        [
            settings_of(window),
            f"solid: the window, x[h:h+{KH}, w:w+{KW}]",
            f"dashed: the swapped slice, x[w:w+{KH}, h:h+{KW}]",
        ],
        frames=P,
    )
    top = canvas.top + 16
    image = draw_array(
        canvas,
        written(wide),
        "x",
        Point(MARGIN + NAMES, top),
        np.where(np.isnan(wide), "padding", "image"),
        side=SIDE,
        title=named("x", x.shape),
    )
    below = Point(image.left, image.bottom + 40)
    rows = draw_array(canvas, meant, "meant", below, "image", side=SIDE, title="meant")
    name_windows(canvas, rows, window)
    swapped = draw_array(
        canvas,
        written(read),
        "read",
        Point(rows.right + 24, below.y),
        np.where(np.isnan(read), "padding", "image"),
        side=SIDE,
        title="read, swapped",
    )
    point_out(canvas, swapped, meant, read)
    sweep_cells(canvas, image, stops(window), rows=KH, columns=KW)
    read_at = [(w, h) for h, w in stops(window)]
    sweep_cells(canvas, image, read_at, rows=KH, columns=KW, style=DASHED)
    sweep_rows(canvas, rows)
    sweep_rows(canvas, swapped, style=DASHED)
    verdict = (
        f"{missing} of {read.size} pixels do not exist: an error"
        if missing
        else f"no error, yet {moved} of {P} windows are wrong"
    )
    canvas.words(verdict, Point(MARGIN, rows.bottom + 30), "note")
    return canvas.write(
        f"A window of {times(window.kernel_size)} stops {P} times on an image of "
        f"{times(x.shape)} pixels. A slice with rows and columns swapped reads other "
        f"pixels at {moved} stops; {verdict}."
    )


def reach(window: Window) -> Shape:
    """Return how many rows and columns a swapped slice would need."""
    (H, W), (KH, KW), (OH, OW) = (
        window.spatial,
        window.kernel_size,
        window.output_size,
    )
    return max(H, OW - 1 + KH), max(W, OH - 1 + KW)


def written(pixels: Array) -> Array:
    """Return the entries as text, empty where there are none."""
    entries = pixels.astype(object)
    entries[np.isnan(pixels)] = None
    return entries


def name_windows(canvas: Canvas, rows: Grid, window: Window) -> None:
    """Write h and w of a window beside its row."""
    for r, stop in enumerate(stops(window)):
        at = Point(rows.left - 8, rows.corner(r, 0).y + SIDE / 2 + 4)
        canvas.words(",".join(map(str, stop)), at, "small end")
    canvas.words("h,w", Point(rows.left - 8, rows.top - 10), "small end")


def point_out(canvas: Canvas, grid: Grid, meant: Array, read: Array) -> None:
    """Mark every entry that is not the pixel that was meant."""
    for place in zip(*np.nonzero(meant != read), strict=True):
        corner = grid.corner(*place)
        canvas.put(
            element(
                "path",
                class_="cross",
                data_differs="{} {}".format(*place),
                d=f"M{corner.x + 5:g} {corner.y + SIDE - 5:g}h{SIDE - 10:g}",
            )
        )
