"""Write down, in plain words, what was drawn and what came back."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from .._typing import Array
from .trials import Trial

__all__ = ["call_of", "in_words", "written"]

NAMES = {"conv": ("x", "w", "b"), "mask": ("x",), "share": ("dz",)}


def call_of(trial: Trial, kind: str) -> list[tuple[str, Any]]:
    """Return the arguments of a trial by name: arrays, settings, upstream gradient."""
    names = NAMES.get(kind, ("x",))
    arguments = list(zip(names, trial.case.arrays, strict=True))
    arguments += trial.case.settings.items()
    drawn = {
        label.removeprefix("spoilt "): value
        for label, value in trial.drawn
        if label in ("dy", "spoilt dy", "shape of dy") or label.startswith("memory of")
    }
    return [*arguments, *drawn.items()]


def written(value: Any) -> str:
    """Write an argument: numbers as they are, arrays as rows without needless axes."""
    if not isinstance(value, np.ndarray):
        return repr(value)
    shape = " x ".join(map(str, value.shape))
    numbers = np.array2string(squeezed(value), separator="  ", threshold=200)
    if value.size == 1 or "\n" not in numbers:
        return f"{numbers}   (shape {shape})"
    return f"shape {shape}\n{numbers}"


def squeezed(array: Array) -> Array:
    """Drop axes of length 1, but not all of them."""
    plain = array.squeeze()
    whole = (
        plain.dtype.kind == "f" and np.isfinite(plain).all() and (plain % 1 == 0).all()
    )
    return np.atleast_1d(plain.astype(int) if whole else plain)


def in_words(text: str, words: Mapping[str, str]) -> str:
    """Put the words of a homework in the place of ours: dA_prev for dx."""
    first, _, rest = text.partition(" ")
    return " ".join(filter(None, (words.get(first, first), rest)))
