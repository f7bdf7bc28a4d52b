"""Optimizers follow their formulas, in place, and refuse what does not belong."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from im2col_cnn._typing import Array
from im2col_cnn.nn import SGD, Adam, Optimizer

GRADIENTS = [np.array([1.0, -2.0, 0.0]), np.array([0.5, 3.0, 0.0])]


def path(
    optimizer: Optimizer, gradients: list[Array], w: Array | None = None
) -> list[Array]:
    """Walk from 0, or from `w`, along the gradients, and return every stop."""
    w = np.zeros_like(gradients[0]) if w is None else w
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
    w = np.zeros(3)
    path(one, GRADIENTS, w)
    other.state.update({name: array.copy() for name, array in one.state.items()})
    v = w.copy()

    for stop, same in zip(
        path(one, GRADIENTS, w), path(other, GRADIENTS, v), strict=True
    ):
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


def copied(optimizer: Optimizer) -> dict[str, Array]:
    return {name: array.copy() for name, array in optimizer.state.items()}


@pytest.mark.parametrize("make", [SGD, Adam])
@pytest.mark.parametrize(
    ("name", "size", "words"),
    [
        ("w", 3, "serves other arrays than w"),  # the same name and shape
        ("w", 2, "serves other arrays than w"),
        ("v", 3, "serves w and not v"),
    ],
)
def test_an_optimizer_serves_one_network(
    make: Callable[[float], Optimizer], name: str, size: int, words: str
) -> None:
    optimizer, other = make(0.1), np.zeros(size)
    path(optimizer, GRADIENTS)
    before = copied(optimizer)

    with pytest.raises(ValueError, match=f"this optimizer {words}.*make a new one"):
        optimizer.step({name: other}, {name: np.ones(size)})

    assert not other.any()
    assert copied(optimizer).keys() == before.keys()
    for key, array in before.items():
        np.testing.assert_array_equal(optimizer.state[key], array)


@pytest.mark.parametrize("make", [SGD, Adam])
def test_a_state_of_other_parameters_is_refused_before_anything_moves(
    make: Callable[[float], Optimizer],
) -> None:
    one, other = make(0.1), make(0.1)
    path(one, GRADIENTS)
    other.state = copied(one)
    b, w = np.zeros(3), np.zeros((2, 2))

    with pytest.raises(ValueError, match=r"state of this optimizer holds w\.\w+ of sh"):
        other.step({"b": b, "w": w}, {"b": b + 1, "w": w + 1})

    assert not b.any()
    assert not w.any()


@pytest.mark.parametrize("make", [SGD, Adam])
@pytest.mark.parametrize(
    "again", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_a_copy_of_an_optimizer_goes_on_with_a_copy_of_its_parameters(
    make: Callable[[float], Optimizer], again: Callable[[Any], Any]
) -> None:
    optimizer, w = make(0.1), np.zeros(3)
    path(optimizer, GRADIENTS, w)
    copied_optimizer, v = again(optimizer), again(w)

    path(optimizer, GRADIENTS, w)
    path(copied_optimizer, GRADIENTS, v)

    np.testing.assert_array_equal(v, w)


@pytest.mark.parametrize("make", [SGD, Adam])
def test_gradients_in_lists_are_arrays(make: Callable[[float], Optimizer]) -> None:
    w, v = np.zeros(2), np.zeros(2)

    make(0.1).step({"w": w}, {"w": [1.0, -2.0]})
    make(0.1).step({"w": v}, {"w": np.array([1.0, -2.0])})

    np.testing.assert_array_equal(w, v)


@pytest.mark.parametrize("make", [SGD, Adam])
@pytest.mark.parametrize(
    ("parameters", "gradients", "words"),
    [
        (None, {}, "parameters must be a dict of arrays, got None"),
        ([np.ones(2)], {}, "parameters must be a dict of arrays, got .array"),
        ({"w": np.ones(2)}, np.ones(2), "gradients must be a dict of arrays, got arr"),
        ({"w": np.ones(2)}, {"w": ["a", "b"]}, "the gradient of w must hold real num"),
        ({"w": np.ones(2)}, {"w": [1j, 2j]}, "the gradient of w must hold real numb"),
        ({"w": np.ones(2)}, {"w": None}, "the gradient of w must be an array of num"),
        ({1: np.ones(2)}, {"w": np.ones(2)}, "names of parameters must be strings, g"),
    ],
)
def test_anything_but_dicts_of_arrays_is_refused(
    make: Callable[[float], Optimizer], parameters: Any, gradients: Any, words: str
) -> None:
    optimizer = make(0.1)

    with pytest.raises(TypeError, match=f"^{words}"):
        optimizer.step(parameters, gradients)

    assert not optimizer.state


@pytest.mark.parametrize("make", [SGD, Adam])
def test_a_step_that_is_refused_is_not_counted(
    make: Callable[[float], Optimizer],
) -> None:
    optimizer, w, fixed = make(0.1), np.zeros(3), np.zeros(3)
    fixed.flags.writeable = False

    with pytest.raises(ValueError, match="v must be writeable"):
        optimizer.step({"w": w, "v": fixed}, {"w": w + 1, "v": w + 1})

    assert not w.any()
    assert not optimizer.state


@pytest.mark.parametrize(
    ("make", "steps"),
    [
        # What the same steps are in float64; momentum 0.9 adds up to 10 and more.
        (SGD, [-0.1 * 1e-4, -0.1 * 300]),
        (Adam, [-0.1 * 1e-4 / (1e-4 + 1e-8), -0.1]),
    ],
)
def test_float16_is_moved_by_arithmetic_in_float32(
    make: Callable[[float], Optimizer], steps: list[float]
) -> None:
    w = np.zeros(3, np.float16)
    optimizer = make(0.1)

    optimizer.step({"w": w}, {"w": np.array([0, 1e-4, 300], np.float16)})

    assert w.dtype == np.float16
    np.testing.assert_allclose(w, [0, *steps], rtol=2e-3)
    assert all(
        array.dtype == np.float32
        for name, array in optimizer.state.items()
        if name != "steps"
    )


def test_decay_and_step_of_float16_are_rounded_once() -> None:
    w = np.ones((2, 2), np.float16)
    gradient = np.full((2, 2), 0.3, np.float16)

    SGD(1e-3, momentum=0, weight_decay=0.3).step({"w": w}, {"w": gradient})

    # 1 - 3e-4 - 3e-4; rounded after each of them it would be 0.99902.
    assert (w == np.float16(0.9994)).all()


@pytest.mark.parametrize("make", [SGD, Adam])
def test_an_underflow_does_not_stop_a_step_half_way(
    make: Callable[[float], Optimizer],
) -> None:
    tiny = np.full(3, np.finfo(np.float32).tiny, np.float32)
    w, v = np.zeros(3, np.float32), np.zeros(3, np.float32)
    optimizer = make(1e-3)

    with np.errstate(all="raise"):
        optimizer.step({"w": w, "v": v}, {"w": tiny, "v": tiny})

    np.testing.assert_array_equal(w, v)
