"""The exercises of the notes: `convolve`, `gradients`, `unfold`, `fold`, pooling."""

from __future__ import annotations

from dataclasses import replace

from .family import CONVOLUTION, ONE_IMAGE, family, renamed
from .script import Script

__all__ = ["FAMILY"]

PLAIN = replace(CONVOLUTION, stride="none", paddings=(), bias=False)
ONE_CHANNEL = replace(ONE_IMAGE, one_channel=True, kernel="one")
FORWARD = Script("conv", "y = convolution(x, w)", support=PLAIN)
CONVOLVE = Script("conv", "y = convolve(x, w, b, stride, padding)", support=CONVOLUTION)
GRADIENTS = Script(
    "conv",
    "",
    "dx, dw, db = gradients(dy, x, w, stride)",
    support=replace(CONVOLUTION, paddings=()),
)
COLUMNS = Script(
    "im2col",
    "columns = unfold(x, KH, KW, stride, padding)",
    "dx = fold(dcolumns, x_shape, KH, KW, stride, padding)",
    words={"y": "columns", "dy": "dcolumns"},
    support=CONVOLUTION,
)
MAX_POOL = Script(
    "max_pool",
    "",
    "dx = winner_takes_all(dy, x, K, stride)",
    layouts={"x": "HW"},
    support=replace(ONE_CHANNEL, paddings=()),
)
AVG_POOL = Script(
    "avg_pool",
    "",
    "dx = share(dy, len(x), len(x[0]), K, stride, padding)",
    layouts={"x": "HW"},
    support=replace(ONE_CHANNEL, paddings=("int",)),
)
ROWS = Script(
    "im2col",
    "columns = windows_as_rows(x, KH, KW)",
    "dx = add_back(dcolumns, len(x), len(x[0]), KH, KW)",
    words={"y": "columns", "dy": "dcolumns"},
    layouts={"x": "HW"},
    support=replace(ONE_CHANNEL, kernel="each", stride="none"),
)
TIES = MAX_POOL.but(
    backward="dx = split_ties(dy, x, K)",
    support=replace(ONE_CHANNEL, stride_is_kernel=True, remainder=False),
)
FAMILY = family(
    "notes",
    FORWARD,
    renamed(FORWARD, convolution="forward_taps"),
    CONVOLVE,
    GRADIENTS,
    COLUMNS,
    MAX_POOL,
    AVG_POOL,
    ROWS,
    TIES,
)
