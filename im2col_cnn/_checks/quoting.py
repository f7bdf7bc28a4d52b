"""Write what was given into a message: sizes, and values of any kind."""

from collections.abc import Iterable
from typing import Any

__all__ = ["by", "quoted"]

MOST = 100  # letters


def by(sizes: Iterable[int]) -> str:
    """Write sizes the way people say them: ``3x4``."""
    return "x".join(map(str, sizes))


def quoted(value: Any) -> str:
    """Write a value as code would, in one line, and no more of it than that holds."""
    line = " ".join(repr(value).split())
    return line if len(line) <= MOST else f"{line[:MOST]}..."
