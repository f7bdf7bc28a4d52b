"""Draw the sparse matrix that a convolution is, and the transpose that goes back."""

from math import prod

import numpy as np

from im2col_cnn._checks import as_matrix
from im2col_cnn._typing import ArrayLike, Padding, Shape, Sizes
from im2col_cnn.ops.conv import conv_forward
from im2col_cnn.pictures.captions import named, settings_of, times
from im2col_cnn.pictures.film import Point
from im2col_cnn.pictures.grids import draw_array, emptied
from im2col_cnn.pictures.svg import MARGIN, Canvas
from im2col_cnn.pictures.windows_on_grid import as_plane, sweep_cells, sweep_rows
from im2col_cnn.window import Window

__all__ = ["draw_convolution_matrix"]

SIDE = 30.0
TRANSPOSED = "M\N{MODIFIER LETTER CAPITAL T}"


def draw_convolution_matrix(
    spatial: Shape,
    w: ArrayLike,
    *,
    stride: Sizes = 1,
    padding: Padding = 0,
    dilation: Sizes = 1,
) -> str:
    """
    Draw the sparse matrix that a convolution is, and its transpose.

    Parameters
    ----------
    spatial : tuple of int
        Size of the image, with one channel.
    w : array, shape (KH, KW)
        One kernel.
    stride, padding, dilation
        As for `conv_forward`.

    Returns
    -------
    str
        An animated SVG. Zeros are left empty.
    """
    w = as_matrix(w, "w", "(KH, KW)")
    window = as_plane(
        Window(spatial, w.shape, stride=stride, padding=padding, dilation=dilation)
    )
    pixels, outputs = prod(window.spatial), prod(window.output_size)
    # Convolving an image with a single 1 gives one column of the matrix.
    units = np.eye(pixels, dtype=w.dtype).reshape(pixels, *window.spatial, 1)
    y, _ = conv_forward(
        units, w[..., None, None], stride=stride, padding=padding, dilation=dilation
    )
    transposed = y.reshape(pixels, outputs)
    matrix = transposed.T

    canvas = Canvas(
        "A convolution is a sparse matrix M",
        [
            f"image {times(window.spatial)}, {settings_of(window)}",
            f"forward y = M x, one row per window; backward dx = {TRANSPOSED} dy",
        ],
        frames=outputs,
    )
    top = canvas.top + 16
    kernel = draw_array(canvas, w, "w", Point(MARGIN, top), "kernel", side=SIDE)
    forward = draw_array(
        canvas,
        emptied(matrix, matrix == 0),
        "M",
        canvas.beside(kernel.right + 44, SIDE * pixels, top),
        np.where(matrix == 0, "zero", "kernel"),
        side=SIDE,
    )
    backward = draw_array(
        canvas,
        emptied(transposed, transposed == 0),
        "transposed",
        canvas.beside(forward.right + 44, SIDE * outputs, top),
        np.where(transposed == 0, "zero", "kernel"),
        side=SIDE,
        title=named(TRANSPOSED, transposed.shape),
    )
    sweep_rows(canvas, forward)
    sweep_cells(canvas, backward, [(0, r) for r in range(outputs)], rows=pixels)
    return canvas.write(
        f"The matrix M has {outputs} rows, one per window, and {pixels} columns, one "
        f"per pixel. Each row holds the {w.size} weights of the kernel where its "
        f"window stands, and zeros elsewhere. Its transpose has the rows as columns."
    )
