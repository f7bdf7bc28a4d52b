"""Functions by their usual names in what is not told by their parameters.

Those over PyTorch's tensors or nested lists, and `im2col_indices`. What others take and
do is found out by `functions`.
"""

from __future__ import annotations

from dataclasses import replace

from .family import CONVOLUTION, ONE_IMAGE, family, renamed
from .script import Script
from .unknown_functions import scripts_of

__all__ = ["FAMILY"]

FLAT = replace(ONE_IMAGE, kernel="each", one_channel=True, one_filter=True, bias=False)
LISTS = Script(
    "conv",
    "out = conv2d(image.tolist(), kernel.tolist(), stride=stride, padding=padding)",
    words={"x": "image", "w": "kernel", "y": "out"},
    layouts={"x": "HW", "w": "HW", "y": "HW"},
    support=replace(FLAT, paddings=("int",)),
)
TENSORS = Script(
    "conv",
    "Y = corr2d_multi_in_out(X, K)",
    words={"x": "X", "w": "K", "y": "Y"},
    layouts={"x": "CHW", "w": "FCHW"},
    support=replace(ONE_IMAGE, kernel="each", stride="none", bias=False),
    tensors=True,
)
COLUMNS = Script(
    "im2col",
    "cols = im2col_indices(x, KH, KW, padding=padding, stride=stride)",
    "dx = col2im_indices(dcols, x_shape, KH, KW, padding=padding, stride=stride)",
    words={"y": "cols", "dy": "dcols"},
    layouts={"x": "NCHW", "y": "CYX HWN"},
    support=replace(CONVOLUTION, remainder=False),
)
FAMILY = family(
    "functions",
    LISTS,
    renamed(LISTS, conv2d="convolve2d"),
    TENSORS,
    LISTS.but(
        forward="Y = corr2d(X, K)",
        words={"x": "X", "w": "K", "y": "Y"},
        support=replace(FLAT, stride="none"),
        tensors=True,
    ),
    COLUMNS,
    more=scripts_of,
)
