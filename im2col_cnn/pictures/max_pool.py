"""Draw max pooling: the maxima of all windows, and their gradient, ties included."""

import numpy as np

from .._checks import as_matrix, as_upstream
from .._typing import Array, ArrayLike, Padding, Shape, Sizes, Ties
from ..ops.max_pool import MaxPoolCache, max_pool_forward
from ..window import Window
from .captions import named, settings_of
from .film import Point, journey
from .grids import CELL, Grid, draw_array
from .sums import Term, draw_flying_terms, draw_growing_sums
from .svg import BELOW, MARGIN, Canvas, element
from .windows_on_grid import as_plane, padded_kinds, padded_pixels, source, stops, sweep

__all__ = ["draw_max_pool"]

GAP = 24.0
TIES: dict[Ties, str] = {
    "first": "the first winner takes it",
    "split": "all winners share it",
    "all": "each takes it in full",
}


def draw_max_pool(
    x: ArrayLike,
    dy: ArrayLike,
    kernel_size: Sizes,
    *,
    stride: Sizes | None = None,
    padding: Padding = 0,
    dilation: Sizes = 1,
) -> str:
    """
    Draw the largest pixel of every window, then where its gradient goes.

    Parameters
    ----------
    x : array, shape (H, W)
        One image with one channel.
    dy : array, shape (OH, OW)
        Gradient of the loss with respect to the output.
    kernel_size, stride, padding, dilation
        As for `max_pool_forward`.

    Returns
    -------
    str
        An animated SVG, backward for each of the three ways to treat a tie.
    """
    x, dy = as_matrix(x, "x", "(H, W)"), as_matrix(dy, "dy", "(OH, OW)")
    y, cache = max_pool_forward(
        x[None, :, :, None],
        kernel_size,
        stride=stride,
        padding=padding,
        dilation=dilation,
    )
    window = as_plane(cache.window)
    as_upstream(dy, window.output_size)
    winners = winners_of(cache)
    P = dy.size
    canvas = Canvas(
        "Max pooling: the winner gets dy",
        [
            settings_of(window),
            "forward: a ring marks the winners; backward: dy goes to them",
        ],
        frames=2 * P,
    )
    top = canvas.top + 16
    image = draw_array(
        canvas, padded_pixels(x, window), "x", Point(MARGIN, top), padded_kinds(window)
    )
    draw_winners(canvas, image, winners)
    output = canvas.beside(image.right + GAP, CELL * y.shape[2], top)
    pooled = draw_maxima(canvas, y[0, :, :, 0], output, image=image, winners=winners)
    at = Point(pooled.left, pooled.bottom + BELOW)
    upstream = draw_array(canvas, dy, "dy", at, "output", title=None)
    sweep(canvas, image, window)

    at = Point(MARGIN, canvas.bottom + BELOW)
    for ties in TIES:
        terms = [
            Term(P + r, upstream.corner(*stop), winner, amount)
            for r, stop in enumerate(stops(window))
            for winner, amount in shares(winners[r], dy[stop], ties)
        ]
        grid = draw_gradient(canvas, terms, window, at=at, ties=ties)
        at = canvas.beside(grid.right + GAP, CELL * grid.columns, at.y)
    tied = sum(len(each) > 1 for each in winners)
    return canvas.write(
        f"{P} windows of an image each keep their largest pixel. Going back, every "
        f"window sends its gradient to the pixel that won. {tied} of them have more "
        f"than one winner: then the first takes it, or all share it, or each takes it "
        f"in full."
    )


def winners_of(cache: MaxPoolCache) -> list[list[tuple[int, int]]]:
    """List, for every window, the places in the padded image that hold its maximum."""
    window = cache.window
    winners: dict[Shape, list[tuple[int, int]]] = {stop: [] for stop in stops(window)}
    for tap in window.taps():
        wins = np.zeros(cache.y.shape, bool)
        wins[tap.stops] = cache.wins(tap)
        for stop, places in winners.items():
            if wins[0, *stop, 0]:
                places.append(source(window, stop, tap.offset))
    return list(winners.values())


def shares(
    winners: list[tuple[int, int]], amount: float, ties: Ties
) -> list[tuple[tuple[int, int], float]]:
    """Return the pixels that share one gradient, each with its part."""
    if ties == "first":
        return [(winners[0], amount)]
    if ties == "split":
        return [(winner, amount / len(winners)) for winner in winners]
    return [(winner, amount) for winner in winners]


def draw_gradient(
    canvas: Canvas, terms: list[Term], window: Window, *, at: Point, ties: Ties
) -> Grid:
    """Draw the gradient of the image as it grows, under the rule for ties."""
    grid = draw_growing_sums(
        canvas,
        terms,
        f"dx {ties}",
        at=at,
        kinds=padded_kinds(window),
        title=named("dx", window.spatial),
        counters=False,
    )
    draw_flying_terms(canvas, terms, grid, "output", side=30)
    canvas.words(f'ties="{ties}"', Point(grid.left, grid.bottom + 22), "formula")
    canvas.words(TIES[ties], Point(grid.left, grid.bottom + 42))
    return grid


def draw_winners(
    canvas: Canvas, image: Grid, winners: list[list[tuple[int, int]]]
) -> None:
    """Put a ring around every winner once its window has been there."""
    for r, places in enumerate(winners):
        for place in places:
            corner = image.corner(*place)
            canvas.put(
                element(
                    "circle",
                    class_=f"frame {canvas.film.during(r)}",
                    r=image.side / 2 - 4,
                    data_wins=r,
                    cx=corner.x + image.side / 2,
                    cy=corner.y + image.side / 2,
                )
            )


def draw_maxima(
    canvas: Canvas,
    y: Array,
    at: Point,
    *,
    image: Grid,
    winners: list[list[tuple[int, int]]],
) -> Grid:
    """Let the first winner of every window fly to its place in the output."""
    grid = Grid(at.x, at.y, *y.shape)
    classes, styles = np.empty(y.shape, object), np.empty(y.shape, object)
    for r, stop in enumerate(np.ndindex(y.shape)):
        classes[stop] = canvas.film.landing(r)
        styles[stop] = journey(grid.corner(*stop), image.corner(*winners[r][0]))
    return draw_array(
        canvas, y, "y", at, "output", classes=classes, styles=styles, side=CELL
    )
