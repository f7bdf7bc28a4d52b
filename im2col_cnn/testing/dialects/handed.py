"""Kernels and biases that a forward is handed, in each layout that they may have."""

from __future__ import annotations

from dataclasses import replace
from time import monotonic
from typing import Any, Callable, Iterator, Mapping

import numpy as np

from .tiny import Tiny

__all__ = ["KERNELS", "handed", "right_for"]

# Layouts of kernels and of biases, the likeliest first.
KERNELS = ("FCHW", "HWCF", "FHWC", "CFHW", "HWFC", "FHW", "HWF", "HW", "CHW", "HWC")
MANY_ERRORS = 50  # one after the other, of what is not there
BIASES = ("F", "F1", "1F", "F11", "11F", "1F11", "111F", "F111")


def handed(  # noqa: PLR0917 - beside its uses
    given: str,
    tiny: Tiny,
    known: Mapping[str, Any],
    run: Callable[[dict[str, Any]], Any],
    errors: list[Exception],
    end: float,
) -> Iterator[tuple[Tiny, str, str, Any]]:
    """
    Yield the layouts of kernels and biases in which a call runs, and what it gave.

    Parameters
    ----------
    given : str
        The arguments of the call.
    tiny : Tiny
        The problem; what takes one kernel alone gets the first of its filters.
    known : mapping
        What the call may use, beside the arrays of the problem.
    run : callable
        Makes the call with such names.
    errors : list of Exception
        Gets those that calls end with.
    end : float
        When to stop, on the clock of `time.monotonic`.
    """
    is_conv = tiny.kind == "conv"
    for w in KERNELS if is_conv else KERNELS[:1]:
        if "C" not in w and tiny.channels > 1:
            continue
        one = tiny if "F" in w else replace(tiny, filters=1)
        for b in BIASES if "=b" in given else BIASES[:1]:
            if monotonic() > end:
                return
            names = {**known, **one.bindings()}
            if is_conv:
                names |= {"w": one.array("w", w), "b": one.array("b", b)}
            try:
                with np.errstate(all="ignore"):
                    found = run(names)
            except Exception as error:  # not in this way
                errors.append(error)
                if in_no_way(errors):
                    return
                continue
            yield one, w, b, found


def in_no_way(errors: list[Exception]) -> bool:
    """Tell whether it is not for want of the right layouts that calls end."""
    last = errors[-MANY_ERRORS:]
    missing = NameError, NotImplementedError
    return len(last) == MANY_ERRORS and all(isinstance(e, missing) for e in last)


def right_for(given: str, tiny: Tiny, around: int = 0) -> Any:
    """Return the right output of a call, with biases only if it is handed them."""
    right = tiny.right(around)
    return right if tiny.kind != "conv" or "=b" in given else right - tiny.plain("b")
