"""Each defect of the notebook: its smallest case, and what is right instead.

The names s1 to s12 count the defects in the order of the notebook's lines. Every test
shows the flaw in a few lines of its own, then that our function does not have it.
"""

from typing import Any

import numpy as np
import pytest

from im2col_cnn import step_by_step as notebook
from im2col_cnn._typing import Array
from tests.notes.notebook import counting


def notebook_cache(x: Array, w: Array, **changes: Any) -> tuple[Any, ...]:
    return (
        x,
        w,
        np.zeros((1, 1, 1, w.shape[-1])),
        {"padding": 0, "stride": 1, **changes},
    )


def test_s1_sizes_come_from_the_shape_not_from_the_images() -> None:
    images = counting(4, 2, 2, 1)
    m, *_ = images  # the notebook unpacks the images themselves: four of them fit
    assert isinstance(m, np.ndarray)

    dJ_dA, _, _ = notebook.conv_backward_propogation(
        np.ones((4, 2, 2, 1)), notebook_cache(images, np.ones((1, 1, 1, 1)))
    )

    assert dJ_dA.shape == images.shape


def test_s2_rows_are_rows_and_columns_are_columns() -> None:
    x, w, dJ_dZ = counting(1, 1, 2, 1), counting(1, 1, 1, 1), counting(1, 1, 2, 1)
    swapped = [x[0, j : j + 1, i : i + 1] for i in range(1) for j in range(2)]
    assert swapped[1].size == 0  # column 1 taken for row 1, which is not there

    _, dJ_dW, _ = notebook.conv_backward_propogation(dJ_dZ, notebook_cache(x, w))

    assert dJ_dW.item() == 1 * 1 + 2 * 2


def test_s2_swapped_axes_are_silent_on_squares_and_invisible_to_ones() -> None:
    x, dJ_dZ = counting(1, 2, 2, 1), counting(1, 2, 2, 1)
    _, right, _ = notebook.conv_backward_propogation(
        dJ_dZ, notebook_cache(x, np.ones((1, 1, 1, 1)))
    )
    turned = x.swapaxes(1, 2)

    assert right.item() == np.vdot(x, dJ_dZ) != np.vdot(turned, dJ_dZ)
    assert np.vdot(x, np.ones_like(x)) == np.vdot(turned, np.ones_like(x))


def test_s3_dA_has_the_channels_of_A_not_of_Z() -> None:
    x, w = counting(1, 1, 1, 1), counting(1, 1, 1, 2)
    dA_of_the_notebook = np.zeros((1, 1, 1, w.shape[-1]))
    assert dA_of_the_notebook.shape != x.shape

    dJ_dA, _, _ = notebook.conv_backward_propogation(
        counting(1, 1, 1, 2), notebook_cache(x, w)
    )

    assert dJ_dA.tolist() == [[[[1 * 1 + 2 * 2]]]]


def test_s4_nothing_is_cut_off_where_nothing_was_padded() -> None:
    padding = 0
    assert counting(3)[padding:-padding].size == 0

    dJ_dA, _, _ = notebook.conv_backward_propogation(
        counting(1, 2, 2, 1),
        notebook_cache(counting(1, 3, 3, 1), np.ones((2, 2, 1, 1))),
    )

    assert dJ_dA[0, :, :, 0].tolist() == [[1, 3, 2], [4, 10, 6], [3, 7, 4]]


def test_s5_filters_need_not_be_square() -> None:
    f, f, *_ = counting(1, 2, 1, 1).shape  # noqa: PLW0128 — the notebook's own line
    assert f == 2  # the height 1 is forgotten

    dJ_dA, dJ_dW, _ = notebook.conv_backward_propogation(
        counting(1, 2, 1, 1), notebook_cache(counting(1, 2, 2, 1), counting(1, 2, 1, 1))
    )

    assert dJ_dA[0, :, :, 0].tolist() == [[1, 2], [2, 4]]
    assert dJ_dW[:, :, 0, 0].tolist() == [[1 * 1 + 2 * 3, 1 * 2 + 2 * 4]]


def test_s6_filters_must_read_the_channels_of_the_images() -> None:
    x, w = counting(1, 1, 1, 1), counting(1, 1, 3, 1)
    assert (x[0] * w[..., 0]).shape == (1, 1, 3)  # broadcasting hides the mistake

    with pytest.raises(
        ValueError, match=r"W must read C // groups = 1 channels .* got 3"
    ):
        notebook.conv_backward_propogation(np.ones((1, 1, 1, 1)), notebook_cache(x, w))


def test_s7_the_gradient_must_have_the_shape_of_Z() -> None:
    x, w = counting(1, 2, 2, 1), counting(1, 1, 1, 1)
    too_small = np.ones((1, 1, 1, 1))
    assert list(np.ndindex(too_small.shape[1:3])) == [(0, 0)]  # 3 windows missed

    with pytest.raises(
        ValueError, match=r"shape of Z, \(1, 2, 2, 1\), got \(1, 1, 1, 1\)"
    ):
        notebook.conv_backward_propogation(too_small, notebook_cache(x, w))


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"stride": 0}, ValueError, "stride must be at least 1, got 0"),
        ({"stride": 1.5}, TypeError, "stride must be an int .* got 1.5"),
        ({"padding": -1}, ValueError, "padding must be at least 0, got -1"),
        (
            {"strides": 1},
            ValueError,
            "must have the keys 'padding', 'stride', got .*'strides'",
        ),
    ],
)
def test_s8_hyperparameters_are_checked(
    changes: dict[str, Any], error: type[Exception], message: str
) -> None:
    assert [0 * w for w in range(3)] == [
        0,
        0,
        0,
    ]  # at stride 0 all windows are the first
    x, w = counting(1, 2, 2, 1), counting(1, 1, 1, 1)

    with pytest.raises(error, match=message):
        notebook.conv_backward_propogation(
            np.ones((1, 2, 2, 1)), notebook_cache(x, w, **changes)
        )


def test_s9_float32_stays_float32() -> None:
    assert np.zeros((1, 1)).dtype == np.float64
    x, w = np.ones((1, 1, 1, 1), np.float32), np.ones((1, 1, 1, 1), np.float32)
    b = np.zeros((1, 1, 1, 1), np.float32)

    gradients = notebook.conv_backward_propogation(
        np.ones((1, 1, 1, 1), np.float32), (x, w, b, {"padding": 0, "stride": 1})
    )

    assert [g.dtype for g in gradients] == [np.float32] * 3


def test_s10_the_mask_is_that_of_the_argument() -> None:
    dJ_dZ_slice = np.array([[9, 0], [0, 0]])  # a global the notebook reads instead
    stale = np.max(dJ_dZ_slice) == dJ_dZ_slice

    mask = notebook.max_pool(np.array([[1, 3], [2, 6]]))

    assert mask.tolist() == [[False, False], [False, True]] != stale.tolist()


def test_s11_tied_maxima_are_paid_once() -> None:
    tied = np.array([[6, 6], [2, 6]])
    assert ((np.max(tied) == tied) * 0.666).sum() == pytest.approx(3 * 0.666)

    assert (notebook.max_pool(tied) * 0.666).tolist() == [[0.666, 0], [0, 0]]


def test_s12_a_nan_does_not_make_the_gradient_vanish() -> None:
    window = np.array([[1, np.nan], [2, 6]])
    assert not (np.max(window) == window).any()

    assert notebook.max_pool(window).tolist() == [[False, True], [False, False]]
