"""CMU 11-785 over one axis, and its older classes: gradients in `dW` and `db`."""

from __future__ import annotations

from dataclasses import replace

from .family import CONVOLUTION, family, renamed
from .script import Script

__all__ = ["FAMILY"]

WORDS = {
    "x": "A",
    "w": "W",
    "y": "Z",
    "dy": "dLdZ",
    "dx": "dLdA",
    "dw": "dLdW",
    "db": "dLdb",
}
NEW = """
    dLdA = layer.backward(dLdZ)
    dLdW = layer.dLdW or layer.conv1d_stride1.dLdW or layer.dW
    dLdb = layer.dLdb or layer.conv1d_stride1.dLdb or layer.db
    """
LINE = Script(
    "conv",
    """
    weights, biases = lambda *_: W, lambda *_: b
    layer = Conv1d(C, F, K, stride, weight_init_fn=weights, bias_init_fn=biases)
    Z = layer.forward(A)
    """,
    NEW,
    words=WORDS,
    layouts={"x": "NCW", "w": "FCW"},
    support=replace(CONVOLUTION, axes=(1,), kernel="one", paddings=()),
)
PADDED = LINE.but(
    forward=LINE.forward.replace("stride,", "stride, padding=padding,"),
    support=replace(LINE.support, paddings=("int",)),
)
STRIDE_1 = LINE.but(
    forward=LINE.forward.replace("Conv1d", "Conv1d_stride1").replace(" stride,", ""),
    support=replace(LINE.support, stride="none"),
)
OLD_2D = LINE.but(
    forward=LINE.forward.replace("Conv1d", "Conv2D"),
    layouts={"x": "NCHW", "w": "FCHW"},
    support=replace(CONVOLUTION, kernel="one", paddings=()),
)
FAMILY = family(
    "cmu-1d", PADDED, LINE, STRIDE_1, renamed(LINE, Conv1d="Conv1D"), OLD_2D
)
