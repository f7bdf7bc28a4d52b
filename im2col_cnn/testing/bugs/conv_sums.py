"""Show convolutions that add up the wrong things, or in arrays of the wrong size."""

from typing import Any

import numpy as np

from ..._typing import Array, Bias, Images, Kernels
from .conv_template import ConvSteps, Plan, conv_bug, conv_pair, stops, sum_bias, taps
from .exhibit import NOTEBOOK, UNREPORTED

__all__ = ["SUM_BUGS"]

_, right_backward = conv_pair(ConvSteps())


def overwrite(dx: Images, here: tuple[Any, ...], part: Array) -> None:
    dx[here] = part


def overwrite_dw(dw: Kernels, f: int, part: Array) -> None:
    dw[..., f] = part


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


def bias_over_places(dy: Images, plan: Plan) -> Bias:
    return sum_bias(dy, plan) / max(1, dy[..., 0].size)


def bias_of_the_last_place(dy: Images, plan: Plan) -> Bias:
    last = dy[-1, -1, -1] if dy.size else np.zeros(dy.shape[-1])
    return np.asarray(last.reshape(plan.b.shape))


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


def turned_dw(
    dx: Images, dw: Kernels, db: Bias, plan: Plan, dy: Images
) -> tuple[Images, Kernels, Bias]:
    return dx, dw[::-1, ::-1], db


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
        "S4",
        "the padding is cut off with [p:-p], and assigned, where p may be 0",
        why="x[0:-0] is x[0:0], an empty slice, and cannot fill an image",
        fix="dx[n] = dx_padded[n, p : p + H, p : p + W]",
        source=NOTEBOOK,
        crop=crop_into_place,
    ),
    conv_bug(
        "C2",
        "the padding is cut off with [p:-p], where p may be 0",
        why="x[0:-0] is x[0:0]: without padding, nothing is left of dx",
        fix="dx_padded[:, p : p + H, p : p + W]",
        source="redwoodresearch/mlab PR 11; "
        "MrinmoiHossain/Deep-Learning-Specialization-Coursera 3",
        crop=crop_from_both_ends,
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
        "C13",
        "dx has the size that the windows reach, not that of x",
        why="where the stride does not divide, no window reads the last pixels, "
        "but they are there",
        fix="dx = np.zeros(x.shape)",
        source="tensorflow/tensorflow 2118",
        crop=crop_what_was_reached,
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
        "C19a",
        "dw is that of the last image alone",
        why="it is made anew in the loop over images; all images share the kernel",
        fix="dw = np.zeros(w.shape) before the loop, += inside",
        source="suspected, of code that was right, in "
        "chengdazhi/Deformable-Convolution-V2-PyTorch 51",
        done=only_the_last_image,
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
        bias=lambda y, b: y,
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
)
