"""Show convolutions whose windows stand, or read, in the wrong place."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..._typing import Bias, Images, Kernels, Padding, Shape
from .conv_template import ConvSteps, Plan, conv_bug, pad, taps
from .exhibit import UNREPORTED
from .reshaped import dw_of_channels_last

__all__ = ["PLACE_BUGS"]


def stops_with_half_the_padding(plan: Plan) -> Shape:
    sizes = []
    for n, size in enumerate(plan.x.shape[1:3]):
        span = plan.dilation[n] * (plan.w.shape[n] - 1) + 1
        before, _ = plan.padding[n]
        sizes.append((size + before - span) // plan.stride[n] + 1)
    return tuple(sizes)


def pairs_that_forget_the_stride(
    padding: Padding, call: dict[str, Any]
) -> tuple[Shape, ...]:
    """Take "same" for (kernel - 1) // 2 on both sides."""
    if padding in ("same", "same_lower"):
        KH, KW, *_ = call["w"].shape
        return ((KH - 1) // 2,) * 2, ((KW - 1) // 2,) * 2
    return ConvSteps().as_pairs(padding, call)


def without_stride(plan: Plan, i: int, j: int) -> tuple[slice, slice]:
    (SH, SW), (rows, columns) = plan.stride, taps(plan, i, j)
    return (
        slice(rows.start // SH, rows.stop - SH * i + i, rows.step),
        slice(columns.start // SW, columns.stop - SW * j + j, columns.step),
    )


def dilation_from_0(plan: Plan, i: int, j: int) -> tuple[slice, slice]:
    DH, DW = plan.dilation
    return taps(plan, i, j, (DH + 1, DW + 1))


def stops_with_dilation_from_0(plan: Plan) -> Shape:
    sizes = []
    for n, size in enumerate(plan.x.shape[1:3]):
        span = (plan.dilation[n] + 1) * (plan.w.shape[n] - 1) + 1
        sizes.append((size + sum(plan.padding[n]) - span) // plan.stride[n] + 1)
    return tuple(sizes)


def without_dilation(plan: Plan, i: int, j: int) -> tuple[slice, slice]:
    return taps(plan, i, j, (1, 1))


def in_memory_order(x: Images, plan: Plan) -> Images:
    """Read memory from front to back, as if it always ran along the last axis."""
    return pad(x.ravel(order="K").reshape(x.shape), plan)


def channels_taken_for_last(w: Kernels) -> Kernels:
    return w.transpose(2, 0, 1, 3).reshape(w.shape)


def every_pixel(sizes: Shape, plan: Plan) -> Iterable[Shape]:
    """Count the pixels of the input, not those of the output."""
    return np.ndindex(plan.x.shape[1:3])


def range_of_input(sizes: Shape, plan: Plan) -> Iterable[Shape]:
    """Count the steps of ``range(0, H, stride)``."""
    _, H, W, _ = plan.x.shape
    return np.ndindex(
        *(-(-size // s) for size, s in zip((H, W), plan.stride, strict=True))
    )


def bias_of_these(y: Images, b: Bias, plan: Plan) -> Images:
    """Add the bias with the sum of each window, so not where no loop comes."""
    for i, j in range_of_input(y.shape[1:3], plan):
        y[:, i, j] += b
    return y


def outputs_by_stride(sizes: Shape, plan: Plan) -> Iterable[Shape]:
    """Count the steps of ``range(0, OH, stride)``."""
    return np.ndindex(
        *(-(-size // s) for size, s in zip(sizes, plan.stride, strict=True))
    )


def windows_of_x(plan: Plan, i: int, j: int) -> tuple[slice, slice]:
    """Read windows of x where those of the padded image are meant."""
    rows, columns = (
        slice(tap.start + before, min(tap.stop + before, before + size), tap.step)
        for tap, (before, _), size in zip(
            taps(plan, i, j), plan.padding, plan.x.shape[1:3], strict=True
        )
    )
    return rows, columns


def broken_number_of_stops(plan: Plan) -> tuple[float, ...]:
    sizes = []
    for n, size in enumerate(plan.x.shape[1:3]):
        span = plan.dilation[n] * (plan.w.shape[n] - 1) + 1
        sizes.append((size + sum(plan.padding[n]) - span) / plan.stride[n] + 1)
    return tuple(sizes)


PLACE_BUGS = (
    conv_bug(
        "C4a",
        "the stride is missing where forward slices the image",
        why="windows move by one pixel whatever the stride",
        fix="h_start = stride * h",
        source="Kulbear/deep-learning-coursera 34",
        reads=without_stride,
        halves=True,
    ),
    conv_bug(
        "C4b",
        "the stride is missing where backward slices the image",
        why="gradients go to the pixels next to those that forward read",
        fix="h_start = stride * h",
        source="fissehab/Deep_learning_specialization 1",
        writes=without_stride,
        halves=True,
    ),
    conv_bug(
        "C4c",
        "the stride is applied twice",
        why="the loop over outputs takes steps of its own, and leaves zeros between",
        fix="for h in range(OH):",
        source="fissehab/Deep_learning_specialization 1",
        visits=lambda sizes, plan: (
            (i, j)
            for i in range(0, sizes[0], plan.stride[0])
            for j in range(0, sizes[1], plan.stride[1])
        ),
    ),
    conv_bug(
        "E98",
        "the loops of forward run over the input, a stride at a time",
        why="the last windows stick out of the image, or some are left out; it is "
        "right where the padding keeps the size",
        fix="for h in range(OH): h_start = stride * h",
        source=UNREPORTED,
        visits=range_of_input,
        spellings=[{"visits": range_of_input, "bias": bias_of_these}],
        halves=True,
    ),
    conv_bug(
        "E99",
        "the loops of backward run over the input, a stride at a time",
        why="dy has no place for the last windows, or some are left out; it is right "
        "where the padding keeps the size",
        fix="for h in range(OH): h_start = stride * h",
        source=UNREPORTED,
        visits_back=range_of_input,
        halves=True,
    ),
    conv_bug(
        "E100",
        "the loops of backward run over dy, a stride at a time",
        why="dy has a number for every window; the stride is for the pixels of x",
        fix="for h in range(OH): h_start = stride * h",
        source=UNREPORTED,
        visits_back=outputs_by_stride,
        halves=True,
    ),
    conv_bug(
        "E101",
        "dw is made from windows of x, not of the padded image",
        why="they stand further down and right than those of forward, by the padding, "
        "and the last ones are cut short",
        fix="dw[..., f] += dy[n, h, w, f] * x_padded[n, h_start:h_end, w_start:w_end]",
        source=UNREPORTED,
        reads_again=windows_of_x,
    ),
    conv_bug(
        "C10",
        "memory is read as if it ran along the last axis",
        why="strides that are computed from the shape are wrong for an array that is "
        "stored in Fortran order",
        fix="x = np.ascontiguousarray(x), or use x.strides",
        source="cs231n conv_forward_strides",
        pad=in_memory_order,
    ),
    conv_bug(
        "C11",
        "columns run channels first, the reshaped kernel runs channels last",
        why="both are flattened, each in its own order, so weights meet other pixels",
        fix="flatten patch and kernel in the same order",
        source="PyDeepFlow PR 84",
        kernel=channels_taken_for_last,
        spellings=[
            {"done": lambda dx, dw, db, *_: (dx, dw_of_channels_last(dw), db)},
            {"kernel_back": channels_taken_for_last},
        ],
    ),
    conv_bug(
        "C12a",
        "forward turns the kernel around",
        why="that is a convolution in mathematics; frameworks, and courses, mean the "
        "cross-correlation",
        fix="np.sum(patch * w[..., f])",
        source="ddbourgin/numpy-ml 27",
        kernel=lambda w: w[::-1, ::-1],
    ),
    conv_bug(
        "C12b",
        "dx meets the kernel back to front",
        why="it is turned where dx is a scatter, or is not where dx is a full "
        "correlation of dy: one of the two is right, and not both or neither",
        fix="dx[here] += dy[n, h, w, f] * w[..., f], or convolve2d(dy, w, 'full'), "
        "which turns it: correlate2d does not",
        source="rasmusbergpalm/DeepLearnToolbox 169",
        kernel_back=lambda w: w[::-1, ::-1],
    ),
    conv_bug(
        "E76",
        "filters and channels are turned, not rows and columns",
        why="np.rot90 turns the first two axes unless it is told others",
        fix="np.rot90(w, 2, axes=(2, 3)), or w[:, :, ::-1, ::-1]",
        source=UNREPORTED,
        kernel_back=lambda w: w[::-1, ::-1, ::-1, ::-1],
    ),
    conv_bug(
        "C16",
        "'same' is taken for (kernel - 1) // 2 on both sides",
        why="that forgets the stride, and the odd pixel of an even kernel",
        fix="total = max((ceil(H / stride) - 1) * stride + KH - H, 0)",
        source="pytorch/pytorch 67551; numpy-ml",
        as_pairs=pairs_that_forget_the_stride,
    ),
    conv_bug(
        "C18a",
        "dilation is counted from 0",
        why="a dilation of 1 skips a pixel, where 1 should mean none",
        fix="span = dilation * (KH - 1) + 1",
        source="numpy-ml",
        stops=stops_with_dilation_from_0,
        reads=dilation_from_0,
        writes=dilation_from_0,
    ),
    conv_bug(
        "C18b",
        "dilation is forgotten in backward",
        why="the gradient goes to neighbours, forward read every other pixel",
        fix="dx[h_start : h_start + span : dilation] += ...",
        source="numpy-ml",
        writes=without_dilation,
    ),
    conv_bug(
        "E23",
        "forward slices the image that is not padded",
        why="the output's size counts the padding, so windows at the border stick out",
        fix="x_padded[n, h_start:h_end, w_start:w_end]",
        source="AdalbertoCq/Deep-Learning-Specialization-Coursera 2; "
        "SamratSahoo/UT-Arlington-Research 2",
        pad=lambda x, plan: x,
    ),
    conv_bug(
        "E24",
        "the output's size counts the padding on one side only",
        why="images are padded before and after",
        fix="OH = (H + 2 * pad - KH) // stride + 1",
        source=UNREPORTED,
        stops=stops_with_half_the_padding,
        halves=True,
    ),
    conv_bug(
        "E8",
        "the last window of every row and column is missing",
        why="range(OH - 1) stops one too early",
        fix="for h in range(OH):",
        source=UNREPORTED,
        visits=lambda sizes, plan: np.ndindex(*(max(0, size - 1) for size in sizes)),
        halves=True,
    ),
    conv_bug(
        "E51",
        "the loops of backward run over the pixels of the input",
        why="dy has a place for every window; with a padding of 0, or a stride, those "
        "are fewer",
        fix="for h in range(OH): for w in range(OW):",
        source=UNREPORTED,
        visits_back=every_pixel,
        halves=True,
    ),
    conv_bug(
        "E50",
        "the loops of forward run over the pixels of the input",
        why="y has a place for every window; with a padding of 0, or a stride, those "
        "are fewer",
        fix="for h in range(OH): for w in range(OW):",
        source=UNREPORTED,
        visits=every_pixel,
        halves=True,
    ),
    conv_bug(
        "E52",
        "the output's size is computed with / where // belongs",
        why="in Python 3, / gives a float, and no array has 2.0 rows",
        fix="OH = (H + 2 * pad - KH) // stride + 1",
        source=UNREPORTED,
        stops=broken_number_of_stops,
    ),
)
