"""Draw measured times and memory of loops, columns and the fast path, side by side."""

from collections.abc import Mapping, Sequence
from math import ceil, floor, log10
from typing import NamedTuple

from im2col_cnn._checks import as_items, require_kind
from im2col_cnn.pictures.film import Point
from im2col_cnn.pictures.svg import MARGIN, Canvas, box, element

__all__ = ["Layer", "draw_rungs"]

NAMES = 66.0  # room for the name of a rung
AXIS = 140.0  # from the least time to the largest
BARS = 70.0  # the longest bar
ROW = 22.0
RUNG_KINDS = "kernel", "image", "output", "plain"


class Layer(NamedTuple):
    """What was measured of one layer: by rung, ms of a step and MiB on top."""

    name: str
    times: Mapping[str, float]
    memory: Mapping[str, float]


def draw_rungs(layers: Sequence[Layer], code: Mapping[str, str]) -> str:
    """
    Draw time and memory of every rung on every layer, and the length of its code.

    Parameters
    ----------
    layers : sequence of Layer
        Times are positive. The rungs of the first layer are the rungs of all.
    code : mapping of str to str
        How long the code of a rung is, in words.

    Returns
    -------
    str
        An animated SVG, in which one rung after the other appears. Times stand on an
        axis whose every line is ten times the one before, memory is drawn to scale.

    Examples
    --------
    >>> from tests.notes.drawings.rungs import Layer, draw_rungs
        >>> layer = Layer("8 images", {"loops": 900.0, "fast": 3.0}, {"fast": 1.0})
    >>> "loops 900 ms, fast 3 ms" in draw_rungs([layer], {"loops": "14 lines"})
    True
    """
    layers = as_items(layers, "layers", Layer)
    code = require_kind(code, "code", dict)
    rungs = list(layers[0].times)
    everything = [ms for layer in layers for ms in layer.times.values()]
    low, high = floor(log10(min(everything))), ceil(log10(max(everything)))
    most = max((size for layer in layers for size in layer.memory.values()), default=0)
    canvas = Canvas(
        "Three rungs, and PyTorch" if "PyTorch" in rungs else "The rungs",
        [
            "one step, forward and backward; shorter is better",
            "time: each line is ten times the one to its left",
        ],
        frames=len(rungs),
    )
    left, top = MARGIN + NAMES, canvas.top + 12
    right = left + AXIS + 70
    canvas.words("time, ms", Point(left, top), "label")
    canvas.words("memory, MiB", Point(right, top), "label")
    top += 14
    for layer in layers:
        canvas.words(layer.name, Point(MARGIN, top + 16))
        draw_axis(canvas, Point(left, top + 24), len(rungs) * ROW, high - low)
        for r, rung in enumerate(rungs):
            middle = top + 24 + (r + 0.5) * ROW
            canvas.words(rung, Point(left - 8, middle + 4), "note end")
            share = (log10(layer.times[rung]) - low) / max(high - low, 1)
            kind = RUNG_KINDS[r % len(RUNG_KINDS)]
            bars = bar(
                Point(left, middle - 7),
                AXIS * share,
                kind,
                f"{layer.times[rung]:,g}",
                data_time=layer.times[rung],
            )
            if rung in layer.memory:
                size = layer.memory[rung]
                bars += bar(
                    Point(right, middle - 7),
                    BARS * size / (most or 1),
                    kind,
                    f"{size:,g}",
                    data_memory=size,
                )
            canvas.put(element("g", bars, class_=canvas.film.during(r)))
        top += 24 + len(rungs) * ROW + 16
        canvas.put("", until=Point(right + BARS + 42, top - 16))
    for line, (rung, words) in enumerate(code.items()):
        if line == 0:
            canvas.words("code, forward and backward", Point(MARGIN, top + 8), "label")
        row = top + 30 + 20 * line
        canvas.words(rung, Point(left - 8, row), "note end")
        canvas.words(words, Point(left, row))
    said = "; ".join(
        f"{layer.name}: "
        + ", ".join(f"{r} {ms:,g} ms" for r, ms in layer.times.items())
        for layer in layers
    )
    held = "; ".join(
        ", ".join(f"{rung} {size:,g} MiB" for rung, size in layer.memory.items())
        for layer in layers
    )
    return canvas.write(
        f"Bars for every layer and rung. Time of a step: {said}. "
        f"Memory in the same order: {held}."
    )


def draw_axis(canvas: Canvas, at: Point, height: float, decades: int) -> None:
    """Draw a line for every power of ten."""
    lines = "".join(
        f"M{at.x + AXIS * n / max(decades, 1):g} {at.y:g}v{height:g}"
        for n in range(decades + 1)
    )
    canvas.put(element("path", class_="line", d=lines, stroke_opacity=0.3))


def bar(at: Point, width: float, kind: str, number: str, **data: str | float) -> str:
    """Write a bar with its number behind it."""
    words = element("text", number, class_="note", x=at.x + width + 6, y=at.y + 11)
    return box(kind, at, max(width, 0.5), 14, **data) + words
