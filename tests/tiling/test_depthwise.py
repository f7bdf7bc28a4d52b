"""Runs of outputs for which kernels of single channels are written out."""

from typing import Any

import numpy as np
import pytest

from im2col_cnn.axis import Axis
from im2col_cnn.tiling import depthwise


@pytest.mark.parametrize("C", [1, 3, 64, 2000])
@pytest.mark.parametrize("W", [1, 7, 56, 97, 1024])
def test_a_run_is_the_shortest_part_of_a_line_that_is_long_enough(
    W: int, C: int
) -> None:
    w = np.zeros((3, 3, 1, C), np.float32)

    stops = depthwise.stops_per_run((line(W),), w)

    parts = [n for n in range(1, W + 1) if W % n == 0]
    long = [n for n in parts if n * C >= depthwise.MIN_RUN_NUMBERS] or [W]
    fits = w.nbytes * long[0] <= depthwise.MAX_LINES_BYTES
    assert stops == (long[0] if fits else 1)


def test_a_line_of_any_length_is_answered_at_once() -> None:
    w = np.zeros((3, 3, 1, 1), np.float32)

    assert depthwise.stops_per_run((line(2**31 - 1),), w) == 1  # a prime


def line(W: int) -> Any:
    return Axis(W, 1, 1, 1, 0, 0)
