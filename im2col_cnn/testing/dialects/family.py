"""Make a dialect of the scripts of a course."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from ..support import Support
from .caller import offer_of
from .dialect import Dialect, Offer
from .script import Script, fits, in_its_words, roots_of

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
            if parts and (script.cache or "forward" in parts or not needs(script)):
                offers.append(offer_of(script, names, parts))
        return offers

    wanted = dict.fromkeys(root for script in scripts for root in roots_of(script))
    return Dialect(name, tuple(wanted), read)


def needs(script: Script) -> bool:
    """Tell whether backward needs something that forward has made."""
    made = roots_of(script, made=True)
    return any(re.search(rf"\b{name}\b", script.backward) for name in made)


def renamed(script: Script, **names: str) -> Script:
    """Return the script with functions and classes of other names."""
    lines = {}
    for field in ("forward", "backward", "cache"):
        text = getattr(script, field)
        for old, new in names.items():
            text = re.sub(rf"\b{old}\b", new, text)
        lines[field] = text
    return replace(script, **lines)
