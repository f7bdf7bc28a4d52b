"""Read sizes the way people write them: ``8x56x56x64``, ``3x2``, ``2``.

Numbers are joined by an ``x``. A padding may have two numbers per axis, ``1:2``, before
and after; one number serves all axes.
"""

import re

from .._checks import quoted
from .._typing import Padding, Shape
from .refusals import BadInputError

__all__ = ["as_written", "read_padding", "read_sizes"]

NUMBER = r"-?\d{1,18}"  # no longer than those that int() takes at once


def read_sizes(text: str, option: str, example: str) -> Shape:
    """Return the numbers of a size."""
    if not re.fullmatch(f"{NUMBER}(x{NUMBER})*", text):
        raise BadInputError(
            f"{option} must be whole numbers joined by x, such as {example}, "
            f"got {quoted(text)}"
        )
    return tuple(int(number) for number in text.split("x"))


def read_padding(text: str) -> Padding:
    """Return a padding: a word, a number, or one number or pair per axis."""
    if text in ("valid", "same", "same_lower"):
        return text
    sides = text.split("x")
    if not all(re.fullmatch(f"{NUMBER}(:{NUMBER})?", side) for side in sides):
        raise BadInputError(
            f"--padding must be valid, same, same_lower, or whole numbers such as 1, "
            f"1x2 or 0:1x2:3 (before:after), got {quoted(text)}"
        )
    pairs = [tuple(int(number) for number in side.split(":")) for side in sides]
    if len(pairs) == 1 and len(pairs[0]) == 1:
        return pairs[0][0]
    return tuple(pair[0] if len(pair) == 1 else pair for pair in pairs)


def as_written(sizes: Shape) -> int | Shape:
    """Return a lone number as itself: it serves all axes."""
    return sizes[0] if len(sizes) == 1 else sizes
