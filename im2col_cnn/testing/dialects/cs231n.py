"""Read the names of the course CS231n: channels first, settings in a dict."""

from typing import Any

import numpy as np

from ... import loops
from ..._typing import Array, Shape
from ..support import Support
from .coursera import offer
from .dialect import Dialect, Names, Offer, ask, channels_first, channels_last

__all__ = ["CS231N", "kernels_first", "kernels_last", "write_back"]

CONVOLUTION = Support(
    axes=(2,),
    stride="one",
    paddings=("int",),
    dilation="none",
    groups=False,
    empty_batch=False,
    bias_shapes=False,
    dtypes=("float32",),
)
POOLING = Support(
    axes=(2,),
    stride="one",
    paddings=(),
    dilation="none",
    ceil_mode=False,
    remainder=False,  # the assignment says that the stride divides
    empty_batch=False,
    dtypes=("float32",),
)
CONV = ("conv_forward_naive", "conv_backward_naive")
POOL = ("max_pool_forward_naive", "max_pool_backward_naive")


def kernels_first(w: Array) -> Array:
    """Turn (KH, KW, C, F) into (F, C, KH, KW)."""
    return np.ascontiguousarray(w.transpose(3, 2, 0, 1))


def kernels_last(w: Array) -> Array:
    """Turn (F, C, KH, KW) into (KH, KW, C, F)."""
    return np.ascontiguousarray(w.transpose(2, 3, 1, 0)) if w.ndim == 4 else w


def convolution(names: Names) -> list[Offer]:
    """Offer the convolution."""
    its_forward, its_backward = (names.get(name) for name in CONV)
    if its_forward is None and its_backward is None:
        return []

    def forward(
        x: Array, w: Array, b: Array, *, stride: int = 1, padding: int = 0
    ) -> tuple[Array, Any]:
        settings = {"stride": stride, "pad": padding}
        arguments = channels_first(x), kernels_first(w), b, settings
        if its_forward is None:
            y, _ = loops.conv_forward(x, w, b, stride=stride or 1, padding=padding)
            return y, arguments
        out, cache = ask(CONV[0], its_forward, *arguments, returns=("out", "cache"))
        write_back(x, arguments[0])
        return channels_last(out), cache

    def backward(dy: Array, cache: Any) -> tuple[Array, Array, Array]:
        dout = channels_first(dy)
        returns = ("dx", "dw", "db")
        dx, dw, db = ask(CONV[1], its_backward or len, dout, cache, returns=returns)
        write_back(dy, dout)
        return channels_last(dx), kernels_last(dw), db

    return [offer("conv", CONV, names, (forward, backward), CONVOLUTION)]


def pooling(names: Names) -> list[Offer]:
    """Offer the max pooling."""
    its_forward, its_backward = (names.get(name) for name in POOL)
    if its_forward is None and its_backward is None:
        return []

    def forward(x: Array, kernel_size: Shape, *, stride: int) -> tuple[Array, Any]:
        KH, KW = kernel_size
        settings = {"pool_height": KH, "pool_width": KW, "stride": stride}
        images = channels_first(x)
        if its_forward is None:
            y, _ = loops.max_pool_forward(x, kernel_size, stride=stride or 1)
            return y, (images, settings)
        out, cache = ask(
            POOL[0], its_forward, images, settings, returns=("out", "cache")
        )
        write_back(x, images)
        return channels_last(out), cache

    def backward(dy: Array, cache: Any) -> Array:
        dout = channels_first(dy)
        dx = ask(POOL[1], its_backward or len, dout, cache, returns=("dx",))
        write_back(dy, dout)
        return channels_last(dx)

    return [offer("max_pool", POOL, names, (forward, backward), POOLING)]


def write_back(array: Array, translated: Array) -> None:
    """Show what was written into a translated array in the one it came from."""
    if array.flags.writeable:
        array[...] = channels_last(translated)


CS231N = Dialect(
    "cs231n",
    (*CONV, *POOL),
    lambda names: [*convolution(names), *pooling(names)],
    words={"y": "out", "dy": "dout", "padding": "pad"},
)
