"""Carry arrays between the laws' order of axes and that of a course.

A layout is a word with a letter for each axis: images are ``"NHWC"`` for the laws, and
``"NCHW"`` or, one at a time, ``"CHW"`` elsewhere; kernels are ``"HWCF"`` and
``"FCHW"``; a bias is ``"F"`` or ``"11F"``. Columns have two words, one for the rows and
one for what stands in a row: ``"NHW YXC"``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["arrange", "arrange_columns", "in_numpy_terms", "plain_layout", "restore"]

PLAIN = {"x": "N{}C", "y": "N{}F", "w": "{}CF", "b": "F"}


def plain_layout(role: str, axes: int) -> str:
    """Return the layout that the laws have for an array: x, y, w or b."""
    return PLAIN[role].format({1: "W", 2: "HW", 3: "DHW"}[axes])


def arrange(array: Any, plain: str, layout: str) -> Any:
    """Put axes in the order of a layout; those that it lacks have length 1."""
    is_fortran = array.flags.f_contiguous and not array.flags.c_contiguous
    letters = [letter for letter in layout if letter != "1"]
    dropped = tuple(n for n, letter in enumerate(plain) if letter not in letters)
    left = [letter for letter in plain if letter in letters]
    moved = array.squeeze(dropped) if dropped else array
    moved = moved.transpose([left.index(letter) for letter in letters])
    ones = tuple(n for n, letter in enumerate(layout) if letter == "1")
    moved = np.expand_dims(moved, ones) if ones else moved
    return np.asfortranarray(moved) if is_fortran else moved.copy(order="C")


def restore(array: Any, layout: str, plain: str) -> Any:
    """Put the axes of an array back; one that does not fit the layout stays."""
    if layout != plain and "1" in layout and array.shape == (array.size,):
        return array  # a bias without the axes of length 1
    if array.ndim != len(layout):
        return array
    ones = tuple(n for n, letter in enumerate(layout) if letter == "1")
    if any(array.shape[n] != 1 for n in ones):
        return array
    array = array.squeeze(ones) if ones else array
    letters = [letter for letter in layout if letter != "1"]
    missing = [letter for letter in plain if letter not in letters]
    letters += missing
    array = array.reshape((*array.shape, *[1] * len(missing)))
    return np.ascontiguousarray(array.transpose([letters.index(c) for c in plain]))


def arrange_columns(columns: Any, sizes: Any, old: str, new: str) -> Any:
    """Put the rows and columns of a matrix of windows in another order."""
    letters = old.replace(" ", "")
    rows, _ = new.split()
    if columns.ndim != 2 or columns.size != np.prod([sizes[c] for c in letters]):
        return columns
    height = int(np.prod([sizes[c] for c in old.split(maxsplit=1)[0]]))
    if columns.shape[0] != height:
        return columns
    spread = columns.reshape([sizes[c] for c in letters])
    moved = spread.transpose([letters.index(c) for c in new.replace(" ", "")])
    return np.ascontiguousarray(
        moved.reshape(int(np.prod([sizes[c] for c in rows])), -1)
    )


def in_numpy_terms(layout: str, *, is_kernel: bool = False) -> str:
    """Write a layout as the shape of an array: (N, C, H, W), (F, C, KH, KW)."""
    spatial = {"H": "KH", "W": "KW", "D": "KD"} if is_kernel else {}
    words = [spatial.get(letter, letter) for letter in layout]
    return f"({', '.join(words)}{',' if len(words) == 1 else ''})"
