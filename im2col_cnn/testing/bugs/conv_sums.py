"""Show convolutions that add up the wrong things, or begin with other than zeros."""

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from ..._typing import Array, Bias, Images, Kernels, Shape
from .conv_template import Plan, conv_bug, crop, pad, sum_bias, taps
from .exhibit import NOTEBOOK, UNREPORTED
from .fresh import draw_numbers
from .reshaped import dw_by_rows, dy_by_rows, y_by_rows, y_by_windows, y_turned

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


def laid_over(  # noqa: PLR0917 - as steps are called
    dx: Images, dw: Kernels, db: Bias, plan: Plan, dy: Images, order: int = 1
) -> tuple[Images, Kernels, Bias]:
    whole = np.zeros_like(pad(plan.x, plan), dtype=dy.dtype)
    for i, j in [*np.ndindex(dy.shape[1:3])][::order]:
        whole[:, *taps(plan, i, j)] = np.tensordot(dy[:, i, j], plan.w, (1, 3))
    return crop(whole, plan), dw, db


def dw_of_the_last_window(
    dx: Images, dw: Kernels, db: Bias, plan: Plan, dy: Images
) -> tuple[Images, Kernels, Bias]:
    _, OH, OW, _ = dy.shape
    patch = pad(plan.x, plan)[:, *taps(plan, OH - 1, OW - 1)]
    return dx, np.tensordot(patch, dy[:, -1, -1], (0, 0)), db


def bias_for_the_last_image(y: Images, b: Bias, plan: Plan) -> Images:
    y[-1:] += b
    return y


def channels_together(
    dx: Images, dw: Kernels, db: Bias, plan: Plan, dy: Images
) -> tuple[Images, Kernels, Bias]:
    return dx.sum(-1, keepdims=True).repeat(dx.shape[-1], -1), dw, db


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
        # All filters at once, and the windows, or the taps, one after the other.
        spellings=[{"done": laid_over}, {"done": partial(laid_over, order=-1)}],
    ),
    conv_bug(
        "C17a",
        "the bias gradient is summed over the wrong axes",
        why="db has one number per filter; rows, columns and images are summed up",
        fix="db = dy.sum(axis=(0, 1, 2))",
        source="deeplearning4j/deeplearning4j 8280",
        sum_bias=bias_over_pixels,
        spellings=[
            {"sum_bias": lambda dy, plan: dy.sum(axis=(0, 2, 3))},
            {"sum_bias": lambda dy, plan: dy.sum(axis=(0, 1, 3))},
        ],
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
        spellings=[{"done": dw_of_the_last_window}],  # of all images at once
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
        "E75",
        "the gradient is added to the kernel, not multiplied with it",
        why="W + dZ stands where W * dZ belongs: dx is not even proportional to dy",
        fix="dx[here] += dy[n, h, w, f] * w[..., f]",
        source=UNREPORTED,
        spread=np.add,
    ),
    conv_bug(
        "E78",
        "every channel of dx gets the sum over all channels",
        why="a convolution in two dimensions has no channels, so adding it to dx adds "
        "it to all of them",
        fix="dx[c] += convolve2d(dy[f], w[f, c], 'full')",
        source=UNREPORTED,
        done=channels_together,
    ),
    conv_bug(
        "E79",
        "the loop over filters runs to the number of channels",
        why="if there are more filters, the others are left out; if there are fewer, "
        "it runs out of them",
        fix="for f in range(F):",
        source=UNREPORTED,
        filters=lambda plan: range(plan.x.shape[-1]),
    ),
    conv_bug(
        "E84",
        "the bias is added to the last image only",
        why="it is added after the loop over images, where n is the last one",
        fix="move y[n, h, w, f] += b[f] into the loop over n",
        source=UNREPORTED,
        bias=bias_for_the_last_image,
    ),
    conv_bug(
        "E61",
        "y is reshaped in another order than the rows of the product have",
        why="a row is a window and a column a filter; reshaping does not exchange them",
        fix="y = product.reshape(N, OH, OW, F).transpose(0, 3, 1, 2)",
        source=UNREPORTED,
        bias=lambda y, b, plan: y_by_rows(y + b),
        spellings=[
            {"bias": lambda y, b, plan: y_turned(y + b)},
            {"bias": lambda y, b, plan: y_by_windows(y + b)},
        ],
    ),
    conv_bug(
        "E62",
        "dy is reshaped to rows before its channels are moved to the end",
        why="reshaping keeps the order in memory, in which channels come first",
        fix="dy.transpose(0, 2, 3, 1).reshape(-1, F)",
        source=UNREPORTED,
        upstream=dy_by_rows,
    ),
    conv_bug(
        "E63",
        "dw is reshaped where it was to be transposed",
        why="the product has a column per filter; the kernels have filters first",
        fix="dw = (columns.T @ dy).T.reshape(w.shape)",
        source=UNREPORTED,
        done=lambda dx, dw, db, plan, dy: (dx, dw_by_rows(dw), db),
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
