"""Optimizers follow their formulas, in place, and refuse what does not belong."""

from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from im2col_cnn._typing import Array
from im2col_cnn.nn import SGD, Adam, Optimizer

GRADIENTS = [np.array([1.0, -2.0, 0.0]), np.array([0.5, 3.0, 0.0])]


def path(optimizer: Optimizer, gradients: list[Array]) -> list[Array]:
    """Walk from 0 along the gradients, and return every stop."""
    w = np.zeros_like(gradients[0])
    stops = []
    for gradient in gradients:
        optimizer.step({"w": w}, {"w": gradient})
        stops.append(w.copy())
    return stops


def test_sgd_keeps_a_share_of_its_last_step() -> None:
    first, second = path(SGD(0.1, momentum=0.9), GRADIENTS)

    np.testing.assert_allclose(first, -0.1 * GRADIENTS[0])
    np.testing.assert_allclose(
        second, first - 0.1 * (0.9 * GRADIENTS[0] + GRADIENTS[1])
    )


def test_sgd_without_momentum_is_plain_gradient_descent() -> None:
    _, second = path(SGD(0.1, momentum=0), GRADIENTS)

    np.testing.assert_allclose(second, -0.1 * (GRADIENTS[0] + GRADIENTS[1]))


def test_adam_follows_the_formula_of_its_paper() -> None:
    settings = {"beta1": 0.8, "beta2": 0.9, "epsilon": 1e-3}
    stops = path(Adam(0.1, **settings), GRADIENTS)

    w = mean = square = np.zeros(3)
    for t, (gradient, stop) in enumerate(zip(GRADIENTS, stops, strict=True), 1):
        mean = 0.8 * mean + 0.2 * gradient
        square = 0.9 * square + 0.1 * gradient**2
        mean_hat, square_hat = mean / (1 - 0.8**t), square / (1 - 0.9**t)
        w = w - 0.1 * mean_hat / (np.sqrt(square_hat) + 1e-3)
        np.testing.assert_allclose(stop, w, rtol=1e-12)


@pytest.mark.parametrize("make", [SGD, Adam])
@given(dtype=st.sampled_from([np.float32, np.float64]), rate=st.floats(1e-3, 1))
def test_parameters_move_in_place_and_keep_their_dtype(
    make: Callable[[float], Optimizer], dtype: type, rate: float
) -> None:
    w: Array = np.ones((2, 3), dtype)
    b: Array = np.ones(3, dtype)
    gradients: dict[str, Array] = {"w": 2 * w, "b": -2 * b}
    for gradient in gradients.values():
        gradient.flags.writeable = False
    optimizer = make(np.float64(rate))  # not a Python float: must not widen float32

    optimizer.step({"w": w, "b": b}, gradients)

    assert (w < 1).all()
    assert (b > 1).all()
    assert all(a.dtype == dtype for n, a in optimizer.state.items() if n != "steps")


@pytest.mark.parametrize("make", [SGD, Adam])
def test_the_state_is_all_an_optimizer_remembers(
    make: Callable[[float], Optimizer],
) -> None:
    one, other = make(0.1), make(0.1)
    path(one, GRADIENTS)
    other.state.update({name: array.copy() for name, array in one.state.items()})

    for stop, same in zip(path(one, GRADIENTS), path(other, GRADIENTS), strict=True):
        np.testing.assert_array_equal(stop, same)


@pytest.mark.parametrize("optimizer", [SGD(0.1), Adam(0.1)])
@pytest.mark.parametrize(
    ("gradients", "words"),
    [
        ({"w": np.ones(2)}, "same names; only one has b"),
        ({"w": np.ones(2), "b": np.ones(1), "c": np.ones(1)}, "only one has c"),
        ({"w": np.ones(2), "b": np.ones(2)}, r"gradient of b .* \(1,\), got \(2,\)"),
    ],
)
def test_gradients_of_something_else_are_refused_and_nothing_moves(
    optimizer: Optimizer, gradients: dict[str, Array], words: str
) -> None:
    parameters = {"w": np.zeros(2), "b": np.zeros(1)}

    with pytest.raises(ValueError, match=words):
        optimizer.step(parameters, gradients)

    assert not any(array.any() for array in parameters.values())


@pytest.mark.parametrize("optimizer", [SGD(0.1), Adam(0.1)])
@pytest.mark.parametrize("w", [[1.0, 2.0], np.array([1, 2])])
def test_only_arrays_of_floats_can_be_moved_in_place(
    optimizer: Optimizer, w: Any
) -> None:
    with pytest.raises(TypeError, match="parameters must be arrays of floats, got w ="):
        optimizer.step({"w": w}, {"w": np.ones(2)})


@pytest.mark.parametrize("make", [SGD, Adam])
@pytest.mark.parametrize(
    ("rate", "rule"),
    [
        (0, "above 0, got 0"),
        (-1, "above 0, got -1"),
        (float("nan"), "finite, got nan"),
        (float("inf"), "finite, got inf"),
    ],
)
def test_a_learning_rate_is_a_finite_number_above_0(
    make: Callable[[float], Optimizer], rate: float, rule: str
) -> None:
    with pytest.raises(ValueError, match=f"learning_rate must be {rule}"):
        make(rate)


@pytest.mark.parametrize("rate", [True, "0.1", None])
def test_a_learning_rate_is_a_number(rate: object) -> None:
    with pytest.raises(TypeError, match="learning_rate must be a number, got"):
        Adam(rate)  # type: ignore[arg-type]  # the point of this test


@pytest.mark.parametrize("share", [-0.1, 1])
def test_momentum_is_at_least_0_and_below_1(share: float) -> None:
    with pytest.raises(ValueError, match=f"momentum must be .* below 1, got {share}"):
        SGD(momentum=share)
