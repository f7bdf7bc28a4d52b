"""A loss and its gradient agree, also where naive formulas overflow."""

from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from numpy.testing import assert_array_equal

from im2col_cnn import (
    binary_cross_entropy,
    mean_squared_error,
    sigmoid_cross_entropy,
    softmax_cross_entropy,
)
from im2col_cnn._typing import Array
from im2col_cnn.testing.gradcheck import check_gradient

seeds = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize("kind", ["labels", "probabilities"])
@given(seed=seeds, N=st.integers(1, 5), K=st.integers(1, 5))
def test_the_gradient_of_cross_entropy_is_a_slope(
    kind: str, seed: int, N: int, K: int
) -> None:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, K, N) if kind == "labels" else rng.dirichlet([1] * K, N)

    check_gradient(
        lambda scores: softmax_cross_entropy(scores, labels),
        lambda dy, dscores: dy * dscores,
        rng.normal(size=(N, K)),
        seed=seed,
    )


@pytest.mark.parametrize("loss", [mean_squared_error, sigmoid_cross_entropy])
@given(seed=seeds, shape=st.sampled_from([(1,), (4,), (2, 3)]))
def test_the_gradient_of_a_loss_is_a_slope(
    loss: Callable[..., tuple[float, Array]], seed: int, shape: tuple[int, ...]
) -> None:
    rng = np.random.default_rng(seed)
    targets = rng.uniform(size=shape)

    check_gradient(
        lambda scores: loss(scores, targets),
        lambda dy, gradient: dy * gradient,
        rng.normal(size=shape),
        seed=seed,
    )


@given(seed=seeds, N=st.integers(1, 4), K=st.integers(1, 4))
def test_labels_are_probabilities_that_are_certain(seed: int, N: int, K: int) -> None:
    rng = np.random.default_rng(seed)
    scores, labels = rng.normal(size=(N, K)), rng.integers(0, K, N)

    loss, dscores = softmax_cross_entropy(scores, labels)
    loss_too, dscores_too = softmax_cross_entropy(scores, np.eye(K)[labels])

    assert loss == loss_too
    assert_array_equal(dscores, dscores_too)


@given(seed=seeds)
def test_pixels_are_judged_as_rows_are(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores, labels = rng.normal(size=(2, 3, 4, 5)), rng.integers(0, 5, (2, 3, 4))

    loss, dscores = softmax_cross_entropy(scores, labels)
    flat, dflat = softmax_cross_entropy(scores.reshape(-1, 5), labels.ravel())

    assert loss == pytest.approx(flat, rel=1e-12)
    np.testing.assert_allclose(dscores.reshape(-1, 5), dflat, rtol=1e-12)


def test_two_classes_are_a_question_of_yes_or_no() -> None:
    scores, labels = np.random.default_rng(0).normal(size=(6, 2)), [0, 1, 1, 0, 1, 0]

    loss, _ = softmax_cross_entropy(scores, labels)
    binary, _ = sigmoid_cross_entropy(scores[:, 1] - scores[:, 0], labels)

    assert loss == pytest.approx(binary)


def test_a_probability_of_0_asks_nothing_of_an_impossible_score() -> None:
    loss, dscores = softmax_cross_entropy([[0.0, -np.inf]], [[1.0, 0.0]])

    assert loss == 0
    assert dscores.tolist() == [[0, 0]]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("loss", [mean_squared_error, sigmoid_cross_entropy])
def test_gradients_keep_the_dtype(
    loss: Callable[..., tuple[float, Array]], dtype: type
) -> None:
    assert loss(np.zeros(3, dtype), [0, 1, 1])[1].dtype == dtype


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: mean_squared_error([1, 2], [1]),
            r"targets must have the shape of pred",
        ),
        (
            lambda: mean_squared_error([], []),
            "predictions must hold at least one number",
        ),
        (lambda: sigmoid_cross_entropy([1.0], [2]), "labels must lie between 0 and 1"),
        (
            lambda: softmax_cross_entropy([[1, 2]], [[0.5, 0.6]]),
            "labels must be probabilities that add up to 1 in every row, got 0.5",
        ),
        (
            lambda: softmax_cross_entropy([[1, 2]], [[1.5, -0.5]]),
            "labels must be probabilities",
        ),
    ],
    ids=["shape", "empty", "range", "sum", "negative"],
)
def test_what_cannot_be_judged_is_refused(
    call: Callable[[], object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        call()


@given(seed=seeds, shift=st.sampled_from([-1e4, 1e4]))
def test_a_shift_of_all_scores_changes_nothing(seed: int, shift: float) -> None:
    rng = np.random.default_rng(seed)
    scores, labels = rng.integers(-9, 9, (3, 4)), rng.integers(0, 4, 3)

    assert softmax_cross_entropy(scores + shift, labels)[0] == pytest.approx(
        softmax_cross_entropy(scores, labels)[0], rel=1e-9
    )


def test_scores_of_ten_thousand_give_a_finite_loss_and_gradient() -> None:
    loss, dscores = softmax_cross_entropy([[1e4, -1e4]], [1])

    assert loss == 2e4
    assert dscores.tolist() == [[1, -1]]


def test_equal_scores_lose_log_K() -> None:
    assert softmax_cross_entropy(np.zeros((2, 8)), [0, 7])[0] == pytest.approx(
        np.log(8)
    )


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_gradient_keeps_the_dtype_of_the_scores(dtype: type) -> None:
    assert softmax_cross_entropy(np.zeros((2, 3), dtype), [0, 1])[1].dtype == dtype


def test_an_empty_batch_is_refused() -> None:
    with pytest.raises(ValueError, match="scores must hold at least one row"):
        softmax_cross_entropy(np.zeros((0, 3)), np.zeros(0, int))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (
            [0, 3],
            "labels must lie between 0 and 2, for scores of 3 classes, got 0 to 3",
        ),
        ([-1, 0], "got -1 to 0"),
        ([0], r"labels must have shape \(2,\), one per row of scores, got \(1,\)"),
    ],
)
def test_labels_that_are_no_classes_are_refused(
    labels: list[int], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        softmax_cross_entropy(np.zeros((2, 3)), labels)


def test_labels_that_are_not_whole_are_refused() -> None:
    with pytest.raises(ValueError, match="labels must be whole numbers, or probab"):
        softmax_cross_entropy(np.zeros((2, 3)), [0.0, 1.0])


def test_labels_that_are_names_are_refused_with_the_way_out() -> None:
    names: Any = ["cat", "dog"]
    with pytest.raises(TypeError, match=r"names such as 'cat': .*np\.unique"):
        softmax_cross_entropy(np.zeros((2, 3)), names)


def test_binary_cross_entropy_is_another_name_of_sigmoid_cross_entropy() -> None:
    assert binary_cross_entropy is sigmoid_cross_entropy
