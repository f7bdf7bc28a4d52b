"""Alescontrela, Numpy-CNN: functions over one square image, channels first."""

from __future__ import annotations

from dataclasses import replace

from .family import ONE_IMAGE, family
from .script import Script

__all__ = ["FAMILY"]

# Square by design: the size of an image is read from its last axis.
CONV = Script(
    "conv",
    "out = convolution(image, filt, bias, S)",
    "dimage, dfilt, dbias = convolutionBackward(dout, image, filt, S)",
    words={
        "x": "image",
        "w": "filt",
        "b": "bias",
        "y": "out",
        "dy": "dout",
        "dx": "dimage",
        "dw": "dfilt",
        "db": "dbias",
    },
    layouts={"x": "CHW", "w": "FCHW", "b": "F1"},
    support=replace(ONE_IMAGE, square=True),
)
# Where windows overlap, the course's own backward assigns: side by side, it is right.
POOL = Script(
    "max_pool",
    "out = maxpool(image, K, S)",
    "dimage = maxpoolBackward(dpool, image, K, S)",
    words={"x": "image", "y": "out", "dy": "dpool", "dx": "dimage"},
    layouts={"x": "CHW"},
    support=replace(ONE_IMAGE, square=True),
    template=("C3m", "E30"),
)
FAMILY = family(
    "alescontrela", CONV, CONV.but(layouts={**CONV.layouts, "b": "F"}), POOL
)
