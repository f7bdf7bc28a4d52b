"""Draw a counterexample: what goes in, what should come out, and what does."""

from collections.abc import Iterable
from math import prod
from typing import Any, NamedTuple

import numpy as np

from ..._typing import Array
from ...pictures.captions import named
from ...pictures.film import Point
from ...pictures.grids import CELL, draw_array, frame_differences
from ...pictures.svg import LETTER, MARGIN, WIDEST, Canvas, element
from ..errors import SubjectError
from ..laws.comparison import BrokenLawError, equal, tolerance
from .report import call_of
from .search import Trial

__all__ = ["Plane", "draw_counterexample", "planes_of", "problem_of"]


GAP = 24.0
LOOKS = {"x": "image", "w": "kernel", "expected": "output"}


def draw_counterexample(trial: Trial, kind: str, title: str, **more: str) -> str:
    """
    Draw the input on which a law is broken, and the two answers that should be equal.

    Parameters
    ----------
    trial : Trial
        One that failed.
    kind : str
        What was checked; one of `KINDS`.
    title : str
        Of the picture.
    **more : str
        Elements that say more to machines, such as ``metadata``, by their name.

    Returns
    -------
    str
        An SVG that does not move, in the colours that the reader's system asks for.
        Entries that are wrong are framed.
    """
    call = call_of(trial, kind)
    settings = [
        f"{name} = {value!r}"
        for name, value in call
        if not is_array(value) and not does_nothing(name, value)
    ]
    canvas = Canvas(title, [", ".join(settings), problem_of(trial)])
    for name, content in more.items():
        canvas.put(element(name, content))
    top = draw_row(canvas, canvas.top, [(n, v) for n, v in call if is_array(v)])
    draw_row(canvas, top, answers(trial), wrong=differing(trial), law=trial.law.array)
    return canvas.write(f"{problem_of(trial)}, where {', '.join(described(call))}.")


def problem_of(trial: Trial) -> str:
    """Say what went wrong, in words that no version of Python or NumPy chooses."""
    failure = trial.failure
    if isinstance(failure, BrokenLawError) or failure is None:
        return str(failure)
    if isinstance(failure, SubjectError):
        return f"it raises {failure.kind}"
    return f"it raises {type(failure).__name__}"


def is_array(value: Any) -> bool:
    """Tell whether something can be drawn as a grid."""
    return isinstance(value, np.ndarray)


def does_nothing(name: str, value: Any) -> bool:
    """Tell whether a setting is as if it had been left out."""
    neutral = {"padding": (0, "valid"), "dilation": (1,), "groups": (1,)}
    neutral |= dict.fromkeys(("ceil_mode", "count_include_pad"), (False,))
    numbers = np.ravel(value) if isinstance(value, tuple) else [value]
    return name in neutral and all(number in neutral[name] for number in numbers)


def described(call: list[tuple[str, Any]]) -> Iterable[str]:
    """Say in words what is put in: of arrays the shape."""
    for name, value in call:
        if is_array(value):
            yield f"{name} has the shape {value.shape}"
        else:
            yield f"{name} is {value!r}"


def answers(trial: Trial) -> list[tuple[str, Array]]:
    """Return what is right and what came, as far as there are such arrays."""
    failure = trial.failure
    if not isinstance(failure, BrokenLawError):
        return []
    both = {"expected": failure.wanted, "got": failure.found}
    return [(name, array) for name, array in both.items() if is_array(array)]


def differing(trial: Trial) -> Array | None:
    """Mark the entries that are wrong, where the two answers have the same shape."""
    found = dict(answers(trial))
    if found.keys() != {"expected", "got"}:
        return None
    expected, got = found["expected"], found["got"]
    if expected.shape != got.shape:
        return None
    return ~equal(got, expected, tolerance(got, expected))


def draw_row(
    canvas: Canvas,
    top: float,
    arrays: list[tuple[str, Array]],
    *,
    wrong: Array | None = None,
    law: str = "",
) -> float:
    """Draw arrays plane by plane, side by side; return where the next row begins."""
    left, bottom = MARGIN, top
    for name, array in arrays:
        if not array.size:
            at = Point(left, top + 18)
            canvas.words(f"{named(name, array.shape)}: empty", at, "label")
            left, bottom = canvas.right + GAP, max(bottom, top + 28)
            continue
        is_kernel = name == "w" or (law == "w" and name in ("expected", "got"))
        planes = planes_of(name, array, is_kernel=is_kernel)
        marks: list[Array | None] = [None] * len(planes)
        if wrong is not None and name == "got":
            marks = [m.rows for m in planes_of(name, wrong, is_kernel=is_kernel)]
        titles = [plane.title for plane in planes]
        if len(planes) == 1:
            titles = [named(name, array.shape)]
        elif left > MARGIN and name == "got":
            left, top = MARGIN, bottom  # below the planes that it is compared with
        for plane, title, mark in zip(planes, titles, marks, strict=True):
            rows, columns = plane.rows.shape
            width = max(columns * CELL, LETTER["label"] * len(title))
            if left > MARGIN and left + width + MARGIN > WIDEST:
                left, top = MARGIN, bottom
            at = Point(left, top + 28)
            kinds = LOOKS.get(name, "plain")
            grid = draw_array(canvas, plane.rows, name, at, kinds, title=title)
            wrong_cells = [] if mark is None else np.argwhere(mark).tolist()
            frame_differences(canvas, grid, wrong_cells)
            left += width + GAP
            bottom = max(bottom, at.y + rows * CELL + 12)
    return bottom


class Plane(NamedTuple):
    """One plane of an array, and how to get at it."""

    title: str
    rows: Array


def planes_of(name: str, array: Array, *, is_kernel: bool = False) -> list[Plane]:
    """
    Cut an array into planes of rows and columns.

    Parameters
    ----------
    name : str
        What the array is called.
    array : array
        Images ``(N, *SPATIAL, C)``, kernels ``(*KERNEL, C, F)``, or one of at most two
        axes, which is a plane already.
    is_kernel : bool
        Images are cut by number and channel, kernels by channel and filter.

    Returns
    -------
    list of Plane
        Of an image with one spatial axis, each plane is one row.

    Examples
    --------
    >>> [plane.title for plane in planes_of("x", np.zeros((1, 3, 4, 2)))]
    ['x[0, :, :, 0]', 'x[0, :, :, 1]']
    """
    if array.ndim < 3:
        return [Plane(name, np.atleast_2d(array))]
    axes = (-2, -1) if is_kernel else (0, -1)
    moved = np.moveaxis(array, axes, (0, 1))
    inner = [":"] * (array.ndim - 2)
    found = []
    for n, c in np.ndindex(moved.shape[:2]):
        places = [*inner, str(n), str(c)] if is_kernel else [str(n), *inner, str(c)]
        plane = moved[n, c]
        rows = plane.reshape(prod(plane.shape[:-1]), plane.shape[-1])
        found.append(Plane(f"{name}[{', '.join(places)}]", rows))
    return found
