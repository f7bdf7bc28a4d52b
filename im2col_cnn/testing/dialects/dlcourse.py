"""dlcourse.ai: layers with `Param` objects, channels last, stride 1, square kernels."""

from __future__ import annotations

from dataclasses import replace

from .family import CONVOLUTION, POOLING, family
from .script import Script

__all__ = ["FAMILY"]

# Gradients may add up from call to call: they start at 0 before every backward.
CONV = Script(
    "conv",
    """
    layer = ConvolutionalLayer(C, F, K, padding)
    layer.W.value, layer.B.value = W, B
    out = layer.forward(X)
    """,
    """
    layer.W.grad, layer.B.grad = 0 * W, 0 * B
    d_input = layer.backward(d_out)
    dW, dB = layer.W.grad, layer.B.grad
    """,
    words={
        "x": "X",
        "w": "W",
        "b": "B",
        "y": "out",
        "dy": "d_out",
        "dx": "d_input",
        "dw": "dW",
        "db": "dB",
    },
    support=replace(CONVOLUTION, kernel="one", stride="none"),
)
POOL = Script(
    "max_pool",
    """
    layer = MaxPoolingLayer(K, stride)
    out = layer.forward(X)
    """,
    "d_input = layer.backward(d_out)",
    words={"x": "X", "y": "out", "dy": "d_out", "dx": "d_input"},
    support=replace(POOLING, kernel="one"),
)
FAMILY = family("dlcourse", CONV, POOL)
