"""Find the gradient of images by convolutions: one for each place modulo the stride.

With stride s, pixels ``a, a + s, a + 2 s ...`` of x are read by the same taps of the
kernel, each by windows that stop side by side. So these pixels are a small image of
their own, and their gradient is a convolution of `dy` at stride 1 with just those taps,
turned around, with channels and filters exchanged:

    taps 0 1 2, stride 2      even pixels   dx[2 i]     = dy[i - 1] * w2 + dy[i] * w0
                              odd pixels    dx[2 i + 1] = dy[i] * w1

Nothing has to be added up where windows overlap. A transposed convolution is the same
map ("sub-pixel convolution": Shi et al., 2016).
"""

from collections.abc import Callable
from functools import lru_cache
from itertools import product
from math import gcd
from typing import NamedTuple

import numpy as np

from .._typing import Array, Images, Kernels
from ..axis import Axes, Axis
from ..window import EVERY
from . import fold, gemm
from .wide_windows import COPY_COST, FOLD_COST, is_finite, least_time

__all__ = [
    "correlate_phases",
    "folding_is_faster",
    "image_gradient",
    "phases_of",
    "turn",
    "turned_axes",
]

MIN_COLUMNS = 32  # of a product: with fewer it is slow, so phases are taken together


class Phase(NamedTuple):
    """Pixels of an axis that the same taps read, and how these slide over `dy`."""

    pixels: slice
    taps: slice  # of the kernel, the last one first
    axis: Axis


def image_gradient(
    dy: Images, w: Kernels, axes: Axes, out: Images, b: Array | None = None
) -> None:
    """Return in `out` the gradient of images, ``dy @ W.T`` folded, plus b."""
    *_, C, F = w.shape
    if not (w.size and out.size):
        out[...] = 0 if b is None else b
        return
    *others, last = axes
    as_one = are_together(last, out) and is_finite(dy)
    # The turned kernel meets the zeros around dy, and inf * 0 is NaN.
    if folding_is_faster(axes, C, F, w.itemsize, as_one) or not is_finite(w):
        fold.image_gradient(dy, w, axes, out, b)
        return
    phases = [phases_of(axis) for axis in others]
    turned = w.swapaxes(-1, -2)
    if not as_one:
        correlate_phases(dy, turned, [*phases, phases_of(last)], out, b)
        return
    done = last.size // last.stride
    wide, kernel = together(last, w)
    here, rest = out[..., : done * last.stride, :], out[..., done * last.stride :, :]
    here = here.reshape(*out.shape[:-2], done, last.stride * C)
    b_ = None if b is None else gemm.repeated(b, last.stride)
    correlate_phases(dy, kernel, [*phases, [wide]], here, b_)
    if rest.size:
        correlate_phases(dy, turned, [*phases, phases_of(last, done)], rest, b)


@lru_cache(256)
def folding_is_faster(axes: Axes, C: int, F: int, itemsize: int, as_one: bool) -> bool:
    """Compare what folding takes and what all phases take, in multiply-adds."""
    *_, last = axes
    phases = [[phase.axis for phase in phases_of(axis) if phase] for axis in axes]
    columns = C
    if as_one:
        phases[-1], columns = [union(last)], C * last.stride
    gathered = sum(
        least_time(chosen, F, columns, itemsize, COPY_COST)
        for chosen in product(*phases)
    )
    return least_time(axes, C, F, itemsize, FOLD_COST) < gathered


def correlate_phases(
    dy: Images,
    kernel: Kernels,
    phases: list[list[Phase | None]],
    out: Images,
    b: Array | None,
    *,
    correlate: Callable[..., None] = gemm.correlate,
) -> None:
    """Convolve `dy` once for every choice of a phase along each axis."""
    if any(None in of_axis for of_axis in phases):
        out[...] = 0 if b is None else b
    known = [[phase for phase in of_axis if phase is not None] for of_axis in phases]
    for chosen in product(*known):
        pixels, taps, axes = zip(*chosen, strict=True)
        correlate(dy, kernel[taps], axes, out[EVERY, *pixels], b)


def phases_of(axis: Axis, start: int = 0) -> list[Phase | None]:
    """Return the phases of an axis beyond some pixels of each; None is never read."""
    beyond = axis.size - start * axis.stride
    return [phase(axis, a, start) for a in range(min(axis.stride, beyond))]


@lru_cache(256)
def phase(axis: Axis, a: int, start: int = 0) -> Phase | None:
    """Return the phase of pixels a, a + stride, ... of those after `start`."""
    step = axis.stride // gcd(axis.stride, axis.dilation)
    first = next(
        (
            k
            for k in range(min(step, axis.kernel))
            if (k * axis.dilation - a - axis.before) % axis.stride == 0
        ),
        None,
    )
    if first is None:
        return None
    taps = range(first, axis.kernel, step)
    pixels = slice(a, None, axis.stride)
    count = len(range(axis.size - start * axis.stride)[pixels])
    # Tap k reads pixel i * stride + a from window i - before of the last tap on.
    before = (taps[-1] * axis.dilation - axis.before - a) // axis.stride - start
    dilation = step * axis.dilation // axis.stride
    span = dilation * (len(taps) - 1) + 1
    after = count - 1 + span - before - axis.output_size
    turned = Axis(axis.output_size, len(taps), 1, dilation, before, after)
    return Phase(pixels, slice(taps[-1], first - 1 if first else None, -step), turned)


def are_together(axis: Axis, out: Images) -> bool:
    """Tell whether the phases of the last axis had better be one convolution."""
    C = out.shape[-1]
    if axis.stride == 1 or axis.dilation > 1 or axis.size < axis.stride:
        return False
    if out.strides[-2:] != (C * out.itemsize, out.itemsize):
        return False
    wide = union(axis)
    return C < MIN_COLUMNS or wide.kernel * axis.stride == axis.kernel


def union(axis: Axis) -> Axis:
    """Return how a window slides that reads what all phases of an axis read."""
    phases = [phase.axis for phase in phases_of(axis) if phase is not None]
    before = max(phase.before for phase in phases)
    taps = before + max(phase.kernel - phase.before for phase in phases)
    after = axis.size // axis.stride - 1 + taps - before - axis.output_size
    return Axis(axis.output_size, taps, 1, 1, before, after)


def together(axis: Axis, w: Kernels) -> tuple[Phase, Kernels]:
    """Return all phases of the last axis as one, and its kernel, with zeros between.

    Its filters are C for each of the pixels that stand where a window does: all of them
    are neighbours in `out`.
    """
    *kernel, _, C, F = w.shape
    wide = union(axis)
    merged = np.zeros((*kernel, wide.kernel, F, axis.stride, C), w.dtype)
    for a, phase in enumerate(phases_of(axis)):
        if phase is not None:
            skipped = wide.before - phase.axis.before
            taps = slice(skipped, skipped + phase.axis.kernel)
            merged[..., taps, :, a, :] = w[..., phase.taps, :, :].swapaxes(-1, -2)
    return Phase(EVERY, EVERY, wide), merged.reshape(
        *kernel, wide.kernel, F, axis.stride * C
    )


def turned_axes(axes: Axes) -> Axes | None:
    """Return how the turned kernel slides over `dy`; None if there are more phases."""
    if any(axis.stride > 1 for axis in axes):
        return None
    phases = [phase(axis, 0) for axis in axes]
    return tuple(one.axis for one in phases if one is not None)


def turn(w: Kernels) -> Kernels:
    """Turn every kernel around and exchange channels and filters; a view."""
    return np.flip(w, tuple(range(w.ndim - 2))).swapaxes(-1, -2)
