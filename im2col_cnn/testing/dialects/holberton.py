"""Holberton: one function a file, channels last, no cache, "same" keeps the size."""

from __future__ import annotations

from dataclasses import replace

from .family import CONVOLUTION, POOLING, family
from .script import Script

__all__ = ["FAMILY"]

# "same" is asked for where all formulas in use agree: at stride 1, with odd kernels.
CONV = Script(
    "conv",
    "Z = conv_forward(A_prev, W, b, lambda Z: Z, word, (SH, SW))",
    "dA_prev, dW, db = conv_backward(dZ, A_prev, W, b, word, (SH, SW))",
    words={"x": "A_prev", "w": "W", "y": "Z", "dy": "dZ", "dx": "dA_prev", "dw": "dW"},
    layouts={"b": "111F"},
    support=replace(
        CONVOLUTION, stride="each", paddings=("valid", "centred at stride 1")
    ),
    template=("S4", "C2"),
)
MAX = Script(
    "max_pool",
    "A = pool_forward(A_prev, (KH, KW), (SH, SW), 'max')",
    "dA_prev = pool_backward(dA, A_prev, (KH, KW), (SH, SW), 'max')",
    words={"x": "A_prev", "y": "A", "dy": "dA", "dx": "dA_prev"},
    support=replace(POOLING, stride="each"),
)
MEAN = Script(
    "avg_pool",
    MAX.forward.replace("max", "avg"),
    MAX.backward.replace("max", "avg"),
    words=MAX.words,
    support=MAX.support,
)
FAMILY = family("holberton", CONV, MAX, MEAN)
