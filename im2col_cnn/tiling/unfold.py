"""Unfold the windows of one tile, block by block, in runs as long as they come.

    unfold   columns[window, line] = pixels[window, line]       copied

A line of the kernel is one run of numbers, in the image as in the columns, and is
copied as one. Only so many windows are there at a time as stay in the cache.
"""

from collections.abc import Iterator
from functools import cache, lru_cache

import numpy as np
from numpy.lib.stride_tricks import as_strided

from .._typing import Array, Images, Shape
from ..axis import Axes
from .scratch import scratch
from .tiles import Tile, kept_blocks

__all__ = ["has_lines", "pad", "strides", "unfold", "view", "view_windows"]

Block = tuple[slice, ...]  # of the windows of a tile


def unfold(
    x: Images, tile: Tile, dtype: np.dtype, most: int
) -> Iterator[tuple[Block, Array]]:
    """Yield the windows of a tile as rows, (P, K * C); each good until the next."""
    C = x.shape[-1]
    pixels = pad(x[tile.pixels], tile, dtype)
    copies = not (tile.is_pointwise and pixels.flags.c_contiguous)
    # The taps of one line of the kernel are neighbours, in the image and in the
    # columns. As one item of many bytes they are copied in one go.
    as_lines = copies and tile.axes[-1].dilation == 1 and C > 0
    windows = (view_lines if as_lines else view_windows)(pixels, tile)
    for block in kept_blocks(tile.out, most):
        here = windows[block]
        if copies:
            columns = scratch("columns", here.shape, here.dtype)
            np.copyto(columns, here)
            here = columns.view(dtype)
        yield block, here.reshape(-1, tile.taps_count * C)


def view_windows(pixels: Images, tile: Tile) -> Array:
    """View the windows over padded pixels, (n, *OUT, *KERNEL, C)."""
    steps, taps = strides(pixels.strides, tile.axes)
    shape = *tile.out, *tile.kernel, pixels.shape[-1]
    return view(pixels, shape, (*steps, *taps, pixels.strides[-1]), pixels.dtype)


def view_lines(pixels: Images, tile: Tile) -> Array:
    """View the lines of windows, (n, *OUT, *LINES), each with its numbers as one."""
    steps, taps = strides(pixels.strides, tile.axes)
    line = line_of(tile.kernel[-1] * pixels.shape[-1] * pixels.itemsize)
    return view(pixels, (*tile.out, *tile.kernel[:-1]), (*steps, *taps[:-1]), line)


def view(
    pixels: Images, shape: Shape, strides: tuple[int, ...], dtype: np.dtype
) -> Array:
    """View items of pixels: the last one ends no later than the last pixel does."""
    if pixels.flags.c_contiguous:  # faster, and NumPy looks at the bounds itself
        return np.ndarray(shape, dtype, pixels, 0, strides)
    count = dtype.itemsize // pixels.itemsize
    numbers = as_strided(pixels, (*shape, count), (*strides, pixels.itemsize))
    return numbers.view(dtype)[..., 0]


@cache
def line_of(size: int) -> np.dtype:
    """Return a dtype of so many bytes."""
    return np.dtype((np.void, size))


def pad(pixels: Images, tile: Tile, dtype: np.dtype) -> Images:
    """Return the pixels with their padding; as they are, if that will do."""
    C = pixels.shape[-1]
    if pixels.dtype == dtype and has_lines(pixels) and not tile.is_padded:
        return pixels
    padded = scratch("pixels", (*tile.padded, C), dtype)
    for margin in tile.margins:
        padded[margin] = 0
    padded[tile.inner] = pixels
    return padded


def has_lines(pixels: Images) -> bool:
    """Tell whether the numbers of neighbouring pixels are neighbours in memory."""
    pixel, number = pixels.strides[-2:]
    return (pixel, number) == (pixels.shape[-1] * pixels.itemsize, pixels.itemsize)


@lru_cache(256)
def strides(pixels: tuple[int, ...], axes: Axes) -> tuple[Shape, Shape]:
    """Return the bytes from window to window and from tap to tap, along each axis."""
    image, *sizes, _ = pixels
    along = list(zip(sizes, axes, strict=True))
    return (
        (image, *(size * axis.stride for size, axis in along)),
        tuple(size * axis.dilation for size, axis in along),
    )
