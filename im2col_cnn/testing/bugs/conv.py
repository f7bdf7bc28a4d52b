"""Show the bugs of convolutions, each in the step where it happens."""

from typing import Any

import numpy as np

from ..._typing import Array, Bias, Images, Kernels, Padding, Shape
from .conv_steps import (
    ConvSteps,
    Plan,
    both,
    conv_pair,
    pad,
    stops,
    sum_bias,
    taps,
)
from .exhibit import Exhibit

__all__ = ["CONV_BUGS"]

NOTEBOOK = "the notebook Convolutional Neural Networks: Step by Step"
FORUMS = "course forums"


def bug(
    key: str, name: str, *, why: str, fix: str, source: str, **steps: Any
) -> Exhibit:
    """Put a convolution together with the steps of a bug."""
    pair = conv_pair(ConvSteps(**steps))
    return Exhibit(key, "conv", name, why, fix, source, *pair)


# Sizes -----------------------------------------------------------------------------


def swapped_stops(plan: Plan) -> Shape:
    return stops(plan)[::-1]


def stops_of_a_square_kernel(plan: Plan) -> Shape:
    """Take the kernel's height for its width too, as one course's im2col does."""
    _, _, W, _ = plan.x.shape
    KH, *_ = plan.w.shape
    span = plan.dilation[1] * (KH - 1) + 1
    OW = (W + sum(plan.padding[1]) - span) // plan.stride[1] + 1
    return stops(plan)[0], OW


def pairs_that_forget_the_stride(
    padding: Padding, call: dict[str, Any]
) -> tuple[Shape, ...]:
    """Take "same" for (kernel - 1) // 2 on both sides."""
    if padding in ("same", "same_lower"):
        KH, KW, *_ = call["w"].shape
        return ((KH - 1) // 2,) * 2, ((KW - 1) // 2,) * 2
    return conv_pairs(padding, call)


conv_pairs = ConvSteps().as_pairs


# Where windows read, and where they pay back ----------------------------------------


def transposed(plan: Plan, i: int, j: int) -> tuple[slice, slice]:
    return taps(plan, j, i)


def square(plan: Plan, i: int, j: int) -> tuple[slice, slice]:
    """Let the width stand for both sides, as ``(f, f, ...) = w.shape`` does."""
    rows, columns = taps(plan, i, j)
    _, KW, *_ = plan.w.shape
    span = plan.dilation[0] * (KW - 1) + 1
    return slice(rows.start, rows.start + span, rows.step), columns


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


# What is added up ------------------------------------------------------------------


def overwrite(dx: Images, here: tuple[Any, ...], owed: Array) -> None:
    dx[here] = owed


def overwrite_dw(dw: Kernels, f: int, owed: Array) -> None:
    dw[..., f] = owed


def crop_from_both_ends(dx: Images, plan: Plan) -> Images:
    (top, bottom), (left, right) = plan.padding
    return dx[:, top:-bottom, left:-right]


def crop_into_place(dx: Images, plan: Plan) -> Images:
    cropped = np.zeros((*plan.x.shape[:3], dx.shape[-1]))
    for n, image in enumerate(dx):
        (top, bottom), (left, right) = plan.padding
        cropped[n, :, :, :] = image[top:-bottom, left:-right, :]
    return cropped


def crop_what_was_reached(dx: Images, plan: Plan) -> Images:
    """Give dx the size that the windows span, which may be less than the image's."""
    OH, OW = stops(plan)
    rows, columns = taps(plan, OH - 1, OW - 1)
    (top, bottom), (left, right) = plan.padding
    reached = dx[:, : rows.stop, : columns.stop]
    _, H, W, _ = reached.shape
    return reached[:, top : H - bottom, left : W - right]


def bias_over_pixels(dy: Images, plan: Plan) -> Bias:
    return np.asarray(dy.sum(axis=(1, 2, 3)))


def mean_bias(dy: Images, plan: Plan) -> Bias:
    return sum_bias(dy, plan) / len(dy)


# What is done at the end -----------------------------------------------------------


def only_the_last_image(
    dx: Images, dw: Kernels, db: Bias, plan: Plan, dy: Images
) -> tuple[Images, Kernels, Bias]:
    _, dw_of_last, _ = right_backward(dy[-1:], last_image(plan))
    return dx, dw_of_last, db


def mean_over_the_batch(
    dx: Images, dw: Kernels, db: Bias, plan: Plan, dy: Images
) -> tuple[Images, Kernels, Bias]:
    return dx, dw / len(dy), db


def dx_over_the_batch(
    dx: Images, dw: Kernels, db: Bias, plan: Plan, dy: Images
) -> tuple[Images, Kernels, Bias]:
    return dx / len(dy), dw, db


def spend_dy(
    dx: Images, dw: Kernels, db: Bias, plan: Plan, dy: Images
) -> tuple[Images, Kernels, Bias]:
    dy[...] = 0
    return dx, dw, db


def add_to_the_last_call(
    dx: Images, dw: Kernels, db: Bias, plan: Plan, dy: Images
) -> tuple[Images, Kernels, Bias]:
    plan.left["dw"] = dw + plan.left.get("dw", 0)
    return dx, plan.left["dw"], db


def last_image(plan: Plan) -> Plan:
    return Plan(
        plan.x[-1:],
        plan.w,
        plan.b,
        plan.stride,
        plan.padding,
        plan.dilation,
        plan.groups,
    )


_, right_backward = conv_pair(ConvSteps())


def latest_pair() -> tuple[Any, Any]:
    """Keep what backward needs in one place for all calls."""
    forward, backward = conv_pair(ConvSteps())
    latest: list[Plan] = []

    def remember(*arrays: Array, **settings: Any) -> tuple[Images, None]:
        y, plan = forward(*arrays, **settings)
        latest[:] = [plan]
        return y, None

    def answer(dy: Images, cache: None) -> Any:
        return backward(dy, latest[0])

    return remember, answer


CONV_BUGS = (
    bug(
        "S1",
        "the sizes are unpacked from the images, not from their shape",
        why="`N, H, W, C = x` takes the images of the batch for its sizes",
        fix="N, H, W, C = x.shape",
        source=NOTEBOOK,
        sizes=lambda x: x,
    ),
    bug(
        "S2",
        "rows and columns are swapped in a slice of backward",
        why="the gradients are right on square images with symmetric gradients, and "
        "wrong otherwise: h counts rows and belongs first",
        fix="x[n, h_start:h_end, w_start:w_end]",
        source=f"{NOTEBOOK}; renmengye/np-conv2d PR 2",
        pays=transposed,
    ),
    bug(
        "S3",
        "dx is made with as many channels as there are filters",
        why="dx has the shape of x; the output's channels belong to dy",
        fix="dx = np.zeros(x.shape)",
        source=NOTEBOOK,
        new_dx=lambda size, plan, dtype: np.zeros((*size[:3], plan.w.shape[-1]), dtype),
    ),
    bug(
        "S4",
        "the padding is cut off with [p:-p], and assigned, where p may be 0",
        why="x[0:-0] is x[0:0], an empty slice, and cannot fill an image",
        fix="dx[n] = dx_padded[n, p : p + H, p : p + W]",
        source=NOTEBOOK,
        crop=crop_into_place,
    ),
    bug(
        "S5",
        "the kernel's width stands for its height",
        why="`f, f, *_ = w.shape` keeps only the second number",
        fix="KH, KW, *_ = w.shape",
        source=NOTEBOOK,
        pays=square,
        reads=square,
    ),
    bug(
        "S6",
        "kernels for other channels are accepted",
        why="C is unpacked from x and again from w, and never compared; NumPy "
        "broadcasts one channel against many without a word",
        fix="if w.shape[2] != x.shape[3]: raise ValueError(...)",
        source=NOTEBOOK,
        check=lambda x, w, b, groups: None,
    ),
    bug(
        "S7",
        "the shape of dy is never checked",
        why="loops run over dy's own sizes, so a small dy leaves a part out",
        fix="if dy.shape != y.shape: raise ValueError(...)",
        source=NOTEBOOK,
        check_upstream=lambda dy, shape: None,
    ),
    bug(
        "S8",
        "a stride of 0 is accepted",
        why="nobody looks at the settings: every window stands on the same place",
        fix="if stride < 1: raise ValueError(...)",
        source=NOTEBOOK,
        as_stride=lambda stride: tuple(max(1, step) for step in both(stride)),
    ),
    bug(
        "S9",
        "arrays are made without a dtype",
        why="np.zeros makes float64, so float32 goes in and float64 comes out",
        fix="np.zeros(x.shape, x.dtype)",
        source=f"{NOTEBOOK}; deep-learning-from-scratch; numpy-ml col2im (C14)",
        dtype=lambda array: np.float64,
    ),
    bug(
        "C1a",
        "the output has its height and width swapped",
        why="it is right on square images; elsewhere y has the wrong shape",
        fix="y = np.zeros((N, OH, OW, F))",
        source="Maratyszcza/NNPACK 15: all tests use square images and kernels",
        stops=swapped_stops,
    ),
    bug(
        "C1b",
        "the output's width is computed with the kernel's height",
        why="it is right for square kernels only",
        fix="OW = (W + 2 * pad - KW) // stride + 1",
        source="cs231n im2col.py checks the width with the kernel's height",
        stops=stops_of_a_square_kernel,
    ),
    bug(
        "C1c",
        "rows and columns are swapped in a slice of forward",
        why="y is transposed: right on symmetric images only",
        fix="x[n, h_start:h_end, w_start:w_end]",
        source="renmengye/np-conv2d PR 2",
        reads=transposed,
    ),
    bug(
        "C2",
        "the padding is cut off with [p:-p], where p may be 0",
        why="x[0:-0] is x[0:0]: without padding, nothing is left of dx",
        fix="dx_padded[:, p : p + H, p : p + W]",
        source="redwoodresearch/mlab PR 11; "
        "MrinmoiHossain/Deep-Learning-Specialization-Coursera 3",
        crop=crop_from_both_ends,
    ),
    bug(
        "C3",
        "dx is assigned with = where windows overlap",
        why="a pixel is read by several windows, and each of them owes it a part",
        fix="dx[here] += owed",
        source="karpathy/nn-zero-to-hero 52; FluxML/NNlib.jl 205",
        deposit=overwrite,
    ),
    bug(
        "C4a",
        "the stride is missing where forward slices the image",
        why="windows move by one pixel whatever the stride",
        fix="h_start = stride * h",
        source="Kulbear/deep-learning-coursera 34",
        reads=without_stride,
    ),
    bug(
        "C4b",
        "the stride is missing where backward slices the image",
        why="gradients go to the pixels next to those that forward read",
        fix="h_start = stride * h",
        source="fissehab/Deep_learning_specialization 1",
        pays=without_stride,
    ),
    bug(
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
    bug(
        "C10",
        "memory is read as if it ran along the last axis",
        why="strides that are computed from the shape are wrong for an array that is "
        "stored in Fortran order",
        fix="x = np.ascontiguousarray(x), or use x.strides",
        source="cs231n conv_forward_strides",
        pad=in_memory_order,
    ),
    bug(
        "C11",
        "columns run channels first, the reshaped kernel runs channels last",
        why="both are flattened, each in its own order, so weights meet other pixels",
        fix="flatten patch and kernel in the same order",
        source="PyDeepFlow PR 84",
        kernel=lambda w: w.transpose(2, 0, 1, 3).reshape(w.shape),
    ),
    bug(
        "C12a",
        "forward turns the kernel around",
        why="that is a convolution in mathematics; frameworks, and courses, mean the "
        "cross-correlation",
        fix="np.sum(patch * w[..., f])",
        source="ddbourgin/numpy-ml 27",
        kernel=lambda w: w[::-1, ::-1],
    ),
    bug(
        "C12b",
        "backward turns the kernel around, though it scatters already",
        why="dx is a convolution with the turned kernel, or a scatter with the kernel "
        "as it is; not both at once",
        fix="dx[here] += dy[n, h, w, f] * w[..., f]",
        source="rasmusbergpalm/DeepLearnToolbox 169",
        kernel_back=lambda w: w[::-1, ::-1],
    ),
    bug(
        "C13",
        "dx has the size that the windows reach, not that of x",
        why="where the stride does not divide, no window reads the last pixels, "
        "but they are there",
        fix="dx = np.zeros(x.shape)",
        source="tensorflow/tensorflow 2118",
        crop=crop_what_was_reached,
    ),
    bug(
        "C16",
        "'same' is taken for (kernel - 1) // 2 on both sides",
        why="that forgets the stride, and the odd pixel of an even kernel",
        fix="total = max((ceil(H / stride) - 1) * stride + KH - H, 0)",
        source="pytorch/pytorch 67551; numpy-ml",
        as_pairs=pairs_that_forget_the_stride,
    ),
    bug(
        "C17a",
        "the bias gradient is summed over the wrong axes",
        why="db has one number per filter; rows, columns and images are summed up",
        fix="db = dy.sum(axis=(0, 1, 2))",
        source=FORUMS,
        sum_bias=bias_over_pixels,
    ),
    bug(
        "C17b",
        "the bias gradient is averaged over the batch",
        why="the mean belongs to the loss, which has taken it already",
        fix="db = dy.sum(axis=(0, 1, 2))",
        source=FORUMS,
        sum_bias=mean_bias,
    ),
    bug(
        "C18a",
        "dilation is counted from 0",
        why="a dilation of 1 skips a pixel, where 1 should mean none",
        fix="span = dilation * (KH - 1) + 1",
        source="numpy-ml",
        stops=stops_with_dilation_from_0,
        reads=dilation_from_0,
        pays=dilation_from_0,
    ),
    bug(
        "C18b",
        "dilation is forgotten in backward",
        why="the gradient goes to neighbours, forward read every other pixel",
        fix="dx[h_start : h_start + span : dilation] += ...",
        source="numpy-ml",
        pays=without_dilation,
    ),
    bug(
        "C19a",
        "dw is that of the last image alone",
        why="it is made anew in the loop over images; all images share the kernel",
        fix="dw = np.zeros(w.shape) before the loop, += inside",
        source=FORUMS,
        done=only_the_last_image,
    ),
    bug(
        "C19b",
        "dw is divided by the batch size",
        why="the mean belongs to the loss, which has taken it already",
        fix="return dw",
        source=FORUMS,
        done=mean_over_the_batch,
    ),
    bug(
        "E1",
        "dw is assigned with = instead of +=",
        why="a weight is used at every window, and each of them adds to its gradient",
        fix="dw[..., f] += owed * patch",
        source="oreilly-japan/deep-learning-from-scratch 27: why +=?",
        charge=overwrite_dw,
    ),
    bug(
        "E2",
        "the bias is forgotten in forward",
        why="y lacks one number per filter",
        fix="np.sum(patch * w[..., f]) + b[f]",
        source=FORUMS,
        bias=lambda y, b: y,
    ),
    bug(
        "E3",
        "dx is divided by the batch size",
        why="the mean belongs to the loss, which has taken it already",
        fix="return dx",
        source=FORUMS,
        done=dx_over_the_batch,
    ),
    bug(
        "E4",
        "dx starts from something else than zeros",
        why="np.empty and np.ones_like have numbers in them already",
        fix="dx = np.zeros(x.shape)",
        source=FORUMS,
        new_dx=lambda size, plan, dtype: np.ones(size, dtype),
    ),
    bug(
        "E5",
        "dy is overwritten",
        why="the caller, or another layer, still needs it",
        fix="work on dy.copy()",
        source=FORUMS,
        done=spend_dy,
    ),
    bug(
        "E6",
        "dw goes on adding up from one call to the next",
        why="a gradient belongs to one call; whoever wants sums can add",
        fix="dw = np.zeros(w.shape) in every call",
        source=FORUMS,
        done=add_to_the_last_call,
    ),
    Exhibit(
        "E7",
        "conv",
        "what backward needs is kept in one place for all calls",
        "a second forward overwrites what the first backward needs",
        "return it as the cache",
        FORUMS,
        *latest_pair(),
    ),
    bug(
        "E8",
        "the last window of every row and column is missing",
        why="range(OH - 1) stops one too early",
        fix="for h in range(OH):",
        source=FORUMS,
        visits=lambda sizes, plan: np.ndindex(*(max(0, size - 1) for size in sizes)),
    ),
)
