"""Find out what an implementation with this package's signatures takes.

A setting that is no parameter is not asked for. One that is can be written in several
ways, and images can have one, two or three spatial axes: each is tried once, on a tiny
image, and what is refused there is left out. What is accepted is held to the laws.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..support import Freedom, Support
from .dialect import parameters_of

__all__ = ["probed"]

SPATIAL = {1: "one spatial axis", 2: "two spatial axes", 3: "three spatial axes"}
PADDINGS = {
    "int": 1,
    "each": (1, 0),
    "pairs": ((1, 0), (0, 1)),
    "valid": "valid",
    "same": "same",
    "same_lower": "same_lower",
}


def probed(
    function: Callable[..., Any],
    kind: str,
    call: Callable[..., Any] | None = None,
    *,
    axes: tuple[int, ...] = (2, 1, 3),
) -> tuple[Support, tuple[str, ...]]:
    """
    Try what a function takes.

    Parameters
    ----------
    function : callable
        Its signature says which settings it knows.
    kind : str
        ``"conv"``, or a kind that takes images and a kernel size.
    call : callable, optional
        What to call, if not the function itself.
    axes : tuple of int
        Numbers of spatial axes to try.

    Returns
    -------
    support : Support
    left_out : tuple of str
        What it knows by name, and refused when it was tried.
    """
    parameters = parameters_of(function)
    anything = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    left_out: list[str] = []

    def known(setting: str) -> bool:
        return anything or setting in parameters

    def works(words: str, settings: dict[str, Any], axes: int = 2) -> bool:
        try:
            with np.errstate(all="ignore"):
                (call or function)(*arguments(kind, axes), **settings)
        except Exception:  # a refusal, of whatever kind
            left_out.append(words)
            return False
        return True

    def freedom(setting: str) -> Freedom:
        if not known(setting):
            return "none"
        if works(f"{setting} per axis", {setting: (1, 2)}):
            return "each"
        return "one"

    if not works(SPATIAL[2], {}):
        # It does not run at all: the laws will show how, asked for the least.
        least = Support(axes=(2,), stride="none", paddings=(), dilation="none")
        return as_outsider(least, groups=False, ceil=False, include=False), ()
    support = Support(
        axes=tuple(n for n in axes if n == 2 or works(SPATIAL[n], {}, n)),
        stride=freedom("stride"),
        paddings=tuple(
            form
            for form, padding in PADDINGS.items()
            if known("padding") and works(f"padding={padding!r}", {"padding": padding})
        ),
        dilation=freedom("dilation"),
    )
    groups = kind == "conv" and known("groups")
    return (
        as_outsider(
            support,
            groups=groups,
            ceil=known("ceil_mode"),
            include="count_include_pad" in parameters,
        ),
        tuple(left_out),
    )


def as_outsider(
    support: Support, *, groups: bool, ceil: bool, include: bool
) -> Support:
    """Ask of an outsider neither empty batches nor biases in strange shapes."""
    return Support(
        axes=support.axes,
        stride=support.stride,
        paddings=support.paddings,
        dilation=support.dilation,
        groups=groups,
        ceil_mode=ceil,
        count_include_pad=include,
        empty_batch=False,
        bias_shapes=False,
        dtypes=("float32",),
    )


def arguments(kind: str, axes: int) -> tuple[Any, ...]:
    """Return a tiny image, and a kernel or the size of one."""
    x = np.ones((1, *(5, 4, 3)[:axes], 1))
    if kind == "conv":
        return x, np.ones((2,) * axes + (1, 1)), np.zeros(1)
    return x, (2,) * axes
