"""Show the bugs of poolings, each in the step where it happens."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..._typing import Array, Images, Shape
from ...placing import pooling_window
from ...window import Window
from .exhibit import Exhibit
from .pool_steps import PoolPlan, PoolSteps, pool_pair, real_pixels, taps

__all__ = ["POOL_BUGS"]

FORUMS = "course forums"
SCRATCH = "deep-learning-from-scratch"


def first_maximum(patch: Array, count: int) -> Array:
    """Mark the first maximum, or the first NaN."""
    weights = np.zeros(patch.shape)
    if patch.size:
        weights.flat[np.argmax(patch)] = 1
    return weights


def every_maximum(patch: Array, count: int) -> Array:
    return np.asarray(patch == np.max(patch))


def first_equal(patch: Array, count: int) -> Array:
    equal = patch == np.max(patch)
    return np.asarray(equal & (np.cumsum(equal).reshape(patch.shape) == 1))


def maximum(patch: Array, count: int) -> Any:
    return np.max(patch)


def total_over_count(patch: Array, count: int) -> Any:
    return np.sum(patch) / count


def equal_shares(patch: Array, count: int) -> Array:
    return np.full(patch.shape, 1 / count)


right_max = partial(PoolSteps, value=maximum, weights=first_maximum, fill=-np.inf)
right_mean = partial(PoolSteps, value=total_over_count, weights=equal_shares, fill=0)


def max_bug(key: str, name: str, why: str, fix: str, source: str, **s: Any) -> Exhibit:
    """Put a max pooling together with the steps of a bug."""
    return Exhibit(key, "max_pool", name, why, fix, source, *pool_pair(right_max(**s)))


def mean_bug(key: str, name: str, why: str, fix: str, source: str, **s: Any) -> Exhibit:
    """Put an average pooling together with the steps of a bug."""
    return Exhibit(key, "avg_pool", name, why, fix, source, *pool_pair(right_mean(**s)))


# Steps gone wrong ------------------------------------------------------------------


def swapped_stops(plan: PoolPlan) -> Shape:
    return plan.window.output_size[::-1]


def transposed(plan: PoolPlan, i: int, j: int) -> tuple[slice, slice]:
    return taps(plan, j, i)


def without_stride(plan: PoolPlan, i: int, j: int) -> tuple[slice, slice]:
    rows, columns = plan.window.axes
    return slice(i, i + rows.span, rows.dilation), slice(
        j, j + columns.span, columns.dilation
    )


def side_by_side(spatial: Shape, kernel_size: Shape, **settings: Any) -> Window:
    """Move by the kernel's size, whatever the stride."""
    return pooling_window(spatial, kernel_size, **{**settings, "stride": None})


def stops_without_padding(plan: PoolPlan) -> Shape:
    return tuple(
        max(0, (axis.size - axis.span) // axis.stride + 1) for axis in plan.window.axes
    )


def whole_slice(dy: Images, at: tuple[int, ...], weights: Array) -> Any:
    """Take a window of dy where one number of it belongs."""
    n, i, j, c = at
    KH, KW = weights.shape
    return dy[n, i : i + KH, j : j + KW, c] * weights


def overwrite(dx: Images, here: tuple[Any, ...], owed: Array) -> None:
    dx[here] = owed


def keep_padding(dx: Images, plan: PoolPlan) -> Images:
    """Take positions in the padded image for positions in the image."""
    _, H, W, _ = plan.x.shape
    return dx[:, :H, :W]


def from_0(patch: Array, count: int) -> Any:
    return max(0, np.max(patch))


def down_the_columns(patch: Array, count: int) -> Array:
    return first_maximum(patch.T, count).T


def whole_kernel(plan: PoolPlan, i: int, j: int) -> int:
    KH, KW = plan.window.kernel_size
    return KH * KW


def squared_height(plan: PoolPlan, i: int, j: int) -> int:
    KH, KW = plan.window.kernel_size
    # The real pixels in the window, counted as if it had KH columns too.
    return max(1, real_pixels(plan, i, j) * KH // KW)


def spend(dx: Images, dy: Images) -> Images:
    dy[...] = 0
    return dx


def shares_of_the_height(patch: Array, count: int) -> Array:
    return np.full(patch.shape, 1 / len(patch))


def constant(patch: Array, count: int) -> Array:
    return np.ones(patch.shape)


def bugs_of_both(bug: Callable[..., Exhibit], letter: str) -> tuple[Exhibit, ...]:
    """Return the bugs that a max pooling and an average pooling can have alike."""
    return (
        bug(
            f"C1d{letter}",
            "the output has its height and width swapped",
            "it is right on square images; elsewhere y has the wrong shape",
            "y = np.zeros((N, OH, OW, C))",
            "Maratyszcza/NNPACK 15: all tests use square images",
            stops=swapped_stops,
        ),
        bug(
            f"C1e{letter}",
            "rows and columns are swapped in a slice of backward",
            "right on square images with symmetric gradients, wrong otherwise",
            "dx[n, h_start:h_end, w_start:w_end, c]",
            "renmengye/np-conv2d PR 2",
            pays=transposed,
        ),
        bug(
            f"C3{letter}",
            "dx is assigned with = where windows overlap",
            "a pixel is read by several windows, and each of them owes it a part",
            "dx[here] += owed",
            "karpathy/nn-zero-to-hero 52; FluxML/NNlib.jl 205",
            deposit=overwrite,
        ),
        bug(
            f"C4d{letter}",
            "the stride is missing where forward slices the image",
            "windows move by one pixel whatever the stride",
            "h_start = stride * h",
            "Kulbear/deep-learning-coursera 34",
            reads=without_stride,
        ),
        bug(
            f"C4e{letter}",
            "the stride is missing where backward slices the image",
            "gradients go to the pixels next to those that forward read",
            "h_start = stride * h",
            "fissehab/Deep_learning_specialization 1",
            pays=without_stride,
        ),
        bug(
            f"C8{letter}",
            "positions in the padded image are taken for positions in the image",
            "the gradient lands as many pixels too far down and right as there is "
            "padding",
            "dx = dx_padded[:, p : p + H, p : p + W]",
            "numpy-ml Pool2D.backward",
            crop=keep_padding,
        ),
        bug(
            f"C9{letter}",
            "the output's size forgets the padding",
            "there are fewer outputs than windows",
            "OH = (H + 2 * pad - KH) // stride + 1",
            f"{SCRATCH} Pooling.forward",
            stops=stops_without_padding,
        ),
        bug(
            f"S13{letter}",
            "backward sees the first image of a batch only",
            "a helper for one window is not a pooling: it has to go through all images",
            "for n in range(N):",
            "the notebook Convolutional Neural Networks: Step by Step",
            images=lambda x: 1,
        ),
        bug(
            f"E9{letter}",
            "the stride is taken for the kernel's size",
            "windows stand side by side though they were to overlap",
            "h_start = stride * h",
            FORUMS,
            as_window=side_by_side,
        ),
        bug(
            f"C14{letter}",
            "arrays are made without a dtype",
            "np.zeros makes float64, so float32 goes in and float64 comes out",
            "np.zeros(x.shape, x.dtype)",
            f"{SCRATCH}; numpy-ml col2im",
            dtype=lambda array: np.float64,
        ),
        bug(
            f"E10{letter}",
            "the shape of dy is never checked",
            "loops run over dy's own sizes, so a small dy leaves a part out",
            "if dy.shape != y.shape: raise ValueError(...)",
            FORUMS,
            check_upstream=lambda dy, shape: None,
        ),
        bug(
            f"E11{letter}",
            "dy is overwritten",
            "the caller, or another layer, still needs it",
            "work on dy.copy()",
            FORUMS,
            done=spend,
        ),
    )


POOL_BUGS = (
    *bugs_of_both(max_bug, "m"),
    max_bug(
        "C5",
        "the mask is multiplied by a window of dy instead of one number",
        "each window of the input owes its gradient to one pixel of the output",
        "dx[here] += mask * dy[n, h, w, c]",
        "marsggbo/deeplearning.ai_JupyterNotebooks 6, 10",
        owed=whole_slice,
    ),
    max_bug(
        "S12m",
        "a NaN is compared with ==",
        "NaN == NaN is False, so the gradient of such a window vanishes",
        "mask.flat[np.argmax(patch)] = True, for argmax finds a NaN",
        "the notebook Convolutional Neural Networks: Step by Step",
        weights=first_equal,
    ),
    max_bug(
        "C6",
        "every tied maximum is paid in full",
        "dx adds up to more than dy; a maximum has one winner",
        "mask.flat[np.argmax(patch)] = True",
        "Theano 4568; tensorflow/tensorflow 4886",
        weights=every_maximum,
    ),
    max_bug(
        "C7",
        "the padding of a max pooling is 0",
        "where all pixels of a window are negative, the padding wins",
        "np.pad(x, ..., constant_values=-np.inf)",
        f"numpy-ml; DeZero; {SCRATCH}; apache/tvm 1635",
        fill=0,
    ),
    max_bug(
        "E12",
        "the running maximum starts at 0",
        "a window of negative pixels gives 0",
        "best = -np.inf",
        FORUMS,
        value=from_0,
    ),
    max_bug(
        "E13",
        "tied maxima are searched down the columns",
        "that is Fortran's order; the first in reading order should win",
        "np.argmax(patch), which reads along the rows",
        FORUMS,
        weights=down_the_columns,
    ),
    *bugs_of_both(mean_bug, "a"),
    mean_bug(
        "C15",
        "the mean counts the padding",
        "at the border it divides by pixels that are not there",
        "np.sum(patch) / (number of real pixels in the window)",
        "pytorch/pytorch 188344; onnx/onnx 4958",
        count=whole_kernel,
    ),
    mean_bug(
        "E14",
        "the gradient is not divided",
        "each pixel of a window of k * k pixels owes a k * k-th part",
        "dx[here] += dy[n, h, w, c] / (KH * KW)",
        FORUMS,
        weights=constant,
    ),
    mean_bug(
        "E22",
        "the gradient is divided by the height only",
        "the shares of a window add up to KW times too much",
        "dx[here] += dy[n, h, w, c] / (KH * KW)",
        FORUMS,
        weights=shares_of_the_height,
    ),
    mean_bug(
        "E15",
        "the mean divides by the height squared",
        "it is right for square kernels only",
        "np.sum(patch) / (KH * KW)",
        FORUMS,
        count=squared_height,
    ),
)
