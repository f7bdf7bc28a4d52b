"""Each defect of the notebook: its smallest case, and what is right instead.

The names s1 to s12 count the defects in the order of the notebook's lines. Every test
shows the flaw in a few lines of its own, then that our function does not have it.
"""

# mypy: disable-error-code="arg-type"
# Wrong types are among the cases.

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from numpy.testing import assert_array_equal

from im2col_cnn import conv_backward, conv_forward, loops
from im2col_cnn import step_by_step as notebook
from im2col_cnn._typing import Array
from im2col_cnn.testing.strategies import Case, convolutions, whole_arrays
from im2col_cnn.testing.support import Support


def counting(*shape: int) -> Array:
    """Return 1, 2, 3, ... in the given shape."""
    return np.arange(1.0, np.prod(shape) + 1).reshape(shape)


def notebook_cache(x: Array, w: Array, **changes: Any) -> tuple[Any, ...]:
    return (
        x,
        w,
        np.zeros((1, 1, 1, w.shape[-1])),
        {"padding": 0, "stride": 1, **changes},
    )


@given(
    case=convolutions(support=Support(axes=(2,), dilation="none", groups=False)),
    data=st.data(),
)
def test_the_notebooks_functions_are_ours_under_its_own_names(
    case: Case, data: st.DataObject
) -> None:
    x, w, b = case.arrays
    hyperparameters = {name: case.settings[name] for name in ("padding", "stride")}
    y, ours = conv_forward(x, w, b, **hyperparameters)
    dy = data.draw(whole_arrays(y.shape), label="dy")

    Z, cache = notebook.conv_forward_propogation(x, w, b, hyperparameters)
    found = notebook.conv_backward_propogation(dy, cache)

    assert_array_equal(Z, y)
    assert [g.shape for g in found] == [x.shape, w.shape, (1, 1, 1, w.shape[-1])]
    for gradient, wanted in zip(found, conv_backward(dy, ours), strict=True):
        assert wanted is not None
        assert_array_equal(gradient.ravel(), wanted.ravel())


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
        ValueError, match=r"w must read C // groups = 1 channels .* got 3"
    ):
        notebook.conv_backward_propogation(np.ones((1, 1, 1, 1)), notebook_cache(x, w))


def test_s7_the_gradient_must_have_the_shape_of_Z() -> None:
    x, w = counting(1, 2, 2, 1), counting(1, 1, 1, 1)
    too_small = np.ones((1, 1, 1, 1))
    assert list(np.ndindex(too_small.shape[1:3])) == [(0, 0)]  # 3 windows missed

    with pytest.raises(
        ValueError, match=r"shape of y, \(1, 2, 2, 1\), got \(1, 1, 1, 1\)"
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


def test_the_notebooks_own_examples() -> None:
    mask = notebook.max_pool(np.array([[1, 3], [2, 6]]))

    assert (mask * 0.666).tolist() == [[0, 0], [0, 0.666]]
    assert_array_equal(notebook.average_pool(0.666, (2, 2)), np.full((2, 2), 0.1665))
    assert notebook.average_pool(np.float32(1), (2, 2)).dtype == np.float32


@pytest.mark.parametrize("mode", ["max", "average"])
def test_pooling_goes_through_whole_batches(mode: str) -> None:
    A_prev = counting(2, 5, 4, 3)
    Z, cache = notebook.pool_forward(A_prev, {"f": 2, "stride": 2}, mode)
    dJ_dZ = counting(*Z.shape)

    dJ_dA = notebook.pool_backward(dJ_dZ, cache, mode)

    pool = "max_pool" if mode == "max" else "avg_pool"
    Z_loops, cache_loops = getattr(loops, f"{pool}_forward")(A_prev, 2)
    assert_array_equal(Z, Z_loops)
    assert_array_equal(dJ_dA, getattr(loops, f"{pool}_backward")(dJ_dZ, cache_loops))


def test_each_window_of_pool_backward_is_what_the_helpers_say() -> None:
    A_prev, dJ_dZ = counting(1, 4, 4, 1), counting(1, 2, 2, 1)
    cache = A_prev, {"f": 2, "stride": 2}
    by_max = notebook.pool_backward(dJ_dZ, cache, "max")
    by_mean = notebook.pool_backward(dJ_dZ, cache, "average")

    for i, j in np.ndindex(2, 2):
        here = 0, slice(2 * i, 2 * i + 2), slice(2 * j, 2 * j + 2), 0
        owed = dJ_dZ[0, i, j, 0]
        assert_array_equal(by_max[here], notebook.max_pool(A_prev[here]) * owed)
        assert_array_equal(by_mean[here], notebook.average_pool(owed, (2, 2)))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: notebook.max_pool([]),
            ValueError,
            "Z_slice must hold at least one pixel",
        ),
        (
            lambda: notebook.average_pool("1", 2),
            TypeError,
            "dJ_dZ_slice must hold real",
        ),
        (lambda: notebook.average_pool([1, 2], 2), ValueError, "must be one number"),
        (
            lambda: notebook.average_pool(1, (0, 2)),
            ValueError,
            "shape must be at least 1",
        ),
        (
            lambda: notebook.conv_backward_propogation(1, (1, 2, 3)),
            TypeError,
            r"cache must be the tuple \(A_prev, W, b, hyperparameters\), got \(1, 2",
        ),
        (
            lambda: notebook.conv_forward_propogation(
                counting(1, 2, 2, 1),
                counting(2, 2, 1, 3),
                None,
                {"padding": 0, "stride": 1},
            ),
            TypeError,
            r"b must hold one number per filter, got None: np.zeros\(\(1, 1, 1, n_C",
        ),
        (
            lambda: notebook.conv_backward_propogation(
                counting(1, 1, 1, 3),
                (
                    counting(1, 2, 2, 1),
                    counting(2, 2, 1, 3),
                    None,
                    {"padding": 0, "stride": 1},
                ),
            ),
            TypeError,
            "b must hold one number per filter, got None",
        ),
        (
            lambda: notebook.pool_forward(counting(1, 2, 2, 1), {"f": 2}),
            ValueError,
            "hyperparameters must have the keys 'f', 'stride', got 'f'",
        ),
        (
            lambda: notebook.pool_forward(counting(1, 2, 2, 1), 2),
            TypeError,
            "hyperparameters must be a dict, got 2",
        ),
        (
            lambda: notebook.pool_forward(
                counting(1, 2, 2, 1), {"f": 2, "stride": 2}, "mean"
            ),
            ValueError,
            'mode must be one of "max", "average", got \'mean\'',
        ),
    ],
)
def test_bad_arguments_are_refused(
    call: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        call()
