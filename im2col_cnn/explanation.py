"""The numbers of a window in words, each with the formula behind it."""

from collections.abc import Sequence
from math import prod

import numpy as np

from .axis import Axis

__all__ = ["axis_names", "counted", "explain"]

AXIS_NAMES = {1: ["length"], 2: ["rows", "columns"], 3: ["depth", "rows", "columns"]}


def explain(axes: Sequence[Axis], *, N: int, C: int, F: int, dtype: np.dtype) -> str:
    """Return one line per fact: windows, padding, unread pixels, memory, products."""
    pairs = list(zip(axis_names(len(axes)), axes, strict=True))
    pixels = prod(axis.size for axis in axes)
    read = prod(axis.read for axis in axes)
    rows = N * prod(axis.output_size for axis in axes)
    width = prod(axis.kernel for axis in axes) * C
    facts = [(name, counted(axis)) for name, axis in pairs]
    size = plural(rows * width * dtype.itemsize, "byte")
    growth = rows * width / max(N * pixels * C, 1)
    matrix = f"{rows:,} x {width:,} of {dtype}, {size}, {growth:.1f} times the images"
    facts += [
        ("padding", "; ".join(f"{name} {split(axis)}" for name, axis in pairs)),
        ("unread", f"{pixels - read:,} of {plural(pixels, 'pixel')}"),
        ("column matrix", matrix),
        ("multiply-adds", f"{rows * width * F:,}"),
    ]
    margin = max(len(name) for name, _ in facts) + 2
    return "\n".join(f"{name:{margin}}{fact}" for name, fact in facts)


def axis_names(count: int) -> list[str]:
    """Name the spatial axes of an image that has so many."""
    return AXIS_NAMES.get(count, [f"axis {n}" for n in range(count)])


def counted(axis: Axis) -> str:
    """Write the size formula of one axis, and what it comes to."""
    less = " - 1 that starts behind the image" if axis.dropped else ""
    return f"{axis.formula}{less} = {plural(axis.output_size, 'window')}"


def split(axis: Axis) -> str:
    """Write how much padding an axis has on either side."""
    if axis.before == axis.after == 0:
        return "none"
    return f"{axis.before} before, {axis.after} after"


def plural(count: int, thing: str) -> str:
    """Write a count with its noun: ``1 window``, ``2 windows``."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"
