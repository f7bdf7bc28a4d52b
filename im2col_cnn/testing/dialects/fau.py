"""FAU Erlangen: `Conv(stride_shape, convolution_shape, num_kernels)`, always "same"."""

from __future__ import annotations

from dataclasses import replace

from .family import CONVOLUTION, POOLING, family
from .script import Script

__all__ = ["FAMILY"]

# Even kernels are not asked for: SciPy's "same" has its middle elsewhere for each.
CONV = Script(
    "conv",
    """
    layer = Conv((SH, SW), (C, KH, KW), F)
    layer.weights, layer.bias = weights, bias
    out = layer.forward(input_tensor)
    """,
    """
    dx = layer.backward(error_tensor)
    dw, db = layer.gradient_weights, layer.gradient_bias
    """,
    words={
        "x": "input_tensor",
        "w": "weights",
        "b": "bias",
        "y": "out",
        "dy": "error_tensor",
    },
    layouts={"x": "NCHW", "w": "FCHW"},
    support=replace(CONVOLUTION, stride="each", paddings=("centred",), kernels=(3, 5)),
)
TALL = {"x": "NCHW", "w": "FCHW", "b": "F1"}
LINE = CONV.but(
    forward="""
    layer = Conv((SH,), (C, KH), F)
    layer.weights, layer.bias = weights, bias
    out = layer.forward(input_tensor)
    """,
    layouts={"x": "NCW", "w": "FCW"},
    support=replace(CONV.support, axes=(1,)),
)
POOL = Script(
    "max_pool",
    """
    layer = Pooling((SH, SW), (KH, KW))
    out = layer.forward(input_tensor)
    """,
    "dx = layer.backward(error_tensor)",
    words={"x": "input_tensor", "y": "out", "dy": "error_tensor"},
    layouts={"x": "NCHW"},
    support=replace(POOLING, stride="each"),
)
FAMILY = family(
    "fau",
    CONV,
    CONV.but(layouts=TALL),
    LINE,
    LINE.but(layouts={"x": "NCW", "w": "FCW", "b": "F1"}),
    POOL,
)
