"""CMU 11-785: classes over two axes and over one, channels first.

Kernels are handed in through initialisers. Gradients are left in `dLdW` and `dLdb`, on
the layer or on the one of stride 1 inside it; older classes have `dW` and `db`. The
course's constructor makes them of zeros, so that they may add up from call to call.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from ..support import Support
from .family import CONVOLUTION, POOLING, family
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
LAYOUTS = {2: {"x": "NCHW", "w": "FCHW"}, 1: {"x": "NCW", "w": "FCW"}}
ALONE = replace(CONVOLUTION, kernel="one", stride="none", paddings=())
STRIDED = replace(ALONE, stride="one")
PADDED = replace(STRIDED, paddings=("int",))
EVERY_STRIDE = (
    ("Conv{}d", "C, F, K, stride, padding=padding", PADDED),
    ("Conv{}d", "C, F, K, stride", STRIDED),
    ("Conv{}D", "C, F, K, stride", STRIDED),  # of older years
    ("Conv{}d_stride1", "C, F, K", ALONE),
    ("Conv{}d", "C, F, K", ALONE),
)
POOL = replace(POOLING, kernel="one")
POOL_ALONE = replace(POOL, stride="none")
OLD = "Conv1D", "Conv2D"  # nobody has to define these


def convolution(axes: int, name: str, arguments: str, support: Support) -> Script:
    """Return the script of a convolution over one axis or two."""
    inner = f"conv{axes}d_stride1"
    return Script(
        "conv",
        f"""
        weights, biases = lambda *_: W, lambda *_: b
        layer = {name}({arguments}, weight_init_fn=weights, bias_init_fn=biases)
        Z = layer.forward(A)
        """,
        f"""
        dLdA = layer.backward(dLdZ)
        dLdW = layer.dLdW or layer.{inner}.dLdW or layer.dW
        dLdb = layer.dLdb or layer.{inner}.dLdb or layer.db
        """,
        words=WORDS,
        layouts=LAYOUTS[axes],
        support=replace(support, axes=(axes,)),
    )


def pooling(kind: str, name: str, arguments: str, support: Support) -> Script:
    """Return the script of a pooling."""
    return Script(
        kind,
        f"""
        layer = {name}({arguments})
        Z = layer.forward(A)
        """,
        "dLdA = layer.backward(dLdZ)",
        words=WORDS,
        layouts={"x": "NCHW"},
        support=support,
    )


EVERY_YEAR = family(
    "cmu",
    *(
        convolution(axes, name.format(axes), arguments, support)
        for axes, (name, arguments, support) in product((2, 1), EVERY_STRIDE)
    ),
    pooling("avg_pool", "MeanPool2d", "K, stride", POOL),
    pooling("avg_pool", "MeanPool2d_stride1", "K", POOL_ALONE),
    pooling("max_pool", "MaxPool2d", "K, stride", POOL),
    pooling("max_pool", "MaxPool2d_stride1", "K", POOL_ALONE),
)
FAMILY = replace(
    EVERY_YEAR, names=tuple(name for name in EVERY_YEAR.names if name not in OLD)
)
