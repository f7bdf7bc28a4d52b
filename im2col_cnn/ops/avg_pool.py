"""Average pooling: the pixels of a window share its gradient equally.

forward     y[stops] += x[pixels]       then y /= pixels per window
backward    dx[pixels] += (dy / pixels per window)[stops]
"""

from dataclasses import dataclass
from functools import lru_cache
from math import prod

import numpy as np

from .._checks import (
    as_flag,
    as_images,
    as_upstream,
    hint_at_lone_image,
    hinting,
    require_cache,
)
from .._dtypes import mean_arithmetic
from .._lazily import lazily
from .._typing import Array, ArrayLike, Images, Padding, Shape, Sizes
from ..placing import pooling_window
from ..tiling.over_tiles import paint_images
from ..tiling.pooling import (
    pooling_room,
    reads_all,
    reduce_windows,
    spread_over_windows,
)
from ..tiling.recycling import empty_result
from ..tiling.scratch import scratch
from ..tiling.threads import run
from ..tiling.tiles import Tile, kept_tiles
from ..window import EVERY, Window

__all__ = ["AvgPoolCache", "avg_pool_backward", "avg_pool_forward"]

MAX_KEPT_COUNTS = 2**14  # of the windows over an image, for which they are kept


@dataclass(frozen=True, eq=False, repr=False)
class AvgPoolCache:
    """What `avg_pool_backward` needs to know of `avg_pool_forward`."""

    shape: Shape
    window: Window
    count_include_pad: bool

    @lazily
    def counts(self) -> Array:
        """Pixels that each window divides by, with axes for batch and channels."""
        many = prod(self.window.output_size) > MAX_KEPT_COUNTS
        return (counts_of if many else kept_counts)(self.window, self.count_include_pad)

    def divided(self, numbers: Array, tile: Tile, out: Array | None = None) -> Array:
        """Divide a number for every window of a tile by the pixels it divides by."""
        by: Array | int = prod(self.window.kernel_size)
        if any(a.before or a.after or a.ceil_mode for a in self.window.axes):
            by = self.counts[(EVERY, *tile.stops[1:])].astype(numbers.dtype)
        return np.asarray(np.divide(numbers, by, out=out, casting="same_kind"))


def counts_of(window: Window, count_include_pad: bool) -> Array:
    """Return how many pixels each window divides by, read-only."""
    counts = window.reads(count_padding=count_include_pad)[None, ..., None]
    counts.setflags(write=False)
    return counts


kept_counts = lru_cache(64)(counts_of)


@hinting
def avg_pool_forward(
    x: ArrayLike,
    kernel_size: Sizes,
    *,
    stride: Sizes | None = None,
    padding: Padding = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    count_include_pad: bool = False,
) -> tuple[Images, AvgPoolCache]:
    """
    Replace every window by the mean of its pixels.

    Parameters
    ----------
    x : array, shape (N, *SPATIAL, C)
        A batch of images of any real dtype.
    kernel_size : int or sequence of int
        Pixels of a window along each spatial axis.
    stride : int, sequence of int or None, default None
        Pixels from one window to the next. None means `kernel_size`: side by side.
    padding : int, sequence or str, default 0
        Room around the image, in any form of `Window`. A window must read at least
        one real pixel.
    dilation : int or sequence of int, default 1
        Pixels from one tap to the next.
    ceil_mode : bool, default False
        Keep a last window that reaches over the end of the padded image, and drop one
        that would start in the padding after the image.
    count_include_pad : bool, default False
        Whether the mean counts the padding, as zeros. False is the default of ONNX,
        TensorFlow and Keras; PyTorch's is True. What ``ceil_mode`` reads beyond the
        padding never counts, as in PyTorch and in ONNX since opset 22.

    Returns
    -------
    y : array, shape (N, *OUT, C)
        In the dtype of `x`; means of whole numbers are float64.
    cache : AvgPoolCache
        For `avg_pool_backward`.

    Raises
    ------
    TypeError, ValueError
        If a setting is malformed, the kernel does not fit, or a window would read
        nothing but padding.

    Notes
    -----
    One pass over the images per tap: ``prod(KERNEL)`` additions per output.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn import avg_pool_backward, avg_pool_forward
    >>> i, j = np.ogrid[:4, :4]
    >>> y, cache = avg_pool_forward((10 * i + j).reshape(1, 4, 4, 1), 2)
    >>> y[0, :, :, 0]
    array([[ 5.5,  7.5],
           [25.5, 27.5]])
    >>> avg_pool_backward(np.array([1.0, 2, 3, 4]).reshape(y.shape), cache)[0, :, :, 0]
    array([[0.25, 0.25, 0.5 , 0.5 ],
           [0.25, 0.25, 0.5 , 0.5 ],
           [0.75, 0.75, 1.  , 1.  ],
           [0.75, 0.75, 1.  , 1.  ]])
    """
    x = as_images(x)
    count_include_pad = as_flag(count_include_pad, "count_include_pad")
    hint_at_lone_image(x, kernel_size)
    window = pooling_window(
        x.shape[1:-1],
        kernel_size,
        stride=stride,
        padding=padding,
        dilation=dilation,
        ceil_mode=ceil_mode,
    )
    N, *_, C = x.shape
    result, working = mean_arithmetic(x)
    y = empty_result((N, *window.output_size, C), result)
    cache = AvgPoolCache(y.shape, window, count_include_pad)

    def pool(tile: Tile) -> None:
        sums = reduce_windows(np.add, 0, x[tile.pixels], tile, working)
        cache.divided(sums, tile, y[tile.stops])

    most, threads = pooling_room(window.axes, C, working.itemsize)
    run(pool, kept_tiles(N, window.axes, most), most=threads)
    return y, cache


def avg_pool_backward(dy: ArrayLike, cache: AvgPoolCache) -> Images:
    """
    Share the gradient of every window equally among its pixels.

    Parameters
    ----------
    dy : array, shape of `y`
        Gradient of the loss with respect to the output.
    cache : AvgPoolCache
        What `avg_pool_forward` returned beside `y`. It may be used again.

    Returns
    -------
    array, shape of `x`
        In the dtype of `dy`, float64 if that is whole. Overlapping shares add up.

    Raises
    ------
    TypeError, ValueError
        If `cache` is not one of `avg_pool_forward` or `dy` not of the shape of `y`.

    Notes
    -----
    One pass over the images per tap: ``prod(KERNEL)`` additions per number of `dy`.

    Examples
    --------
    Windows of two, one pixel apart: the pixel in the middle is in both of them.

    >>> import numpy as np
    >>> from im2col_cnn import avg_pool_backward, avg_pool_forward
    >>> y, cache = avg_pool_forward(np.zeros((1, 3, 1)), 2, stride=1)
    >>> avg_pool_backward(np.ones((1, 2, 1)), cache).ravel()
    array([0.5, 1. , 0.5])
    """
    cache = require_cache(cache, AvgPoolCache, "avg_pool_forward")
    dy = as_upstream(dy, cache.shape)
    result, working = mean_arithmetic(dy)
    N, *_, C = dy.shape
    window = cache.window
    dx = empty_result((N, *window.spatial, C), result)

    def paint(images: tuple[slice, ...], tile: Tile, here: Images) -> None:
        owed = dy[images][tile.stops].astype(working, copy=False)
        shares = cache.divided(owed, tile, scratch("shares", owed.shape, working))
        pixels = here[tile.pixels]
        old = tile.fresh[1].start - tile.pixels[1].start
        spread_over_windows(
            shares, tile, pixels, start=pixels.shape[1] if adds else old
        )

    axes = window.axes
    room = pooling_room(axes, C, working.itemsize)
    # Where tiles end within a line, earlier ones have written to parts of lines.
    whole = prod(window.output_size[1:]) <= room[0] or all(a.windows_abut for a in axes)
    adds = not (whole and all(map(reads_all, axes)))
    paint_images(dx, axes, room, dtype=working, paint=paint, adds=adds)
    return dx
