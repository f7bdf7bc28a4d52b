"""Draw a transposed convolution: every pixel paints the kernel, and patches add up."""

import numpy as np

from .._checks import as_matrix, quoted
from .._typing import ArrayLike, Padding, Sizes
from ..placing import transposed_window
from .captions import briefly, named, times
from .film import Point
from .grids import draw_array
from .sums import Term, draw_flying_terms, draw_growing_sums
from .svg import MARGIN, Canvas
from .windows_on_grid import as_plane, padded_kinds, source, stops, sweep, sweep_cells

__all__ = ["draw_conv_transpose"]

GAP = 24.0
SIDE = 30.0  # of an amount that flies
PIXEL = 44.0


def draw_conv_transpose(
    x: ArrayLike,
    w: ArrayLike,
    *,
    stride: Sizes = 1,
    padding: Padding = 0,
    output_padding: Sizes = 0,
    dilation: Sizes = 1,
) -> str:
    """
    Draw every pixel painting a patch, the kernel times itself, into a larger image.

    Parameters
    ----------
    x : array, shape (H, W)
        One image with one channel.
    w : array, shape (KH, KW)
        One kernel.
    stride, padding, output_padding, dilation
        As for `conv_transpose_forward`.

    Returns
    -------
    str
        An animated SVG. A counter in each pixel says how many patches cover it.
    """
    x, w = as_matrix(x, "x", "(H, W)"), as_matrix(w, "w", "(KH, KW)")
    window, spatial = transposed_window(
        x.shape,
        w.shape,
        stride=stride,
        padding=padding,
        output_padding=output_padding,
        dilation=dilation,
        output_size=None,
    )
    if window.spatial != spatial:
        raise ValueError(
            f"output_padding must not reach behind the last patch in a picture, got "
            f"{quoted(output_padding)}: lower it"
        )
    window = as_plane(window)
    canvas = Canvas(
        "A transposed convolution paints",
        [
            f"kernel {times(w.shape)}, stride {briefly(window.stride)}",
            "the small number counts the patches that cover a pixel",
        ],
        frames=x.size,
    )
    top = canvas.top + 16
    image = draw_array(canvas, x, "x", Point(MARGIN, top), "output")
    kernel = draw_array(canvas, w, "w", Point(image.right + GAP, top), "kernel")
    terms = [
        Term(r, image.corner(*stop), source(window, stop, offset), x[stop] * w[offset])
        for r, stop in enumerate(stops(window))
        for offset in np.ndindex(w.shape)
    ]
    painted = draw_growing_sums(
        canvas,
        terms,
        "y",
        at=canvas.beside(kernel.right + GAP, PIXEL * window.padded_size[1], top),
        kinds=padded_kinds(window),
        title=named("y", window.spatial),
        side=PIXEL,
    )
    sweep(canvas, painted, window)
    sweep_cells(canvas, image, stops(window))
    draw_flying_terms(canvas, terms, painted, "output", side=SIDE)
    return canvas.write(
        f"Each of {x.size} pixels, times a kernel of {times(w.shape)} weights, is "
        f"added to a patch of an image of {times(window.spatial)} pixels. Where "
        f"patches overlap they add up: up to {window.coverage().max()} of them cover "
        f"a pixel."
    )
