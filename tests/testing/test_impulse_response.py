"""Single ones tell which products an answer adds up, and how often."""

from typing import Any

import numpy as np
import pytest

from im2col_cnn import Window, loops
from im2col_cnn._typing import Array
from im2col_cnn.testing.grading.impulse_response import PARTS, products_of
from im2col_cnn.testing.strategies import Case

X, W, B = np.zeros((2, 4, 3, 2)), np.zeros((3, 2, 2, 3)), np.zeros(3)
CALL = Case((X, W, B), {"stride": (2, 1), "padding": ((1, 0), (0, 1))})


def all_products() -> set[tuple[int, int, int]]:
    """List places in y, x and w that meet, by their places in flat arrays."""
    window = Window((4, 3), (3, 2), stride=(2, 1), padding=((1, 0), (0, 1)))
    y = np.arange(2 * np.prod(window.output_size) * 3).reshape(
        2, *window.output_size, 3
    )
    x, w = np.arange(X.size).reshape(X.shape), np.arange(W.size).reshape(W.shape)
    found = set()
    for tap in window.taps():
        for n, c, f in np.ndindex(2, 2, 3):
            stops = y[tap.stops][n, ..., f].ravel().tolist()
            pixels = x[tap.pixels][n, ..., c].ravel().tolist()
            place = int(w[(*tap.offset, c, f)])
            found |= {(i, j, place) for i, j in zip(stops, pixels, strict=True)}
    return found


def forward(case: Case) -> Any:
    return loops.conv_forward(*case.arrays, **case.settings)


def backward(dy: Array, cache: Any) -> list[Array]:
    dx, dw, db = loops.conv_backward(dy, cache)
    assert dx is not None
    assert db is not None
    return [dx, dw, db]


@pytest.mark.parametrize("answer", ["y", "dx", "dw"])
def test_every_answer_adds_up_the_same_products(answer: str) -> None:
    part, *_ = PARTS["conv", answer]

    found = products_of(forward, backward, CALL, answer, part)

    assert found is not None
    assert (found.times == 1).all()
    places = (found.at[name].tolist() for name in "yxw")
    assert set(zip(*places, strict=True)) == all_products()


@pytest.mark.parametrize("answer", ["y", "dx", "dw", "db"])
def test_products_with_other_numbers_are_the_answer(answer: str) -> None:
    rng = np.random.default_rng(0)
    case = Case(tuple(rng.integers(-5, 6, a.shape) for a in CALL.arrays), CALL.settings)
    y, cache = forward(case)
    dy = rng.integers(-5, 6, y.shape)
    answers = dict(zip(("dx", "dw", "db"), backward(dy, cache), strict=True), y=y)
    numbers = dict(zip("xwb", case.arrays, strict=True), y=dy)

    total = np.zeros(answers[answer].shape)
    for part in PARTS["conv", answer]:
        found = products_of(forward, backward, CALL, answer, part)
        assert found is not None
        total += found.sum(numbers, answer, total.shape)

    assert np.array_equal(total, answers[answer])


@pytest.mark.parametrize("times", [-1.0, 2.0, 1 / 3, 5 / 2])
def test_how_often_a_product_counts_is_found(times: float) -> None:
    part, *_ = PARTS["conv", "dw"]

    def often(dy: Array, cache: Any) -> list[Array]:
        return [times * each for each in backward(dy, cache)]

    found = products_of(forward, often, CALL, "dw", part)

    assert found is not None
    assert np.allclose(found.times, times)


def test_sums_of_two_products_are_told_apart() -> None:
    part, *_ = PARTS["conv", "dw"]

    def mixed(dy: Array, cache: Any) -> list[Array]:
        dx, dw, db = backward(dy, cache)
        return [dx, np.broadcast_to(dw.sum(axis=2, keepdims=True), dw.shape), db]

    found = products_of(forward, mixed, CALL, "dw", part)

    assert found is not None
    assert len(found.times) == 2 * len(all_products())


def test_what_is_not_0_for_zeros_is_no_sum_of_products() -> None:
    part, *_ = PARTS["conv", "dw"]

    def shifted(dy: Array, cache: Any) -> list[Array]:
        return [each + 1 for each in backward(dy, cache)]

    assert products_of(forward, shifted, CALL, "dw", part) is None


def test_of_thousands_of_numbers_none_are_told_apart() -> None:
    """Whole numbers whose sums of two all differ run out: a search would not end."""
    part, *_ = PARTS["conv", "dw"]
    large = Case((np.zeros((1, 20, 20, 2)), W, B), CALL.settings)

    assert products_of(forward, backward, large, "dw", part) is None
