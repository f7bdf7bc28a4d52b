"""The gradient checker finds planted errors, and does not cry wolf."""

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import im2col_cnn
from im2col_cnn._typing import Array
from im2col_cnn.testing.gradcheck import GradientError, check_adjoint, check_gradient
from im2col_cnn.testing.strategies import Case, convolutions

seeds = st.integers(0, 2**32 - 1)


def cubed(x: Array) -> tuple[Array, Array]:
    return x**3, x


def cubed_backward(dy: Array, x: Array) -> Array:
    return 3 * x**2 * dy


@given(seed=seeds)
def test_a_right_gradient_passes(seed: int) -> None:
    x = np.random.default_rng(seed).normal(size=(3, 2))

    report = check_gradient(cubed, cubed_backward, x, seed=seed)

    assert report.comparisons == 3
    assert report.worst < 1e-6
    assert report.kinks == 0


@given(seed=seeds, entry=st.integers(0, 5), factor=st.sampled_from([0, 0.99, -1, 2]))
def test_one_wrong_entry_is_found(seed: int, entry: int, factor: float) -> None:
    x = np.random.default_rng(seed).uniform(1, 2, size=6)

    def wrong(dy: Array, x: Array) -> Array:
        dx = cubed_backward(dy, x)
        dx[entry] *= factor
        return dx

    with pytest.raises(GradientError, match="gradient of input 0 predicts a slope of"):
        check_gradient(cubed, wrong, x, seed=seed)


@given(seed=seeds)
@example(678899079)  # the first place beside the kink is next to another one
def test_kinks_are_recognised_and_checked_beside(seed: int) -> None:
    x = np.zeros((1, 4, 4, 2))  # every window ties
    forward, backward = im2col_cnn.max_pool_forward, im2col_cnn.max_pool_backward

    report = check_gradient(lambda x: forward(x, 2), backward, x, seed=seed)

    assert report.kinks == 1


@given(seed=seeds)
def test_a_kink_is_no_excuse_for_a_wrong_gradient(seed: int) -> None:
    def relu(x: Array) -> tuple[Array, Array]:
        return np.maximum(x, 0), x

    with pytest.raises(GradientError, match="input 0"):
        check_gradient(relu, lambda dy, x: 2 * dy * (x > 0), np.zeros(9), seed=seed)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_the_size_of_the_inputs_does_not_matter(scale: float) -> None:
    x = scale * np.random.default_rng(0).normal(size=5)

    def forward(x: Array) -> tuple[Array, Array]:
        return np.tanh(x / scale), x

    def backward(dy: Array, x: Array) -> Array:
        return np.asarray(dy / scale / np.cosh(x / scale) ** 2)

    check_gradient(forward, backward, x)


@given(case=convolutions(), seed=seeds)
def test_convolution_is_its_own_adjoint_without_a_step_size(
    case: Case, seed: int
) -> None:
    x, w, _ = case.arrays

    report = check_adjoint(
        lambda x, w: im2col_cnn.conv_forward(x, w, **case.settings),
        im2col_cnn.conv_backward,
        x,
        w,
        seed=seed,
    )

    assert report.comparisons == 2
    assert report.worst == 0


def test_a_transpose_with_one_wrong_entry_is_found() -> None:
    A = np.arange(6.0).reshape(2, 3)
    B = A.T.copy()
    B[0, 1] += 1

    check_adjoint(lambda x: (A @ x, None), lambda dy, _: A.T @ dy, np.ones(3))
    with pytest.raises(GradientError, match="input 0 is not the transpose of forward"):
        check_adjoint(lambda x: (A @ x, None), lambda dy, _: B @ dy, np.ones(3))


@pytest.mark.parametrize(
    ("backward", "message"),
    [
        (lambda dy, _: dy[:1], r"input 0 must have its shape, \(3,\), got \(1,\)"),
        (lambda _dy, _: None, "backward returned no gradient for input 0"),
        (lambda dy, _: dy * np.nan, "the gradient of input 0 is not finite"),
    ],
    ids=["shape", "missing", "nan"],
)
@pytest.mark.parametrize("check", [check_gradient, check_adjoint])
def test_what_is_no_gradient_is_named(check: Any, backward: Any, message: str) -> None:
    with pytest.raises(GradientError, match=message):
        check(lambda x: (x, None), backward, np.ones(3))


def test_a_bias_is_not_linear() -> None:
    with pytest.raises(GradientError, match="forward is not linear in input 0"):
        check_adjoint(lambda x: (x + 1, None), lambda dy, _: dy, np.ones(3))


def test_labels_are_handed_on_as_they_are() -> None:
    def forward(scores: Array, labels: Array) -> tuple[float, Array]:
        return im2col_cnn.softmax_cross_entropy(scores, labels)

    report = check_gradient(
        forward,
        lambda dy, dscores: (dy * dscores, None),
        np.random.default_rng(0).normal(size=(4, 3)),
        np.array([0, 2, 1, 1]),
    )

    assert report.comparisons == 3


def test_nothing_to_check_is_said() -> None:
    with pytest.raises(GradientError, match="no input is an array of floats"):
        check_gradient(lambda x: (x, None), lambda dy, _: dy, 3)


holds_itself: list[Any] = []
holds_itself.append(holds_itself)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"forward": 1}, "forward must be a function, got 1"),
        ({"backward": [2]}, r"backward must be a function, got \[2\]"),
        ({"seed": holds_itself}, r"seed must be an int, got \[\[...\]\]"),
        ({"seed": np.eye(2)}, "seed must be an int"),
        ({"seed": -1}, "seed must be at least 0, got -1"),
        ({"trials": 0}, "trials must be at least 1, got 0"),
        ({"trials": 1.5}, "trials must be an int, got 1.5"),
        ({"trials": 10**12}, "trials must be less than 2.*20, got 1000000000000"),
    ],
    ids=str,
)
def test_what_is_no_question_is_refused_by_its_name(
    settings: dict[str, Any], message: str
) -> None:
    functions = {"forward": lambda x: (x, None), "backward": lambda dy, _: dy}
    given = functions | settings
    forward, backward = given.pop("forward"), given.pop("backward")

    with pytest.raises((TypeError, ValueError), match=f"^{message}"):
        check_gradient(forward, backward, np.ones(2), **given)
    if "trials" not in settings:
        with pytest.raises((TypeError, ValueError), match=f"^{message}"):
            check_adjoint(forward, backward, np.ones(2), **given)
