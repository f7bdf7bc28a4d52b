"""Let MyGrad do it: NumPy with gradients, channels first."""

# ruff: noqa: PLC0415  # only who asks for MyGrad has it

from typing import Any

import numpy as np

from ..nn.activations import ReLU
from ..nn.convolution import Conv
from ..nn.dense import Dense
from ..nn.pooling import MaxPool
from ..nn.reshaping import Flatten
from .case import RATE, Case, Stage
from .contestant import Arrays, CannotError, Contestant, Found

__all__ = ["of_mygrad"]

FIRST, LAST = (0, 3, 1, 2), (0, 2, 3, 1)
THERE, BACK = (3, 2, 0, 1), (2, 3, 1, 0)


def of_mygrad(case: Case, arrays: Arrays) -> Contestant:
    """MyGrad, channels first."""
    import mygrad
    from mygrad.nnet.losses import softmax_crossentropy

    stages = list(case.stages())
    for stage in stages:
        require_known(stage)
    x = np.ascontiguousarray(arrays.x.transpose(FIRST))
    dy = arrays.dy
    if dy.ndim == 4:
        dy = np.ascontiguousarray(dy.transpose(FIRST))
    weights = {
        name: np.array(a.transpose(THERE) if a.ndim == 4 else a, order="C")
        for name, a in arrays.parameters.items()
    }

    def run() -> tuple[Any, Any, dict[str, Any]]:
        images = mygrad.tensor(x, constant=case.learns)
        tensors = {name: mygrad.tensor(array) for name, array in weights.items()}
        y = images
        for stage in stages:
            w, b = (tensors.get(f"{stage.name}.{key}") for key in "wb")
            y = applied(mygrad, stage, y, w, b)
        return y, images, tensors

    def follow() -> tuple[Any, Any, dict[str, Any]]:
        y, images, tensors = run()
        y.backward(dy)
        return y, images, tensors

    def learn() -> None:
        scores, _, tensors = run()
        softmax_crossentropy(scores, arrays.labels).backward()
        for name, tensor in tensors.items():
            weights[name] -= RATE * tensor.grad

    def results() -> Found:
        y, images, tensors = follow()
        found = y.data.transpose(LAST) if y.ndim == 4 else y.data
        dx = None if case.learns else images.grad.transpose(LAST)
        gradients = {
            name: t.grad.transpose(BACK) if t.ndim == 4 else t.grad
            for name, t in tensors.items()
        }
        return Found(found, dx, gradients)

    return Contestant(run, learn if case.learns else follow, results)


def require_known(stage: Stage) -> None:
    """Decline what it does not have."""
    layer, window = stage.layer, stage.window
    if not isinstance(layer, Conv | MaxPool | ReLU | Flatten | Dense):
        raise CannotError(f"it has no {layer.kind.replace('_', ' ')}")
    if isinstance(layer, Conv) and layer.groups > 1:
        raise CannotError("it has no groups")
    if not stage.divides:
        raise CannotError("it wants windows that end where the padded image does")
    if window is not None and any(before != after for before, after in window.padding):
        raise CannotError("it pads both sides alike")


def applied(mygrad: Any, stage: Stage, y: Any, w: Any, b: Any) -> Any:
    """Do one layer."""
    from mygrad.nnet.activations import relu
    from mygrad.nnet.layers import conv_nd, max_pool

    window = stage.window
    match stage.layer:
        case Conv() if window is not None:
            sides = tuple(before for before, _ in window.padding)
            y = conv_nd(y, w, stride=window.stride, padding=sides)
            return y + b.reshape(1, -1, 1, 1)
        case MaxPool() if window is not None:
            return max_pool(y, window.kernel_size, window.stride)
        case ReLU():
            return relu(y)
        case Flatten():
            return mygrad.transpose(y, LAST).reshape(len(y), -1)
    return mygrad.matmul(y, w) + b
