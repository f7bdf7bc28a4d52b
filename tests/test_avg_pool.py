"""Average pooling shares: every pixel of a window gets the same part."""

from typing import Any

import hypothesis.strategies as st
import numpy as np
from hypothesis import given
from numpy.testing import assert_array_equal

from im2col_cnn import avg_pool_backward, avg_pool_forward
from im2col_cnn.testing.strategies import Case, poolings, whole_arrays
from tests.operations import DIVISIBLE


@given(case=poolings(), include=st.booleans(), data=st.data())
def test_backward_is_the_adjoint_of_forward(
    case: Case, include: bool, data: st.DataObject
) -> None:
    (x,) = case.arrays
    x = x * DIVISIBLE
    y, cache = avg_pool_forward(x, **case.settings, count_include_pad=include)
    dy = data.draw(whole_arrays(y.shape), label="dy") * DIVISIBLE

    assert np.vdot(y, dy) == np.vdot(x, avg_pool_backward(dy, cache))


@given(case=poolings())
def test_the_mean_of_a_constant_is_the_constant(case: Case) -> None:
    (x,) = case.arrays

    y, _ = avg_pool_forward(np.full_like(x, 7), **case.settings)

    assert (y == 7).all()


def test_padding_counts_only_if_told_so_and_never_beyond_itself() -> None:
    x = np.full((1, 3, 1), 6.0)
    settings: dict[str, Any] = {"padding": ((1, 0),), "stride": 2, "ceil_mode": True}

    plain, _ = avg_pool_forward(x, 3, **settings)
    counted, _ = avg_pool_forward(x, 3, **settings, count_include_pad=True)

    # The windows read (pad, 6, 6) and (6, 6, beyond).
    assert plain.ravel().tolist() == [6, 6]
    assert counted.ravel().tolist() == [4, 6]


def test_means_of_whole_numbers_are_float64() -> None:
    y, cache = avg_pool_forward(np.array([[[1], [2]]], np.uint8), 2)

    assert_array_equal(y, [[[1.5]]], strict=True)
    assert_array_equal(avg_pool_backward([[[1]]], cache), [[[0.5], [0.5]]], strict=True)
