"""CMU 11-785: classes over two axes and over one, channels first.

Kernels are handed in through initialisers. Gradients are left in `dLdW` and `dLdb`, on
the layer or on the one of stride 1 inside it; older classes have `dW` and `db`. The
course's constructor makes them of zeros, so that they may add up from call to call.
"""

from __future__ import annotations

from dataclasses import replace

from .family import CONVOLUTION, POOLING, family, renamed
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
PLANE = Script(
    "conv",
    """
    weights, biases = lambda *_: W, lambda *_: b
    layer = Conv2d(C, F, K, weight_init_fn=weights, bias_init_fn=biases)
    Z = layer.forward(A)
    """,
    """
    dLdA = layer.backward(dLdZ)
    dLdW = layer.dLdW or layer.conv2d_stride1.dLdW or layer.dW
    dLdb = layer.dLdb or layer.conv2d_stride1.dLdb or layer.db
    """,
    words=WORDS,
    layouts={"x": "NCHW", "w": "FCHW"},
    support=replace(CONVOLUTION, kernel="one", stride="none", paddings=()),
)
LINE = PLANE.but(
    forward=PLANE.forward.replace("2d", "1d"),
    backward=PLANE.backward.replace("2d", "1d"),
    layouts={"x": "NCW", "w": "FCW"},
    support=replace(PLANE.support, axes=(1,)),
)
POOL = Script(
    "max_pool",
    """
    layer = MaxPool2d(K, stride)
    Z = layer.forward(A)
    """,
    "dLdA = layer.backward(dLdZ)",
    words=WORDS,
    layouts={"x": "NCHW"},
    support=replace(POOLING, kernel="one"),
)
POOL_STRIDE_1 = POOL.but(
    forward=POOL.forward.replace("MaxPool2d(K, stride)", "MaxPool2d_stride1(K)"),
    support=replace(POOL.support, stride="none"),
)


def of_every_stride(script: Script) -> list[Script]:
    """Return a convolution with a stride and a padding, with a stride, and without."""
    strided = script.but(
        forward=script.forward.replace("F, K,", "F, K, stride,"),
        support=replace(script.support, stride="one"),
    )
    padded = strided.but(
        forward=strided.forward.replace("stride,", "stride, padding=padding,"),
        support=replace(strided.support, paddings=("int",)),
    )
    alone = script.forward.replace("d(C", "d_stride1(C")
    return [padded, strided, script.but(forward=alone), script]


def of_means(script: Script) -> Script:
    """Return an average pooling in the words of a max pooling."""
    return script.but(kind="avg_pool", forward=script.forward.replace("Max", "Mean"))


EVERY_YEAR = family(
    "cmu",
    *of_every_stride(PLANE),
    *of_every_stride(LINE),
    *(
        renamed(script, Conv2d="Conv2D", Conv1d="Conv1D")
        for script in (of_every_stride(PLANE)[1], of_every_stride(LINE)[1])
    ),
    *(of_means(script) for script in (POOL, POOL_STRIDE_1)),
    POOL,
    POOL_STRIDE_1,
)
OLD = "Conv1D", "Conv2D"  # nobody has to define these
FAMILY = replace(
    EVERY_YEAR, names=tuple(name for name in EVERY_YEAR.names if name not in OLD)
)
