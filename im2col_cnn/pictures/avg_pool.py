"""Draw the gradient of an average: every number is shared out equally, shares add."""

import numpy as np

from .._checks import as_matrix, as_shape, as_upstream
from .._typing import ArrayLike, Padding, Shape, Sizes
from ..placing import pooling_window
from .captions import named, settings_of, shown, times
from .film import Point
from .grids import draw_array
from .sums import Term, draw_flying_terms, draw_growing_sums
from .svg import MARGIN, Canvas
from .windows_on_grid import as_plane, padded_kinds, source, stops, sweep, sweep_cells

__all__ = ["draw_avg_pool"]

GAP = 24.0
SIDE = 32.0  # of a share that flies
PIXEL = 46.0  # of a pixel, with room for its counter


def draw_avg_pool(
    dy: ArrayLike,
    spatial: Shape,
    kernel_size: Sizes,
    *,
    stride: Sizes | None = None,
    padding: Padding = 0,
    dilation: Sizes = 1,
) -> str:
    """
    Draw every gradient cut into equal shares, which fly to the pixels of its window.

    Parameters
    ----------
    dy : array, shape (OH, OW)
        Gradient of the loss with respect to the output.
    spatial : tuple of int
        Size of the image that was pooled. Its pixels do not matter.
    kernel_size, stride, padding, dilation
        As for `avg_pool_forward`. Padding does not count, and gets nothing.

    Returns
    -------
    str
        An animated SVG. A counter in each pixel says how many shares it got.

    Examples
    --------
    >>> from im2col_cnn.pictures import draw_avg_pool
    >>> "one share is 8 / 4 = 2" in draw_avg_pool([[4, 8]], (2, 4), 2)
    True
    """
    window = as_plane(
        pooling_window(
            as_shape(spatial, "spatial", at_least=1),
            kernel_size,
            stride=stride,
            padding=padding,
            dilation=dilation,
            ceil_mode=False,
        )
    )
    dy = as_upstream(as_matrix(dy, "dy", "(OH, OW)"), window.output_size)
    reads = window.reads()
    shares = dy / reads
    inside = np.pad(np.ones(window.spatial, bool), window.padding)
    canvas = Canvas(
        "An average gives equal shares",
        [
            settings_of(window),
            "each number of dy is cut into as many shares as",
            "its window reads pixels; small: how many shares",
        ],
        frames=dy.size,
    )
    top = canvas.top + 16
    upstream = draw_array(canvas, dy, "dy", Point(MARGIN, top), "output", side=SIDE)
    cut = draw_array(
        canvas,
        shares,
        "shares",
        Point(MARGIN, upstream.bottom + 44),
        "output",
        side=SIDE,
        title="one share",
    )
    terms = [
        Term(r, cut.corner(*stop), place, shares[stop])
        for r, stop in enumerate(stops(window))
        for offset in np.ndindex(window.kernel_size)
        for place in [source(window, stop, offset)]
        if inside[place]
    ]
    image = draw_growing_sums(
        canvas,
        terms,
        "dx",
        at=Point(upstream.right + GAP, top),
        kinds=padded_kinds(window),
        title=named("dx", window.spatial),
        side=PIXEL,
    )
    sweep(canvas, image, window)
    for grid in upstream, cut:
        sweep_cells(canvas, grid, stops(window))
    draw_flying_terms(canvas, terms, image, "output", side=SIDE)
    below = Point(MARGIN, max(image.bottom, cut.bottom) + 32)
    for r, stop in enumerate(stops(window)):
        last = r == dy.size - 1
        when = canvas.film.during(r, None if last else r + 1, still=r == 0)
        line = (
            f"dy[{stop[0]},{stop[1]}]: one share is "
            f"{shown(dy[stop])} / {reads[stop]} = {shown(shares[stop])}"
        )
        canvas.words(line, below, f"formula {when}", data_step=r)
    return canvas.write(
        f"Each of {dy.size} numbers of dy is divided by the pixels that its window "
        f"reads, {reads.min()} to {reads.max()} of them, and each of these pixels gets "
        f"one share. Where windows overlap the shares add up: a pixel of an image of "
        f"{times(window.spatial)} gets up to {window.coverage().max()} shares."
    )
