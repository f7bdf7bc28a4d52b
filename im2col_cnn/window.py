"""The geometry of windows that slide over an image: whole numbers only, no pixels.

Everything else in this package, unfolding, folding, pooling, rests on one question
that a `Window` answers: at this tap of the kernel, which windows read a real pixel, and
which pixels do they read? Both answers are slices.

    y[stops] += x[pixels]      one tap of a sum over windows
    x[pixels] += y[stops]      the same tap, transposed
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from itertools import product
from math import prod
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ._checks import (
    MAX_NUMBERS,
    as_dtype,
    as_flag,
    as_int,
    as_padding,
    as_per_axis,
    as_shape,
    by,
)
from ._typing import Array, Padding, Shape, Sizes
from .axis import Axis, same
from .explanation import explain

__all__ = ["EVERY", "Tap", "Window"]


EVERY = slice(None)


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
        if prod(padded) >= MAX_NUMBERS:
            raise ValueError(
                f"padding must leave fewer than 2**48 pixels, got a {by(sizes)} image "
                f"padded to {by(padded)}: pad less"
            )
        require_fit(
            size=sizes,
            kernel=kernels,
            dilation=dilations,
            padded=padded,
            output=self.output_size,
            formulas=[axis.formula for axis in axes],
        )

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
        return prod(self.spatial) - prod(axis.read for axis in self.axes)

    def coverage(self) -> Array:
        """Count, for each pixel, the windows that read it."""
        return reduce(np.multiply.outer, (axis.coverage() for axis in self.axes))

    def reads(self, *, count_padding: bool = False) -> Array:
        """Count, for each window, the pixels it reads, with or without padding."""
        count_padding = as_flag(count_padding, "count_padding")
        counts = (axis.reads(count_padding=count_padding) for axis in self.axes)
        return reduce(np.multiply.outer, counts)

    def columns_shape(self, N: int = 1, C: int = 1) -> tuple[int, int]:
        """Return the shape of the column matrix of `N` images with `C` channels."""
        N, C = as_int(N, "N", at_least=0), as_int(C, "C", at_least=0)
        return N * prod(self.output_size), prod(self.kernel_size) * C

    def columns_bytes(
        self, N: int = 1, C: int = 1, dtype: npt.DTypeLike = np.float32
    ) -> int:
        """Return the bytes of the column matrix of `N` images with `C` channels."""
        return prod(self.columns_shape(N, C)) * as_dtype(dtype).itemsize

    def explain(
        self, N: int = 1, C: int = 1, F: int = 1, dtype: npt.DTypeLike = np.float32
    ) -> str:
        """
        Return the numbers of this window as text, one fact a line, with formulas.

        Parameters
        ----------
        N, C, F : int, default 1
            Images of a batch, their channels, and filters.
        dtype : dtype, default float32
            Of the images.

        Returns
        -------
        str
            Windows along each axis, with the size formula filled in; how the padding
            splits; pixels that no window reads; size of the column matrix; and
            multiply-adds of a convolution.

        Examples
        --------
        >>> from im2col_cnn import Window
        >>> print(Window((5, 7), (3, 2), stride=2, padding="same").explain(C=3))
        rows           (5 + 1 + 1 - 3) // 2 + 1 = 3 windows
        columns        (7 + 0 + 1 - 2) // 2 + 1 = 4 windows
        padding        rows 1 before, 1 after; columns 0 before, 1 after
        unread         0 of 35 pixels
        column matrix  12 x 18 of float32, 864 bytes, 2.1 times the images
        multiply-adds  216
        """
        N, C, F = (
            as_int(n, name, at_least=0) for n, name in ((N, "N"), (C, "C"), (F, "F"))
        )
        return explain(self.axes, N=N, C=C, F=F, dtype=as_dtype(dtype))

    def taps(self) -> Iterator[Tap]:
        """Walk in reading order through the taps that read a real pixel; see `Tap`."""
        for taps in product(*(axis.taps for axis in self.axes)):
            offset, stops, pixels = zip(*taps, strict=True)
            yield Tap(offset, (EVERY, *stops), (EVERY, *pixels))


def require_fit(
    *,
    size: Shape,
    kernel: Shape,
    dilation: Shape,
    padded: Shape,
    output: Shape,
    formulas: Iterable[str],
) -> None:
    """Refuse a kernel that does not fit in the padded image."""
    for axis, (stops, formula) in enumerate(zip(output, formulas, strict=True)):
        if stops < 1:
            span = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True))
            spans = "" if span == kernel else f", spread to {by(span)} by dilation,"
            raise ValueError(
                f"a {by(kernel)} kernel{spans} does not fit in a {by(size)} image "
                f"padded to {by(padded)}: shrink the kernel or add padding (along "
                f"spatial axis {axis} there are {formula} = {stops} windows)"
            )
