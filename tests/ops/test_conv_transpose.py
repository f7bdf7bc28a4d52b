"""A transposed convolution is the adjoint of a convolution, in both directions."""

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from numpy.testing import assert_array_equal

from im2col_cnn import (
    conv_backward,
    conv_forward,
    conv_transpose_backward,
    conv_transpose_forward,
    loops,
)
from im2col_cnn._typing import Array
from im2col_cnn.testing.strategies import Case, convolutions, whole_arrays


@given(case=convolutions(), data=st.data())
def test_forward_is_what_convolution_does_to_dy(
    case: Case, data: st.DataObject
) -> None:
    x, w, _ = case.arrays
    y, cache = conv_forward(x, w, **case.settings)
    dy = data.draw(whole_arrays(y.shape), label="dy")
    dx, _, _ = conv_backward(dy, cache)

    painted, _ = conv_transpose_forward(
        dy, w, **case.settings, output_size=x.shape[1:-1]
    )

    assert_array_equal(painted, dx)


@given(case=convolutions(), data=st.data())
def test_backward_is_the_convolution(case: Case, data: st.DataObject) -> None:
    x, w, _ = case.arrays
    y, cache = conv_forward(x, w, **case.settings)
    dy = data.draw(whole_arrays(y.shape), label="dy")
    _, dw, _ = conv_backward(dy, cache)
    _, painting = conv_transpose_forward(
        dy, w, **case.settings, output_size=x.shape[1:-1]
    )

    back, dw_of_painting, db = conv_transpose_backward(x, painting)

    assert_array_equal(back, y)
    assert_array_equal(dw_of_painting, dw)
    assert db is None


def ones(*shape: int) -> Array:
    return np.ones(shape)


@pytest.mark.parametrize(
    ("settings", "size"),
    [
        ({}, 6),
        ({"stride": 2}, 9),
        ({"stride": 2, "output_padding": 1}, 10),
        ({"stride": 2, "padding": 1}, 7),
        ({"stride": 3, "padding": ((1, 2),), "output_padding": 2}, 11),
        ({"stride": 2, "dilation": 2}, 11),
        ({"stride": 2, "padding": "same"}, 8),
        ({"stride": 2, "padding": "same", "output_size": 7}, 7),
        ({"stride": 4, "padding": "same_lower"}, 16),
        ({"stride": 2, "output_size": 10}, 10),
    ],
    ids=str,
)
def test_the_size_is_the_size_formula_turned_around(
    settings: dict[str, Any], size: int
) -> None:
    y, _ = conv_transpose_forward(ones(1, 4, 1), ones(3, 1, 1), **settings)

    assert y.shape == (1, size, 1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"output_padding": 1},
            r"less than the stride or the dilation, \(1,\) and \(1,\), got \(1,\)",
        ),
        (
            {"stride": 2, "dilation": 3, "output_padding": 3},
            r"less than the stride or the dilation, \(2,\) and \(3,\), got \(3,\)",
        ),
        ({"output_padding": -1}, "output_padding must be at least 0, got -1"),
        ({"padding": 3}, "padding must leave something of the output, got a size of 0"),
        (
            {"stride": 2, "output_size": 8},
            "reduces to the size of x, 4, got 8, which it reduces to 3",
        ),
        (
            {"stride": 2, "output_size": 9, "output_padding": 1},
            "output_padding must be 0 with output_size=9, got 1: give output_size al",
        ),
        (
            {"stride": 2, "padding": "same", "output_padding": 1},
            'output_padding must be 0 with padding="same", got 1',
        ),
        (
            {"groups": 2},
            r"w must have axes \(\*kernel_size, F // groups, C\), with C = 1",
        ),
    ],
    ids=str,
)
def test_an_output_that_cannot_be_is_refused(
    settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        conv_transpose_forward(ones(1, 4, 1), ones(3, 1, 1), **settings)


@pytest.mark.parametrize(
    "layer",
    [conv_transpose_forward, loops.conv_transpose_forward],
    ids=["fast", "loops"],
)
@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ({"dilation": 2, "output_padding": 1}, [6, 15, 7, 25, 8, 35, 5]),
        (
            {"dilation": 3, "output_padding": 2, "padding": 1},
            [15, 5, 7, 25, 5, 8, 35, 5],
        ),
        (
            {"dilation": 3, "output_padding": 2, "padding": 3, "stride": 2},
            [7, 5, 25, 8, 5],
        ),
    ],
    ids=str,
)
def test_output_padding_below_the_dilation_adds_pixels_as_in_pytorch(
    layer: Any, settings: dict[str, Any], wanted: list[int]
) -> None:
    x, w = np.array([1, 10]).reshape(1, 2, 1), np.array([1, 2, 3]).reshape(3, 1, 1)

    y, _ = layer(x, w, [5], **settings)

    assert y.ravel().tolist() == wanted


@given(data=st.data())
def test_gradients_reach_as_far_as_the_output_padding(data: st.DataObject) -> None:
    dilation, stride, padding = (data.draw(st.integers(1, 4)) for _ in range(3))
    extra = data.draw(st.integers(0, max(stride, dilation) - 1))
    settings: dict[str, Any] = {"dilation": dilation, "stride": stride, "groups": 2}
    settings["output_padding"] = (extra, 0)
    settings["padding"] = ((0, data.draw(st.integers(0, padding))), 0)
    x = data.draw(whole_arrays((2, 3, 2, 4)), label="x")
    w = data.draw(whole_arrays((3, 2, 1, 4)), label="w")
    y, cache = conv_transpose_forward(x, w, [1, 2], **settings)
    y_loops, cache_loops = loops.conv_transpose_forward(x, w, [1, 2], **settings)
    dy = data.draw(whole_arrays(y.shape), label="dy")

    found = conv_transpose_backward(dy, cache)
    wanted = loops.conv_transpose_backward(dy, cache_loops)

    assert_array_equal(y, y_loops)
    for ours, theirs in zip(found, wanted, strict=True):
        assert_array_equal(ours, theirs)
    bias = np.vdot(np.broadcast_to([1, 2], y.shape), dy)
    assert np.vdot(x, found[0]) == np.vdot(w, found[1]) == np.vdot(y, dy) - bias


def test_the_bias_is_added_to_every_pixel_painted_or_not() -> None:
    y, cache = conv_transpose_forward(
        ones(1, 2, 1), ones(1, 1, 1), [5], stride=3, output_padding=2
    )
    _, _, db = conv_transpose_backward(np.ones_like(y), cache)

    assert y.ravel().tolist() == [6, 5, 5, 6, 5, 5]
    assert db is not None
    assert db.tolist() == [6]
