"""Functions over one image of one channel, or over a batch, by their usual names."""

from __future__ import annotations

from dataclasses import replace

from .family import CONVOLUTION, ONE_IMAGE, family, renamed
from .script import Script

__all__ = ["FAMILY"]

FLAT = replace(ONE_IMAGE, kernel="each", one_channel=True, one_filter=True, bias=False)
WORDS = {"x": "image", "w": "kernel", "y": "out"}
LAYOUTS = {"x": "HW", "w": "HW", "y": "HW"}
PLAIN = Script(
    "conv",
    "out = conv2d(image, kernel)",
    words=WORDS,
    layouts=LAYOUTS,
    support=replace(FLAT, stride="none"),
)
MOVING = PLAIN.but(
    forward="out = conv2d(image, kernel, stride=stride, padding=padding)",
    support=replace(FLAT, paddings=("int",)),
)
STRIDING = PLAIN.but(forward="out = conv2d(image, kernel, stride=stride)", support=FLAT)
PADDING = PLAIN.but(
    forward="out = conv2d(image, kernel, padding=padding)",
    support=replace(FLAT, stride="none", paddings=("int",)),
)
VALID = PLAIN.but(forward="out = conv2d(image, kernel, padding='valid')")
LISTS = MOVING.but(
    forward="out = conv2d(image.tolist(), kernel.tolist(), "
    "stride=stride, padding=padding)"
)
POOL = Script(
    "max_pool",
    "out = max_pool(image, K, S)",
    words={"x": "image", "y": "out"},
    layouts={"x": "HW", "y": "HW"},
    support=replace(ONE_IMAGE, one_channel=True),
)
MANY = Script(
    "conv",
    "Y = corr2d_multi_in_out(X, K)",
    words={"x": "X", "w": "K", "y": "Y"},
    layouts={"x": "CHW", "w": "FCHW"},
    support=replace(ONE_IMAGE, kernel="each", stride="none", bias=False),
)
BATCH = Script(
    "conv",
    "out, cache = conv_forward(X, W, b, stride, padding)",
    "dX, dW, db = conv_backward(dout, cache)",
    words={"x": "X", "w": "W", "y": "out", "dy": "dout", "dx": "dX", "dw": "dW"},
    layouts={"x": "NCHW", "w": "FCHW", "b": "F1"},
    support=replace(CONVOLUTION, remainder=False),
)
WITH_DICT = BATCH.but(
    forward="out, cache = conv_forward(x, w, b, {'stride': stride, 'pad': padding})",
    words={**BATCH.words, "x": "x", "w": "w", "dx": "dx", "dw": "dw"},
    backward="dx, dw, db = conv_backward(dout, cache)",
    layouts={"x": "NCHW", "w": "FCHW"},
    support=CONVOLUTION,
)
COLUMNS = Script(
    "im2col",
    "cols = im2col_indices(x, KH, KW, padding=padding, stride=stride)",
    "dx = col2im_indices(dcols, x_shape, KH, KW, padding=padding, stride=stride)",
    words={"y": "cols", "dy": "dcols"},
    layouts={"x": "NCHW", "y": "CYX HWN"},
    support=replace(CONVOLUTION, remainder=False),
)
NAMES = ("conv2d", "convolve2d", "convolution2d", "corr2d", "conv_2d", "convolve")
FAMILY = family(
    "functions",
    *(
        renamed(script, conv2d=name)
        for name in NAMES
        for script in (MOVING, STRIDING, PADDING, PLAIN, VALID, LISTS)
    ),
    *(
        renamed(script, corr2d_multi_in_out=name)
        for name in ("corr2d_multi_in_out",)
        for script in (MANY, MANY.but(tensors=True))
    ),
    PLAIN.but(
        forward="Y = corr2d(X, K)", words={"x": "X", "w": "K", "y": "Y"}, tensors=True
    ),
    renamed(POOL, max_pool="max_pool"),
    renamed(POOL, max_pool="maxpool2d"),
    renamed(POOL, max_pool="max_pool2d"),
    BATCH,
    BATCH.but(layouts={"x": "NCHW", "w": "FCHW"}),
    WITH_DICT,
    COLUMNS,
)
