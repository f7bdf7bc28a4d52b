"""Runs of outputs for which kernels of single channels are written out."""

from typing import Any
from unittest.mock import patch

import numpy as np
import pytest

from im2col_cnn import Window, conv_backward, conv_forward, loops
from im2col_cnn.axis import Axis
from im2col_cnn.tiling import depthwise
from im2col_cnn.tiling.tiles import tiles


@pytest.mark.parametrize("numbers", [1500, 2731])
@pytest.mark.parametrize("C", [1, 3, 64, 2000])
@pytest.mark.parametrize("W", [1, 7, 56, 97, 1024])
def test_a_run_is_the_shortest_part_of_a_line_that_is_long_enough(
    W: int, C: int, numbers: int
) -> None:
    w = np.zeros((3, 3, 1, C), np.float32)

    stops = depthwise.stops_per_run((line(W),), w, numbers)

    parts = [n for n in range(1, W + 1) if W % n == 0]
    long = [n for n in parts if n * C >= numbers] or [W]
    fits = w.nbytes * long[0] <= depthwise.MAX_LINES_BYTES
    assert stops == (long[0] if fits else 1)


def test_a_line_of_any_length_is_answered_at_once() -> None:
    w = np.zeros((3, 3, 1, 1), np.float32)

    assert depthwise.stops_per_run((line(2**31 - 1),), w, 1500) == 1  # a prime


@pytest.mark.parametrize("summed", [1, 13, 2**20])
@pytest.mark.parametrize("alone", [1, 2**20])
@pytest.mark.parametrize("stride", [1, 2])
def test_runs_of_any_length_add_up_to_the_same(
    summed: int, alone: int, stride: int
) -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(-9, 9, (2, 5, 12, 3)).astype(np.float32)
    w = rng.integers(-9, 9, (3, 3, 1, 3)).astype(np.float32)
    settings: dict[str, Any] = {"stride": stride, "padding": 1, "groups": 3}
    y, cache = conv_forward(x, w, **settings)

    with (
        patch.object(depthwise, "MIN_SUMMED_NUMBERS", summed),
        patch.object(depthwise, "MIN_CHANNELS_ALONE", alone),
    ):
        _, dw, _ = conv_backward(y, cache)

    _, right = loops.conv_forward(x, w, **settings)
    assert np.array_equal(dw, loops.conv_backward(y, right)[1])


def line(W: int) -> Any:
    return Axis(W, 1, 1, 1, 0, 0)


@pytest.mark.parametrize("spatial", [(1, 6), (2, 6), (3, 4), (2, 3, 4), (1, 1)])
@pytest.mark.parametrize("bad", [None, np.inf, np.nan])
def test_taps_that_read_padding_are_left_out_where_they_are_many(
    spatial: tuple[int, ...], bad: float | None
) -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(-9, 9, (2, *spatial, 3)).astype(np.float32)
    w = rng.integers(-9, 9, (*[5] * len(spatial), 1, 3)).astype(np.float32)
    if bad is not None:  # what it meets in the padding is NaN
        w[(0,) * len(spatial)] = bad

    for stride in 1, 2:
        settings = {"stride": stride, "padding": 2, "groups": 3}
        with np.errstate(invalid="ignore"):
            y, _ = conv_forward(x, w, **settings)
            wanted, _ = loops.conv_forward(x, w, **settings)
        assert np.array_equal(y, wanted, equal_nan=True)


def test_windows_are_cut_where_other_taps_read_padding() -> None:
    (tile,) = tiles(1, Window((3, 9), 5, padding=2).axes, 100)

    rows, taps = zip(*tile.bands, strict=True)

    assert rows == (slice(0, 1), slice(1, 2), slice(2, 3))
    assert taps == (slice(2, 5), slice(1, 4), slice(0, 3))


@pytest.mark.parametrize(
    "window",
    [
        Window((9, 9), 5, padding=2),  # most taps read pixels
        Window((1,), 5, padding=2),  # along a line, windows are runs
        Window((1, 1), (10**6, 1), padding=(10**6, 0)),
    ],
)
def test_windows_are_not_cut_without_need(window: Window) -> None:
    tile = next(iter(tiles(1, window.axes, 10**7)))

    ((rows, taps),) = tile.bands

    assert (rows.start, taps) == (0, slice(0, window.kernel_size[0]))


def test_windows_that_read_nothing_but_padding_give_zeros() -> None:
    x, w = np.ones((1, 1, 4, 2), np.float32), np.ones((3, 1, 1, 2), np.float32)
    b = np.array([5, 7], np.float32)

    y, _ = conv_forward(x, w, b, padding=((4, 4), (0, 0)), groups=2)

    assert y[0, :, 0, 0].tolist() == [5, 5, 6, 6, 6, 5, 5]
