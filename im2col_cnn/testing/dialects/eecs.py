"""Michigan EECS 498/598: PyTorch tensors, static methods, channels first."""

from __future__ import annotations

from .family import CONVOLUTION, POOLING, family
from .script import Script

__all__ = ["FAMILY"]

CONV = Script(
    "conv",
    "out, cache = Conv.forward(x, w, b, {'stride': stride, 'pad': padding})",
    "dx, dw, db = Conv.backward(dout, cache)",
    words={"y": "out", "dy": "dout"},
    layouts={"x": "NCHW", "w": "FCHW"},
    support=CONVOLUTION,
    cache="cache = (x, w, b, {'stride': stride, 'pad': padding})",
    tensors=True,
)
POOL = Script(
    "max_pool",
    "out, cache = MaxPool.forward(x, "
    "{'pool_height': KH, 'pool_width': KW, 'stride': stride})",
    "dx = MaxPool.backward(dout, cache)",
    words={"y": "out", "dy": "dout"},
    layouts={"x": "NCHW"},
    support=POOLING,
    cache="cache = (x, {'pool_height': KH, 'pool_width': KW, 'stride': stride})",
    tensors=True,
)
FAMILY = family("eecs", CONV, POOL)
