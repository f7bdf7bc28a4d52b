"""Unfold the windows of one tile, block by block, in runs as long as they come.

    unfold   columns[window, line] = pixels[window, line]       copied

A line of the kernel is one run of numbers, in the image as in the columns, and is
copied as one. Only so many windows are there at a time as stay in the cache.
"""

from collections.abc import Iterator
from math import prod

import numpy as np
from numpy.lib.stride_tricks import as_strided

from .._typing import Array, Images, Shape
from .scratch import scratch, scratch_zeros
from .tiles import Axes, Tile, kept_blocks

__all__ = ["has_lines", "unfold", "view_windows"]

Block = tuple[slice, ...]  # of the windows of a tile


def unfold(
    x: Images, tile: Tile, dtype: np.dtype, most: int
) -> Iterator[tuple[Block, Array]]:
    """Yield the windows of a tile as rows, (P, K * C); each good until the next."""
    C = x.shape[-1]
    windows = view_windows(x[tile.pixels], tile, dtype)  # (n, *OUT, *KERNEL, C)
    K = prod(tile.kernel) * C
    copies = K > C or not windows.flags.c_contiguous
    taps = 1
    if tile.axes[-1].dilation == 1 and C and copies:
        # The taps of one line of the kernel are neighbours, in the image and in the
        # columns. As one item of many bytes they are copied in one go.
        taps = tile.kernel[-1] * C
        line = np.dtype((np.void, taps * dtype.itemsize))
        lines = *windows.shape[:-2], taps
        # No further than the last number of the last window.
        windows = as_strided(windows, lines, (*windows.strides[:-2], dtype.itemsize))
        windows = windows.view(line)
    for block in kept_blocks(tile.out, most):
        here = windows[block]
        if not copies:
            yield block, here.reshape(-1, K)
            continue
        *sizes, last = here.shape
        columns = scratch("columns", (*sizes, last * taps), dtype)
        np.copyto(columns.view(here.dtype), here)
        yield block, columns.reshape(-1, K)


def view_windows(pixels: Images, tile: Tile, dtype: np.dtype) -> Array:
    """View the windows of a tile, (n, *OUT, *KERNEL, C), padding included."""
    padded = pad(pixels, tile, dtype)
    if prod(tile.kernel) == 1 and all(axis.stride == 1 for axis in tile.axes):
        return padded.reshape(*tile.out, *tile.kernel, padded.shape[-1])
    image, *sizes, channel = padded.strides
    steps, taps = strides(sizes, tile.axes)
    shape = *tile.out, *tile.kernel, padded.shape[-1]
    # The last tap of the last window is a pixel of the padded block.
    return as_strided(padded, shape, (image, *steps, *taps, channel))


def pad(pixels: Images, tile: Tile, dtype: np.dtype) -> Images:
    """Return the pixels with their padding; as they are, if that will do."""
    C = pixels.shape[-1]
    if pixels.dtype == dtype and has_lines(pixels) and not tile.is_padded:
        return pixels
    padded = room_for_pixels((*tile.padded, C), tile, dtype)
    padded[tile.inner] = pixels
    return padded


def has_lines(pixels: Images) -> bool:
    """Tell whether the numbers of neighbouring pixels are neighbours in memory."""
    pixel, number = pixels.strides[-2:]
    return (pixel, number) == (pixels.shape[-1] * pixels.itemsize, pixels.itemsize)


def room_for_pixels(shape: Shape, tile: Tile, dtype: np.dtype) -> Array:
    """Return room for the pixels of a tile, with zeros where there is padding."""
    return (scratch_zeros if tile.is_padded else scratch)("pixels", shape, dtype)


def strides(pixels: list[int], axes: Axes) -> tuple[list[int], list[int]]:
    """Return the bytes from window to window and from tap to tap, along each axis."""
    both = list(zip(pixels, axes, strict=True))
    return (
        [pixel * axis.stride for pixel, axis in both],
        [pixel * axis.dilation for pixel, axis in both],
    )
