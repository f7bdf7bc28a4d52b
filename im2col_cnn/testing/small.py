"""List tiny calls to begin with: what never returns is found on one that is small.

The first is the simplest. The others differ from it in one thing or in two: another
stride, a padding, an image that is no square, a second channel.
"""

from itertools import combinations
from math import prod
from typing import Any

import numpy as np

from .._typing import Array, Shape
from .strategies import Case
from .support import Support
from .sweeps import Sweep, most_around, written_as

__all__ = ["small_calls"]

WORDS = ("valid", "same", "same_lower")


def small_calls(kind: str, support: Support) -> tuple[Case, ...]:
    """
    List tiny calls that an implementation takes.

    Parameters
    ----------
    kind : str
        One of `KINDS`.
    support : Support

    Returns
    -------
    tuple of Case
        The first is a kernel of 2 taps along every axis on an image of 3 pixels. Then
        come those that differ from it in one thing, then those that do in two, each
        time by the size of their arrays.

    Examples
    --------
    >>> from im2col_cnn.testing.small import small_calls
    >>> from im2col_cnn.testing.support import Support
    >>> first, *others = small_calls("avg_pool", Support(axes=(2,), paddings=("int",)))
    >>> first.arrays[0].shape, first.settings["kernel_size"], first.settings["padding"]
    ((1, 3, 3, 1), (2, 2), 0)
    """
    if kind in ("mask", "share"):
        shapes = [(2, 2), (1, 1), (1, 2), (2, 1)]
        return tuple(one_window(kind, shape) for shape in shapes)
    turned = choices(kind, support)
    simplest = {name: values[0] for name, values in turned.items()}
    changes = [(name, value) for name in turned for value in turned[name][1:]]
    plans = [
        simplest | dict(some)
        for count in range(3)
        for some in combinations(changes, count)
        if len(dict(some)) == count
    ]
    calls = [
        (sum(plan[name] != simplest[name] for name in plan), size(call), call)
        for plan in plans
        if (call := call_of(kind, support, plan)) is not None
    ]
    calls.sort(key=lambda call: call[:2])
    return tuple(call for _, _, call in calls)


def choices(kind: str, support: Support) -> dict[str, tuple[Any, ...]]:
    """Return what can be turned, and to what; first comes what is simplest."""
    paddings = [(form, 0) for form in support.paddings if form in WORDS]
    numbers = [form for form in support.paddings if form not in WORDS]
    if numbers:
        paddings[:0] = [(numbers[0], 0), *((form, 1) for form in numbers)]
    return {
        "axes": support.axes,
        "kernel": (2, 1),
        "stops": ((2, 2), (1, 1), (2, 3)),  # along all axes, and along the last
        "stride": (1,) if support.stride == "none" else (1, 2),
        "dilation": (1,) if support.dilation == "none" else (1, 2),
        "padding": tuple(paddings) or (("", 0),),
        "images": (1, 2),
        "channels": (1, 2),
        "groups": (1, 2) if kind == "conv" and support.groups else (1,),
    }


def call_of(kind: str, support: Support, plan: dict[str, Any]) -> Case | None:
    """Return the call of a plan; none if its padding would hide the image."""
    axes, (form, p) = plan["axes"], plan["padding"]
    stops, last = plan["stops"]
    movement = plan["kernel"], plan["stride"], plan["dilation"]
    sweeps = [Sweep(*movement, n, unread=0) for n in (*[stops] * (axes - 1), last)]
    if any(most_around(sweep, pooling=kind != "conv") < p for sweep in sweeps):
        return None
    written = {"int": p, "each": (p,) * axes, "pairs": ((p, p),) * axes}
    settings = {
        "stride": written_as(support.stride, [plan["stride"]] * axes),
        "padding": written.get(form, form) if support.paddings else None,
        "dilation": written_as(support.dilation, [plan["dilation"]] * axes),
    }
    known = {name: value for name, value in settings.items() if value is not None}
    kernel_size, channels = (plan["kernel"],) * axes, plan["channels"]
    spatial = (sweep.padded_size - 2 * p for sweep in sweeps)
    x = counting((plan["images"], *spatial, channels * plan["groups"]))
    if kind == "conv":
        F = channels * plan["groups"]
        w = counting((*kernel_size, channels, F))
        groups = {"groups": plan["groups"]} if support.groups else {}
        return Case((x, w, counting((F,))), known | groups)
    return Case((x,), {"kernel_size": kernel_size, "stride": 1, **known})


def one_window(kind: str, shape: Shape) -> Case:
    """Return a window that has its maximum at the end, or a gradient to share in it."""
    if kind == "share":
        return Case((np.array([12.0]),), {"shape": shape})
    return Case((counting(shape),), {})


def counting(shape: Shape) -> Array:
    """Return 1, 2, 3, ... in a shape."""
    return np.arange(1.0, prod(shape) + 1).reshape(shape)


def size(call: Case) -> int:
    """Count the numbers in the arrays of a call."""
    return sum(array.size for array in call.arrays)
