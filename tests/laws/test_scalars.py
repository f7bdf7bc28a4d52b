"""A Python number takes the dtype of the arrays beside it, as NumPy's own sums do."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from im2col_cnn import (
    batch_norm_forward,
    conv_forward,
    conv_transpose_forward,
    dense_forward,
    loops,
    sigmoid_backward,
    sigmoid_forward,
    tanh_backward,
    tanh_forward,
)
from im2col_cnn._typing import Array

Call = Callable[[Any, Any], Array]


def convolved(convolve: Callable[..., tuple[Array, Any]]) -> Call:
    """Return a call of a convolution with one filter and one bias."""
    return lambda like, b: convolve(like.reshape(1, 2, 1), like[:1, None, None], b)[0]


CALLS: dict[str, Call] = {
    "conv": convolved(conv_forward),
    "loops.conv": convolved(loops.conv_forward),
    "conv_transpose": convolved(conv_transpose_forward),
    "loops.conv_transpose": convolved(loops.conv_transpose_forward),
    "dense": lambda like, b: dense_forward(like[None], like[:, None], b)[0],
    "batch_norm, gamma": lambda x, n: batch_norm_forward(x[:, None], n, x[:1])[0],
    "batch_norm, beta": lambda x, n: batch_norm_forward(x[:, None], x[:1], n)[0],
    "sigmoid": lambda like, dy: sigmoid_backward(dy, sigmoid_forward(like[0])[1]),
    "tanh": lambda like, dy: tanh_backward(dy, tanh_forward(like[0])[1]),
}
ADDING = ["conv", "loops.conv", "conv_transpose", "loops.conv_transpose", "dense"]


@pytest.mark.parametrize("number", [0.5, 1])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("name", CALLS)
def test_a_python_number_leaves_the_dtype_to_the_arrays(
    name: str, dtype: Any, number: float
) -> None:
    like = np.array([0.5, 0.25], dtype)

    found = CALLS[name](like, number)

    assert found.dtype == dtype
    assert np.array_equal(found, CALLS[name](like, np.array(number, dtype)))


@pytest.mark.parametrize("name", CALLS)
def test_a_number_of_numpy_has_its_own_dtype(name: str) -> None:
    like = np.array([0.5, 0.25], np.float32)

    assert CALLS[name](like, np.float64(0.5)).dtype == np.float64
    assert CALLS[name](like, np.float16(0.5)).dtype == np.float32


@pytest.mark.parametrize("name", ADDING)
def test_beside_whole_numbers_a_python_float_gives_float64(name: str) -> None:
    like = np.array([1, 2], np.uint8)

    assert CALLS[name](like, 0.5).dtype == np.float64
    assert CALLS[name](like, 300).dtype == np.int64
    assert CALLS[name](like, -1).dtype == np.int64


@pytest.mark.parametrize("name", ADDING)
def test_a_number_that_the_dtype_cannot_hold_is_refused(name: str) -> None:
    like = np.array([0.5, 0.25], np.float16)

    with pytest.raises(ValueError, match=r"b must fit in float16, got 1000000\.0: "):
        CALLS[name](like, 1e6)
    assert np.isinf(CALLS[name](like, np.inf)).all()
