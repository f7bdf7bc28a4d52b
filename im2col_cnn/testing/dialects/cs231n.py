"""Read the names of the course CS231n: channels first, settings in a dict."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from .caller import offer_of
from .dialect import Dialect, channels_last
from .family import CONVOLUTION, POOLING
from .script import Script, fits

__all__ = ["CONV", "CS231N", "POOL", "kernels_first", "kernels_last", "write_back"]

CONV = Script(
    "conv",
    "out, cache = conv_forward_naive(x, w, b, {'stride': stride, 'pad': padding})",
    "dx, dw, db = conv_backward_naive(dout, cache)",
    words={"y": "out", "dy": "dout"},
    layouts={"x": "NCHW", "w": "FCHW"},
    support=CONVOLUTION,
    cache="cache = (x, w, b, {'stride': stride, 'pad': padding})",
)
POOL = Script(
    "max_pool",
    "out, cache = max_pool_forward_naive(x, "
    "{'pool_height': KH, 'pool_width': KW, 'stride': stride})",
    "dx = max_pool_backward_naive(dout, cache)",
    words={"y": "out", "dy": "dout"},
    layouts={"x": "NCHW"},
    support=replace(POOLING, remainder=False),
    cache="cache = (x, {'pool_height': KH, 'pool_width': KW, 'stride': stride})",
)


def kernels_first(w: Any) -> Any:
    """Turn (KH, KW, C, F) into (F, C, KH, KW)."""
    return np.ascontiguousarray(w.transpose(3, 2, 0, 1))


def kernels_last(w: Any) -> Any:
    """Turn (F, C, KH, KW) into (KH, KW, C, F)."""
    return np.ascontiguousarray(w.transpose(2, 3, 1, 0)) if w.ndim == 4 else w


def write_back(array: Any, translated: Any) -> None:
    """Show what was written into a translated array in the one it came from."""
    if array.flags.writeable:
        array[...] = channels_last(translated)


CS231N = Dialect(
    "cs231n",
    (
        *("conv_forward_naive", "conv_backward_naive"),
        *("max_pool_forward_naive", "max_pool_backward_naive"),
    ),
    lambda names: [
        offer_of(script, names, parts)
        for script in (CONV, POOL)
        if (parts := fits(script, names))
    ],
    words={"y": "out", "dy": "dout", "padding": "pad"},
)
