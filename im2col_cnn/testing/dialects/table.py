"""List the dialects, and guess which one a file is written in.

A file of this folder that has a `FAMILY` is a dialect: a new course is one more file.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import Any

from .coursera import COURSERA, NOTEBOOK
from .cs231n import CS231N
from .dialect import Dialect, Names, Offer
from .native import NATIVE
from .pairs import backwards_in, called_inside, forwards_in
from .torch import TORCH
from .unknown_classes import layers_in

__all__ = ["DIALECTS", "GUESSES", "guess", "promised", "readings"]


def families() -> list[Dialect]:
    """Return the `FAMILY` of every file here, those without names of their own last."""
    package = __name__.rpartition(".")[0]
    folder = import_module(package).__path__
    modules = [
        import_module(f"{package}.{found.name}")
        for found in pkgutil.iter_modules(folder)
        if found.name != "table"
    ]
    found = [module.FAMILY for module in modules if hasattr(module, "FAMILY")]
    return sorted(found, key=lambda each: (each.name in LAST, each.name))


GUESSES = ("functions", "classes", "methods")  # by calling what is there
LAST = ("notes", *GUESSES)  # they fit much
DIALECTS = {
    dialect.name: dialect
    for dialect in (COURSERA, NOTEBOOK, CS231N, NATIVE, TORCH, *families())
}


def guess(names: Names) -> Dialect | None:
    """Return the dialect of which a file defines most names, if it defines any."""
    spoken = [dialect for dialect in DIALECTS.values() if dialect.speaks(names)]
    best = max(spoken, key=lambda dialect: len(dialect.found(names)), default=None)
    return best if best is not None and best.found(names) else None


def promised(names: Any, *, forwards: bool = True) -> dict[str, Any]:
    """
    Return what of a file convolves or pools by its name, read or not.

    Parameters
    ----------
    names : mapping
        What the file defines.
    forwards : bool
        Whether more than the pairs of known functions is wanted.

    Returns
    -------
    dict
        ``"forwards"``; ``"backwards"``, each with the forwards whose it may be; and
        ``"inside"``, what others do their work with.
    """
    layers = [name for name, _, _ in layers_in(names)]
    return {
        "forwards": [*forwards_in(names), *layers] if forwards else [],
        "backwards": backwards_in(names),
        "inside": called_inside(names),
    }


def readings(
    names: Any, dialect: str | None, *, tries: bool = True
) -> list[tuple[str, Offer]]:
    """
    Return all that a file offers, in every dialect or in one, with its name.

    Without `tries`, nothing of it is called: dialects that guess are left out.
    """
    known = [each for each in DIALECTS.values() if tries or each.name not in GUESSES]
    chosen = [DIALECTS[dialect]] if dialect else known
    found = []
    for each in chosen:
        if dialect or each.speaks(names):
            found += [(each.name, offer) for offer in each.read(names)]
    return found
