"""Do what slides with whole matrices of columns: the idea, and no more than that.

convolution     im2col, a product                   a product, col2im
max pooling     im2col, a maximum per channel       to the winners, col2im
average         im2col, a mean per channel          to all alike, col2im
"""

from math import prod
from typing import Any, final

import numpy as np

from .._typing import Array
from ..columns import col2im, im2col
from ..nn.layer import Layer
from ..nn.layers import Conv
from ..nn.pooling import AvgPool, MaxPool
from ..window import Window
from .cases import sliding
from .chains import Back

__all__ = ["ByColumns"]


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
                y = X @ layer.built["w"].reshape(-1, F) + layer.built.get("b", 0)
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
                w = layer.built["w"]
                dX = D @ w.reshape(-1, F).T
                gradients = {"w": (kept.T @ D).reshape(w.shape), "b": D.sum(axis=0)}
            case MaxPool():
                dX = np.zeros((len(D), taps, F), D.dtype)
                np.put_along_axis(dX, kept, D[:, None], axis=1)
            case _:
                dX = np.repeat(D[:, None] / taps, taps, axis=1)
        columns = dX.reshape(len(D), -1)
        return col2im(columns, shape, layer.kernel_size, **sliding(layer)), gradients
