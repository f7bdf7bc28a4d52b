"""A loss and its gradient agree, also where naive formulas overflow."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from im2col_cnn import softmax_cross_entropy


@given(seed=st.integers(0, 2**32 - 1), N=st.integers(1, 5), K=st.integers(1, 5))
def test_the_gradient_is_the_slope_of_the_loss(seed: int, N: int, K: int) -> None:
    rng = np.random.default_rng(seed)
    scores, labels = rng.normal(size=(N, K)), rng.integers(0, K, N)
    direction, step = rng.normal(size=(N, K)), 1e-5

    _, dscores = softmax_cross_entropy(scores, labels)

    above, _ = softmax_cross_entropy(scores + step * direction, labels)
    below, _ = softmax_cross_entropy(scores - step * direction, labels)
    slope = (above - below) / (2 * step)
    assert slope == pytest.approx(np.vdot(dscores, direction), abs=1e-8)


@given(seed=st.integers(0, 2**32 - 1), shift=st.sampled_from([-1e4, 1e4]))
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
