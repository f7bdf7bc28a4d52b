"""The notebook's own functions: ours under its names, and what they refuse."""

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
from im2col_cnn.testing.strategies import Case, convolutions, whole_arrays
from im2col_cnn.testing.support import Support
from tests.notes.notebook import counting


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


A_prev, W, b = counting(1, 4, 4, 2), counting(2, 2, 2, 3), counting(1, 1, 1, 3)
BOTH = {"padding": 0, "stride": 1}
MAX = {"f": 2, "stride": 2}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: notebook.conv_forward_propogation(A_prev[0, 0], W, b, BOTH),
            r"A_prev must have axes .*: a lone image needs A_prev\[None\]",
        ),
        (
            lambda: notebook.conv_forward_propogation(A_prev, W[:, :, :1], b, BOTH),
            r"W must read .* channels \(A_prev has C = 2,",
        ),
        (
            lambda: notebook.conv_forward_propogation(A_prev * 1j, W, b, BOTH),
            "A_prev must hold real numbers, .*: A_prev.real and A_prev.imag are such",
        ),
        (
            lambda: notebook.conv_forward_propogation(
                A_prev, W, b, {"padding": "x w", "stride": 1}
            ),
            "padding must be one of .* got 'x w'",
        ),
        (
            lambda: notebook.conv_backward_propogation(b, (A_prev, W, b, BOTH)),
            r"dJ_dZ must have the shape of Z, \(1, 3, 3, 3\), got \(1, 1, 1, 3\)",
        ),
        (
            lambda: notebook.conv_backward_propogation(b, (A_prev, W[0], b, BOTH)),
            "W must have axes .* for A_prev of shape",
        ),
        (
            lambda: notebook.pool_forward(A_prev[0, 0], MAX),
            "A_prev must have axes",
        ),
        (
            lambda: notebook.pool_forward(A_prev, {"f": 0, "stride": 2}),
            "f must be at least 1, got 0",
        ),
        (
            lambda: notebook.pool_backward(b, (A_prev, MAX)),
            "dJ_dZ must have the shape of Z",
        ),
        (
            lambda: notebook.pool_backward(b, (A_prev, MAX), "average"),
            r"dJ_dZ must have the shape of Z, .* got \(1, 1, 1, 3\)",
        ),
    ],
)
def test_refusals_speak_the_notebooks_words(call: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=f"^{message}"):
        call()
