"""Read the names of the course CMU 11-785: classes, channels first.

An object is made for every call, with the kernel handed in through its initialisers;
it is its own cache.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import SubjectError
from ..support import Support
from .cs231n import kernels_first, kernels_last, write_back
from .dialect import (
    Dialect,
    Names,
    Offer,
    as_array,
    ask,
    channels_first,
    channels_last,
    parameters_of,
)

if TYPE_CHECKING:
    from ..._typing import Array, Shape

__all__ = ["CMU"]

CONVOLUTION = Support(
    axes=(2,),
    kernel="one",
    stride="none",
    paddings=(),
    dilation="none",
    groups=False,
    empty_batch=False,
    bias_shapes=False,
    dtypes=("float32",),
)
POOLING = Support(
    axes=(2,),
    kernel="one",
    stride="one",
    paddings=(),
    dilation="none",
    ceil_mode=False,
    empty_batch=False,
    dtypes=("float32",),
)
CONVOLUTIONS = ("Conv2d_stride1", "Conv2d")
POOLINGS = {
    "MaxPool2d_stride1": "max_pool",
    "MaxPool2d": "max_pool",
    "MeanPool2d_stride1": "avg_pool",
    "MeanPool2d": "avg_pool",
}


def convolution(name: str, layer: Any) -> Offer:
    """Offer a class that convolves."""
    parameters = parameters_of(layer)
    strides, pads = "stride" in parameters, "padding" in parameters
    support = replace(
        CONVOLUTION,
        stride="one" if strides else "none",
        paddings=("int",) if pads else (),
    )

    def forward(x: Array, w: Array, b: Array, **settings: int) -> tuple[Array, Any]:
        KH, _, C, F = w.shape
        settings = {key: settings[key] for key in settings if key in parameters}

        def make() -> Any:
            return layer(
                C,
                F,
                KH,
                **settings,
                weight_init_fn=lambda *_: kernels_first(w),
                bias_init_fn=lambda *_: b.copy(),
            )

        made, A = ask(name, make, returns=("object",)), channels_first(x)
        Z = ask(f"{name}.forward", made.forward, A, returns=("Z",))
        write_back(x, A)
        return channels_last(Z), made

    def backward(dy: Array, made: Any) -> tuple[Array, Array, Array]:
        dLdZ = channels_first(dy)
        dx = ask(f"{name}.backward", made.backward, dLdZ, returns=("dLdA",))
        write_back(dy, dLdZ)
        dw, db = (left(name, made, what) for what in ("dLdW", "dLdb"))
        return channels_last(dx), kernels_last(dw), db

    return Offer("conv", name, forward, backward, support)


def pooling(name: str, layer: Any) -> Offer:
    """Offer a class that pools."""
    strides = "stride" in parameters_of(layer)
    support = replace(POOLING, stride="one" if strides else "none")

    def forward(x: Array, kernel_size: Shape, **settings: int) -> tuple[Array, Any]:
        if not strides and settings["stride"] != 1:
            raise SubjectError(f"{name} has no stride", "return")
        arguments = [kernel_size[0], settings["stride"]][: 2 if strides else 1]
        made = ask(name, layer, *arguments, returns=("object",))
        A = channels_first(x)
        Z = ask(f"{name}.forward", made.forward, A, returns=("Z",))
        write_back(x, A)
        return channels_last(Z), made

    def backward(dy: Array, made: Any) -> Array:
        dLdZ = channels_first(dy)
        dx = ask(f"{name}.backward", made.backward, dLdZ, returns=("dLdA",))
        write_back(dy, dLdZ)
        return channels_last(dx)

    return Offer(POOLINGS[name], name, forward, backward, support)


def left(name: str, made: Any, what: str) -> Array:
    """Return a gradient that backward left on the object, or on the one inside it."""
    for holder in (made, getattr(made, "conv2d_stride1", None)):
        if getattr(holder, what, None) is not None:
            return as_array(getattr(holder, what), f"{name} left", what)
    there = [key for key, value in vars(made).items() if isinstance(value, np.ndarray)]
    problem = f"{name}.backward left no {what} on the object or on its conv2d_stride1"
    if there:
        problem += f"; arrays on the object are {', '.join(there)}"
    raise SubjectError(problem, "return")


def hands_on(layer: Any) -> bool:
    """Tell whether a class takes its kernels through an initialiser."""
    known = parameters_of(layer)
    return "weight_init_fn" in known or any(
        p.kind is p.VAR_KEYWORD for p in known.values()
    )


def read(names: Names) -> list[Offer]:
    """Find what there is of the course's classes."""
    return [
        *(
            convolution(name, names[name])
            for name in CONVOLUTIONS
            if name in names and hands_on(names[name])
        ),
        *(pooling(name, names[name]) for name in POOLINGS if name in names),
    ]


CMU = Dialect(
    "cmu",
    (*CONVOLUTIONS, *POOLINGS),
    read,
    words={"x": "A", "w": "W", "y": "Z", "dx": "dLdA", "dw": "dLdW", "db": "dLdb"}
    | {"dy": "dLdZ", "kernel_size": "kernel"},
)
