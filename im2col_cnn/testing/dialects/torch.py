"""Read functions with PyTorch's signatures, on NumPy arrays: forward only.

To check a framework, hand `as_pair` its function and a way in and out of its arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..support import Support
from .dialect import Dialect, Names, Offer, ask, parameters_of

if TYPE_CHECKING:
    from ..._typing import Array

__all__ = ["TORCH", "as_pair"]

AXES = {"conv1d": 1, "conv2d": 2, "conv3d": 3}
POOLS = {"max_pool2d": "max_pool", "avg_pool2d": "avg_pool"}


def to_channels_first(x: Array) -> Array:
    """Put the channels behind the images."""
    return np.moveaxis(x, -1, 1).copy()


def to_channels_last(x: Array) -> Array:
    """Put the channels back."""
    return np.moveaxis(x, 1, -1).copy()


def as_pair(
    function: Callable[..., Any],
    *,
    enter: Callable[[Array], Any] = np.asarray,
    leave: Callable[[Any], Array] = np.asarray,
    gradients: Callable[[Any, tuple[Any, ...], Any], tuple[Any, ...]] | None = None,
) -> tuple[Callable[..., Any], Callable[..., Any] | None]:
    """
    Turn a framework's function into a forward and a backward that can be checked.

    Parameters
    ----------
    function : callable
        ``conv2d(x, w, b, stride=, padding=, dilation=, groups=)``, channels first and
        kernels (F, C // groups, KH, KW), or ``max_pool2d(x, kernel_size, stride=)``.
    enter, leave : callable
        From a NumPy array to the framework's, and back.
    gradients : callable, optional
        ``gradients(y, inputs, dy)`` returns the gradients of ``<y, dy>`` with respect
        to the inputs.

    Returns
    -------
    forward, backward : callable
        `backward` is None without `gradients`.
    """

    def forward(*arguments: Any, **settings: Any) -> tuple[Array, Any]:
        x, *others = arguments
        inputs = [enter(to_channels_first(x))]
        if "kernel_size" in settings:
            others = [settings.pop("kernel_size")]
        elif len(others) == 2:  # not the size of a pooling's kernel
            w, b = others
            inputs += [enter(np.moveaxis(w, (-1, -2), (0, 1)).copy()), enter(b.copy())]
            others = []
        y = function(*inputs, *others, **settings)
        return to_channels_last(leave(y)), (y, tuple(inputs))

    def backward(dy: Array, cache: Any) -> Any:
        y, inputs = cache
        assert gradients is not None
        dx, *others = map(leave, gradients(y, inputs, enter(to_channels_first(dy))))
        if not others:
            return to_channels_last(dx)
        dw, db = others
        return to_channels_last(dx), np.moveaxis(dw, (0, 1), (-1, -2)).copy(), db

    return forward, None if gradients is None else backward


def read(names: Names) -> list[Offer]:
    """Find what there is of PyTorch's functional names."""
    offers = []
    for name, axes in AXES.items():
        known = parameters_of(names[name]) if name in names else {}
        if name in names and (len(known) > 2 or not known):  # a bias as well
            support = Support(
                axes=(axes,),
                stride="each" if "stride" in known else "none",
                paddings=("int", "each") if "padding" in known else (),
                dilation="each" if "dilation" in known else "none",
                groups="groups" in known,
                empty_batch=False,
                bias_shapes=False,
                dtypes=("float32",),
            )
            offers.append(forward_only("conv", name, names[name], support))
    for name, kind in POOLS.items():
        if name in names:
            support = Support(
                axes=(2,),
                paddings=(),
                dilation="none",
                ceil_mode=False,
                empty_batch=False,
                dtypes=("float32",),
            )
            offers.append(forward_only(kind, name, names[name], support))
    return offers


def forward_only(
    kind: str, name: str, function: Callable[..., Any], support: Support
) -> Offer:
    """Offer a function that returns y alone."""

    def asked(*arguments: Any, **settings: Any) -> Any:
        def call() -> Any:
            return function(*arguments, **settings)

        return ask(name, call, returns=("y",))

    return Offer(kind, name, as_pair(asked)[0], None, support, ("forward",))


TORCH = Dialect("torch", (*AXES, *POOLS), read)
