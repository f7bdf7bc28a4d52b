"""Convolutions are JAX's, forward and backward."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given

import im2col_cnn as ours
from im2col_cnn.testing.strategies import Case, convolutions
from tests.frameworks.agreement import (
    assert_close,
    randomized,
    seeds,
    window_of,
)

pytestmark = pytest.mark.frameworks


@pytest.fixture(scope="module")
def jax() -> Any:
    jax = pytest.importorskip("jax", reason="JAX is not installed")
    jax.config.update("jax_enable_x64", True)
    return jax


@given(case=convolutions(), seed=seeds)
def test_convolution_is_jaxs(jax: Any, case: Case, seed: int) -> None:
    x, w, _ = randomized(case, seed)
    if len(x) == 0:
        x = np.ones((1, *x.shape[1:]))  # JAX differentiates no empty batch
    window = window_of(x, w, case.settings)
    y, cache = ours.conv_forward(x, w, **case.settings)
    dy = np.random.default_rng(seed).normal(size=y.shape)
    space = "DHW"[3 - len(window.spatial) :]

    words = {"same": "SAME", "same_lower": "SAME_LOWER"}
    word = words.get(str(case.settings["padding"]), "VALID")
    # XLA aborts on some gradients of a padding wider than the kernel: pad beforehand.
    pairs = [(0, 0)] * x.ndim if word != "VALID" else [(0, 0), *window.padding, (0, 0)]

    def convolve(x: Any, w: Any) -> Any:
        return jax.lax.conv_general_dilated(
            jax.numpy.pad(x, pairs),
            w,
            window.stride,
            word,
            rhs_dilation=window.dilation,
            dimension_numbers=(f"N{space}C", f"{space}IO", f"N{space}C"),
            feature_group_count=case.settings["groups"],
        )

    Y, pull_back = jax.vjp(convolve, x, w)
    dX, dW = pull_back(dy)

    dx, dw, _ = ours.conv_backward(dy, cache)
    assert_close(y, Y)
    assert_close(dx, dX)
    assert_close(dw, dW)
