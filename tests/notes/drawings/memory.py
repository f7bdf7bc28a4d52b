"""Draw the bytes of column matrices as bars: what unfolding costs."""

from collections.abc import Iterable
from math import prod

import numpy as np
import numpy.typing as npt

from im2col_cnn._checks import as_dtype, as_int, as_items
from im2col_cnn._typing import Padding, Shape, Sizes
from im2col_cnn.pictures.captions import times
from im2col_cnn.pictures.film import Point
from im2col_cnn.pictures.svg import MARGIN, Canvas, box
from im2col_cnn.window import Window

__all__ = ["draw_memory"]

BAR = 140.0  # the longest bar
THICK = 20.0


def draw_memory(
    spatial: Shape,
    *,
    kernel_sizes: Iterable[int] = (1, 2, 3, 5, 7),
    stride: Sizes = 1,
    padding: Padding = "same",
    N: int = 1,
    C: int = 1,
    dtype: npt.DTypeLike = np.float32,
) -> str:
    """
    Draw the bytes of the column matrix as bars, one per size of the kernel.

    Parameters
    ----------
    spatial : tuple of int
        Size of the images.
    kernel_sizes : iterable of int
        The kernels to compare.
    stride, padding
        As for `im2col`.
    N, C : int
        Images and channels.
    dtype : dtype
        Of one entry.

    Returns
    -------
    str
        An SVG that does not move.
    """
    N, C = as_int(N, "N", at_least=1), as_int(C, "C", at_least=1)
    dtype = as_dtype(dtype)
    windows = [
        Window(spatial, size, stride=stride, padding=padding)
        for size in as_items(kernel_sizes, "kernel_sizes")
    ]
    own = N * C * prod(windows[0].spatial) * dtype.itemsize
    sizes = [window.columns_bytes(N, C, dtype) for window in windows]
    canvas = Canvas(
        "Where did the memory go?",
        [
            f"images of shape {times((N, *windows[0].spatial, C))}, {dtype.name}",
            f"their column matrices at stride {stride}, and how many times as large",
        ],
    )
    rows = [("x itself", own, "image")]
    for window, size in zip(windows, sizes, strict=True):
        rows.append((f"kernel {times(window.kernel_size)}", size, "kernel"))
    largest = max(size for _, size, _ in rows)
    top = canvas.top + 4
    for name, size, kind in rows:
        left, width = MARGIN + 96, BAR * size / largest
        middle = top + THICK / 2 + 5
        canvas.words(name, Point(left - 12, middle), "note end")
        canvas.put(box(kind, Point(left, top), width, THICK, rx=2, data_bytes=size))
        ratio = f"{size / own:.3g}\N{MULTIPLICATION SIGN}\N{EN SPACE}{megabytes(size)}"
        canvas.words(ratio, Point(left + width + 8, middle))
        top += THICK + 10
    found = ", ".join(
        f"{size / own:.3g} times for a kernel of {times(window.kernel_size)}"
        for window, size in zip(windows, sizes, strict=True)
    )
    return canvas.write(
        f"Bars: the images take {megabytes(own)}; their column matrix takes {found}."
    )


def megabytes(size: int) -> str:
    """Write a number of bytes the way disks are sold."""
    for unit, factor in ("GB", 10**9), ("MB", 10**6), ("kB", 10**3):
        if size >= factor:
            return f"{size / factor:.3g} {unit}"
    return f"{size} bytes"
