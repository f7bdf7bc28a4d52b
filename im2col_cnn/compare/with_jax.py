"""Let JAX do it on the CPU, compiled."""

# ruff: noqa: PLC0415  # only who asks for JAX has it

from math import prod
from typing import Any

import numpy as np

from ..nn.activations import ReLU
from ..nn.convolution import Conv
from ..nn.dense import Dense
from ..nn.pooling import AvgPool, MaxPool
from ..nn.reshaping import Flatten
from ..window import Window
from .case import RATE, Case, Stage
from .contestant import Arrays, CannotError, Contestant, Found

__all__ = ["of_jax"]

LAYOUT = "NHWC", "HWIO", "NHWC"


def of_jax(case: Case, arrays: Arrays) -> Contestant:
    """JAX, compiled."""
    import jax

    x, dy, labels, weights = jax.tree.map(jax.numpy.asarray, tuple(arrays))
    stages = list(case.stages())

    def run(weights: Any, x: Any) -> Any:
        for stage in stages:
            w, b = (weights.get(f"{stage.name}.{key}") for key in "wb")
            x = applied(jax, stage, x, w, b)
        return x

    def loss(weights: Any, x: Any, labels: Any) -> Any:
        scores = jax.nn.log_softmax(run(weights, x))
        return -jax.numpy.take_along_axis(scores, labels[:, None], axis=1).mean()

    def move(weights: Any, x: Any, labels: Any) -> Any:
        slopes = jax.grad(loss)(weights, x, labels)
        return jax.tree.map(lambda w, dw: w - RATE * dw, weights, slopes)

    def both(weights: Any, x: Any, dy: Any) -> Any:
        y, back = jax.vjp(run, weights, x)
        return y, *back(dy)

    forward, moved, followed = map(jax.jit, (run, move, both))

    def learn() -> None:
        nonlocal weights
        weights = jax.block_until_ready(moved(weights, x, labels))

    def follow() -> Any:
        return jax.block_until_ready(followed(weights, x, dy))

    def results() -> Found:
        y, gradients, dx = jax.tree.map(np.asarray, follow())
        return Found(y, None if case.learns else dx, gradients)

    return Contestant(
        lambda: forward(weights, x).block_until_ready(),
        learn if case.learns else follow,
        results,
    )


def applied(jax: Any, stage: Stage, y: Any, w: Any, b: Any) -> Any:
    """Do one layer."""
    window = stage.window
    match stage.layer:
        case Conv(groups=groups) if window is not None:
            slide = window.stride, window.padding, None, None
            return b + jax.lax.conv_general_dilated(y, w, *slide, LAYOUT, groups)
        case MaxPool() if window is not None:
            return reduced(jax, window, y, -np.inf, jax.lax.max)
        case AvgPool(padding=0) if window is not None:
            return reduced(jax, window, y, 0.0, jax.lax.add) / prod(window.kernel_size)
        case ReLU():
            return jax.nn.relu(y)
        case Flatten():
            return y.reshape(len(y), -1)
        case Dense():
            return y @ w + b
    raise CannotError(f"no such {stage.layer.kind.replace('_', ' ')} here")


def reduced(jax: Any, window: Window, y: Any, start: float, join: Any) -> Any:
    """Make one number of every window."""
    sizes, steps = (1, *window.kernel_size, 1), (1, *window.stride, 1)
    sides = ((0, 0), *window.padding, (0, 0))
    return jax.lax.reduce_window(y, start, join, sizes, steps, sides)
