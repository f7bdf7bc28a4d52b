"""List the dialects, and guess which one a file is written in."""

from .cmu import CMU
from .coursera import COURSERA, NOTEBOOK
from .cs231n import CS231N
from .dialect import Dialect, Names
from .native import NATIVE
from .torch import TORCH

__all__ = ["DIALECTS", "guess"]

DIALECTS = {
    dialect.name: dialect
    for dialect in (COURSERA, NOTEBOOK, CS231N, CMU, NATIVE, TORCH)
}


def guess(names: Names) -> Dialect | None:
    """Return the dialect of which a file defines most names, if it defines any."""
    spoken = [dialect for dialect in DIALECTS.values() if dialect.speaks(names)]
    best = max(spoken, key=lambda dialect: len(dialect.found(names)), default=None)
    return best if best is not None and best.found(names) else None
