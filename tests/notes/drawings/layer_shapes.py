"""Draw the matrices of a convolution as blocks whose sides must match."""

from math import log2
from typing import NamedTuple

from im2col_cnn._checks import as_batch_shape, as_int, as_shape
from im2col_cnn._typing import Padding, Shape, Sizes
from im2col_cnn.pictures.captions import settings_of, times
from im2col_cnn.pictures.film import Point
from im2col_cnn.pictures.svg import MARGIN, Canvas, box
from im2col_cnn.window import Window

__all__ = ["draw_layer_shapes"]

T = "\N{MODIFIER LETTER CAPITAL T}"  # for transpose


class Block(NamedTuple):
    """A matrix, by its name, its two sizes and what it holds."""

    name: str
    rows: int
    columns: int
    kind: str

    @property
    def transposed(self) -> "Block":
        """The same matrix, turned over."""
        return Block(f"{self.name}{T}", self.columns, self.rows, self.kind)

    @property
    def gradient(self) -> "Block":
        """Its gradient, which is of the same size."""
        return self._replace(name=f"d{self.name}")


def draw_layer_shapes(
    x: Shape,
    kernel_size: Sizes,
    F: int,
    *,
    stride: Sizes = 1,
    padding: Padding = 0,
    dilation: Sizes = 1,
) -> str:
    """
    Draw the three products of a convolution as blocks whose sides must match.

    Parameters
    ----------
    x : tuple of int
        Shape ``(N, *SPATIAL, C)`` of the images.
    kernel_size, stride, padding, dilation
        As for `conv_forward`.
    F : int
        Number of filters.

    Returns
    -------
    str
        An SVG that does not move.
    """
    N, *spatial, C = as_shape(as_batch_shape(x, "x"), "x", at_least=1)
    F = as_int(F, "F", at_least=1)
    window = Window(
        spatial, kernel_size, stride=stride, padding=padding, dilation=dilation
    )
    P, K = window.columns_shape(N, C)
    y, w = (N, *window.output_size, F), (*window.kernel_size, C, F)
    X, W, Y = (
        Block("X", P, K, "image"),
        Block("W", K, F, "kernel"),
        Block("Y", P, F, "output"),
    )
    canvas = Canvas(
        "Forward and backward: three products, one way to fit",
        [f"x {times(x)}, w {times(w)}, y {times(y)}", settings_of(window)],
    )
    products = [
        ("forward: unfold x, multiply", [X, W, Y], f"y, reshaped {times(y)}"),
        (
            "backward to the kernel: multiply",
            [X.transposed, Y.gradient, W.gradient],
            f"dw, reshaped {times(w)}",
        ),
        (
            "backward to the image: multiply, fold",
            [Y.gradient, W.transposed, X.gradient],
            f"dx by col2im {times(x)}",
        ),
    ]
    top = canvas.top + 22
    for title, blocks, result in products:
        canvas.words(title, Point(MARGIN, top), "label")
        tallest = max(length(block.rows) for block in blocks)
        middle = top + 34 + tallest / 2
        left = MARGIN + 42
        for block, sign in zip(blocks, ("@", "=", "\N{RIGHTWARDS ARROW}"), strict=True):
            right = draw_block(canvas, Point(left, middle), block)
            canvas.words(sign, Point(right + 14, middle + 5), "label middle")
            left = right + 70
        canvas.words(result, Point(MARGIN + 30, top + 34 + tallest + 20))
        top += tallest + 96
    return canvas.write(
        f"Three products of matrices. Forward: X, {P} by {K}, times W, {K} by {F}, is "
        f"Y, {P} by {F}. Backward: X transposed times dY is dW, and dY times W "
        f"transposed is dX, which col2im folds into the shape of the images."
    )


def draw_block(canvas: Canvas, at: Point, block: Block) -> float:
    """Draw a block with the middle of its left side at `at`; return its right side."""
    height, width = length(block.rows), length(block.columns)
    top, right, middle = at.y - height / 2, at.x + width, at.x + width / 2
    canvas.put(
        box(
            block.kind,
            Point(at.x, top),
            width,
            height,
            rx=2,
            data_matrix=block.name,
            data_shape=f"{block.rows} {block.columns}",
        ),
        until=Point(right, top + height),
    )
    canvas.words(block.name, Point(middle, at.y + 5), "label middle")
    canvas.words(str(block.columns), Point(middle, top - 6), "small middle")
    canvas.words(str(block.rows), Point(at.x - 6, at.y + 4), "small end")
    return right


def length(size: int) -> float:
    """Return how long a side is drawn: it grows with the logarithm of its size."""
    return 22 + 7 * log2(size)
