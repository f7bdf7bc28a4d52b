"""Unfold the windows of one tile, and fold them back, in runs as long as they come.

    unfold   columns[window, line] = pixels[window, line]       copied
    fold     pixels[window, line] += columns[window, line]      added up

A line of the kernel is one run of numbers, in the image as in the columns, and is
copied as one. Lines of neighbouring windows overlap, so they are added up in turns: in
each, only windows that lie so far apart that they share no pixel.
"""

from collections.abc import Iterator
from math import prod

import numpy as np
from numpy.lib.stride_tricks import as_strided

from .._typing import Array, Images, Shape
from ..axis import Axis
from ..window import EVERY
from .scratch import scratch, scratch_zeros
from .tiles import Axes, Tile

__all__ = ["fold_tile", "unfold_tile", "view_windows"]


def unfold_tile(x: Images, tile: Tile, dtype: np.dtype) -> Array:
    """Copy the windows of a tile out of `x`, (P, K * C); good until the next call."""
    C = x.shape[-1]
    windows = view_windows(x[tile.pixels], tile, dtype)
    shape = tile.size, prod(tile.kernel) * C
    if prod(tile.kernel) == 1:
        return windows.reshape(shape)  # nothing overlaps: there is nothing to copy
    columns = scratch("columns", windows.shape, dtype)
    if tile.axes[-1].dilation == 1 and C:
        # The taps of one line of the kernel are neighbours, in the image and in the
        # columns. As one item of many bytes they are copied in one go.
        lines = *windows.shape[:-2], tile.kernel[-1] * C
        line = np.dtype((np.void, lines[-1] * dtype.itemsize))
        steps = *windows.strides[:-2], dtype.itemsize
        windows = as_strided(windows, lines, steps).view(line)
        np.copyto(columns.reshape(lines).view(line), windows)
    else:
        np.copyto(columns, windows)
    return columns.reshape(shape)


def view_windows(pixels: Images, tile: Tile, dtype: np.dtype) -> Array:
    """View the windows of a tile, (n, *OUT, *KERNEL, C), padding included."""
    padded = pad(pixels, tile, dtype)
    image, *sizes, channel = padded.strides
    steps, taps = strides(sizes, tile.axes)
    shape = *tile.out, *tile.kernel, padded.shape[-1]
    return as_strided(padded, shape, (image, *steps, *taps, channel))


def pad(pixels: Images, tile: Tile, dtype: np.dtype) -> Images:
    """Return the pixels with their padding; as they are, if that will do."""
    C = pixels.shape[-1]
    if pixels.dtype == dtype and has_lines(pixels) and not tile.is_padded:
        return pixels
    padded = room_for_pixels((*tile.padded, C), tile, dtype)
    padded[tile.inner] = pixels
    return padded


def fold_tile(columns: Array, tile: Tile, C: int, out: Images) -> None:
    """Add (P, K * C) to the pixels `out`, (n, *SPATIAL, C); padding is dropped."""
    padded = out
    if tile.is_padded or not has_lines(out):
        padded = scratch_zeros("pixels", (*tile.padded, C), columns.dtype)
    *axes, last = tile.axes
    *kernel, taps = tile.kernel
    columns = columns.reshape(*tile.out, *kernel, taps * C)
    for tap in np.ndindex(*kernel):
        sides = zip(tap, axes, tile.out[1:], strict=False)
        rows = padded[(EVERY, *(reach(k, axis, stops) for k, axis, stops in sides))]
        *steps, pixel, number = rows.strides
        for stops, run in turns(last):
            place = stops.start * last.stride + run.start * last.dilation
            here = as_strided(
                rows[..., place:, :],
                (*tile.out[:-1], len(stops), len(run) * C),
                (*steps, stops.step * last.stride * pixel, number),
            )
            chosen = slice(stops.start, stops.stop, stops.step)
            here += columns[(..., chosen, *tap, slice(run.start * C, run.stop * C))]
    if padded is not out:
        out += padded[tile.inner]


def reach(k: int, axis: Axis, stops: int) -> slice:
    """Return the padded pixels that tap `k` reads, window after window."""
    first = k * axis.dilation
    return slice(first, first + (stops - 1) * axis.stride + 1, axis.stride)


def turns(axis: Axis) -> Iterator[tuple[range, range]]:
    """Yield windows and taps to add up at once: no two windows share a pixel there."""
    stops, taps = range(axis.output_size), range(axis.kernel)
    if axis.dilation > 1:
        for k in taps:
            yield stops, taps[k : k + 1]
    else:
        every = -(-axis.kernel // axis.stride)  # so many on, windows meet no more
        for first in stops[:every]:
            yield stops[first::every], taps


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
