"""Max pooling: what no law says of it; the laws are put to it in test_promises.py."""

from math import prod
from unittest.mock import patch

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from numpy.testing import assert_array_equal

from im2col_cnn import loops, max_pool_backward, max_pool_forward, max_unpool
from im2col_cnn._typing import Array
from im2col_cnn.ops import max_gradient
from im2col_cnn.testing.strategies import Case, poolings, whole_arrays
from tests.laws.operations import DIVISIBLE


@given(case=poolings())
def test_argmax_points_at_the_maximum(case: Case) -> None:
    (x,) = case.arrays
    y, cache = max_pool_forward(x, **case.settings)
    N, *_, C = x.shape
    pixels = x.reshape(N, prod(x.shape[1:-1]), C)

    argmax = cache.argmax.reshape(N, prod(y.shape[1:-1]), C)
    picked = np.take_along_axis(pixels, argmax, axis=1)

    assert_array_equal(picked.reshape(y.shape), y)
    assert_array_equal(
        cache.argmax, loops.max_pool_forward(x, **case.settings)[1].argmax
    )


@given(case=poolings(), data=st.data())
def test_where_the_winners_stay_max_pooling_is_linear(
    case: Case, data: st.DataObject
) -> None:
    (x,) = case.arrays
    for ties in ("first", "split"):
        y, cache = max_pool_forward(x, **case.settings, ties=ties)
        dy = data.draw(whole_arrays(y.shape), label="dy") * DIVISIBLE

        dx = max_pool_backward(dy, cache)

        assert np.vdot(y, dy) == np.vdot(x, dx)


@given(case=poolings(), data=st.data())
def test_where_nothing_ties_the_rule_for_ties_does_not_matter(
    case: Case, data: st.DataObject
) -> None:
    (x,) = case.arrays
    x = np.random.default_rng(x.size).permutation(x.size).reshape(x.shape)
    dy = None
    found = []
    for ties in ("first", "split", "all"):
        y, cache = max_pool_forward(x, **case.settings, ties=ties)
        dy = data.draw(whole_arrays(y.shape), label="dy") if dy is None else dy
        found.append(max_pool_backward(dy, cache))

    assert_array_equal(found[0], found[1])
    assert_array_equal(found[0], found[2])


@given(case=poolings())
def test_unpooling_side_by_side_is_undone_by_pooling(case: Case) -> None:
    (x,) = case.arrays
    x = np.abs(x) + 1
    settings = {
        **case.settings,
        "stride": None,
        "dilation": 1,
        "padding": 0,
        "ceil_mode": True,
    }
    y, cache = max_pool_forward(x, **settings)

    unpooled = max_unpool(y, cache.argmax, x.shape[1:-1])

    assert_array_equal(max_pool_forward(unpooled, **settings)[0], y)
    assert_array_equal(unpooled, np.where(unpooled, x, 0))


@pytest.mark.parametrize(
    ("dtype", "lowest"),
    [(np.int8, -128), (np.uint8, 0), (np.bool_, False), (np.float32, -np.inf)],
)
def test_padding_never_wins(dtype: type, lowest: float) -> None:
    x: Array = np.full((1, 2, 2, 1), lowest, dtype)

    y, cache = max_pool_forward(x, 3, padding=1, stride=1)

    assert y.dtype == dtype
    assert (y == lowest).all()
    assert_array_equal(cache.argmax, 0)


def test_a_nan_wins_its_window_and_gets_its_gradient() -> None:
    x = np.array([9.0, np.nan, np.nan, 1]).reshape(1, 2, 2, 1)

    y, cache = max_pool_forward(x, 2)
    dx = max_pool_backward(np.full((1, 1, 1, 1), 5.0), cache)

    assert np.isnan(y).all()
    assert dx.ravel().tolist() == [0, 5, 0, 0]


def test_overlapping_windows_add_up_in_the_pixel_that_wins_them_all() -> None:
    x = np.array([0, 9, 0]).reshape(1, 3, 1)

    _, cache = max_pool_forward(x, 2, stride=1)

    assert max_pool_backward([[[2], [3]]], cache).ravel().tolist() == [0, 5, 0]


def test_whole_gradients_do_not_overflow_the_dtype_of_the_images() -> None:
    _, cache = max_pool_forward(np.array([[[1], [9], [1]]], np.uint8), 2, stride=1)

    dx = max_pool_backward(np.array([[[200], [200]]], np.uint8), cache)

    assert dx.ravel().tolist() == [0, 400, 0]


@pytest.mark.parametrize("wrong", [-1, 4])
def test_an_index_outside_the_image_is_refused(wrong: int) -> None:
    with pytest.raises(
        ValueError, match=r"argmax must lie between 0 and 3 in a 2x2 im"
    ):
        max_unpool(np.ones((1, 1, 1, 1)), np.full((1, 1, 1, 1), wrong), 2)


def test_an_argmax_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="argmax must have the shape of y"):
        max_unpool(np.ones((1, 1, 1, 1)), np.zeros((1, 1), int), 2)


def test_images_that_changed_since_forward_pay_nobody_rather_than_fail() -> None:
    x = np.arange(64.0).reshape(1, 8, 8, 1)
    y, cache = max_pool_forward(x, 4)

    x[...] = 0  # the cache holds the images themselves: no pixel is its maximum now

    assert not max_pool_backward(y, cache).any()


@given(data=st.data())
def test_windows_side_by_side_pay_their_first_maximum_and_no_other(
    data: st.DataObject,
) -> None:
    kernel = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    stops = [data.draw(st.integers(1, 3)) for _ in kernel]
    rest = [data.draw(st.integers(0, size - 1)) for size in kernel]
    spatial = [k * n + r for k, n, r in zip(kernel, stops, rest, strict=True)]
    N, C = data.draw(st.integers(0, 3)), data.draw(st.integers(1, 3))
    dtype = data.draw(st.sampled_from(["float64", "float32", "float16", "int16"]))
    levels = data.draw(st.integers(0, 5))  # with few of them, maxima tie
    x = data.draw(whole_arrays((N, *spatial, C), dtype, low=0, high=levels)).copy()
    if x.dtype.kind == "f":
        x[x == levels] = data.draw(st.sampled_from([levels, np.nan, np.inf]))
    _, cache = max_pool_forward(x, kernel)
    _, right = loops.max_pool_forward(x, kernel)
    dy = data.draw(whole_arrays((N, *stops, C), dtype))
    few = data.draw(st.sampled_from([0, 2**30]), label="taps that go one by one")
    sampled = data.draw(st.sampled_from([0, 2**30]), label="windows worth a sample")
    searched = data.draw(st.sampled_from([1, 2, 2**30]), label="parts of a tile")

    with (
        patch.object(max_gradient, "MAX_TAPS_ONE_BY_ONE", few),
        patch.object(max_gradient, "MIN_SAMPLED_WINDOWS", sampled),
        patch.object(max_gradient, "MIN_SAMPLED_CHANNELS", 1),
        patch.object(max_gradient, "SEARCHED_PARTS", searched),
    ):
        dx = max_pool_backward(dy, cache)

    assert_array_equal(dx, loops.max_pool_backward(dy, right), strict=True)


@pytest.mark.parametrize("parts", [1, 3, 2**30])
@pytest.mark.parametrize("row", range(8))
def test_a_single_tie_is_found_wherever_it_is(row: int, parts: int) -> None:
    x = np.random.default_rng(row).permutation(288).reshape(2, 8, 6, 3)
    window = x.reshape(2, 4, 2, 3, 2, 3)[row // 4, row % 4, :, row % 3, :, 1]
    window[0, 1] = window[1, 1] = 999  # a view of x
    y, cache = max_pool_forward(x, 2)
    _, right = loops.max_pool_forward(x, 2)

    with (
        patch.object(max_gradient, "MAX_TAPS_ONE_BY_ONE", 0),
        patch.object(max_gradient, "SEARCHED_PARTS", parts),
    ):
        dx = max_pool_backward(y, cache)

    assert_array_equal(dx, loops.max_pool_backward(y, right))
