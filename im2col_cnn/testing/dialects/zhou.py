"""Victor Zhou's `Conv3x3` and `MaxPool2`: one image, the step is taken inside."""

from __future__ import annotations

from dataclasses import replace

from .family import ONE_IMAGE, family, renamed
from .script import Script

__all__ = ["FAMILY"]

CONV = Script(
    "conv",
    """
    layer = Conv3x3(F)
    layer.filters = 1.0 * filters
    out = layer.forward(image)
    """,
    """
    layer.backprop(d_L_d_out, 1.0)
    d_L_d_filters = filters - layer.filters
    """,
    words={
        "x": "image",
        "w": "filters",
        "b": "bias",
        "y": "out",
        "dy": "d_L_d_out",
        "dw": "d_L_d_filters",
    },
    layouts={"x": "HW", "w": "FHW", "y": "HWF"},
    support=replace(
        ONE_IMAGE, kernels=(3,), stride="none", one_channel=True, bias=False
    ),
)
SIZED = CONV.but(
    forward="""
    layer = Conv3x3(F, K)
    layer.filters = 1.0 * filters
    out = layer.forward(image)
    """
)
POOL = Script(
    "max_pool",
    """
    layer = MaxPool2()
    out = layer.forward(image)
    """,
    "d_L_d_input = layer.backprop(d_L_d_out)",
    words={"x": "image", "y": "out", "dy": "d_L_d_out", "dx": "d_L_d_input"},
    layouts={"x": "HWC"},
    support=replace(ONE_IMAGE, kernels=(2,), stride_is_kernel=True),
)
STEPPING = POOL.but(backward="d_L_d_input = layer.backprop(d_L_d_out, 1.0)")
NAMED_BACKWARD = POOL.but(backward="d_L_d_input = layer.backward(d_L_d_out)")
FAMILY = family(
    "zhou",
    *(
        renamed(script, Conv3x3=name).but(is_loose=name.lower() != "conv3x3")
        for name in ("Conv3x3", "Conv", "Conv2D", "Conv3X3", "ConvLayer")
        for script in (CONV, SIZED)
    ),
    *(
        renamed(script, MaxPool2=name)
        for name in ("MaxPool2", "MaxPool", "MaxPool2x2", "max_pool")
        for script in (POOL, STEPPING, NAMED_BACKWARD)
    ),
)
