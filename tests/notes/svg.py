"""Read a picture back: the arrays, the sums and the arithmetic that it shows."""

from collections.abc import Iterator, Sequence
from xml.etree import ElementTree as ET

import numpy as np

from im2col_cnn._typing import Array

__all__ = ["SVG", "arrays", "lines", "one", "sums"]

SVG = "{http://www.w3.org/2000/svg}"


def arrays(picture: str, name: str) -> Iterator[Array]:
    """Read the arrays of this name back from the cells of a picture."""
    for group in ET.fromstring(picture).iter(f"{SVG}g"):
        if group.get("data-array") == name:
            yield numbers(group, [text.text for text in group.iter(f"{SVG}text")])


def sums(picture: str, name: str, *, after: int) -> tuple[Array, Array]:
    """Read what every place holds after a frame, and how often it was paid."""
    for group in ET.fromstring(picture).iter(f"{SVG}g"):
        if group.get("data-sums") == name:
            held, paid = [], []
            for place in group.findall(f"{SVG}g"):
                states = [
                    state.find(f"{SVG}text")
                    for state in place.findall(f"{SVG}g")
                    if int(state.get("data-after", "")) <= after
                ]
                held.append(
                    states[-1].text if states and states[-1] is not None else ""
                )
                paid.append(str(len(states) - 1))
            return numbers(group, held), numbers(group, paid)
    raise LookupError(name)


def numbers(group: ET.Element, texts: Sequence[str | None]) -> Array:
    """Turn texts into numbers, in the shape that their group announces."""
    shape = [int(size) for size in group.get("data-shape", "").split()]
    return np.array([float(text or 0) for text in texts]).reshape(shape)


def lines(picture: str) -> list[str]:
    """Read the arithmetic below a picture, step by step."""
    found = ET.fromstring(picture).iter(f"{SVG}text")
    return [text.text or "" for text in found if text.get("data-step")]


def one(found: Iterator[Array]) -> Array:
    """Return the only array of its name."""
    (array,) = found
    return array
