"""A window knows where it stands: every number is checked against plain counting."""

from itertools import product
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from im2col_cnn import Window
from im2col_cnn._typing import Padding
from im2col_cnn.axis import Axis
from im2col_cnn.placing import pooling_window


@st.composite
def axes(draw: st.DrawFn) -> Axis:
    """Draw an axis with at least one window, from the padded size backwards."""
    kernel, stride, dilation = (draw(st.integers(1, 4)) for _ in range(3))
    ceil_mode = draw(st.booleans())
    span = dilation * (kernel - 1) + 1
    short = min(stride, span) - 1 if ceil_mode else 0  # a window may reach over the end
    padded = draw(st.integers(span - short, span + 8))
    before = draw(st.integers(0, padded - 1))
    after = draw(st.integers(0, padded - 1 - before))
    size = padded - before - after
    return Axis(size, kernel, stride, dilation, before, after, ceil_mode)


def starts(axis: Axis) -> list[int]:
    """Walk along the padded axis and note where a window starts."""
    padded = axis.before + axis.size + axis.after
    found = [
        start
        for start in range(0, padded + axis.stride, axis.stride)
        if start + axis.span <= padded
        # In ceil mode one more, if the window before it did not reach the end.
        or (axis.ceil_mode and start - axis.stride + axis.span < padded)
    ]
    if axis.ceil_mode and found[-1] >= axis.before + axis.size:
        found.pop()
    return found


def taps(axis: Axis, start: int) -> list[int]:
    """List the pixels a window reads, padding included, from the image's first."""
    return [start + k * axis.dilation - axis.before for k in range(axis.kernel)]


@given(axis=axes())
def test_the_size_formula_counts_the_windows(axis: Axis) -> None:
    assert axis.output_size == len(starts(axis))


@given(axis=axes())
def test_a_tap_pairs_windows_with_the_real_pixels_they_read(axis: Axis) -> None:
    for k in range(axis.kernel):
        stops, pixels = axis.tap(k)

        found = zip(
            range(axis.output_size)[stops], range(axis.size)[pixels], strict=True
        )

        places = [taps(axis, start)[k] for start in starts(axis)]
        assert list(found) == [
            (o, i) for o, i in enumerate(places) if 0 <= i < axis.size
        ]


@given(axis=axes())
def test_coverage_counts_the_windows_that_read_a_pixel(axis: Axis) -> None:
    read = [i for start in starts(axis) for i in taps(axis, start)]

    assert axis.coverage().tolist() == [read.count(i) for i in range(axis.size)]


@given(axis=axes())
def test_the_pixels_that_are_read_are_counted_without_listing_them(axis: Axis) -> None:
    assert axis.read == np.count_nonzero(axis.coverage())


@pytest.mark.parametrize(
    ("axis", "read"),
    [
        (Axis(2 * 10**9, 3, 1, 1, 0, 0), 2 * 10**9),
        (Axis(2 * 10**9, 3, 5, 1, 0, 0), 3 * 4 * 10**8),
        (Axis(2 * 10**9, 2, 4, 2, 0, 0), 10**9),
        (Axis(2 * 10**9, 3, 6, 5, 0, 0), 10**9 - 4),
        (Axis(10, 10**9, 1, 1, 10**9, 10**9), 10),
        (Axis(10, 10**9, 10**9, 2, 10**9, 10**9), 5),
    ],
)
def test_the_pixels_of_an_axis_that_no_memory_holds_are_counted(
    axis: Axis, read: int
) -> None:
    assert axis.read == read


@given(axis=axes(), size=st.integers(1, 6), dilation=st.integers(1, 12))
def test_the_first_window_that_reads_only_padding_is_found(
    axis: Axis, size: int, dilation: int
) -> None:
    after = axis.after + axis.dilation * 8 + dilation * (axis.kernel - 1)
    axis = axis._replace(size=size, dilation=dilation, after=after)
    reads = axis.reads()

    assert axis.read == np.count_nonzero(axis.coverage())
    assert axis.first_blind == (None if reads.all() else np.argmin(reads))


@given(axis=axes(), count_padding=st.booleans())
def test_reads_counts_the_pixels_of_a_window(axis: Axis, count_padding: bool) -> None:
    low, high = (
        (-axis.before, axis.size + axis.after) if count_padding else (0, axis.size)
    )

    counts = axis.reads(count_padding=count_padding)

    assert counts.tolist() == [
        sum(low <= i < high for i in taps(axis, start)) for start in starts(axis)
    ]


@given(axis=axes())
def test_the_padded_axis_holds_every_window(axis: Axis) -> None:
    ends = [start + axis.span for start in starts(axis)]

    assert axis.padded_size == max([axis.before + axis.size + axis.after, *ends])


@given(
    size=st.integers(1, 12),
    kernel=st.integers(1, 4),
    stride=st.integers(1, 4),
    dilation=st.integers(1, 3),
)
def test_same_pads_no_more_than_ceil_size_over_stride_windows_need(
    size: int, kernel: int, stride: int, dilation: int
) -> None:
    windows = {
        word: Window(size, kernel, stride=stride, dilation=dilation, padding=word)
        for word in ("same", "same_lower")
    }

    ((before, after),) = windows["same"].padding
    assert windows["same"].output_size == (-(-size // stride),)
    assert after - before in (0, 1)
    assert windows["same_lower"].padding == ((after, before),)
    # Of one pixel less, the last window would miss one.
    reach = (-(-size // stride) - 1) * stride + dilation * (kernel - 1) + 1
    assert before + after == max(reach - size, 0)


@pytest.mark.parametrize(
    ("padding", "pairs"),
    [
        (1, ((1, 1), (1, 1))),
        ((1, 2), ((1, 1), (2, 2))),
        ([1, 2], ((1, 1), (2, 2))),
        (np.array([1, 2]), ((1, 1), (2, 2))),
        (((0, 1), (2, 3)), ((0, 1), (2, 3))),
        ((1, (2, 3)), ((1, 1), (2, 3))),
        ("valid", ((0, 0), (0, 0))),
        ("same", ((1, 1), (0, 1))),
        ("same_lower", ((1, 1), (1, 0))),
    ],
)
def test_six_forms_of_padding_become_pairs(padding: Padding, pairs: Any) -> None:
    assert Window((5, 7), (3, 2), padding=padding).padding == pairs


def test_unread_pixels_are_counted() -> None:
    for size, kernel, stride in product(range(3, 8), range(1, 4), range(1, 5)):
        window = Window((size, 5), kernel, stride=stride)

        assert window.unread == np.count_nonzero(window.coverage() == 0)


def test_the_column_matrix_is_measured_in_rows_columns_and_bytes() -> None:
    window = Window((5, 7), (3, 2), stride=2, padding="same")

    assert window.columns_shape(N=8, C=3) == (8 * 3 * 4, 3 * 2 * 3)
    assert window.columns_bytes(N=8, C=3, dtype=np.float64) == 8 * 12 * 18 * 8


def test_a_window_writes_down_the_call_that_makes_it() -> None:
    window = Window((5, 7), 2, stride=3, padding="same_lower", ceil_mode=True)

    assert eval(repr(window)) == window


def test_equal_windows_are_equal_however_they_were_written() -> None:
    assert Window((4, 4), 3, padding=1) == Window([4, 4], (3, 3), padding="same")


def test_a_pooling_window_stands_side_by_side_unless_told_otherwise() -> None:
    window = pooling_window(
        (6, 6), (2, 3), stride=None, padding=0, dilation=1, ceil_mode=False
    )

    assert window.stride == (2, 3)
