"""Wide windows: how many are taken at once, and a kernel's copies among zeros."""

import hypothesis.strategies as st
import numpy as np
from hypothesis import given

from im2col_cnn.axis import Axis
from im2col_cnn.testing.strategies import whole_arrays
from im2col_cnn.tiling.wide_windows import (
    COPY_COST,
    MAX_KERNEL_BYTES,
    MAX_WINDOWS,
    WIDENING_COST,
    cheapest,
    narrow_kernel,
    widen_axes,
    widen_kernel,
)

numbers = st.integers(1, 9)


def axis_of(*, taps: int, stops: int, stride: int = 1) -> Axis:
    """Return an axis that so many windows cover, without padding."""
    return Axis((stops - 1) * stride + taps, taps, stride, 1, 0, 0)


@st.composite
def axes(draw: st.DrawFn) -> tuple[Axis, Axis]:
    """Draw two axes whose windows leave no gaps along the last one."""
    taps = draw(numbers)
    stops, stride = draw(st.integers(1, 64)), draw(st.integers(1, taps))
    first = axis_of(taps=draw(numbers), stops=draw(numbers))
    return first, axis_of(taps=taps, stops=stops, stride=stride)


@given(axes=axes(), C=numbers, F=st.integers(1, 2**20))
def test_windows_at_once_divide_the_line_and_their_kernel_is_light(
    axes: tuple[Axis, Axis], C: int, F: int
) -> None:
    g = cheapest(axes, C, F, 4, COPY_COST)

    *_, wide = widen_axes(axes, g)
    assert 1 <= g <= MAX_WINDOWS
    assert g * wide.output_size == axes[-1].output_size
    assert g == 1 or axes[0].kernel * wide.kernel * C * g * F * 4 <= MAX_KERNEL_BYTES


def test_only_short_lines_and_few_filters_are_taken_together() -> None:
    pair = (axis_of(taps=3, stops=64),) * 2

    assert cheapest(pair, 64, 64, 4, COPY_COST) == 1
    assert cheapest(pair, 3, 8, 4, COPY_COST) > 1


def test_what_widening_takes_must_be_saved_by_enough_windows() -> None:
    pair = (axis_of(taps=3, stops=64),) * 2

    assert cheapest(pair, 3, 8, 4, COPY_COST._replace(window=WIDENING_COST)) == 1


def test_a_wide_kernel_holds_copies_each_moved_one_stop_on() -> None:
    w = np.array([1, 2, 3]).reshape(3, 1, 1)

    wide = widen_kernel(w, (axis_of(taps=3, stops=3),), 3)

    copies = [[1, 2, 3, 0, 0], [0, 1, 2, 3, 0], [0, 0, 1, 2, 3]]
    assert wide[:, 0].T.tolist() == copies


@given(data=st.data(), axes=axes(), g=numbers, C=numbers, F=numbers)
def test_narrowing_is_the_transpose_of_widening(
    data: st.DataObject, axes: tuple[Axis, Axis], g: int, C: int, F: int
) -> None:
    w = data.draw(whole_arrays((axes[0].kernel, axes[1].kernel, C, F)), label="w")
    wide = widen_kernel(w, axes, g).copy()
    v = data.draw(whole_arrays(wide.shape), label="v")

    assert wide.shape[-3] == widen_axes(axes, g)[-1].kernel
    assert np.vdot(wide, v) == np.vdot(w, narrow_kernel(v, axes, g))
