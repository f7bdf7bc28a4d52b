"""Draw sums that grow term by term, and the terms that fly to them."""

from collections import defaultdict
from typing import Any, NamedTuple

import numpy as np

from .._typing import Array
from .captions import shown
from .film import FLIGHT, Film, Point, journey
from .grids import CELL, Grid, cell, label
from .svg import Canvas, element

__all__ = ["Term", "draw_flying_terms", "draw_growing_sums"]


class Term(NamedTuple):
    """A term of a sum: frame, start of its flight, place in a grid, and value."""

    frame: int
    start: Point
    place: tuple[int, int]
    amount: Any


def draw_growing_sums(
    canvas: Canvas,
    terms: list[Term],
    name: str,
    *,
    at: Point,
    kinds: Array,
    title: str,
    side: float = CELL,
    counters: bool = True,
) -> Grid:
    """
    Draw a grid that begins with zeros and ends with the sum of the terms per place.

    Every state of a place stands in the SVG, marked with the frame that brought it; a
    small counter says how many terms have arrived. Padding keeps nothing.
    """
    rows, columns = kinds.shape
    grid = Grid(at.x, at.y, rows, columns, side)
    label(canvas, grid, title)
    received = defaultdict(list)
    for term in terms:
        received[term.place].append(term)
    cells = []
    for place in np.ndindex(kinds.shape):
        kind, corner = str(kinds[place]), grid.corner(*place)
        states = ""
        if kind != "padding":
            states = history(canvas.film, received[place], corner, side, counters)
        empty = cell("", corner, kind, side=side)
        cells.append(element("g", empty + states, data_at="{} {}".format(*place)))
    group = element(
        "g",
        "\n" + "\n".join(cells) + "\n",
        data_sums=name,
        data_shape="{} {}".format(*kinds.shape),
        style=f"font-size:{(0.36 if counters else 0.5) * side:g}px",
    )
    canvas.put(group, until=Point(grid.right, grid.bottom))
    return grid


def history(
    film: Film, terms: list[Term], corner: Point, side: float, counters: bool
) -> str:
    """Write the partial sums of one place, each visible until the next one."""
    frames = [0.0] + [term.frame + FLIGHT for term in terms]
    sums = [0, *np.cumsum([term.amount for term in terms])]
    middle = {
        "x": corner.x + side / 2,
        "y": corner.y + side * (0.42 if counters else 0.5),
    }
    states = []
    for count, (frame, total) in enumerate(zip(frames, sums, strict=True)):
        stop = frames[count + 1] if count < len(terms) else None
        texts = element("text", shown(total), class_="number", **middle)
        if counters and count:
            below = {"x": corner.x + side - 4, "y": corner.y + side - 5}
            texts += element(
                "text",
                f"{count}\N{MULTIPLICATION SIGN}",
                class_="small hot-text end",
                **below,
            )
        after = terms[count - 1].frame if count else -1
        states.append(
            element("g", texts, class_=film.during(frame, stop), data_after=after)
        )
    return "".join(states)


def draw_flying_terms(
    canvas: Canvas, terms: list[Term], grid: Grid, kind: str, *, side: float
) -> None:
    """Draw every term flying from its start to the middle of its place."""
    inset = (grid.side - side) / 2
    flying = []
    for frame, start, place, amount in terms:
        corner = grid.corner(*place)
        stop = Point(corner.x + inset, corner.y + inset)
        style = journey(start, stop)
        flying.append(
            cell(
                shown(amount), start, kind, canvas.film.leaving(frame), style, side=side
            )
        )
    size = f"font-size:{0.5 * side:g}px"
    canvas.put(element("g", "\n" + "\n".join(flying) + "\n", style=size))
