"""Where windows stand along one axis, and which pixels their taps read.

A window of ``kernel`` taps starts at every ``stride``-th position of the padded axis;
its taps lie ``dilation`` pixels apart, so that it spans ``dilation * (kernel - 1) + 1``
of them. The size formula stands in `Axis.reaching`, and nowhere else.
"""

from typing import NamedTuple

import numpy as np

from ._lazily import lazily
from ._typing import Array

__all__ = ["Axis", "same"]


class Numbers(NamedTuple):
    """What a window needs to know of an axis; `Axis` derives the rest."""

    size: int
    kernel: int
    stride: int
    dilation: int
    before: int
    after: int
    ceil_mode: bool = False


class Axis(Numbers):
    """One spatial axis: how long the image is and how the window moves along it."""

    @lazily
    def span(self) -> int:
        """Pixels from a window's first tap to its last, both counted."""
        return self.dilation * (self.kernel - 1) + 1

    @property
    def reaching(self) -> int:
        """Number of windows that fit: the size formula."""
        slack = self.before + self.size + self.after - self.span
        if self.ceil_mode:
            return -(-slack // self.stride) + 1
        return slack // self.stride + 1

    @property
    def dropped(self) -> bool:
        """Whether ``ceil_mode`` drops a window that starts after the image."""
        last = (self.reaching - 1) * self.stride
        return self.ceil_mode and last >= self.before + self.size

    @lazily
    def output_size(self) -> int:
        """Count the windows that are kept."""
        return self.reaching - self.dropped

    @property
    def formula(self) -> str:
        """Write the size formula with its numbers: ``(5 + 1 + 1 - 3) // 2 + 1``."""
        span = str(self.span)
        if self.dilation > 1:
            span = f"({self.dilation} * ({self.kernel} - 1) + 1)"
        slack = f"{self.size} + {self.before} + {self.after} - {span}"
        if not self.ceil_mode:
            return f"({slack}) // {self.stride} + 1"
        return f"ceil(({slack}) / {self.stride}) + 1"

    @lazily
    def padded_size(self) -> int:
        """Pixels of the padded axis; ``ceil_mode`` may need some more after it."""
        reach = (self.output_size - 1) * self.stride + self.span
        return max(self.before + self.size + self.after, reach)

    @property
    def live(self) -> range:
        """Range of the taps that may read a real pixel: few of a very wide kernel."""
        reach = self.before - (self.output_size - 1) * self.stride
        first = max(0, -(-reach // self.dilation))
        last = -(-(self.before + self.size) // self.dilation)
        return range(first, min(self.kernel, last))

    @property
    def windows_abut(self) -> bool:
        """Whether windows touch without overlap or gap, and read no padding."""
        alone = self.stride == self.kernel and self.dilation == 1
        inside = self.output_size * self.kernel <= self.size
        return alone and inside and self.before == 0

    @lazily
    def taps(self) -> tuple[tuple[int, slice, slice], ...]:
        """List the taps that may read a real pixel, each with what `tap` returns."""
        return tuple((k, *self.tap(k)) for k in self.live)

    def tap(self, k: int) -> tuple[slice, slice]:
        """Return which windows read a real pixel with tap `k`, and which pixels."""
        # Window o reads pixel o * stride + shift.
        shift = k * self.dilation - self.before
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
        for _, _, pixels in self.taps:
            counts[pixels] += 1
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


def same(axis: Axis, word: str) -> tuple[int, int]:
    """Return the padding that leaves ``ceil(size / stride)`` windows."""
    stops = -(-axis.size // axis.stride)
    total = max((stops - 1) * axis.stride + axis.span - axis.size, 0)
    less, more = total // 2, total - total // 2
    return (less, more) if word == "same" else (more, less)
