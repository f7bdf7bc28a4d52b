"""Draw how the loss fell while a network learned."""

from collections.abc import Sequence

from .._checks import as_at_least_zero, as_items
from .film import Point
from .svg import MARGIN, Canvas, element

__all__ = ["draw_learning"]

WIDTH, HEIGHT = 480.0, 160.0


def draw_learning(losses: Sequence[float]) -> str:
    """
    Draw the loss of every step as a line, from zero to the largest.

    Parameters
    ----------
    losses : sequence of float
        At least one, finite.

    Returns
    -------
    str
        An SVG that does not move.

    Examples
    --------
    >>> from im2col_cnn.pictures import draw_learning
    >>> "from 2 to 0.5" in draw_learning([2.0, 1.0, 0.5])
    True
    """
    losses = [as_at_least_zero(loss, "losses") for loss in as_items(losses, "losses")]
    largest, last = max(losses), len(losses) - 1
    canvas = Canvas("The loss of every step", [f"{len(losses)} steps"])
    left, top = MARGIN + 48, canvas.top
    bottom = top + HEIGHT
    points = [
        (left + WIDTH * n / max(last, 1), bottom - HEIGHT * loss / (largest or 1.0))
        for n, loss in enumerate(losses)
    ]
    canvas.put(
        element("path", class_="line", d=f"M{left:g} {top:g}V{bottom:g}h{WIDTH:g}"),
        until=Point(left + WIDTH, bottom),
    )
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    canvas.put(element("polyline", class_="frame", points=path))
    canvas.words(f"{largest:.3g}", Point(left - 8, top + 8), "small end")
    canvas.words("0", Point(left - 8, bottom + 2), "small end")
    canvas.words("step 1", Point(left, bottom + 18), "small")
    canvas.words(str(len(losses)), Point(left + WIDTH, bottom + 18), "small end")
    return canvas.write(
        f"A line: the loss goes from {losses[0]:.3g} to {losses[-1]:.3g} in "
        f"{len(losses)} steps."
    )
