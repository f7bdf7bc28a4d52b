"""Draw a kernel sliding over numbers: a convolution, and the gradient dx, also one."""

from math import prod

import numpy as np

from .._checks import as_int, as_matrix
from .._typing import Array, ArrayLike, Padding, Sizes
from ..columns import unfold
from ..window import Window
from .captions import image_title, named, settings_of, shown, times
from .film import FLIGHT, Point
from .grids import CELL, Grid, draw_array
from .svg import MARGIN, Canvas
from .windows_on_grid import (
    as_plane,
    padded_kinds,
    padded_pixels,
    stops,
    sweep,
    sweep_cells,
)

__all__ = ["draw_convolution", "draw_full_correlation", "show_arithmetic"]

GAP = 24.0


def draw_convolution(
    x: ArrayLike,
    w: ArrayLike,
    *,
    stride: Sizes = 1,
    padding: Padding = 0,
    dilation: Sizes = 1,
) -> str:
    """
    Draw a kernel sliding over an image, and the sum of products at every stop.

    Parameters
    ----------
    x : array, shape (H, W)
        One image with one channel.
    w : array, shape (KH, KW)
        One kernel.
    stride, padding, dilation
        As for `conv_forward`.

    Returns
    -------
    str
        An animated SVG.
    """
    x, w = as_matrix(x, "x", "(H, W)"), as_matrix(w, "w", "(KH, KW)")
    window = Window(x.shape, w.shape, stride=stride, padding=padding, dilation=dilation)
    window = as_plane(window)
    canvas = Canvas(
        "A convolution: slide, multiply, add",
        [settings_of(window)],
        frames=prod(window.output_size),
    )
    pixels = padded_pixels(x.reshape(window.spatial), window)
    top = canvas.top + 16
    image = draw_array(
        canvas,
        pixels,
        "x",
        Point(MARGIN, top),
        padded_kinds(window),
        title=image_title(window),
    )
    kernel = draw_array(
        canvas,
        w.reshape(window.kernel_size),
        "w",
        Point(image.right + GAP, top),
        "kernel",
    )
    slide(canvas, x, w, window, image=image, kernel=kernel, name="y", kind="output")
    return canvas.write(
        f"A kernel of {times(w.shape)} numbers slides over an image of "
        f"{times(x.shape)} pixels. At each of {prod(window.output_size)} stops, every "
        f"pixel under it is multiplied by its weight; the sum is one pixel of y."
    )


def draw_full_correlation(dy: ArrayLike, w: ArrayLike, *, stride: int = 1) -> str:
    """
    Draw the gradient of an image as a convolution of its own.

    The upstream gradient is spread out by the stride and padded by one pixel less than
    the kernel; then the kernel, turned by 180 degrees, slides over it.

    Parameters
    ----------
    dy : array, shape (OH, OW)
        Gradient with respect to the output of a convolution without padding.
    w : array, shape (KH, KW)
        Its kernel.
    stride : int, default 1
        Its stride.

    Returns
    -------
    str
        An animated SVG, of the smallest image that gives an output of this size.
    """
    dy, w = as_matrix(dy, "dy", "(OH, OW)"), as_matrix(w, "w", "(KH, KW)")
    stride = as_int(stride, "stride", at_least=1)
    if not dy.size or not w.size:
        raise ValueError(f"dy and w must hold numbers, got {dy.shape} and {w.shape}")
    (OH, OW), (KH, KW) = dy.shape, w.shape
    spread = np.zeros(
        ((OH - 1) * stride + 2 * KH - 1, (OW - 1) * stride + 2 * KW - 1), dy.dtype
    )
    inner = slice(KH - 1, 1 - KH or None, stride), slice(KW - 1, 1 - KW or None, stride)
    spread[inner] = dy
    kinds = np.full(spread.shape, "padding", object)
    kinds[inner] = "output"
    turned = w[::-1, ::-1]
    window = as_plane(Window(spread.shape, w.shape))
    zeros = f"zeros around dy: {KH - 1} above and below, {KW - 1} left and right"
    if stride > 1:
        zeros += f"; {stride - 1} between its entries"
    canvas = Canvas(
        "dx is a full correlation with the turned kernel",
        [f"kernel {times(w.shape)}, stride {stride}", zeros],
        frames=prod(window.output_size),
    )
    top = canvas.top + 16
    image = draw_array(
        canvas,
        spread,
        "dy",
        Point(MARGIN, top),
        kinds,
        title=f"{named('dy', dy.shape)}, with zeros {times(spread.shape)}",
    )
    at = canvas.beside(max(image.right, MARGIN + 208) + GAP, CELL * KW, top)
    kernel = draw_array(canvas, w, "w", at, "kernel")
    kernel = draw_array(
        canvas,
        turned,
        "turned",
        Point(at.x, kernel.bottom + 36),
        "kernel",
        title="w, turned",
    )
    slide(
        canvas,
        spread,
        turned,
        window,
        image=image,
        kernel=kernel,
        name="dx",
        kind="image",
    )
    return canvas.write(
        f"The gradient dy of {times(dy.shape)} entries is surrounded by zeros. The "
        f"kernel, turned by 180 degrees, slides over it, and every stop gives one of "
        f"{times(window.output_size)} pixels of dx."
    )


def slide(
    canvas: Canvas,
    x: Array,
    w: Array,
    window: Window,
    *,
    image: Grid,
    kernel: Grid,
    name: str,
    kind: str,
) -> None:
    """Draw the output to the right of the kernel, and fill it stop by stop."""
    P, K = window.columns_shape()
    columns = unfold(x.reshape(1, *window.spatial, 1), window).reshape(P, K)
    y = (columns @ w.ravel()).reshape(window.output_size)
    classes = np.array([canvas.film.during(r + FLIGHT) for r in range(P)], object)
    left, top = kernel.right + GAP, canvas.top + 16
    output = draw_array(
        canvas,
        y,
        name,
        canvas.beside(left, CELL * y.shape[1], top),
        kind,
        classes=classes.reshape(y.shape),
    )
    sweep(canvas, image, window)
    sweep_cells(canvas, output, stops(window))
    show_arithmetic(
        canvas,
        columns,
        w.ravel(),
        names=[f"{name}[{','.join(map(str, stop))}]" for stop in stops(window)],
        at=Point(MARGIN, max(image.bottom, kernel.bottom, output.bottom) + 34),
    )


def show_arithmetic(
    canvas: Canvas, columns: Array, weights: Array, *, names: list[str], at: Point
) -> None:
    """Write, frame by frame, the products of a row with the weights, and their sum."""
    for r, (row, name) in enumerate(zip(columns, names, strict=True)):
        products = " + ".join(
            f"{factor(pixel)}\N{MIDDLE DOT}{factor(weight)}"
            for pixel, weight in zip(row, weights, strict=True)
        )
        last = r == len(names) - 1
        when = canvas.film.during(r, None if last else r + 1, still=r == 0)
        line = f"{name} = {products} = {shown(row @ weights)}"
        canvas.words(line, at, f"formula {when}", data_step=r)


def factor(number: float) -> str:
    """Write a factor of a product, a negative one in brackets."""
    return shown(number) if number >= 0 else f"({shown(number)})"
