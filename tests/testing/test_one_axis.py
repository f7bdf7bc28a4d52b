"""Bugs keep their names over one spatial axis; exhibits know rows and columns."""

from typing import Any

import numpy as np
import pytest

from im2col_cnn._typing import Array
from im2col_cnn.testing import Support, check_conv
from tests.profile import in_turn

SUPPORT = Support(
    axes=(1,),
    kernel="one",
    stride="one",
    paddings=("int",),
    dilation="none",
    groups=False,
    empty_batch=False,
    bias_shapes=False,
)
RIGHT = """
def forward(x, w, b, stride=1, padding=0):
    wide = np.pad(x, ((0, 0), (padding, padding), (0, 0)))
    K, _, F = w.shape
    y = np.zeros((len(x), (wide.shape[1] - K) // stride + 1, F))
    for i in range(y.shape[1]):
        window = wide[:, i * stride : i * stride + K]
        y[:, i] = np.tensordot(window, w, ([1, 2], [0, 1])) + b
    return y, (x, w, wide, stride, padding)


def backward(dy, cache):
    x, w, wide, stride, p = cache
    dx, dw, K = np.zeros(wide.shape), np.zeros(w.shape), len(w)
    for i in range(dy.shape[1]):
        start = i * stride
        dx[:, start : start + K] += np.tensordot(dy[:, i], w, (1, 2))
        dw += np.tensordot(wide[:, start : start + K], dy[:, i], (0, 0))
    return dx[:, p : p + x.shape[1]], dw, dy.sum((0, 1))
"""
WRONG = {
    "C2": ("dx[:, p : p + x.shape[1]]", "dx[:, p:-p]"),
    "C3": ("dx[:, start : start + K] +=", "dx[:, start : start + K] ="),
    "C4b": ("start = i * stride", "start = i"),
    "C17c": ("dy.sum((0, 1))", "dy.mean((0, 1))"),
}


def graded(source: str) -> Any:
    names: dict[str, Any] = {"np": np}
    exec(source, names)
    pair: tuple[Any, Any] = names["forward"], names["backward"]
    return check_conv(*pair, support=SUPPORT, examples=10)


def test_a_right_convolution_over_one_axis_passes() -> None:
    assert graded(RIGHT).ok


@in_turn(4)
@pytest.mark.parametrize("key", WRONG)
def test_bugs_over_one_axis_have_their_names(key: str) -> None:
    old, new = WRONG[key]
    assert old in RIGHT

    report = graded(RIGHT.replace(old, new))

    assert not report.ok
    headlines = [f.headline for f in report.findings if report.decides(f)]
    assert len(headlines) == 1
    assert headlines[0].endswith(f"({key})"), headlines


@in_turn(3)
def test_an_unknown_bug_over_one_axis_gets_no_name() -> None:
    def swap(x: Array) -> Array:
        return np.concatenate([x[:, 1:], 2 * x[:, :1]], axis=1)

    names: dict[str, Any] = {"np": np}
    exec(RIGHT, names)

    def backward(dy: Array, cache: Any) -> Any:
        dx, dw, db = names["backward"](dy, cache)
        return swap(dx), dw, db

    report = check_conv(names["forward"], backward, support=SUPPORT, examples=10)

    assert not report.ok
    assert all(f.exhibit is None for f in report.findings if report.decides(f))
