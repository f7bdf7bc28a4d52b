"""Georgia Tech CS 7643: `Conv2D`, `MaxPooling`; backward leaves `dx`, `dw`, `db`."""

from __future__ import annotations

from dataclasses import replace

from .family import CONVOLUTION, POOLING, family
from .script import Script

__all__ = ["FAMILY"]

CONV = Script(
    "conv",
    """
    layer = Conv2D(C, F, K, stride, padding)
    layer.weight, layer.bias = w, b
    out = layer.forward(x)
    """,
    """
    layer.backward(dout)
    dx, dw, db = layer.dx, layer.dw, layer.db
    """,
    words={"y": "out", "dy": "dout"},
    layouts={"x": "NCHW", "w": "FCHW"},
    support=replace(CONVOLUTION, kernel="one"),
)
POOL = Script(
    "max_pool",
    """
    layer = MaxPooling(K, stride)
    out = layer.forward(x)
    """,
    """
    layer.backward(dout)
    dx = layer.dx
    """,
    words={"y": "out", "dy": "dout"},
    layouts={"x": "NCHW"},
    support=replace(POOLING, kernel="one"),
)
FAMILY = family("gatech", CONV, POOL)
