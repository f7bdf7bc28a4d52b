"""Where windows stand along one axis, and which pixels their taps read.

A window of ``kernel`` taps starts at every ``stride``-th position of the padded axis;
its taps lie ``dilation`` pixels apart, so that it spans ``dilation * (kernel - 1) + 1``
of them. The size formula stands in `Axis.reaching`, and nowhere else.
"""

from math import gcd, lcm
from typing import NamedTuple, TypeAlias

import numpy as np

from ._lazily import lazily
from ._typing import Array

__all__ = ["Axes", "Axis", "same"]

COUNTED_AT_ONCE = 2**20  # pixels


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
        return self.readers(0, self.size)

    def readers(self, start: int, stop: int) -> Array:
        """
        Count, for each pixel of a range, the windows that read it.

        Window o reads the padded pixel p if ``p - o * stride`` is a multiple of the
        dilation, and no more of it than there are taps. The first holds for every
        `apart`-th window, the second for a range of windows.
        """
        common = gcd(self.stride, self.dilation)
        apart = self.dilation // common
        p = np.arange(self.before + start, self.before + stop)
        o = p // common % apart * pow(self.stride // common, -1, apart) % apart
        first = np.maximum(-((self.span - 1 - p) // self.stride), 0)
        last = np.minimum(p // self.stride, self.output_size - 1)
        first += (o - first) % apart
        counts = np.maximum((last - first) // apart + 1, 0)
        return np.where(p % common == 0, counts, 0)

    @property
    def read(self) -> int:
        """Count the pixels that some window reads, however long the axis is."""
        if self.dilation == 1 and self.stride <= self.kernel:  # no gap in between
            reach = (self.output_size - 1) * self.stride + self.span
            return max(min(self.size, reach - self.before), 0)
        # Between the first window's last tap and the last window's first, which windows
        # read a pixel depends on its place in a period.
        period = lcm(self.stride, self.dilation)
        start = min(max(self.span - 1 - self.before, 0), self.size)
        last = (self.output_size - 1) * self.stride - self.before
        periods = max(min(last, self.size) - start, 0) // period
        resumed = start + periods * period
        count = self.counted(0, start) + self.counted(resumed, self.size)
        return count + periods * self.counted(start, start + period * (periods > 0))

    def counted(self, start: int, stop: int) -> int:
        """Count the pixels of a range that some window reads."""
        blocks = range(start, stop, COUNTED_AT_ONCE)
        ends = (min(block + COUNTED_AT_ONCE, stop) for block in blocks)
        return sum(
            int(np.count_nonzero(self.readers(block, end)))
            for block, end in zip(blocks, ends, strict=True)
        )

    @property
    def first_blind(self) -> int | None:
        """
        Return the first window that reads nothing but padding, if there is one.

        It starts before the image and ends there, or steps over all of the image from
        one tap to the next, or starts behind the image.
        """
        if self.before >= self.span:
            return 0
        blind = [-(-(self.before + self.size) // self.stride)]
        if self.dilation > self.size:
            # Its first tap that is not before the image lands this far into it.
            start = -self.before % self.dilation
            over = first_step_into(
                start, self.stride, self.dilation, range(self.size, self.dilation)
            )
            # A window that starts inside the image reads the pixel it starts on.
            if over is not None and over * self.stride < self.before:
                blind.append(over)
        first = min(blind)
        return first if first < self.output_size else None

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


def first_step_into(start: int, step: int, period: int, part: range) -> int | None:
    """
    Return the least o for which ``(start + o * step) % period`` lies in `part`, if any.

    As Euclid finds a common divisor: the steps that do not come around are one
    division, and those that do make the same question with a smaller period.
    """
    low, high = (part.start - start) % period, (part.stop - 1 - start) % period
    if low == 0 or low > high:  # the part wraps around 0, where o = 0 stands
        return 0
    step %= period
    if step == 0:
        return None
    o = -(-low // step)
    if o * step <= high:
        return o
    # No multiple of the step lies in the part: how often must the period be added?
    around = first_step_into(
        0, -period % step, step, range(low % step, high % step + 1)
    )
    return None if around is None else -(-(low + around * period) // step)


Axes: TypeAlias = tuple[Axis, ...]  # those of one window


def same(axis: Axis, word: str) -> tuple[int, int]:
    """Return the padding that leaves ``ceil(size / stride)`` windows."""
    stops = -(-axis.size // axis.stride)
    total = max((stops - 1) * axis.stride + axis.span - axis.size, 0)
    less, more = total // 2, total - total // 2
    return (less, more) if word == "same" else (more, less)
