"""Show the bugs of average poolings, each in the step where it happens."""

from typing import Any

import numpy as np

from ..._typing import Array, Images
from .exhibit import UNREPORTED
from .pool_both import bugs_of_both
from .pool_template import PoolPlan, mean_bug

__all__ = ["MEAN_BUGS"]


def whole_kernel(plan: PoolPlan, i: int, j: int) -> int:
    KH, KW = plan.window.kernel_size
    return KH * KW


def mean_of_a_square(patch: Array, count: int) -> Any:
    """Count the pixels of a window as if it had as many columns as rows."""
    KH, KW = patch.shape
    return np.sum(patch) / max(1, count * KH // KW)


def shares_of_the_height(patch: Array, count: int) -> Array:
    return np.full(patch.shape, 1 / len(patch))


def to_the_maximum(patch: Array, count: int) -> Array:
    return np.asarray(patch == np.max(patch))


def share_of_a_window_of_dy(
    dy: Images, at: tuple[int, ...], weights: Array, plan: PoolPlan
) -> Any:
    n, i, j, c = at
    KH, KW = weights.shape
    return dy[n, i : i + KH, j : j + KW, c].sum() * weights


def squares_of_shares(patch: Array, count: int) -> Array:
    """Make the shares of a window as if it had as many columns as rows."""
    return np.full((len(patch),) * 2, 1 / max(1, count))


def constant(patch: Array, count: int) -> Array:
    return np.ones(patch.shape)


def total(patch: Array, count: int) -> Any:
    return np.sum(patch)


MEAN_BUGS = (
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
        "E26",
        "the sum stands for the mean",
        "it is as many times too large as the window has pixels",
        "np.sum(patch) / (KH * KW), or np.mean(patch)",
        UNREPORTED,
        value=total,
    ),
    mean_bug(
        "E14",
        "the gradient is not divided",
        "each pixel of a window of k * k pixels has a k * k-th part of it",
        "dx[here] += dy[n, h, w, c] / (KH * KW)",
        UNREPORTED,
        weights=constant,
    ),
    mean_bug(
        "E22",
        "the gradient is divided by the height only",
        "the shares of a window add up to KW times too much",
        "dx[here] += dy[n, h, w, c] / (KH * KW)",
        UNREPORTED,
        weights=shares_of_the_height,
    ),
    mean_bug(
        "E83",
        "the shares are made of a window of dy instead of one number",
        "each window of the input has its gradient from one pixel of the output",
        "dx[here] += dy[n, h, w, c] / (KH * KW)",
        UNREPORTED,
        part=share_of_a_window_of_dy,
    ),
    mean_bug(
        "E85",
        "the shares of a window are made as wide as it is high",
        "np.ones((KH, KH)) fits a square window only",
        "np.ones((KH, KW)) * dy[n, h, w, c] / (KH * KW)",
        UNREPORTED,
        weights=squares_of_shares,
    ),
    mean_bug(
        "E68",
        "the gradient of a mean goes to the maximum",
        "backward forgets which pooling it belongs to; every pixel had its share",
        "dx[here] += dy[n, h, w, c] / (KH * KW)",
        UNREPORTED,
        weights=to_the_maximum,
    ),
    mean_bug(
        "E15",
        "the mean divides by the height squared",
        "it is right for square kernels only",
        "np.sum(patch) / (KH * KW)",
        UNREPORTED,
        value=mean_of_a_square,
    ),
)
