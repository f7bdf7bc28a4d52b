"""Draw a convolution tile by tile, all tiles in one scratch memory."""

from collections.abc import Iterable

import numpy as np

from im2col_cnn._checks import as_images, as_matrix
from im2col_cnn._typing import Array, ArrayLike
from im2col_cnn.columns import unfold
from im2col_cnn.pictures.captions import named, times
from im2col_cnn.pictures.film import Point, journey
from im2col_cnn.pictures.grids import Grid, draw_array, label
from im2col_cnn.pictures.limits import require_drawable
from im2col_cnn.pictures.svg import MARGIN, Canvas, box
from im2col_cnn.pictures.windows_on_grid import source
from im2col_cnn.window import Window

__all__ = ["draw_tiles"]

SIDE = 32.0
GAP = 16.0
BAR = 180.0  # the longest bar
STEP = 2  # frames of a tile: unfold, then multiply


def draw_tiles(
    x: ArrayLike, w: ArrayLike, *, batches: Iterable[int] = (1, 2, 4, 8)
) -> str:
    """
    Draw one row of windows at a time: unfolded, multiplied, and overwritten.

    Parameters
    ----------
    x : array, shape (N, H, W)
        A batch of images with one channel.
    w : array, shape (KH, KW)
        One kernel.
    batches : iterable of int
        How many such images the bars compare.

    Returns
    -------
    str
        An animated SVG; below, the entries of a whole column matrix and of a tile.
    """
    w = as_matrix(w, "w", "(KH, KW)")
    batch = as_images(np.asarray(x)[..., None])
    N, *spatial, _ = batch.shape
    window = Window(tuple(spatial), w.shape)
    (OH, OW), K = window.output_size, w.size
    require_drawable(window.spatial, (N * spatial[0], spatial[1]), (N * OH * OW, K))
    tiles = unfold(batch, window).reshape(N * OH, OW, K)
    y = (tiles @ w.ravel()).reshape(N, OH, OW)

    canvas = Canvas(
        "A tile: unfold, multiply, use it again",
        [f"kernel {times(w.shape)}; a tile is one row of windows"],
        frames=STEP * len(tiles),
        seconds=0.9,
    )
    top = canvas.top + 16
    images, outputs = [], []
    scratch = Grid(MARGIN + spatial[1] * SIDE + GAP, top, OW, K, SIDE)
    for n in range(N):
        at = Point(MARGIN, top + n * (spatial[0] * SIDE + 36))
        name = named(f"x[{n}]", window.spatial)
        pixels = batch[n, :, :, 0]
        images.append(
            draw_array(canvas, pixels, "x", at, "image", side=SIDE, title=name)
        )
        at = Point(scratch.right + GAP, at.y)
        outputs.append(draw_output(canvas, y[n], at, scratch=scratch, image=n))
    draw_scratch(canvas, tiles, scratch, images=images, window=window)
    strips = [images[t // OH].corner(t % OH, 0) for t in range(len(tiles))]
    gliding = canvas.film.gliding([strip for strip in strips for _ in range(STEP)])
    size = spatial[1] * SIDE, w.shape[0] * SIDE
    canvas.put(box(f"frame {gliding}", strips[0], *size))
    below = Point(MARGIN, max(images[-1].bottom, scratch.bottom) + 40)
    found = draw_bars(canvas, window, list(batches), below)
    return canvas.write(
        f"{N} images, unfolded one row of windows at a time: {len(tiles)} tiles of "
        f"{OW} by {K} entries follow each other in the same scratch memory, and each, "
        f"times the kernel, is one row of the output. Bars compare the entries: "
        f"{found}; a tile takes {OW * K}, always."
    )


def draw_output(
    canvas: Canvas, y: Array, at: Point, *, scratch: Grid, image: int
) -> Grid:
    """Let every row of windows become one row of the output, from its tile."""
    OH, OW = y.shape
    classes, styles = np.empty(y.shape, object), np.empty(y.shape, object)
    grid = Grid(at.x, at.y, OH, OW, SIDE)
    for oh, ow in np.ndindex(y.shape):
        classes[oh, ow] = canvas.film.landing(STEP * (image * OH + oh) + 1)
        start = scratch.corner(ow, scratch.columns - 1)
        styles[oh, ow] = journey(grid.corner(oh, ow), start)
    return draw_array(
        canvas,
        y,
        "y",
        at,
        "output",
        side=SIDE,
        title=f"y[{image}]",
        classes=classes,
        styles=styles,
    )


def draw_scratch(
    canvas: Canvas, tiles: Array, scratch: Grid, *, images: list[Grid], window: Window
) -> None:
    """Draw all tiles in one place, each until the next one overwrites it."""
    OH, _ = window.output_size
    label(canvas, scratch, "scratch")
    for t, tile in enumerate(tiles):
        n, oh = divmod(t, OH)
        styles = np.empty(tile.shape, object)
        for ow, k in np.ndindex(tile.shape):
            offset = tuple(map(int, np.unravel_index(k, window.kernel_size)))
            start = images[n].corner(*source(window, (oh, ow), offset))
            styles[ow, k] = journey(scratch.corner(ow, k), start)
        last = t == len(tiles) - 1
        draw_array(
            canvas,
            tile,
            "tile",
            scratch.corner(0, 0),
            "kernel",
            side=SIDE,
            title="",
            classes=canvas.film.landing(STEP * t, None if last else STEP * (t + 1)),
            styles=styles,
        )
    words = f"{tiles[0].size} entries, reused"
    canvas.words(words, Point(scratch.left, scratch.bottom + 20))


def draw_bars(canvas: Canvas, window: Window, batches: list[int], at: Point) -> str:
    """Draw the bytes of whole column matrices and of the tile, batch by batch."""
    OW, (_, K) = window.output_size[1], window.columns_shape()
    sizes = [N * window.columns_shape()[0] * K for N in batches]
    canvas.words("entries in memory at once", at, "label")
    for name, kind, entries in (
        ("matrix", "image", sizes),
        ("tile", "kernel", [OW * K] * len(batches)),
    ):
        for row, (N, size) in enumerate(zip(batches, entries, strict=True)):
            top = at.y + 18 + 44 * row + (0 if name == "matrix" else 18)
            left = MARGIN + 96
            if name == "matrix":
                images = "image" if N == 1 else "images"
                canvas.words(f"{N} {images}", Point(MARGIN, top + 13))
            canvas.put(
                box(
                    kind,
                    Point(left, top),
                    BAR * size / max(sizes),
                    16,
                    data_entries=f"{name} {N} {size}",
                )
            )
            at_end = Point(left + BAR * size / max(sizes) + 8, top + 13)
            canvas.words(f"{name} {size}", at_end, "small")
    return ", ".join(
        f"{size} for the matrix of {N}" for N, size in zip(batches, sizes, strict=True)
    )
