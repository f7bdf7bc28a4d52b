"""Show convolutions that take rows for columns, or one for the other's size."""

from collections.abc import Iterable

import numpy as np

from ..._typing import Shape
from .conv_template import Plan, conv_bug, stops, taps
from .exhibit import NOTEBOOK, UNREPORTED

__all__ = ["SWAP_BUGS"]


def swapped_stops(plan: Plan) -> Shape:
    return stops(plan)[::-1]


def stops_of_a_square_kernel(plan: Plan) -> Shape:
    """Take the kernel's height for its width too, as one course's im2col does."""
    _, _, W, _ = plan.x.shape
    KH, *_ = plan.w.shape
    span = plan.dilation[1] * (KH - 1) + 1
    OW = (W + sum(plan.padding[1]) - span) // plan.stride[1] + 1
    return stops(plan)[0], OW


def stops_of_a_square_image(plan: Plan) -> Shape:
    """Take the image's height for its width too."""
    _, H, _, _ = plan.x.shape
    _, KW, *_ = plan.w.shape
    span = plan.dilation[1] * (KW - 1) + 1
    return stops(plan)[0], (H + sum(plan.padding[1]) - span) // plan.stride[1] + 1


def stops_of_the_width(plan: Plan) -> Shape:
    _, OW = stops(plan)
    return OW, OW


def rows_inside(plan: Plan, i: int, j: int) -> tuple[slice, slice]:
    """Refuse windows below the image, as reshaping what is left of them does."""
    rows, columns = taps(plan, i, j)
    if rows.stop > plan.x.shape[1] + sum(plan.padding[0]):
        raise IndexError("a window is out of bounds")
    return rows, columns


def transposed(plan: Plan, i: int, j: int) -> tuple[slice, slice]:
    return taps(plan, j, i)


def square(plan: Plan, i: int, j: int) -> tuple[slice, slice]:
    """Let the width stand for both sides, as ``(f, f, ...) = w.shape`` does."""
    rows, columns = taps(plan, i, j)
    _, KW, *_ = plan.w.shape
    span = plan.dilation[0] * (KW - 1) + 1
    return slice(rows.start, rows.start + span, rows.step), columns


def stops_of_the_height(plan: Plan) -> Shape:
    OH, _ = stops(plan)
    return OH, OH


def exchanged(sizes: Shape, plan: Plan) -> Iterable[Shape]:
    OH, OW = sizes
    return np.ndindex(OW, OH)


def columns_from_h(plan: Plan, i: int, j: int) -> tuple[slice, slice]:
    rows, _ = taps(plan, i, j)
    _, columns = taps(plan, i, i)
    return rows, columns


SWAP_BUGS = (
    conv_bug(
        "S2",
        "rows and columns are swapped in a slice of backward",
        why="the gradients are right on square images with symmetric gradients, and "
        "wrong otherwise: h counts rows and belongs first",
        fix="x[n, h_start:h_end, w_start:w_end]",
        source=f"{NOTEBOOK}; renmengye/np-conv2d PR 2",
        writes=transposed,
    ),
    conv_bug(
        "S5",
        "the kernel's width stands for its height",
        why="`f, f, *_ = w.shape` keeps only the second number",
        fix="KH, KW, *_ = w.shape",
        source=NOTEBOOK,
        writes=square,
        reads=square,
    ),
    conv_bug(
        "C1a",
        "the output has its height and width swapped",
        why="it is right on square images; elsewhere y has the wrong shape",
        fix="y = np.zeros((N, OH, OW, F)), OH computed from H and KH",
        source="Maratyszcza/NNPACK 15: all tests use square images and kernels",
        stops=swapped_stops,
    ),
    conv_bug(
        "C1b",
        "the output's width is computed with the kernel's height",
        why="it is right for square kernels only",
        fix="OW = (W + 2 * pad - KW) // stride + 1",
        source="cs231n im2col.py checks the width with the kernel's height",
        stops=stops_of_a_square_kernel,
    ),
    conv_bug(
        "C1c",
        "rows and columns are swapped in a slice of forward, or in the place of y",
        why="y is transposed: right on symmetric images only",
        fix="y[n, h, w, f] from x[n, h_start:h_end, w_start:w_end]",
        source="renmengye/np-conv2d PR 2",
        reads=transposed,
    ),
    conv_bug(
        "C1h",
        "rows and columns are swapped in the slice of dx",
        why="dx is right on square images with symmetric gradients, and wrong "
        "otherwise; dw is right, for it comes from another slice",
        fix="dx[n, h_start:h_end, w_start:w_end]",
        source="renmengye/np-conv2d PR 2",
        writes=transposed,
        reads_again=taps,
    ),
    conv_bug(
        "C1i",
        "rows and columns are swapped in the slice of x that dw is made of",
        why="dw is right on symmetric images only; dx is right, for it reads no x",
        fix="x[n, h_start:h_end, w_start:w_end]",
        source="renmengye/np-conv2d PR 2",
        reads_again=transposed,
    ),
    conv_bug(
        "C1j",
        "the output's width is computed from the image's height",
        why="it is right for square images only",
        fix="OW = (W + 2 * pad - KW) // stride + 1",
        source="Maratyszcza/NNPACK 15: all tests use square images and kernels",
        stops=stops_of_a_square_image,
    ),
    conv_bug(
        "E45",
        "the output's height and width are one number",
        why="one of the two is written twice; where kernel and settings are the same "
        "along both axes, it has the numbers of C1j",
        fix="OH from H and KH, and OW = (W + 2 * pad - KW) // stride + 1",
        source=UNREPORTED,
        stops=stops_of_the_height,
        spellings=[
            {"stops": stops_of_the_width},
            {"stops": stops_of_the_width, "reads": rows_inside},
        ],
    ),
    conv_bug(
        "E47",
        "the loops of backward have their bounds exchanged",
        why="the loop over rows runs to OW; where the output is not square, one of "
        "the two runs out of it",
        fix="for h in range(OH): for w in range(OW):",
        source=UNREPORTED,
        visits_back=exchanged,
    ),
    conv_bug(
        "E46",
        "the loops of forward have their bounds exchanged",
        why="the loop over rows runs to OW; where the output is not square, one of "
        "the two runs out of it",
        fix="for h in range(OH): for w in range(OW):",
        source=UNREPORTED,
        visits=exchanged,
    ),
    conv_bug(
        "E48",
        "columns are taken from h where forward slices the image",
        why="all windows stand on the diagonal, so all columns of a row of y are alike",
        fix="w_start = stride * w",
        source=UNREPORTED,
        reads=columns_from_h,
    ),
    conv_bug(
        "E49",
        "columns are taken from h where backward slices the image",
        why="all windows stand on the diagonal, wherever forward had read",
        fix="w_start = stride * w",
        source=UNREPORTED,
        writes=columns_from_h,
    ),
)
