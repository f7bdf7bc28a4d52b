"""Find out what an implementation with this package's signatures takes.

A setting that is no parameter is not asked for. One that is can be written in several
ways, and images can have one, two or three spatial axes: each is tried once, on a tiny
image, and what is refused there is left out. What is accepted is held to the laws; what
ends in an error that its author did not raise is a crash.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..errors import SubjectError
from ..support import Freedom, Support
from .dialect import Offer, parameters_of

if TYPE_CHECKING:
    from ..._typing import Array

__all__ = ["SPATIAL", "Crash", "claimed", "limits", "tried"]


class Crash(NamedTuple):
    """
    A call that ended in an error that no author raised.

    Parameters
    ----------
    arrays : tuple of array
    settings : dict
    error : SubjectError
    is_named : bool
        Whether the signature has a name for what was tried.
    """

    arrays: tuple[Any, ...]
    settings: dict[str, Any]
    error: SubjectError
    is_named: bool = False


SPATIAL = {1: "one spatial axis", 2: "two spatial axes", 3: "three spatial axes"}
NO_SETTINGS: dict[str, Any] = {
    "stride": "none",
    "paddings": (),
    "dilation": "none",
    "groups": False,
    "ceil_mode": False,
    "count_include_pad": False,
}
PADDINGS = {
    "int": 1,
    "each": (1, 0),
    "pairs": ((1, 0), (0, 1)),
    "valid": "valid",
    "same": "same",
    "same_lower": "same_lower",
}


def claimed(function: Callable[..., Any], kind: str) -> Support:
    """Return what a signature claims: its settings, written in any way.

    Of an outsider neither empty batches nor biases in strange shapes are asked.
    """
    parameters = parameters_of(function)
    anything = any(p.kind is p.VAR_KEYWORD for p in parameters.values())

    def known(setting: str) -> bool:
        return anything or setting in parameters

    return Support(
        stride="each" if known("stride") else "none",
        paddings=tuple(PADDINGS) if known("padding") else (),
        dilation="each" if known("dilation") else "none",
        groups=kind == "conv" and known("groups"),
        ceil_mode=known("ceil_mode"),
        count_include_pad="count_include_pad" in parameters,
        empty_batch=False,
        bias_shapes=False,
        dtypes=("float32", "float64"),
    )


def tried(offer: Offer) -> tuple[Support, tuple[str, ...], dict[str, Crash]]:
    """
    Try what an implementation claims to take.

    Parameters
    ----------
    offer : Offer

    Returns
    -------
    support : Support
    left_out : tuple of str
        What it refused when it was tried.
    crashes : dict
        What it crashed at when it was tried.
    """
    support = offer.support
    left_out: list[str] = []
    crashes: dict[str, Crash] = {}

    def works(words: str, settings: dict[str, Any], axes: int = 2) -> bool:
        arrays, window = smallest_call(offer.kind, axes)
        try:
            with np.errstate(all="ignore"):
                offer.forward(*arrays, **window, **settings)
        except Exception as error:  # of whatever kind
            if isinstance(error, SubjectError) and error.crashed:
                made = {**window, **settings}
                crashes[words] = Crash(arrays, made, error, is_named=bool(settings))
            else:
                left_out.append(words)
            return False
        return True

    def freedom(setting: str, claim: Freedom) -> Freedom:
        if claim == "none" or works(f"{setting} per axis", {setting: (1, 2)}):
            return claim
        return "one"

    if not works(SPATIAL[2], {}):
        # It does not run at all: the laws will show how, asked for the least.
        return replace(support, axes=(2,), **NO_SETTINGS), (), {}
    narrowed = replace(
        support,
        axes=tuple(n for n in support.axes if n == 2 or works(SPATIAL[n], {}, n)),
        stride=freedom("stride", support.stride),
        paddings=tuple(
            form
            for form in support.paddings
            if works(f"padding={PADDINGS[form]!r}", {"padding": PADDINGS[form]})
        ),
        dilation=freedom("dilation", support.dilation),
    )
    if not narrowed.paddings and "padding=1" in crashes:
        # It takes none, and refuses none: the laws will show how it crashes.
        narrowed = replace(narrowed, paddings=("int",))
    return narrowed, tuple(left_out), crashes


def limits(offer: Offer) -> tuple[Support, tuple[str, ...], dict[str, Crash]]:
    """
    Find out which images and strides an implementation refuses: that is no mistake.

    Returns
    -------
    support : Support
    refused : tuple of str
        What is not asked for, in words.
    crashes : dict
        What is not asked for, since it ends in an array that cannot be reshaped.
    """
    support = offer.support
    if offer.kind not in MOVING or support.axes[0] != AXES or support.strides:
        return support, (), {}
    k = support.kernels[0] if support.kernels else 2
    moves = support.stride != "none" and not support.stride_is_kernel
    found: dict[str, SubjectError] = {}
    if refusal(offer, k, k, 2 * k):
        return support, (), {}
    others = (
        ("images that are not square", 2, 1, support.square),
        ("several channels", 1, 2, support.one_channel),
    )
    for words, times, channels, is_known in others:
        error = None if is_known else refusal(offer, k, k, 2 * k, times, channels)
        if error is not None and not error.crashed:
            found[words] = error
    support = replace(
        support,
        square=support.square or others[0][0] in found,
        one_channel=support.one_channel or others[1][0] in found,
    )
    moves_apart = offer.kind != "conv" and moves
    if moves_apart and (error := refusal(offer, k, 1, 2 * k)):
        support = replace(support, stride_is_kernel=True, kernel="one")
        found["windows that overlap"] = error
    strides = support.remainder and (moves or support.stride_is_kernel)
    if strides and (error := refusal(offer, k, k, 2 * k + 1)):
        support = replace(support, remainder=False)
        found["a stride that does not divide"] = error
    crashes = {w: Crash((), {}, error) for w, error in found.items() if error.crashed}
    return support, tuple(w for w in found if w not in crashes), crashes


AXES, MOVING = 2, ("conv", "max_pool", "avg_pool")


def refusal(  # noqa: PLR0917 - beside its uses
    offer: Offer, kernel: int, stride: int, side: int, times: int = 1, channels: int = 1
) -> SubjectError | None:
    """Return the error with which a call on an image is refused, if it is.

    The image is so many `times` as wide as it is high.
    """
    sizes = (kernel, kernel)
    x = np.ones((1, side, times * side, channels))
    written = stride if offer.support.stride == "one" else (stride, stride)
    settings: dict[str, Any] = {"stride": written}
    if "int" in offer.support.paddings:
        settings["padding"] = 0
    try:
        with np.errstate(all="ignore"):
            if offer.kind == "conv":
                w, b = np.ones((*sizes, channels, 1)), np.zeros(1)
                offer.forward(x, w, b, **settings)
            else:
                offer.forward(x, kernel_size=sizes, **settings)
    except SubjectError as error:
        refuses = not error.crashed or "cannot reshape" in error.detail
        return error if refuses and error.kind in REFUSALS else None
    return None


REFUSALS = ("AssertionError", "ValueError", "Exception", "RuntimeError", "TypeError")


def smallest_call(kind: str, axes: int) -> tuple[tuple[Array, ...], dict[str, Any]]:
    """Return a tiny image, and a kernel or the size of one."""
    x = np.ones((1, *(5, 4, 3)[:axes], 1))
    if kind == "conv":
        return (x, np.ones((2,) * axes + (1, 1)), np.zeros(1)), {}
    return (x,), {"kernel_size": (2,) * axes}
