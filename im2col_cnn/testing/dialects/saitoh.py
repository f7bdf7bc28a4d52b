"""Saitoh, Deep Learning from Scratch: classes, channels first, columns of any order."""

from __future__ import annotations

from itertools import product

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
    support=CONVOLUTION,
)
# The book's rows are windows; others have windows as columns, or channels last.
ORDERS = ("NHW CYX", "NHW YXC", "CYX NHW", "CYX HWN", "YXC NHW")
IMAGES = ("NCHW", "NHWC")
UNFOLDED = [
    COLUMNS.but(layouts={"x": x, "y": order}) for x, order in product(IMAGES, ORDERS)
]
PAD_FIRST = {
    part: getattr(COLUMNS, part).replace("stride, padding", "padding, stride")
    for part in ("forward", "backward")
}
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
    *UNFOLDED,
    *(script.but(**PAD_FIRST) for script in UNFOLDED),
)
