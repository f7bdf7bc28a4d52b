"""Groups of few channels: multiplied in stacks, they see no more of each other."""

import warnings
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from im2col_cnn import conv_backward, conv_forward, loops, threads
from im2col_cnn._typing import Array
from im2col_cnn.tiling import dispatch, grouped, wide_windows
from im2col_cnn.tiling.workspace import workspace
from tests.laws.operations import assert_same


def whole(*shape: int, seed: int = 0) -> Array:
    rng = np.random.default_rng(seed)
    return rng.integers(-3, 4, shape).astype(np.float32)


@np.errstate(invalid="ignore")  # inf meets zeros in its own group
@pytest.mark.parametrize("cost", [0, wide_windows.WIDENING_COST])
@pytest.mark.parametrize("bad", [np.inf, np.nan])
def test_what_is_not_finite_in_one_group_is_in_no_other(
    bad: float, cost: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wide_windows, "WIDENING_COST", cost)
    x, w = whole(2, 7, 8, 6), whole(3, 3, 2, 12)
    x[0, 3, 4, 2] = bad  # the second of three groups
    settings: dict[str, Any] = {"padding": 1, "groups": 3}
    y, cache = conv_forward(x, w, **settings)
    dy = whole(*y.shape, seed=1)
    dy[1, 5, 5, 9] = bad  # the third

    dx, dw, _ = conv_backward(dy, cache)

    right, kept = loops.conv_forward(x, w, **settings)
    assert_array_equal(y, right)
    right_dx, right_dw, _ = loops.conv_backward(dy, kept)
    assert_array_equal(dx, right_dx)
    assert_array_equal(dw, right_dw)
    assert np.isfinite(y[..., :4]).all()
    assert np.isfinite(dw[..., :4]).all()


@pytest.mark.parametrize("channels", [2, 3, 32, 33])
@pytest.mark.parametrize("settings", [{}, {"stride": 2}, {"dilation": 2}])
def test_few_or_many_channels_give_the_same(
    channels: int, settings: dict[str, Any]
) -> None:
    x, w = whole(3, 11, 12, 2 * channels), whole(3, 3, channels, 2 * 5)
    found = []
    for most in (0, 32, 2**30):
        with patch.object(dispatch, "MAX_NARROW_CHANNELS", most), workspace(2**17):
            y, cache = conv_forward(x, w, whole(10), padding=1, groups=2, **settings)
            found.append([y, *conv_backward(y, cache)])

    for others in found[1:]:
        assert_same(others, found[0])


def test_a_heavy_kernel_is_not_copied_for_all_groups() -> None:
    x, w = whole(1, 6, 6, 8), whole(3, 3, 4, 8)

    with (
        patch.object(dispatch, "MAX_KERNEL_BYTES", w.nbytes - 1),
        patch.object(grouped, "correlate", side_effect=AssertionError),
    ):
        y, cache = conv_forward(x, w, groups=2)
        conv_backward(y, cache)


@pytest.mark.parametrize("shape", [(2, 2), (4, 4), (3, 16)])
@pytest.mark.parametrize("stride", [1, 2])
def test_stacks_are_the_same_bit_by_bit_on_any_number_of_threads(
    shape: tuple[int, int], stride: int
) -> None:
    C, F = shape
    rng = np.random.default_rng(0)
    x = rng.standard_normal((5, 24, 24, 8 * C), np.float32)
    w = rng.standard_normal((3, 3, C, 8 * F), np.float32)
    b = rng.standard_normal(8 * F, np.float32)
    found = []
    for count in 1, 2, 3, 7:
        with threads(count), workspace(2**18):
            y, cache = conv_forward(x, w, b, stride=stride, groups=8)
            found.append([y, *conv_backward(np.cos(y), cache)])

    for others in found[1:]:
        assert_same(others, found[0])


@pytest.mark.parametrize(("place", "warns"), [(1, True), (6, False)])
def test_only_what_meets_in_a_window_warns(
    place: int, warns: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wide_windows, "WIDENING_COST", 0)
    x, dy = np.zeros((1, 12, 4), np.float32), np.zeros((1, 12, 4), np.float32)
    x[0, 0] = dy[0, place] = 1e30  # one wide window holds both
    w = np.ones((3, 2, 4), np.float32)
    _, cache = conv_forward(x, w, padding=1, groups=2)

    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        _, dw, _ = conv_backward(dy, cache)

    assert bool(found) == warns
    assert np.isinf(dw).any() == warns
