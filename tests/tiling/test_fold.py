"""Folding: what comes together at a pixel is added up, and meets nothing else."""

from typing import Any

import numpy as np
import pytest

from im2col_cnn import Window, conv_backward, conv_forward, loops
from im2col_cnn.tiling.phases import folding_is_faster
from tests.laws.operations import assert_same


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_weights_that_are_not_finite_spoil_only_the_pixels_of_their_windows(
    stride: int, bad: float
) -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(1, 9, (2, 6, 7, 3)).astype(float)
    w = rng.integers(1, 9, (3, 2, 3, 4)).astype(float)
    w[2, 0, 1, 3] = bad
    settings: dict[str, Any] = {"stride": stride, "padding": ((2, 0), (1, 1))}
    with np.errstate(invalid="ignore"):
        y, cache = conv_forward(x, w, **settings)
        right, loop_cache = loops.conv_forward(x, w, **settings)
        dy = rng.integers(1, 9, y.shape).astype(float)

        dx, _, _ = conv_backward(dy, cache)
        loop_dx, _, _ = loops.conv_backward(dy, loop_cache)

    assert_same([y, dx], [right, loop_dx])


@pytest.mark.parametrize(
    ("C", "F", "kernel", "stride", "folds"),
    [(3, 64, 7, 2, True), (6, 16, 5, 1, True), (64, 64, 3, 1, False)],
    ids=["stem", "lenet2", "res2_3x3"],
)
def test_windows_are_folded_where_that_takes_less_than_convolving_dy(
    C: int, F: int, kernel: int, stride: int, folds: bool
) -> None:
    axes = Window((14, 14), kernel, stride=stride).axes

    assert folding_is_faster(axes, C, F, 4, stride > 1) == folds
