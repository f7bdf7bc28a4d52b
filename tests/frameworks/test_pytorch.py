"""Windows slide over images as PyTorch's do, forward and backward."""

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import im2col_cnn as ours
from im2col_cnn import Window
from im2col_cnn.testing.strategies import Case, convolutions
from tests.frameworks.agreement import (
    assert_close,
    channels_first,
    channels_last,
    kernels_first,
    kernels_last,
    leaf,
    pools,
    randomized,
    seeds,
    window_of,
)

pytestmark = pytest.mark.frameworks


def functional(torch: Any, name: str, axes: int) -> Any:
    return getattr(torch.nn.functional, f"{name}{axes}d")


def torch_padding(window: Window) -> list[int]:
    """List (before, after) from the last axis to the first, as torch's pad wants."""
    return [side for pair in reversed(window.padding) for side in pair]


@given(case=convolutions(), seed=seeds)
def test_convolution_is_pytorchs(torch: Any, case: Case, seed: int) -> None:
    x, w, b = randomized(case, seed)
    window = window_of(x, w, case.settings)
    y, cache = ours.conv_forward(x, w, b, **case.settings)
    dy = np.random.default_rng(seed).normal(size=y.shape)

    X, W, B = (leaf(torch, a) for a in (channels_first(x), kernels_first(w), b.ravel()))
    padded = torch.nn.functional.pad(X, torch_padding(window))
    Y = functional(torch, "conv", x.ndim - 2)(
        padded,
        W,
        B,
        stride=window.stride,
        dilation=window.dilation,
        groups=case.settings["groups"],
    )
    Y.backward(torch.tensor(channels_first(dy)))

    dx, dw, db = ours.conv_backward(dy, cache)
    assert db is not None
    assert_close(y, channels_last(Y.detach()))
    assert_close(dx, channels_last(X.grad))
    assert_close(dw, kernels_last(W.grad))
    assert_close(db.ravel(), B.grad.numpy())


@st.composite
def transposed(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a transposed convolution that PyTorch can say: symmetric padding."""
    axes = draw(st.integers(1, 3))
    each = st.lists(st.integers(1, 3), min_size=axes, max_size=axes).map(tuple)
    kernel, stride, dilation, size = (draw(each) for _ in range(4))
    room = [
        (n - 1) * s + d * (k - 1)
        for n, s, d, k in zip(size, stride, dilation, kernel, strict=True)
    ]
    return {
        "size": size,
        "kernel": kernel,
        "stride": stride,
        "dilation": dilation,
        "padding": tuple(draw(st.integers(0, n // 2)) for n in room),
        "output_padding": tuple(
            draw(st.integers(0, max(pair) - 1))
            for pair in zip(stride, dilation, strict=True)
        ),
        "groups": draw(st.integers(1, 2)),
    }


@given(layer=transposed(), seed=seeds)
def test_transposed_convolution_is_pytorchs(
    torch: Any, layer: dict[str, Any], seed: int
) -> None:
    rng, settings = np.random.default_rng(seed), dict(layer)
    size, kernel, groups = settings.pop("size"), settings.pop("kernel"), layer["groups"]
    x = rng.normal(size=(2, *size, 2 * groups))
    w = rng.normal(size=(*kernel, 3, 2 * groups))  # (*kernel, F // groups, C)
    b = rng.normal(size=3 * groups)
    y, cache = ours.conv_transpose_forward(x, w, b, **settings)
    dy = rng.normal(size=y.shape)

    X, W, B = (leaf(torch, a) for a in (channels_first(x), kernels_first(w), b))
    Y = functional(torch, "conv_transpose", len(size))(X, W, B, **settings)
    Y.backward(torch.tensor(channels_first(dy)))

    dx, dw, db = ours.conv_transpose_backward(dy, cache)
    assert_close(y, channels_last(Y.detach()))
    assert_close(dx, channels_last(X.grad))
    assert_close(dw, kernels_last(W.grad))
    assert_close(db, B.grad.numpy())


@given(pool=pools(dilated=True), seed=seeds)
def test_max_pooling_is_pytorchs(torch: Any, pool: Any, seed: int) -> None:
    size, settings = pool
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(2, *size, 3))
    y, cache = ours.max_pool_forward(x, **settings)
    dy = rng.normal(size=y.shape)

    X = leaf(torch, channels_first(x))
    Y, indices = functional(torch, "max_pool", len(size))(
        X, **settings, return_indices=True
    )
    Y.backward(torch.tensor(channels_first(dy)))

    assert_close(y, channels_last(Y.detach()))
    assert (cache.argmax == channels_last(indices)).all()
    assert_close(ours.max_pool_backward(dy, cache), channels_last(X.grad))


@given(pool=pools(dilated=False), include=st.booleans(), seed=seeds)
def test_average_pooling_is_pytorchs(
    torch: Any, pool: Any, include: bool, seed: int
) -> None:
    size, settings = pool
    settings = {**settings, "count_include_pad": include}
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(2, *size, 3))
    y, cache = ours.avg_pool_forward(x, **settings)
    dy = rng.normal(size=y.shape)

    X = leaf(torch, channels_first(x))
    Y = functional(torch, "avg_pool", len(size))(X, **settings)
    Y.backward(torch.tensor(channels_first(dy)))

    assert_close(y, channels_last(Y.detach()))
    assert_close(ours.avg_pool_backward(dy, cache), channels_last(X.grad))


@pytest.mark.parametrize("kind", ["max", "avg"])
@given(
    size=st.lists(st.integers(1, 8), min_size=1, max_size=3),
    bins=st.lists(st.integers(1, 8), min_size=3, max_size=3),
    seed=seeds,
)
def test_adaptive_pooling_is_pytorchs(
    torch: Any, kind: str, size: list[int], bins: list[int], seed: int
) -> None:
    output_size = tuple(bins[: len(size)])
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(2, *size, 3))
    y, cache = getattr(ours, f"adaptive_{kind}_pool_forward")(x, output_size)
    dy = rng.normal(size=y.shape)

    X = leaf(torch, channels_first(x))
    Y = functional(torch, f"adaptive_{kind}_pool", len(size))(X, output_size)
    Y.backward(torch.tensor(channels_first(dy)))

    dx = getattr(ours, f"adaptive_{kind}_pool_backward")(dy, cache)
    assert_close(y, channels_last(Y.detach()))
    assert_close(dx, channels_last(X.grad))
