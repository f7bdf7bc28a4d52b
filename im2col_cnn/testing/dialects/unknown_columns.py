"""Functions that unfold, and fold back, in a signature of their own.

What they are handed is told by the names of parameters, as for convolutions: one size
or two, a stride, a padding. Whether channels come first, and where a window stands in
the matrix, is told by what they make of a tiny image.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from itertools import product
from time import monotonic
from typing import Any, Iterator, Mapping

import numpy as np

from ..support import Support
from .family import CONVOLUTION
from .layouts import arrange_columns
from .roles import CHOICES, argument_lists, parameters_in, roles_of
from .script import PLAIN_COLUMNS, Script
from .tiny import Tiny, limited_to, tiny_problems
from .trials import execute

__all__ = ["columns_of"]

SECONDS = 2.0  # in which the ways to call one function are tried
# A window is a row, or a column; pixels or channels are outermost in it.
ORDERS = [
    f"{rows} {inside}"
    for one, other in product(("NHW", "HWN"), ("YXC", "CYX"))
    for rows, inside in ((one, other), (other, one))
]
SIZES = ("(KH, KW)", "K")


def columns_of(
    name: str, function: Any, back: str | None, backward: Any, settings: Any
) -> Iterator[Script]:
    """Yield the script of an unfolding, and of the folding if there is one."""
    more = sizes_of(function) | {"settings": settings}
    first = parameters_in(function)[:1]
    given = tuple(f"{each.name}=x" for each in first)
    lists = list(argument_lists(function, more, given=given))
    best: tuple[int, Script] | None = None
    end = monotonic() + SECONDS
    for tiny, arguments in product(problems(), lists):
        if monotonic() > end:
            break
        names = {**tiny.bindings(), name: function}
        lines = f"columns = {name}({arguments})"
        try:
            with np.errstate(all="ignore"):
                execute(lines, names)
        except Exception:  # not in this way
            continue
        order, is_right = order_of(names["columns"], tiny)
        if not order:
            continue
        support = support_of(arguments, tiny, lines, names)
        layouts = {"x": tiny.layout, "y": order}
        words = {"y": "columns", "dy": "dcolumns"}
        script = Script("im2col", lines, words=words, layouts=layouts, support=support)
        folding = folded(back, backward, names, settings) if back else ""
        points = 2 * is_right + bool(folding)
        if best is None or points > best[0]:
            best = points, script.but(backward=folding)
        if points == (3 if back else 2):
            break
    if best is not None:
        yield best[1]


def sizes_of(function: Any) -> dict[str, tuple[str, ...]]:
    """Return what goes where a size belongs; where there is an H, a W is of images."""
    roles = {role for each in parameters_in(function) for role in roles_of(each.name)}
    sizes = dict.fromkeys(("w", "K", "K or x"), SIZES)
    return sizes | ({"w": ("spatial[1]",)} if "H" in roles else {})


def problems() -> Iterator[Tiny]:
    """Yield tiny images, those of several channels first."""
    yield from (each for each in tiny_problems("conv", 3) if not each.is_square)


def order_of(columns: Any, tiny: Tiny) -> tuple[str, bool]:
    """Return the order in which a matrix holds windows, and if its numbers are so."""
    if not isinstance(columns, np.ndarray) or columns.ndim != 2:
        return "", False
    view = np.lib.stride_tricks.sliding_window_view(
        tiny.plain("x"), (tiny.kernel, tiny.kernel + tiny.wider), (1, 2)
    )
    windows = view.transpose(0, 1, 2, 4, 5, 3)
    sizes = dict(zip("NHWYXC", windows.shape))
    plain = windows.reshape(np.prod(windows.shape[:3]), -1)
    fitting = ""
    for order in ORDERS:
        right = arrange_columns(plain, sizes, PLAIN_COLUMNS, order)
        if right.shape == columns.shape:
            fitting = fitting or order
            if np.array_equal(right, columns):
                return order, True
    return fitting, False


def support_of(
    arguments: str, tiny: Tiny, lines: str, names: Mapping[str, Any]
) -> Support:
    """Return what may be asked of an unfolding."""
    wide = replace(tiny, wider=1)
    known = {**names, **wide.bindings()}
    with suppress(Exception):  # it takes square windows
        execute(lines, known)
    takes_wide = order_of(known["columns"], wide)[1]
    given = {each.rpartition("=")[2].strip("()") for each in arguments.split(", ")}
    support = replace(
        CONVOLUTION,
        kernel="each" if takes_wide else "one",
        stride="one" if "stride" in given else "none",
        paddings=("int",) if "padding" in given else (),
        one_image="N" not in tiny.layout,
    )
    has_channels = "C" in tiny.layout
    return limited_to(support, tiny, arguments, has_channels=has_channels)


def folded(back: str, backward: Any, names: Mapping[str, Any], settings: Any) -> str:
    """Return the line that folds columns, if there is a way to call it."""
    shapes = ("x_shape", *SIZES, *CHOICES["input_shape"])
    more = sizes_of(backward) | {"settings": settings}
    more |= {"shape": shapes, "input_shape": shapes, "x": ("x_shape", "x"), "N": ("N",)}
    first = parameters_in(backward)[:1]
    given = tuple(f"{each.name}=dcolumns" for each in first)
    known = {**names, back: backward}
    known["dcolumns"] = np.arange(known["columns"].size).reshape(known["columns"].shape)
    known["dcolumns"] = known["dcolumns"] / 8.0
    for arguments in argument_lists(backward, more, given=given):
        line = f"dx = {back}({arguments})"
        try:
            with np.errstate(all="ignore"):
                execute(line, known)
        except Exception:  # not in this way
            continue
        if np.shape(known["dx"]) == names["x_shape"]:
            return line
    return ""
