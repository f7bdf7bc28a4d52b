"""Wide windows: how many are taken at once, and a kernel's copies among zeros."""

import hypothesis.strategies as st
import numpy as np
from hypothesis import given

from im2col_cnn.axis import Axis
from im2col_cnn.tiling.widening import (
    COPIED,
    FOLDED,
    HEAVY,
    WIDEST,
    cheapest,
    narrow_kernel,
    widen_axes,
    widen_kernel,
)

numbers = st.integers(1, 9)


@st.composite
def axes(draw: st.DrawFn) -> tuple[Axis, Axis]:
    """Draw two axes whose windows leave no gaps along the last one."""
    lines, taps, stops = draw(numbers), draw(numbers), draw(st.integers(1, 64))
    stride = draw(st.integers(1, taps))
    last = Axis((stops - 1) * stride + taps, taps, stride, 1, 0, 0)
    return Axis(lines, lines, 1, 1, 0, 0), last


@given(
    axes=axes(), C=numbers, F=st.integers(1, 2**20), line=st.sampled_from([1, 2**40])
)
def test_windows_taken_at_once_go_in_and_stay_light(
    axes: tuple[Axis, Axis], C: int, F: int, line: int
) -> None:
    g = cheapest(axes, C, F, 4, line)

    *_, wide = widen_axes(axes, g)
    assert 1 <= g <= WIDEST
    assert g * wide.output_size == axes[-1].output_size
    assert g == 1 or axes[0].kernel * wide.kernel * C * g * F * 4 <= HEAVY


def test_only_short_lines_and_few_filters_are_taken_together() -> None:
    pair = Axis(64, 3, 1, 1, 1, 1), Axis(64, 3, 1, 1, 1, 1)

    assert cheapest(pair, 64, 64, 4, COPIED) == 1
    assert 1 < cheapest(pair, 3, 8, 4, COPIED) <= cheapest(pair, 3, 8, 4, FOLDED)


@given(axes=axes(), g=numbers, C=numbers, F=numbers, seed=st.integers(0, 99))
def test_narrowing_is_the_transpose_of_widening(
    axes: tuple[Axis, Axis], g: int, C: int, F: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    w = rng.integers(-9, 9, (axes[0].kernel, axes[1].kernel, C, F))

    wide = widen_kernel(w, axes, g).copy()

    v = rng.integers(-9, 9, wide.shape)
    assert wide.shape[-3] == widen_axes(axes, g)[-1].kernel
    assert (wide * v).sum() == (w * narrow_kernel(v, axes, g)).sum()
