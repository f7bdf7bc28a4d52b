"""Let this package do it: with loops, with columns, fast, and the product alone.

The fast path is a network as its users have it; loops and columns take its place where
windows slide, and leave the rest of a network to its layers.
"""

import numpy as np

from .._typing import Array
from ..columns import im2col
from ..nn.layers import Conv
from ..nn.network import Sequential
from ..nn.optimizers import SGD
from ..ops.losses import softmax_cross_entropy
from .arrays import Arrays
from .cases import RATE, Case
from .chains import Chain
from .contestant import CannotError, Contestant, Found
from .with_columns import ByColumns
from .with_loops import ByLoops

__all__ = ["of_columns", "of_fast", "of_loops", "of_product"]


def of_loops(case: Case, arrays: Arrays) -> Contestant:
    """Loop over images, windows, channels and filters."""
    return taking_part(case, arrays, Chain(case.network(arrays.parameters), ByLoops()))


def of_columns(case: Case, arrays: Arrays) -> Contestant:
    """Unfold everything at once."""
    if any(isinstance(layer, Conv) and layer.groups > 1 for layer in case.layers):
        raise CannotError("one matrix of columns knows no groups")
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
    """Multiply what is unfolded already: nobody who unfolds can be faster."""
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
