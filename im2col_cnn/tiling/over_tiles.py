"""Paint the windows of images onto them, tile by tile, where windows overlap.

Windows share pixels, and two threads that add to one pixel would lose a part. So all
tiles of one image are left to one thread. What they add to is put there just before, a
tile at a time: it is in the cache then, where zeros for all images would not be.
"""

from collections.abc import Callable
from math import prod

import numpy as np

from .._typing import Array, Images
from ..axis import Axes
from .threads import run
from .tiles import Tile, blocks, kept_tiles

__all__ = ["paint_images"]

Paint = Callable[[tuple[slice, ...], Tile, Images], None]


def paint_images(
    out: Images,
    axes: Axes,
    room: tuple[int, int],
    *,
    dtype: np.dtype,
    paint: Paint,
    b: Array | None = None,
    adds: bool = True,
) -> None:
    """
    Call ``paint(images, tile, here)`` for all tiles, to give pixels their gradients.

    Parameters
    ----------
    out : array, shape (N, *SPATIAL, C)
        What `here`, in `dtype`, is some images of. Others than those of the gradients
        hold `b`, or 0.
    axes : tuple of Axis
    room : pair of int
        Windows per tile, and threads.
    adds : bool
        Whether `paint` adds to the pixels of a tile, or writes to all of them.
    """
    most, threads = room
    start = 0 if b is None else b

    def paint_some(images: tuple[slice, ...]) -> None:
        pixels = out[images]
        here = pixels if out.dtype == dtype else np.empty(pixels.shape, dtype)
        for tile in kept_tiles(len(here), axes, most):
            for place in unwritten(tile, adds=adds):
                here[place] = start
            paint(images, tile, here)
        if here is not pixels:
            pixels[...] = here

    per_image = prod(axis.output_size for axis in axes)
    run(paint_some, blocks((len(out),), most // per_image), most=threads)


def unwritten(tile: Tile, *, adds: bool) -> list[tuple[slice, ...]]:
    """Return which pixels up to the end of a tile hold nothing yet, block by block."""
    if adds:
        return [tile.fresh]
    return [
        (*tile.fresh[:i], slice(pixels.stop, fresh.stop))
        for i, (pixels, fresh) in enumerate(zip(tile.pixels, tile.fresh, strict=True))
        if pixels.stop < fresh.stop
    ]
