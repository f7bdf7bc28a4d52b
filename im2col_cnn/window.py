"""Say where windows stand on an image: whole numbers only, no pixels.

Along one axis, a window of ``kernel`` taps starts at every ``stride``-th position of
the padded axis; its taps lie ``dilation`` pixels apart, so that it spans
``dilation * (kernel - 1) + 1`` of them. Everything else in this package, unfolding,
folding, pooling, rests on one question answered here: at this tap, which windows read
a real pixel, and which pixels do they read? Both answers are slices.

    y[stops] += x[pixels]      one tap of a sum over windows
    x[pixels] += y[stops]      the same tap, transposed
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from math import prod
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ._checks import (
    as_flag,
    as_padding,
    as_per_axis,
    as_shape,
    require_fit,
)
from ._typing import Array, Padding, Shape, Sizes

__all__ = ["EVERY", "Axis", "Tap", "Window"]

EVERY = slice(None)


class Axis(NamedTuple):
    """One spatial axis: how long the image is and how the window moves along it."""

    size: int
    kernel: int
    stride: int
    dilation: int
    before: int
    after: int
    ceil_mode: bool = False

    @property
    def span(self) -> int:
        """Pixels from a window's first tap to its last, both counted."""
        return self.dilation * (self.kernel - 1) + 1

    @property
    def output_size(self) -> int:
        """Count the windows. This is the size formula; it stands nowhere else."""
        slack = self.before + self.size + self.after - self.span
        if not self.ceil_mode:
            return slack // self.stride + 1
        stops = -(-slack // self.stride) + 1
        # A last window that would start in the padding after the image is dropped.
        return stops - ((stops - 1) * self.stride >= self.before + self.size)

    @property
    def padded_size(self) -> int:
        """Pixels of the padded axis; ``ceil_mode`` may need some more after it."""
        reach = (self.output_size - 1) * self.stride + self.span
        return max(self.before + self.size + self.after, reach)

    def tap(self, k: int) -> tuple[slice, slice]:
        """Return which windows read a real pixel with tap `k`, and which pixels."""
        shift = (
            k * self.dilation - self.before
        )  # window o reads pixel o * stride + shift
        first = max(0, -(shift // self.stride))
        last = min(self.output_size, -((shift - self.size) // self.stride))
        if last <= first:
            return slice(0, 0), slice(0, 0)
        start = first * self.stride + shift
        return (
            slice(first, last),
            slice(start, start + (last - first - 1) * self.stride + 1, self.stride),
        )

    def coverage(self) -> Array:
        """Count, for each pixel, the windows that read it."""
        counts = np.zeros(self.size, np.int64)
        for k in range(self.kernel):
            counts[self.tap(k)[1]] += 1
        return counts

    def reads(self, *, count_padding: bool = False) -> Array:
        """Count, for each window, the pixels it reads, with or without padding."""
        starts = np.arange(self.output_size) * self.stride
        first, stop = self.before, self.before + self.size
        if count_padding:
            first, stop = 0, stop + self.after
        # Taps before a position p of the padded axis: ceil((p - start) / dilation).
        before_first, before_stop = (
            np.clip(-((starts - p) // self.dilation), 0, self.kernel)
            for p in (first, stop)
        )
        return before_stop - before_first


class Tap(NamedTuple):
    """One entry of the kernel, the windows it serves and the pixels they read.

    `stops` indexes a batch of outputs, (N, *OUT, ...), and `pixels` a batch of images,
    (N, *SPATIAL, ...); both select the same number of places, in the same order.
    """

    offset: Shape
    stops: tuple[slice, ...]
    pixels: tuple[slice, ...]


@dataclass(frozen=True, init=False, repr=False)
class Window:
    """
    The windows that slide over an image, as an object.

    Parameters
    ----------
    spatial : int or tuple of int
        Size of the image along its spatial axes, without batch and channels.
    kernel_size, stride, dilation : int or sequence of int
        Taps of a window, pixels from one window to the next, pixels from one tap to
        the next; one int for all spatial axes, or one for each.
    padding : int, sequence or str
        Six forms: an int; one int per axis; one ``(before, after)`` pair per axis;
        ``"valid"``, none; ``"same"``, so much that ``output_size = ceil(spatial /
        stride)``, an odd pixel goes after; ``"same_lower"``, an odd pixel goes before.
    ceil_mode : bool, default False
        Keep a last window that reaches over the end of the padded image, and drop one
        that would start in the padding after the image.

    Raises
    ------
    TypeError, ValueError
        If a setting is not a whole number, too small or of the wrong length, or if
        the kernel does not fit in the padded image.

    Examples
    --------
    >>> from im2col_cnn import Window
    >>> window = Window((5, 7), (3, 2), stride=2, padding="same")
    >>> window.output_size
    (3, 4)
    >>> window.padding
    ((1, 1), (0, 1))
    >>> Window((5, 7), 2, stride=2).unread
    11
    """

    axes: tuple[Axis, ...]

    def __init__(
        self,
        spatial: Sizes,
        kernel_size: Sizes,
        *,
        stride: Sizes = 1,
        padding: Padding = 0,
        dilation: Sizes = 1,
        ceil_mode: bool = False,
    ) -> None:
        sizes = as_shape(spatial, "spatial", at_least=1)
        kernels = as_per_axis(kernel_size, "kernel_size", len(sizes), at_least=1)
        strides = as_per_axis(stride, "stride", len(sizes), at_least=1)
        dilations = as_per_axis(dilation, "dilation", len(sizes), at_least=1)
        pairs = as_padding(padding, len(sizes))
        ceil_mode = as_flag(ceil_mode, "ceil_mode")
        axes = []
        for n, size in enumerate(sizes):
            axis = Axis(size, kernels[n], strides[n], dilations[n], 0, 0, ceil_mode)
            before, after = same(axis, pairs) if isinstance(pairs, str) else pairs[n]
            axes.append(axis._replace(before=before, after=after))
        object.__setattr__(self, "axes", tuple(axes))
        padded = tuple(axis.before + axis.size + axis.after for axis in axes)
        require_fit(sizes, kernels, dilations, padded, self.output_size)

    def __repr__(self) -> str:
        """Write the call that makes this window."""
        ceil_mode = ", ceil_mode=True" if self.axes[0].ceil_mode else ""
        return (
            f"Window({self.spatial}, {self.kernel_size}, stride={self.stride}, "
            f"padding={self.padding}, dilation={self.dilation}{ceil_mode})"
        )

    @property
    def spatial(self) -> Shape:
        """Size of the image along its spatial axes."""
        return tuple(axis.size for axis in self.axes)

    @property
    def kernel_size(self) -> Shape:
        """Taps of a window along each axis."""
        return tuple(axis.kernel for axis in self.axes)

    @property
    def stride(self) -> Shape:
        """Pixels from one window to the next."""
        return tuple(axis.stride for axis in self.axes)

    @property
    def dilation(self) -> Shape:
        """Pixels from one tap to the next."""
        return tuple(axis.dilation for axis in self.axes)

    @property
    def padding(self) -> tuple[tuple[int, int], ...]:
        """Pixels of padding before and after the image, per axis."""
        return tuple((axis.before, axis.after) for axis in self.axes)

    @property
    def output_size(self) -> Shape:
        """Number of windows along each axis."""
        return tuple(axis.output_size for axis in self.axes)

    @property
    def padded_size(self) -> Shape:
        """Size of the padded image."""
        return tuple(axis.padded_size for axis in self.axes)

    @property
    def unread(self) -> int:
        """Number of pixels that no window reads; their gradient is 0."""
        read = (int(np.count_nonzero(axis.coverage())) for axis in self.axes)
        return prod(self.spatial) - prod(read)

    def coverage(self) -> Array:
        """Count, for each pixel, the windows that read it."""
        return reduce(np.multiply.outer, (axis.coverage() for axis in self.axes))

    def reads(self, *, count_padding: bool = False) -> Array:
        """Count, for each window, the pixels it reads, with or without padding."""
        counts = (axis.reads(count_padding=count_padding) for axis in self.axes)
        return reduce(np.multiply.outer, counts)

    def columns_shape(self, N: int = 1, C: int = 1) -> tuple[int, int]:
        """Return the shape of the column matrix of `N` images with `C` channels."""
        return N * prod(self.output_size), prod(self.kernel_size) * C

    def columns_bytes(
        self, N: int = 1, C: int = 1, dtype: npt.DTypeLike = np.float32
    ) -> int:
        """Return the bytes of the column matrix of `N` images with `C` channels."""
        return prod(self.columns_shape(N, C)) * np.dtype(dtype).itemsize

    def taps(self) -> Iterator[Tap]:
        """Walk through the kernel in reading order; see `Tap`."""
        sides = [[axis.tap(k) for k in range(axis.kernel)] for axis in self.axes]
        for offset in np.ndindex(self.kernel_size):
            pairs = [side[k] for side, k in zip(sides, offset, strict=True)]
            stops, pixels = zip((EVERY, EVERY), *pairs, strict=True)
            yield Tap(offset, stops, pixels)


def same(axis: Axis, word: str) -> tuple[int, int]:
    """Return the padding that leaves ``ceil(size / stride)`` windows."""
    stops = -(-axis.size // axis.stride)
    total = max((stops - 1) * axis.stride + axis.span - axis.size, 0)
    less, more = total // 2, total - total // 2
    return (less, more) if word == "same" else (more, less)
