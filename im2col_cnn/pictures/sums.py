"""Draw pixels that are paid in instalments: numbers that grow as amounts arrive."""

from collections import defaultdict
from typing import Any, NamedTuple

import numpy as np

from .._typing import Array
from .captions import shown
from .film import FLIGHT, Film, journey
from .grids import CELL, Grid, cell, label
from .svg import Canvas, Point, element

__all__ = ["Payment", "draw_payments", "draw_sums"]


class Payment(NamedTuple):
    """An amount that flies, during a frame, from a point to a place in a grid."""

    frame: int
    start: Point
    place: tuple[int, int]
    amount: Any


def draw_sums(
    canvas: Canvas,
    film: Film,
    payments: list[Payment],
    name: str,
    *,
    at: Point,
    kinds: Array,
    title: str,
    side: float = CELL,
    counters: bool = True,
) -> Grid:
    """
    Draw a grid that begins with zeros and ends with what was paid to each place.

    Every state of a place stands in the SVG, marked with the frame that brought it; a
    small counter says how often the place was paid. Padding keeps nothing.
    """
    rows, columns = kinds.shape
    grid = Grid(at.x, at.y, rows, columns, side)
    label(canvas, grid, title)
    received = defaultdict(list)
    for payment in payments:
        received[payment.place].append(payment)
    cells = []
    for place in np.ndindex(kinds.shape):
        kind, corner = str(kinds[place]), grid.corner(*place)
        keeps = kind != "padding"
        states = history(film, received[place], corner, side, counters) if keeps else ""
        empty = cell("", corner, kind, side=side)
        cells.append(element("g", empty + states, data_at="{} {}".format(*place)))
    group = element(
        "g",
        "\n" + "\n".join(cells) + "\n",
        data_sums=name,
        data_shape="{} {}".format(*kinds.shape),
        style=f"font-size:{0.34 * side:g}px",
    )
    canvas.put(group, until=Point(grid.right, grid.bottom))
    return grid


def history(
    film: Film, payments: list[Payment], corner: Point, side: float, counters: bool
) -> str:
    """Write every sum that a place ever holds, each visible until the next one."""
    frames = [0.0] + [payment.frame + FLIGHT for payment in payments]
    sums = [0, *np.cumsum([payment.amount for payment in payments])]
    middle = {
        "x": corner.x + side / 2,
        "y": corner.y + side * (0.42 if counters else 0.5),
    }
    states = []
    for count, (frame, total) in enumerate(zip(frames, sums, strict=True)):
        stop = frames[count + 1] if count < len(payments) else None
        texts = element("text", shown(total), class_="number", **middle)
        if counters and count:
            below = {"x": corner.x + side - 4, "y": corner.y + side - 5}
            texts += element(
                "text",
                f"{count}\N{MULTIPLICATION SIGN}",
                class_="small hot-text end",
                **below,
            )
        after = payments[count - 1].frame if count else -1
        states.append(
            element("g", texts, class_=film.during(frame, stop), data_after=after)
        )
    return "".join(states)


def draw_payments(
    canvas: Canvas,
    film: Film,
    payments: list[Payment],
    grid: Grid,
    kind: str,
    *,
    side: float,
) -> None:
    """Let every amount fly from where it starts to the middle of its place."""
    inset = (grid.side - side) / 2
    flying = []
    for frame, start, place, amount in payments:
        corner = grid.corner(*place)
        stop = Point(corner.x + inset, corner.y + inset)
        style = journey(start, stop)
        flying.append(
            cell(shown(amount), start, kind, film.leaving(frame), style, side=side)
        )
    size = f"font-size:{0.34 * side:g}px"
    canvas.put(element("g", "\n" + "\n".join(flying) + "\n", style=size))
