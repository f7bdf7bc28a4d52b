"""Corners that once went wrong: each was found by somebody who tried it."""

# mypy: disable-error-code="arg-type"
# Wrong types are among the cases.

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import im2col_cnn as ours
from im2col_cnn import Window, loops
from im2col_cnn._typing import Array

LARGEST = 2**64 - 1


@pytest.mark.parametrize(
    ("x", "w", "settings"),
    [
        ((1, 5, 1), (3, 1, 0), {}),
        ((2, 4, 4, 3), (2, 2, 1, 0), {"groups": 3}),
        ((2, 4, 4, 0), (2, 2, 0, 3), {"padding": 1}),
        ((0, 4, 4, 2), (2, 2, 2, 3), {"stride": 2}),
    ],
)
def test_no_filters_and_no_channels_are_as_for_the_loops(
    x: tuple[int, ...], w: tuple[int, ...], settings: dict[str, Any]
) -> None:
    y, cache = ours.conv_forward(np.ones(x), np.ones(w), **settings)
    y_loops, cache_loops = loops.conv_forward(np.ones(x), np.ones(w), **settings)
    dy = np.ones(y.shape)

    assert_array_equal(y, y_loops, strict=True)
    found = ours.conv_backward(dy, cache)
    for gradient, wanted in zip(
        found, loops.conv_backward(dy, cache_loops), strict=True
    ):
        assert_array_equal(gradient, wanted)


def test_no_channels_can_be_normalized() -> None:
    _, cache = ours.batch_norm_forward(np.zeros((4, 0)), [], [])

    dx, dgamma, _ = ours.batch_norm_backward(np.zeros((4, 0)), cache)

    assert dx.shape == (4, 0)
    assert dgamma.shape == (0,)


def test_no_channels_can_be_painted() -> None:
    x, w = np.ones((1, 5, 0)), np.ones((3, 1, 0))

    y, _ = ours.conv_transpose_forward(x, w, stride=2)

    assert_array_equal(y, np.zeros((1, 11, 1)))


def test_a_kernel_much_wider_than_the_image_walks_only_over_the_image() -> None:
    window = Window(3, 10**6, padding=5 * 10**5)

    assert len(list(window.taps())) <= 3 + window.output_size[0]
    assert (
        ours.max_pool_forward([[[1], [9], [2]]], 10**6, padding=5 * 10**5)[0].max() == 9
    )


@pytest.mark.parametrize("call", [ours.im2col, ours.windows])
def test_numbers_that_are_only_copied_may_be_of_any_size(
    call: Callable[..., Array],
) -> None:
    x: Array = np.full((1, 3, 1), LARGEST, np.uint64)

    assert (call(x, 2) == LARGEST).all()
    assert ours.max_pool_forward(x, 3)[0].item() == LARGEST


def test_an_argmax_may_be_unsigned() -> None:
    y, cache = ours.max_pool_forward(np.arange(4.0).reshape(1, 4, 1), 2)

    found = ours.max_unpool(y, cache.argmax.astype(np.uint64), 4)

    assert found.ravel().tolist() == [0, 1, 0, 3]


def test_certain_and_right_costs_nothing() -> None:
    assert ours.sigmoid_cross_entropy([np.inf, -np.inf], [1, 0])[0] == 0
    assert str(ours.softmax_cross_entropy([[1e4, 0.0]], [0])[0]) == "0.0"


@pytest.mark.parametrize(
    "call",
    [
        lambda: ours.softmax_forward([0.0, 1000.0]),
        lambda: ours.log_softmax_forward([0.0, 1000.0]),
        lambda: ours.sigmoid_forward([1000.0]),
        lambda: ours.sigmoid_cross_entropy([1000.0], [1]),
        lambda: ours.softmax_cross_entropy([[1e4, 0.0]], [0]),
        lambda: ours.lp_pool_forward(np.array([[[1e-30], [1.0]]]), 2, p=20),
    ],
    ids=["softmax", "log_softmax", "sigmoid", "binary", "cross_entropy", "lp_pool"],
)
def test_who_hunts_nans_is_not_led_astray(call: Callable[[], object]) -> None:
    with np.errstate(all="raise"):
        call()


@pytest.mark.parametrize(
    "forward", [ours.relu_forward, ours.leaky_relu_forward, ours.tanh_forward]
)
def test_a_lone_number_is_an_array_without_axes(forward: Callable[..., Any]) -> None:
    assert isinstance(forward(3.5)[0], np.ndarray)


def test_writing_into_the_output_of_relu_does_not_change_its_gradient() -> None:
    y, cache = ours.relu_forward([1.0, -1.0])
    y -= 1

    assert ours.relu_backward([1.0, 1.0], cache).tolist() == [1, 0]


def test_the_first_layer_need_not_compute_dx() -> None:
    for module in (ours, loops):
        y, cache = module.conv_transpose_forward(np.ones((1, 2, 1)), np.ones((2, 1, 1)))
        dx, dw, _ = module.conv_transpose_backward(y, cache, input_gradient=False)

        assert dx is None
        assert dw.ravel().tolist() == [3, 3]


@pytest.mark.parametrize("setting", [np.array(1), np.int8(1), [1], np.array([1])])
def test_a_setting_may_be_any_kind_of_whole_number(setting: Any) -> None:
    x = np.ones((1, 4, 1))

    y, _ = ours.conv_forward(
        x, np.ones((3, 1, 1)), stride=setting, padding=setting, dilation=setting
    )

    assert y.shape == (1, 4, 1)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda x: ours.im2col(x, iter((2, 2))),
            TypeError,
            "kernel_size must be an int",
        ),
        (lambda x: ours.im2col(x, {2}), TypeError, "kernel_size must be an int"),
        (
            lambda x: ours.conv_forward(x, np.ones((0, 2, 1, 1))),
            ValueError,
            "w must have at least one tap per axis",
        ),
        (lambda _: Window(2**70, 1), ValueError, r"spatial must be less than 2\*\*31"),
        (lambda _: Window(5, 2).explain(N=1.5), TypeError, "N must be an int, got 1.5"),
        (
            lambda _: Window(5, 2).explain(C=-2),
            ValueError,
            "C must be at least 0, got -2",
        ),
        (
            lambda _: Window(5, 2).columns_bytes(dtype="foo"),
            TypeError,
            "dtype must name a dtype, got 'foo'",
        ),
        (
            lambda _: Window(5, 2).reads(count_padding="no"),
            TypeError,
            "count_padding must be True or False",
        ),
        (
            lambda _: ours.softmax_cross_entropy([[0.0, 0.0]], [[0, 1]]),
            ValueError,
            r"for one-hot labels, use labels.astype\(float\)",
        ),
        (
            lambda _: ours.softmax_cross_entropy([[0.0, 0.0]], [[1]]),
            ValueError,
            r"labels must have shape \(1,\), .* squeeze them",
        ),
        (
            lambda _: ours.leaky_relu_forward([1.0], slope=10**400),
            ValueError,
            "slope must be finite",
        ),
        (
            lambda x: ours.avg_pool_forward(np.ma.masked_equal(x, 1), 2),
            TypeError,
            "x must not be masked",
        ),
        (
            lambda x: ours.batch_norm_forward(x, [1], [0], running_var=[-1]),
            ValueError,
            "running_var must be at least 0, got -1",
        ),
    ],
    ids=range(13),
)
def test_what_cannot_be_is_refused_by_name(
    call: Callable[[Array], object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        call(np.ones((1, 3, 3, 1)))
