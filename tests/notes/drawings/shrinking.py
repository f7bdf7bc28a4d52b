"""Draw how a law shrinks a failing case, until it is as small as it can be."""

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

import numpy as np

from im2col_cnn._checks import as_function, as_per_axis
from im2col_cnn._typing import Array, Shape
from im2col_cnn.ops.conv import conv_backward, conv_forward
from im2col_cnn.pictures.captions import times
from im2col_cnn.pictures.film import Point
from im2col_cnn.pictures.grids import draw_array, frame_differences
from im2col_cnn.pictures.svg import MARGIN, Canvas, element
from im2col_cnn.window import Window

__all__ = ["draw_shrinking"]

SIDE = 34.0
GAP = 64.0
LINE_HEIGHT = 19.0

Backward: TypeAlias = Callable[[Array, Array, Array], Array]  # (dy, x, w) -> dx


class Trial(NamedTuple):
    """One geometry, the gradient it should give, and what a function gave."""

    spatial: Shape
    kernel: Shape
    expected: Array
    found: Array | None  # None if the function failed with an error

    @property
    def holds(self) -> bool:
        """Whether the gradient found is the right one."""
        return self.found is not None and np.array_equal(self.found, self.expected)

    def __str__(self) -> str:
        """Name the geometry."""
        return f"image {times(self.spatial)}, kernel {times(self.kernel)}"


def draw_shrinking(backward: Backward, spatial: Shape, kernel: Shape) -> str:
    """
    Draw a failing case becoming smaller, as long as it fails.

    Parameters
    ----------
    backward : callable
        ``backward(dy, x, w)`` returns ``dx`` for one image with one channel. It may
        be wrong; a ValueError counts as wrong.
    spatial, kernel : tuple of int
        The geometry to begin with.

    Returns
    -------
    str
        An animated SVG: at every trial the gradient that is right beside the one that
        was found, and a log of all trials.
    """
    spatial = as_per_axis(spatial, "spatial", 2, at_least=1)
    kernel = as_per_axis(kernel, "kernel", 2, at_least=1)
    Window(spatial, kernel)  # refuses what does not fit
    tried = list(trials(as_function(backward, "backward"), spatial, kernel))
    canvas = Canvas(
        "A failing case shrinks",
        ["one row or column less, as long as it still fails"],
        frames=len(tried),
    )
    top = canvas.top + 16
    smallest = max(t for t, trial in enumerate(tried) if not trial.holds)
    heights = [trial.spatial[0] for trial in tried]
    widths = [trial.spatial[1] for trial in tried]
    right = MARGIN + max(widths) * SIDE + GAP
    for t, trial in enumerate([*tried, tried[smallest]]):
        stop = t + 1 if t < len(tried) else None
        draw_trial(
            canvas, canvas.film.during(t, stop), trial, Point(MARGIN, top), right
        )
    below = top + max(heights) * SIDE + 52
    canvas.words("what was tried", Point(MARGIN, below - 20), "label")
    for t, trial in enumerate(tried):
        verdict = "holds: go back" if trial.holds else "fails: keep"
        if t == smallest:
            verdict = "fails: the smallest"
        kind = "formula hot-text" if t == smallest else "formula"
        at = Point(MARGIN, below + LINE_HEIGHT * t)
        canvas.words(
            f"{times(trial.spatial)}, kernel {times(trial.kernel)}  {verdict}",
            at,
            f"{kind} {canvas.film.during(t)}",
            data_step=t,
        )
    return canvas.write(
        f"A wrong gradient on an {tried[0]}. Its sides are made smaller one by one. "
        f"{sum(not trial.holds for trial in tried)} of {len(tried)} trials fail, and "
        f"the smallest of them is {tried[smallest]}."
    )


def trials(backward: Backward, spatial: Shape, kernel: Shape) -> Iterator[Trial]:
    """Return a failing geometry and smaller ones, as long as they fail."""
    sides = [*spatial, *kernel]
    trial = attempt(backward, sides)
    yield trial
    shrunk = not trial.holds
    while shrunk:
        shrunk = False
        for axis in range(len(sides)):
            smaller = [side - (n == axis) for n, side in enumerate(sides)]
            if min(smaller) < 1 or smaller[0] < smaller[2] or smaller[1] < smaller[3]:
                continue
            trial = attempt(backward, smaller)
            yield trial
            if not trial.holds:
                sides, shrunk = smaller, True
                break


def attempt(backward: Backward, sides: list[int]) -> Trial:
    """Let the function find a gradient, of arrays whose entries all differ."""
    H, W, KH, KW = sides
    x, w = counting((H, W)), counting((KH, KW))
    y, cache = conv_forward(x[None, :, :, None], w[:, :, None, None])
    dy = counting((H - KH + 1, W - KW + 1))
    dx, _, _ = conv_backward(dy.reshape(y.shape), cache)
    try:
        found = backward(dy, x, w)
    except ValueError:
        found = None
    return Trial((H, W), (KH, KW), dx[0, :, :, 0], found)


def counting(shape: Shape) -> Array:
    """Return 1, 2, 3 and so on, in reading order."""
    return np.arange(1, np.prod(shape) + 1).reshape(shape)


def draw_trial(
    canvas: Canvas, when: str, trial: Trial, at: Point, right: float
) -> None:
    """Draw the right gradient beside the one found, and mark where they differ."""
    crashed = trial.found is None
    found = np.full(trial.spatial, None, object) if crashed else trial.found
    assert found is not None
    first = len(canvas.parts)
    draw_array(
        canvas, trial.expected, "expected", at, "output", side=SIDE, title="dx, right"
    )
    grid = draw_array(
        canvas,
        found,
        "found",
        Point(right, at.y),
        "padding" if crashed else "image",
        side=SIDE,
        title="dx, found: an error" if crashed else "dx, found",
    )
    if not crashed:
        frame_differences(canvas, grid, np.argwhere(found != trial.expected))
    shown = "".join(canvas.parts[first:])
    canvas.parts[first:] = [element("g", shown, class_=when)]
