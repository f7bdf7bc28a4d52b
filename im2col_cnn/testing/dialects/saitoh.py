"""Saitoh, Deep Learning from Scratch: classes, channels first, rows are windows."""

from __future__ import annotations

from .family import CONVOLUTION, POOLING, family, renamed
from .script import Script

__all__ = ["FAMILY"]

FIRST = {"x": "NCHW", "w": "FCHW"}
CONV = Script(
    "conv",
    """
    layer = Convolution(W, b, stride, padding)
    out = layer.forward(x)
    """,
    """
    dx = layer.backward(dout)
    dW, db = layer.dW, layer.db
    """,
    words={"w": "W", "y": "out", "dy": "dout", "dw": "dW"},
    layouts=FIRST,
    support=CONVOLUTION,
)
POOL = Script(
    "max_pool",
    """
    layer = Pooling(pool_h=KH, pool_w=KW, stride=stride, pad=0)
    out = layer.forward(x)
    """,
    "dx = layer.backward(dout)",
    words={"y": "out", "dy": "dout"},
    layouts=FIRST,
    support=POOLING,
)
COLUMNS = Script(
    "im2col",
    "col = im2col(x, KH, KW, stride, padding)",
    "dx = col2im(dcol, x_shape, KH, KW, stride, padding)",
    words={"y": "col", "dy": "dcol"},
    layouts={"x": "NCHW", "y": "NHW CYX"},
    support=CONVOLUTION,
)
FAMILY = family(
    "saitoh",
    CONV,
    renamed(CONV, Convolution="convolution"),
    POOL,
    POOL.but(
        forward="""
        layer = Pooling(KH, KW, stride, 0)
        out = layer.forward(x)
        """
    ),
    COLUMNS,
)
