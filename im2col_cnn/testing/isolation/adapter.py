'''Read homework by a file that says how to call it.

    SCRIPTS = [
        Script(
            "conv",
            """
            layer = Conv(C, F, K)
            layer.kernel = w
            y = layer(x)
            """,
            "dx, dw = layer.grad(dy)",
            layouts={"x": "NCHW", "w": "FCHW"},
            support=replace(CONVOLUTION, bias=False),
        )
    ]

Instead of scripts it may define functions with the names of this package, and a
``SUPPORT`` that says what they take. What the homework defines can be used by its name.
'''

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Mapping

from ..dialects.caller import offer_of
from ..dialects.dialect import Offer
from ..dialects.family import CONVOLUTION, ONE_IMAGE, POOLING
from ..dialects.native import NATIVE
from ..dialects.script import Script, fits
from ..support import Support
from .loader import HomeworkError

__all__ = ["offers_by"]

GIVEN = {
    "Script": Script,
    "Support": Support,
    "replace": replace,
    "CONVOLUTION": CONVOLUTION,
    "POOLING": POOLING,
    "ONE_IMAGE": ONE_IMAGE,
}


def offers_by(adapter: Path, homework: Mapping[str, Any]) -> list[tuple[str, Offer]]:
    """Run an adapter above the names of the homework, and return what it offers."""
    names: dict[str, Any] = {**homework, **GIVEN}
    try:
        code = compile(adapter.read_text(encoding="utf-8"), str(adapter), "exec")
        exec(code, names)
    except Exception as error:
        problem = f"{type(error).__name__}: {error}"
        raise HomeworkError(f"{adapter}: does not run: {problem}") from error
    own = {
        name: value
        for name, value in names.items()
        if callable(value) and name not in GIVEN and homework.get(name) is not value
    }
    everything = {**homework, **own}
    offers = [
        offer_of(script, everything, parts)
        for script in names.get("SCRIPTS", ())
        if (parts := fits(script, everything))
    ]
    support = names.get("SUPPORT")
    for offer in NATIVE.read(own):
        if isinstance(support, Support):
            offers.append(replace(offer, support=support, claims=False))
        else:
            offers.append(offer)
    if not offers:
        raise HomeworkError(
            f"{adapter}: fits nothing in the homework; it must define SCRIPTS, or "
            f"functions called {', '.join(NATIVE.names[:4])}, ..."
        )
    return [("adapter", offer) for offer in offers]
