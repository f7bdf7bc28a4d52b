"""Our own four contestants: loops, columns, fast, and the bare matrix product."""

from math import prod
from typing import Any, Protocol, final

import numpy as np

from .. import loops
from .._typing import Array
from ..columns import col2im, im2col
from ..nn.convolution import Conv, ConvTranspose
from ..nn.layer import Gradients, Layer, Operation, WeightedLayer
from ..nn.network import Sequential
from ..nn.optimizers import SGD
from ..nn.pooling import AvgPool, MaxPool
from ..ops.losses import softmax_cross_entropy
from ..window import Window
from .case import RATE, Case, sliding
from .contestant import Arrays, CannotError, Contestant, Found

__all__ = ["of_columns", "of_fast", "of_loops", "of_product"]


LOOPS: dict[type[Layer], Operation] = {
    AvgPool: Operation(loops.avg_pool_forward, loops.avg_pool_backward),
    Conv: Operation(loops.conv_forward, loops.conv_backward),
    ConvTranspose: Operation(
        loops.conv_transpose_forward, loops.conv_transpose_backward
    ),
    MaxPool: Operation(loops.max_pool_forward, loops.max_pool_backward),
}
Back = tuple[Array | None, Gradients]


class Way(Protocol):
    """How one layer is done, and undone."""

    def forward(self, layer: Layer, x: Array) -> tuple[Array, Any]:
        """Return y, and what backward needs to know."""

    def backward(self, layer: Layer, dy: Array, cache: Any) -> Back:
        """Return dx and the gradients of the parameters."""


@final
class Chain:
    """A network, and the way its layers are done."""

    def __init__(self, network: Sequential, way: Way) -> None:
        self.layers, self.parameters, self.way = network.layers, network.parameters, way

    def forward(self, x: Array) -> tuple[Array, dict[str, Any]]:
        """Pass images through."""
        caches = {}
        for name, layer in self.layers.items():
            x, caches[name] = self.way.forward(layer, x)
        return x, caches

    def backward(
        self, dy: Array, caches: dict[str, Any], *, input_gradient: bool
    ) -> Back:
        """Pass gradients back, to the images too: these ways cannot do without."""
        dx: Array | None = dy
        gradients: Gradients = {}
        for name, layer in reversed(self.layers.items()):
            assert dx is not None  # every layer has been asked for it
            dx, found = self.way.backward(layer, dx, caches[name])
            gradients |= {f"{name}.{key}": array for key, array in found.items()}
        return dx if input_gradient else None, gradients


@final
class ByLoops:
    """Loop over images, windows, channels and filters."""

    def forward(self, layer: Layer, x: Array) -> tuple[Array, Any]:
        """Do a layer, by the twin of its operation in `loops` if there is one."""
        if (twin := LOOPS.get(type(layer))) is None:
            return layer.forward(x)
        if not isinstance(layer, WeightedLayer):
            return twin.forward(x, **layer.settings)
        w, b = layer.require_parameters()["w"], layer.parameters.get("b")
        settings = {name: getattr(layer, name) for name in layer.operation_settings}
        return twin.forward(x, w, b, **settings)

    def backward(self, layer: Layer, dy: Array, cache: Any) -> Back:
        """Undo it."""
        if (twin := LOOPS.get(type(layer))) is None:
            return layer.backward(dy, cache)
        if not isinstance(layer, WeightedLayer):
            return twin.backward(dy, cache), {}
        dx, dw, db = twin.backward(dy, cache)
        return dx, {"w": dw} if db is None else {"w": dw, "b": db}


@final
class ByColumns:
    """Unfold everything at once, and fold everything back; no groups."""

    def forward(self, layer: Layer, x: Array) -> tuple[Array, Any]:
        """Do a layer; keep the shape of x, and the columns or who won."""
        if not isinstance(layer, Conv | MaxPool | AvgPool):
            return layer.forward(x)
        N, *spatial, C = x.shape
        window = Window(spatial, layer.kernel_size, **sliding(layer))
        fill = -np.inf if isinstance(layer, MaxPool) else 0
        X = im2col(x, layer.kernel_size, fill=fill, **sliding(layer))
        pixels = X.reshape(len(X), -1, C)  # of a window, along the middle axis
        kept = X
        match layer:
            case Conv(filters=F):
                w, b = layer.require_parameters()["w"], layer.parameters.get("b", 0)
                y = X @ w.reshape(-1, F) + b
            case MaxPool():
                kept = pixels.argmax(axis=1, keepdims=True)
                y = np.take_along_axis(pixels, kept, axis=1)
            case _:
                y = pixels.mean(axis=1)
        return y.reshape(N, *window.output_size, -1), (x.shape, window, kept)

    def backward(self, layer: Layer, dy: Array, cache: Any) -> Back:
        """Undo it."""
        if not isinstance(layer, Conv | MaxPool | AvgPool):
            return layer.backward(dy, cache)
        shape, window, kept = cache
        *_, F = dy.shape
        D, taps = dy.reshape(-1, F), prod(window.kernel_size)
        gradients = {}
        match layer:
            case Conv():
                w = layer.require_parameters()["w"]
                dX = D @ w.reshape(-1, F).T
                gradients = {"w": (kept.T @ D).reshape(w.shape), "b": D.sum(axis=0)}
            case MaxPool():
                dX = np.zeros((len(D), taps, F), D.dtype)
                np.put_along_axis(dX, kept, D[:, None], axis=1)
            case _:
                dX = np.repeat(D[:, None] / taps, taps, axis=1)
        columns = dX.reshape(len(D), -1)
        return col2im(columns, shape, layer.kernel_size, **sliding(layer)), gradients


def of_loops(case: Case, arrays: Arrays) -> Contestant:
    """Loop over images, windows, channels and filters."""
    return taking_part(case, arrays, Chain(case.network(arrays.parameters), ByLoops()))


def of_columns(case: Case, arrays: Arrays) -> Contestant:
    """Unfold everything at once."""
    if any(isinstance(layer, Conv) and layer.groups > 1 for layer in case.layers):
        raise CannotError("one matrix of columns knows no groups")
    if any(isinstance(layer, ConvTranspose) for layer in case.layers):
        raise CannotError("it unfolds, and does not paint")
    network = case.network(arrays.parameters)
    return taking_part(case, arrays, Chain(network, ByColumns()))


def of_fast(case: Case, arrays: Arrays) -> Contestant:
    """Unfold tile by tile."""
    return taking_part(case, arrays, case.network(arrays.parameters))


def taking_part(case: Case, arrays: Arrays, network: Sequential | Chain) -> Contestant:
    """Make a contestant of whatever passes images through the layers."""
    x, dy, labels, _ = arrays
    optimizer = SGD(RATE, momentum=0)

    def follow() -> Found:
        y, caches = network.forward(x)
        found = network.backward(dy, caches, input_gradient=not case.learns)
        return Found(y, *found)

    def learn() -> None:
        scores, caches = network.forward(x)
        _, dscores = softmax_cross_entropy(scores, labels)
        _, gradients = network.backward(dscores, caches, input_gradient=False)
        optimizer.step(network.parameters, gradients)

    step = learn if case.learns else follow
    return Contestant(lambda: network.forward(x), step, follow)


def of_product(case: Case, arrays: Arrays) -> Contestant:
    """Multiply what is unfolded already: the bound of all that unfold."""
    conv = case.convolution
    if conv is None or conv.groups > 1:
        raise CannotError("there is no one product to time")
    w = arrays.parameters["conv1.w"]
    *kernel, _, F = w.shape
    X = im2col(arrays.x, kernel, stride=conv.stride, padding=conv.padding)
    W, y = w.reshape(-1, F), np.empty((len(X), F), X.dtype)

    def multiply() -> Array:
        return np.matmul(X, W, out=y)

    def results() -> Found:
        y = multiply() + arrays.parameters["conv1.b"]
        found = of_columns(case, arrays).results()
        return found._replace(y=y.reshape(arrays.dy.shape))

    return Contestant(multiply, multiply, results)
