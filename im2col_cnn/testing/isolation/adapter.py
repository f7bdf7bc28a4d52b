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
from ..dialects.misfits import misfits, mistake_in
from ..dialects.native import NATIVE
from ..dialects.script import Script
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


def offers_by(
    adapter: Path, homework: Mapping[str, Any]
) -> tuple[list[tuple[str, Offer]], list[str]]:
    """
    Run an adapter above the names of the homework.

    Parameters
    ----------
    adapter : Path
    homework : mapping
        What the homework defines.

    Returns
    -------
    offers : list of (str, Offer)
    lacks : list of str
        What scripts call that the homework does not have.
    """
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
    offers, lacks = scripted(adapter, names, {**homework, **own})
    support = names.get("SUPPORT")
    for offer in NATIVE.read(own):
        if isinstance(support, Support):
            offers.append(replace(offer, support=support, claims=False))
        else:
            offers.append(offer)
    if not offers and lacks:
        raise HomeworkError(f"{adapter}: fits nothing in the homework: {lacks[0]}")
    if not offers:
        raise HomeworkError(
            f"{adapter}: fits nothing in the homework; it must define SCRIPTS, or "
            f"functions called {', '.join(NATIVE.names[:4])}, ..."
        )
    return [("adapter", offer) for offer in offers], lacks


def scripted(
    adapter: Path, names: Mapping[str, Any], everything: Mapping[str, Any]
) -> tuple[list[Offer], list[str]]:
    """Return what the scripts of an adapter offer, and what they call in vain."""
    scripts = names.get("SCRIPTS", ())
    if not isinstance(scripts, (list, tuple)):
        raise HomeworkError(f"{adapter}: SCRIPTS is a list, not {scripts!r}")
    offers, lacks = [], []
    for number, script in enumerate(scripts, start=1):
        kind = f' ("{script.kind}")' if isinstance(script, Script) else ""
        place = f"script {number}{kind}"
        if mistake := mistake_in(script):
            raise HomeworkError(f"{adapter}: {place}: {mistake}")
        ahead, back = misfits(script, everything)
        lacks += [f"{place}: {each}" for each in (*ahead, *back)]
        if ahead:
            continue
        asked = script.but(place=f"{adapter}: {place}")
        if back:
            asked = asked.but(backward="", uncalled=back[0])
        parts = tuple(p for p in ("forward", "backward") if getattr(asked, p))
        if parts:
            offers.append(offer_of(asked, everything, parts))
    return offers, lacks
