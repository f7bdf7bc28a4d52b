"""Layers that remember: what they write is what their three equations say."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from im2col_cnn._typing import Array
from im2col_cnn.nn import (
    LSTM,
    Adam,
    Dense,
    Graph,
    LSTMStates,
    Sequential,
    Slice,
    fit,
    glorot_normal,
)

N, T, C, U = 3, 5, 2, 4
X: Array = np.random.default_rng(0).normal(size=(N, T, C))


def built(layer: Any, *, dtype: type = np.float64) -> Any:
    shape = ((T, C), (2 * U,)) if layer.merges else (T, C)
    layer.build(shape, rng=np.random.default_rng(1), dtype=dtype)
    return layer


def logistic(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_every_step_is_three_equations(dtype: type) -> None:
    layer = built(LSTM(U, return_sequences=True), dtype=dtype)
    w, recurrent, b = (array.astype(float) for array in layer.parameters.values())
    h, c = np.zeros((2, N, U))
    x: Array = X.astype(dtype)
    rows = []
    for t in range(T):
        i, f, g, o = np.split(x[:, t] @ w + h @ recurrent + b, 4, axis=1)
        c = logistic(f) * c + logistic(i) * np.tanh(g)
        h = logistic(o) * np.tanh(c)
        rows.append(h)

    y, _ = layer.forward(x)

    eps = 8 * float(np.finfo(dtype).eps)
    assert y.dtype == dtype
    assert_allclose(y, np.stack(rows, axis=1), rtol=eps, atol=eps)


def test_the_last_step_is_that_of_all() -> None:
    every, last = built(LSTM(U, return_sequences=True)), built(LSTM(U))

    assert_array_equal(last.forward(X)[0], every.forward(X)[0][:, -1])


def test_a_sequence_goes_on_where_it_stopped() -> None:
    whole, layer = built(LSTM(U, return_sequences=True)), built(LSTMStates(U))
    y, _ = whole.forward(X)

    first, _ = layer.forward((X[:, :2],))
    second, _ = layer.forward((X[:, 2:], first[:, -1]))

    states = np.concatenate([first, second], axis=1)
    assert_allclose(states[..., :U], y, rtol=1e-12)


def test_what_is_remembered_is_kept_at_first() -> None:
    layer = LSTM(2, initializer=glorot_normal)
    layer.build((T, C), rng=np.random.default_rng(0))

    assert layer.parameters["b"].tolist() == [0, 0, 1, 1, 0, 0, 0, 0]
    assert layer.parameters["w"].shape == (C, 8)
    assert layer.parameters["recurrent"].shape == (2, 8)


def test_a_million_steps_are_built_at_once() -> None:
    shape = LSTM(2).build((10**6, 1), rng=np.random.default_rng(0))

    assert shape == (2,)


def test_a_step_of_learning_between_changes_no_gradient() -> None:
    layer = built(LSTM(U))
    y, cache = layer.forward(X)
    dx, gradients = layer.backward(np.ones_like(y), cache)

    for parameter in layer.parameters.values():
        parameter[...] += 1
    again, others = layer.backward(np.ones_like(y), cache)

    assert_array_equal(again, dx)
    assert all((others[name] == gradients[name]).all() for name in gradients)


def test_a_network_learns_to_remember_the_first_number() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(128, 6, 1)).astype(np.float32)
    labels = (x[:, 0, 0] > 0).astype(int)
    network = Sequential([LSTM(8), Dense(2)]).build((6, 1), rng=rng)

    fit(network, x, labels, epochs=20, batch_size=32, optimizer=Adam(0.02), rng=rng)

    right = network.predict(x).argmax(1) == labels
    assert right.mean() > 0.95


def test_a_graph_reads_a_state_and_writes_the_next(tmp_path: Path) -> None:
    network = Graph(
        {
            "states": (LSTMStates(U), "x", "before"),
            "after": Slice(-1, None, axis=1),
        },
        inputs=("x", "before"),
    )
    network.build({"x": (T, C), "before": (2 * U,)}, rng=np.random.default_rng(0))
    before = np.zeros((N, 2 * U))

    after = network.predict({"x": X, "before": before})

    assert after.shape == (N, 1, 2 * U)
    network.save(tmp_path / "weights.h5")
    again = Graph.load(tmp_path / "weights.h5")
    assert_array_equal(again.predict({"x": X, "before": before}), after)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: LSTM(0), "units must be at least 1"),
        (lambda: built(LSTM(2)).forward(X[..., :1]), r"x must have shape \(N, T, 2\)"),
        (
            lambda: LSTM(2).build((4, 4, 1), rng=np.random.default_rng(0)),
            r"reads sequences, \(T, C\), got images of shape \(4, 4, 1\)",
        ),
        (
            lambda: built(LSTMStates(U)).forward((X, X[:, 0])),
            r"a state must have shape \(3, 8\), got \(3, 2\)",
        ),
    ],
)
def test_what_does_not_fit_is_refused(call: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()


def test_what_is_no_tuple_of_sequences_is_refused() -> None:
    with pytest.raises(TypeError, match="x must be sequences, or these and states"):
        built(LSTMStates(U)).forward(X)


def test_gradients_of_very_many_sequences_are_those_of_float64() -> None:
    rng = np.random.default_rng(2)
    x: Array = rng.uniform(0.5, 1, (2**19, 1, 1)).astype(np.float32)
    found: list[dict[str, Array]] = []
    for dtype in (np.float32, np.float64):
        layer = LSTM(1)
        layer.build((1, 1), rng=np.random.default_rng(1), dtype=dtype)
        _, cache = layer.forward(x.astype(dtype))
        _, gradients = layer.backward(np.ones((len(x), 1), dtype), cache)
        found.append(gradients)

    for name in ("w", "b"):
        assert_allclose(found[0][name], found[1][name], rtol=1e-6)
