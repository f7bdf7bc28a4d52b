"""Show convolutions that add up the wrong things, or begin with other than zeros."""

from typing import Any

import numpy as np
import numpy.typing as npt

from ..._typing import Array, Bias, Images, Kernels, Shape
from .conv_template import Plan, conv_bug, sum_bias
from .exhibit import NOTEBOOK, UNREPORTED
from .fresh import draw_numbers

__all__ = ["SUM_BUGS"]


def overwrite(dx: Images, here: tuple[Any, ...], part: Array) -> None:
    dx[here] = part


def overwrite_dw(dw: Kernels, f: int, part: Array) -> None:
    dw[..., f] = part


def bias_over_pixels(dy: Images, plan: Plan) -> Bias:
    return np.asarray(dy.sum(axis=(1, 2, 3)))


def mean_bias(dy: Images, plan: Plan) -> Bias:
    return sum_bias(dy, plan) / len(dy)


def bias_over_places(dy: Images, plan: Plan) -> Bias:
    return sum_bias(dy, plan) / max(1, dy[..., 0].size)


def bias_of_the_last_place(dy: Images, plan: Plan) -> Bias:
    last = dy[-1, -1, -1] if dy.size else np.zeros(dy.shape[-1])
    return np.asarray(last.reshape(plan.b.shape))


def mean_over_the_batch(
    dx: Images, dw: Kernels, db: Bias, plan: Plan, dy: Images
) -> tuple[Images, Kernels, Bias]:
    return dx, dw / len(dy), db


def dx_over_the_batch(
    dx: Images, dw: Kernels, db: Bias, plan: Plan, dy: Images
) -> tuple[Images, Kernels, Bias]:
    return dx / len(dy), dw, db


def turned_dw(
    dx: Images, dw: Kernels, db: Bias, plan: Plan, dy: Images
) -> tuple[Images, Kernels, Bias]:
    return dx, dw[::-1, ::-1], db


def bias_in_every_product(y: Images, b: Bias, plan: Plan) -> Images:
    KH, KW, C, _ = plan.w.shape
    return np.asarray(y + KH * KW * C * b)


def drawn_dx(size: Shape, plan: Plan, dtype: npt.DTypeLike) -> Images:
    return draw_numbers(size, dtype)


def bias_on_drawn_numbers(dy: Images, plan: Plan) -> Bias:
    return sum_bias(dy, plan) + draw_numbers(plan.b.shape, dy.dtype)


def drawn_kernel(w: Kernels) -> Kernels:
    return draw_numbers(w.shape, w.dtype)


SUM_BUGS = (
    conv_bug(
        "S1",
        "the sizes are unpacked from the images, not from their shape",
        why="`N, H, W, C = x` takes the images of the batch for its sizes",
        fix="N, H, W, C = x.shape",
        source=NOTEBOOK,
        sizes=lambda x: x,
    ),
    conv_bug(
        "S3",
        "dx is made with as many channels as there are filters",
        why="dx has the shape of x; the output's channels belong to dy",
        fix="dx = np.zeros(x.shape)",
        source=NOTEBOOK,
        new_dx=lambda size, plan, dtype: np.zeros((*size[:3], plan.w.shape[-1]), dtype),
    ),
    conv_bug(
        "C3",
        "dx is assigned with = where windows overlap",
        why="a pixel is read by several windows, and each of them adds a part",
        fix="dx[here] += part",
        source="karpathy/nn-zero-to-hero 52; FluxML/NNlib.jl 205",
        deposit=overwrite,
    ),
    conv_bug(
        "C17a",
        "the bias gradient is summed over the wrong axes",
        why="db has one number per filter; rows, columns and images are summed up",
        fix="db = dy.sum(axis=(0, 1, 2))",
        source="deeplearning4j/deeplearning4j 8280",
        sum_bias=bias_over_pixels,
    ),
    conv_bug(
        "C17b",
        "the bias gradient is averaged over the batch",
        why="the mean belongs to the loss, which has taken it already",
        fix="db = dy.sum(axis=(0, 1, 2))",
        source="asked for in dengfy/cs231n 1; kvfrans/notes 5",
        sum_bias=mean_bias,
    ),
    conv_bug(
        "C17c",
        "the bias gradient is averaged over images and places",
        why="the bias is added at every place, and each of them adds to its gradient",
        fix="db = dy.sum(axis=(0, 1, 2)), not dy.mean",
        source=UNREPORTED,
        sum_bias=bias_over_places,
    ),
    conv_bug(
        "E25",
        "db is assigned with = instead of +=",
        why="the bias is used at every place, and each of them adds to its gradient",
        fix="db[f] += dy[n, h, w, f]",
        source="oreilly-japan/deep-learning-from-scratch 27: why +=?",
        sum_bias=bias_of_the_last_place,
    ),
    conv_bug(
        "C19b",
        "dw is divided by the batch size",
        why="the mean belongs to the loss, which has taken it already",
        fix="return dw",
        source="sebgao/cTensor 3, which divides by rows and columns as well",
        done=mean_over_the_batch,
    ),
    conv_bug(
        "C21",
        "dw is turned around",
        why="dw correlates x with dy; with the two swapped, or with np.convolve, it "
        "comes out from back to front",
        fix="dw[..., f] += dy[n, h, w, f] * patch",
        source="End-to-End Machine Learning, course 321, lecture 2.7, postscript",
        done=turned_dw,
    ),
    conv_bug(
        "E1",
        "dw is assigned with = instead of +=",
        why="a weight is used at every window, and each of them adds to its gradient",
        fix="dw[..., f] += part * patch",
        source="oreilly-japan/deep-learning-from-scratch 27: why +=?",
        add_to_dw=overwrite_dw,
    ),
    conv_bug(
        "E2",
        "the bias is forgotten in forward",
        why="y lacks one number per filter",
        fix="np.sum(patch * w[..., f]) + b[f]",
        source="Kulbear/deep-learning-coursera PR 48",
        bias=lambda y, b, plan: y,
    ),
    conv_bug(
        "E3",
        "dx is divided by the batch size",
        why="the mean belongs to the loss, which has taken it already",
        fix="return dx",
        source=UNREPORTED,
        done=dx_over_the_batch,
    ),
    conv_bug(
        "E4",
        "dx starts from something else than zeros",
        why="np.empty and np.ones_like have numbers in them already",
        fix="dx = np.zeros(x.shape)",
        source=UNREPORTED,
        new_dx=lambda size, plan, dtype: np.ones(size, dtype),
    ),
    conv_bug(
        "E27",
        "the bias is added inside the sum over the window",
        why="it is added once for every pixel of the window, not once",
        fix="np.sum(patch * w[..., f]) + b[f]",
        source=UNREPORTED,
        bias=bias_in_every_product,
    ),
    conv_bug(
        "E29",
        "gradients start as random numbers",
        why="what is added to them comes on top; every call answers something else",
        fix="dx, dw, db = np.zeros(x.shape), np.zeros(w.shape), np.zeros(b.shape)",
        source=UNREPORTED,
        unsteady=True,
        new_dx=drawn_dx,
        new_dw=draw_numbers,
        sum_bias=bias_on_drawn_numbers,
    ),
    conv_bug(
        "E28",
        "the kernel that is handed in is not used: others are drawn in every call",
        why="initialisers, or weights, that are not handed on to the layer inside "
        "leave it with random numbers of its own",
        fix="hand them on: Conv2d_stride1(..., weight_init_fn, bias_init_fn)",
        source=UNREPORTED,
        unsteady=True,
        kernel=drawn_kernel,
        kernel_back=drawn_kernel,
    ),
)
