"""Make a dialect of the scripts of a course."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import MISCALLED, SubjectError
from ..support import Support
from .caller import Caller, offer_of
from .dialect import Dialect, Offer
from .misfits import sets
from .script import Script, attributes_set, fits, in_its_words, roots_of
from .trials import execute

__all__ = ["CONVOLUTION", "ONE_IMAGE", "POOLING", "family", "renamed"]

CONVOLUTION = Support(
    axes=(2,),
    stride="one",
    paddings=("int",),
    dilation="none",
    groups=False,
    ceil_mode=False,
    empty_batch=False,
    bias_shapes=False,
    dtypes=("float32", "float64"),
)
POOLING = replace(CONVOLUTION, paddings=())
ONE_IMAGE = replace(
    CONVOLUTION, kernel="one", paddings=(), stride="one", one_image=True
)


def family(
    name: str,
    *scripts: Script,
    more: Callable[[Mapping[str, Any]], Iterable[Script]] | None = None,
) -> Dialect:
    """
    Make a dialect of scripts.

    Parameters
    ----------
    name : str
        What ``--dialect`` calls it.
    *scripts : Script
        One for each kind of operation, and variants of them: which of several fits is
        found out by tiny calls.
    more : callable, optional
        From what a file defines to further scripts.

    Returns
    -------
    Dialect
    """

    def read(names: Mapping[str, Any]) -> list[Offer]:
        offers = []
        for written in (*scripts, *(more(names) if more else ())):
            script = in_its_words(written, names)
            parts = fits(script, names)
            is_whole = script.cache or "forward" in parts or not needs(script)
            if parts and is_whole and not sets_in_vain(script, names):
                offers.append(offer_of(script, names, parts))
        return offers

    wanted = dict.fromkeys(root for script in scripts for root in roots_of(script))
    return Dialect(name, tuple(wanted), read)


def needs(script: Script) -> bool:
    """Tell whether backward needs something that forward has made."""
    made = roots_of(script, made=True)
    return any(re.search(rf"\b{name}\b", script.backward) for name in made)


def sets_in_vain(script: Script, names: Mapping[str, Any]) -> bool:
    """Tell whether a script hands arrays over by names that an object does not have."""
    kinds = [it for it in map(names.get, roots_of(script)) if inspect.isclass(it)]
    handed = attributes_set(script.forward)
    if all(any(sets(kind, each) for kind in kinds) for each in handed):
        return False  # so it is called only where there is doubt
    axes = script.support.axes[0]
    C, F = (1, 1) if "C" not in script.layout("w", axes) else (2, 5)
    arrays = np.ones((1, *(9, 8)[:axes], C)), np.ones((3,) * axes + (C, F)), np.ones(F)
    known = {"run": Caller(script, names, ("forward",)).forward, "arrays": arrays}
    try:
        execute("run(*arrays, stride=1, padding=0)", known)
    except SubjectError as error:
        return error.kind == MISCALLED
    except TimeoutError:
        pass
    return False


def renamed(script: Script, **names: str) -> Script:
    """Return the script with functions and classes of other names."""
    lines = {}
    for field in ("forward", "backward", "cache"):
        text = getattr(script, field)
        for old, new in names.items():
            text = re.sub(rf"\b{old}\b", new, text)
        lines[field] = text
    return replace(script, **lines)
