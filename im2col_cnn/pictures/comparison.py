"""Draw two arrays side by side, and point at the entries where they differ."""

import numpy as np

from .._checks import as_matrix, require_kind
from .._typing import ArrayLike
from .captions import shown
from .film import Point
from .grids import draw_array, frame_differences
from .limits import require_drawable
from .svg import MARGIN, Canvas

__all__ = ["draw_comparison"]

GAP = 56.0


def draw_comparison(
    expected: ArrayLike, found: ArrayLike, *, title: str = "Expected, and found"
) -> str:
    """
    Draw what should have come out beside what did.

    Parameters
    ----------
    expected, found : array, shape (H, W)
        Their shapes may differ; then only what both have is compared.
    title : str
        Of the picture.

    Returns
    -------
    str
        An SVG that does not move. Entries that differ are framed; NaN equals NaN.

    Examples
    --------
    >>> from im2col_cnn.pictures import draw_comparison
    >>> draw_comparison([[1, 2]], [[1, 3]]).count("data-differs")
    1
    """
    good = as_matrix(expected, "expected", "(H, W)")
    bad = as_matrix(found, "found", "(H, W)")
    for array in good, bad:
        require_drawable(array.shape, array.shape, array.shape)
    both = tuple(slice(min(sizes)) for sizes in zip(good.shape, bad.shape, strict=True))
    differs = ~np.isclose(good[both], bad[both], rtol=1e-5, atol=0, equal_nan=True)
    places = [(int(i), int(j)) for i, j in np.argwhere(differs)]

    count = f"{len(places)} of {differs.size} entries differ"
    canvas = Canvas(require_kind(title, "title", str), [count])
    top = canvas.top + 16
    left = draw_array(canvas, good, "expected", Point(MARGIN, top), "output")
    right = draw_array(canvas, bad, "found", Point(left.right + GAP, top), "image")
    frame_differences(canvas, right, places)
    first = ""
    if places:
        i, j = places[0]
        was, should = shown(bad[i, j]), shown(good[i, j])
        first = f", first in row {i}, column {j}: {was} instead of {should}"
    return canvas.write(f"Two arrays side by side; {count}{first}.")
