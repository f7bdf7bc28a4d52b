"""Painting windows: what was in the memory of a result is in no result."""

from typing import Any
from unittest.mock import patch

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from numpy.testing import assert_array_equal

from im2col_cnn import (
    avg_pool_backward,
    avg_pool_forward,
    conv_backward,
    conv_forward,
    loops,
    max_pool_backward,
    max_pool_forward,
)
from im2col_cnn._typing import Array, Shape
from im2col_cnn.ops import avg_pool, max_gradient
from im2col_cnn.testing.strategies import Case, poolings, whole_arrays
from im2col_cnn.tiling import depthwise, dispatch, phases
from im2col_cnn.tiling.workspace import workspace
from tests.laws.operations import DIVISIBLE

SIZES = [1, 2000, 2**26]  # bytes: windows one by one, a few, or all of them at once


def full_of_nan(shape: Shape, dtype: Any) -> Array:
    """Return memory as bad as can be."""
    dtype = np.dtype(dtype)
    return np.full(shape, np.nan if dtype.kind == "f" else 99, dtype)


@pytest.mark.parametrize("dtype", ["float32", "float16", "int64"])
@pytest.mark.parametrize("size", SIZES)
@given(case=poolings(), data=st.data())
def test_pixels_that_no_window_writes_to_get_zero_in_any_memory(
    size: int, dtype: str, case: Case, data: st.DataObject
) -> None:
    (x,) = case.arrays
    y, cache = max_pool_forward(x, **case.settings)
    _, means = avg_pool_forward(x, **case.settings)
    dy = data.draw(whole_arrays(y.shape, dtype), label="dy")
    dividable = dy.astype(np.float32) * DIVISIBLE

    with (
        patch.object(max_gradient, "empty_result", full_of_nan),
        patch.object(avg_pool, "empty_result", full_of_nan),
        workspace(size),
    ):
        dx = max_pool_backward(dy, cache)
        shared = avg_pool_backward(dividable, means)

    _, right = loops.max_pool_forward(x, **case.settings)
    assert_array_equal(dx, loops.max_pool_backward(dy, right))
    _, means_right = loops.avg_pool_forward(x, **case.settings)
    assert_array_equal(shared, loops.avg_pool_backward(dividable, means_right))


@pytest.mark.parametrize("groups", [1, 3])
@pytest.mark.parametrize("stride", [1, 2, 4])
@pytest.mark.parametrize("size", SIZES)
def test_folding_adds_to_zeros_in_any_memory(
    size: int, stride: int, groups: int
) -> None:
    rng = np.random.default_rng(0)
    x, w = (
        rng.integers(-3, 4, shape).astype(np.float32)
        for shape in [(2, 11, 10, 3), (3, 3, 3 // groups, 6)]
    )
    settings: dict[str, Any] = {"stride": stride, "groups": groups}
    y, cache = conv_forward(x, w, **settings)

    with (
        patch.object(dispatch, "empty_result", full_of_nan),
        patch.object(phases, "is_finite", return_value=False),
        patch.object(depthwise, "is_finite", return_value=False),
        workspace(size),
    ):
        dx, _, _ = conv_backward(y, cache)

    _, right = loops.conv_forward(x, w, **settings)
    assert_array_equal(dx, loops.conv_backward(y, right)[0])
