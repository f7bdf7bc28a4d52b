"""Paint the windows of images onto them, tile by tile, where windows overlap.

Windows share pixels, and two threads that add to one pixel would lose a part. So all
tiles of one image are left to one thread.
"""

from collections.abc import Callable
from math import prod

import numpy as np

from .._typing import Array, Images
from ..axis import Axes
from .threads import run
from .tiles import Tile, blocks, room, tiles

__all__ = ["paint_images"]

Paint = Callable[[Array, Tile, Images], None]


def paint_images(
    dy: Images,
    axes: Axes,
    out: Images,
    *,
    numbers: int,
    dtype: np.dtype,
    b: Array | None,
    paint: Paint,
) -> None:
    """
    Call ``paint(dy, tile, pixels)`` for all tiles, to add up gradients of pixels.

    Parameters
    ----------
    dy : array, shape (N, *OUT, F)
        Handed on for some images at a time, to be indexed by ``tile.stops``.
    axes : tuple of Axis
    out : array, shape (N, *SPATIAL, C)
        Where all of it is added up, in `dtype`, from `b` or from 0 on.
    numbers : int
        How many of them a window takes.
    """
    most, threads = room(axes, numbers, dtype.itemsize)

    def paint_some(images: tuple[slice, ...]) -> None:
        here = out[images].astype(dtype, copy=False)
        here[...] = 0 if b is None else b
        for tile in tiles(len(here), axes, most):
            paint(dy[images], tile, here[tile.pixels])
        if out.dtype != dtype:
            out[images] = here

    per_image = prod(axis.output_size for axis in axes)
    run(paint_some, blocks((len(out),), most // per_image), most=threads)
