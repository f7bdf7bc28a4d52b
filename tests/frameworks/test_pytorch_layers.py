"""Activations, normalization and losses are PyTorch's, forward and backward."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given

import im2col_cnn as ours
from im2col_cnn import nn
from im2col_cnn._typing import Array
from tests.frameworks.agreement import (
    assert_close,
    channels_first,
    channels_last,
    leaf,
    seeds,
)

pytestmark = pytest.mark.frameworks


@pytest.mark.parametrize(
    ("name", "theirs"),
    [
        ("relu", lambda torch, x: torch.relu(x)),
        ("leaky_relu", lambda torch, x: torch.nn.functional.leaky_relu(x, 0.01)),
        ("sigmoid", lambda torch, x: torch.sigmoid(x)),
        ("tanh", lambda torch, x: torch.tanh(x)),
        ("softmax", lambda torch, x: torch.softmax(x, -1)),
        ("log_softmax", lambda torch, x: torch.log_softmax(x, -1)),
    ],
)
@given(seed=seeds)
def test_activations_are_pytorchs(
    torch: Any, name: str, theirs: Callable[[Any, Any], Any], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    x, dy = rng.normal(0, 5, (3, 4)), rng.normal(size=(3, 4))
    y, cache = getattr(ours, f"{name}_forward")(x)

    X = leaf(torch, x)
    Y = theirs(torch, X)
    Y.backward(torch.tensor(dy))

    assert_close(y, Y.detach().numpy())
    dx = getattr(ours, f"{name}_backward")(dy, cache)
    assert_close(dx, X.grad.numpy())


def padded(*widths: int, **settings: Any) -> Callable[[Any, Any], Any]:
    """Return PyTorch's padding, whose last axis comes first."""
    return lambda F, x: F.pad(x, widths, **settings)


@pytest.mark.parametrize(
    ("layer", "theirs"),
    [
        (nn.Clip(-1, 2), lambda F, x: F.hardtanh(x, -1, 2)),
        (nn.HardSwish(), lambda F, x: F.hardswish(x)),
        (nn.ReLU6(), lambda F, x: F.relu6(x)),
        (nn.SiLU(), lambda F, x: F.silu(x)),
        (nn.Softmax(axis=2), lambda F, x: F.softmax(x, 3)),  # of rows
        (nn.Pad(((1, 2), (0, 3)), value=4), padded(0, 3, 1, 2, value=4)),
        (nn.Pad((1, 2), mode="edge"), padded(2, 2, 1, 1, mode="replicate")),
        (nn.Pad((1, 2), mode="reflect"), padded(2, 2, 1, 1, mode="reflect")),
        (nn.Pad((1, 2), mode="wrap"), padded(2, 2, 1, 1, mode="circular")),
        (nn.Crop((1, 0)), padded(0, 0, -1, -1)),
        (nn.Upsample((2, 3)), lambda F, x: F.interpolate(x, scale_factor=(2, 3))),
        (nn.Slice(0, None, step=2), lambda _, x: x[:, ::2]),
    ],
    ids=lambda value: str(value) if isinstance(value, nn.Layer) else "",
)
@given(seed=seeds)
def test_small_layers_are_pytorchs(
    torch: Any, layer: nn.Layer, theirs: Callable[[Any, Any], Any], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 4, (2, 5, 4, 3))
    y, cache = layer.forward(x)
    dy = rng.normal(size=y.shape)

    X = leaf(torch, channels_first(x))
    Y = theirs(torch.nn.functional, X)
    Y.backward(torch.tensor(channels_first(dy)))

    assert_close(y, channels_last(Y.detach()))
    assert_close(layer.backward(dy, cache)[0], channels_last(X.grad))


@given(seed=seeds)
def test_prelu_is_pytorchs(torch: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    layer, x = nn.PReLU(), rng.normal(size=(2, 5, 4, 3))
    layer.build(x.shape[1:], rng=rng, dtype=np.float64)
    layer.parameters["slope"][...] = rng.normal(size=3)
    y, cache = layer.forward(x)
    dx, gradients = layer.backward(np.cos(y), cache)

    X, S = leaf(torch, channels_first(x)), leaf(torch, layer.parameters["slope"])
    Y = torch.nn.functional.prelu(X, S)
    Y.backward(torch.cos(Y).detach())

    assert_close(y, channels_last(Y.detach()))
    assert_close(dx, channels_last(X.grad))
    assert_close(gradients["slope"], S.grad.numpy())


@given(seed=seeds)
def test_lstm_is_pytorchs(torch: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    layer, x = nn.LSTM(4, return_sequences=True), rng.normal(size=(2, 5, 3))
    layer.build(x.shape[1:], rng=rng, dtype=np.float64)
    y, cache = layer.forward(x)
    dx, gradients = layer.backward(np.cos(y), cache)

    theirs, p = torch.nn.LSTM(3, 4, batch_first=True).double(), layer.parameters
    weights = p["w"].T, p["recurrent"].T, p["b"], np.zeros(16)
    for parameter, array in zip(theirs.parameters(), weights, strict=True):
        parameter.data = torch.tensor(array)
    X = leaf(torch, x)
    Y, _ = theirs(X)
    Y.backward(torch.cos(Y).detach())

    assert_close(y, Y.detach().numpy())
    assert_close(dx, X.grad.numpy())
    dw, drecurrent, db, _ = (one.grad.numpy() for one in theirs.parameters())
    assert_close(gradients["w"], dw.T)
    assert_close(gradients["recurrent"], drecurrent.T)
    assert_close(gradients["b"], db)


@pytest.mark.parametrize("training", [True, False])
@given(seed=seeds)
def test_batch_normalization_is_pytorchs(torch: Any, training: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, dy = rng.normal(3, 2, (4, 3, 2, 5)), rng.normal(size=(4, 3, 2, 5))
    gamma, beta, mean = rng.normal(size=(3, 5))
    var = rng.uniform(1, 2, 5)
    y, cache = ours.batch_norm_forward(
        x, gamma, beta, running_mean=mean, running_var=var, training=training
    )

    X, G, B = (leaf(torch, a) for a in (channels_first(x), gamma, beta))
    M, V = torch.tensor(mean), torch.tensor(var)
    Y = torch.nn.functional.batch_norm(X, M, V, G, B, training=training)
    Y.backward(torch.tensor(channels_first(dy)))

    dx, dgamma, dbeta = ours.batch_norm_backward(dy, cache)
    assert_close(y, channels_last(Y.detach()))
    assert_close(dx, channels_last(X.grad))
    assert_close(dgamma, G.grad.numpy())
    assert_close(dbeta, B.grad.numpy())
    assert_close(cache.running_mean, M.numpy())
    assert_close(cache.running_var, V.numpy())


@given(seed=seeds)
def test_losses_are_pytorchs(torch: Any, seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores, targets = rng.normal(0, 5, (4, 3)), rng.dirichlet([1] * 3, 4)
    labels = rng.integers(0, 3, 4)
    theirs = torch.nn.functional
    pairs: list[tuple[tuple[float, Array], Callable[[Any], Any]]] = [
        (
            ours.softmax_cross_entropy(scores, labels),
            lambda X: theirs.cross_entropy(X, torch.tensor(labels)),
        ),
        (
            ours.softmax_cross_entropy(scores, targets),
            lambda X: theirs.cross_entropy(X, torch.tensor(targets)),
        ),
        (
            ours.mean_squared_error(scores, targets),
            lambda X: theirs.mse_loss(X, torch.tensor(targets)),
        ),
        (
            ours.sigmoid_cross_entropy(scores, targets),
            lambda X: theirs.binary_cross_entropy_with_logits(X, torch.tensor(targets)),
        ),
    ]
    for found, loss_of in pairs:
        X = leaf(torch, scores)
        loss = loss_of(X)
        loss.backward()
        assert_close(found[0], loss.item())
        assert_close(found[1], X.grad.numpy())
