"""Show the bugs of max poolings, each in the step where it happens."""

from typing import Any

import numpy as np

from ..._typing import Array, Images
from .exhibit import NOTEBOOK, SCRATCH, UNREPORTED
from .pool_both import bugs_of_both
from .pool_template import first_maximum, max_bug

__all__ = ["MAX_BUGS"]


def every_maximum(patch: Array, count: int) -> Array:
    return np.asarray(patch == np.max(patch))


def first_equal(patch: Array, count: int) -> Array:
    equal = patch == np.max(patch)
    return np.asarray(equal & (np.cumsum(equal).reshape(patch.shape) == 1))


def whole_slice(dy: Images, at: tuple[int, ...], weights: Array) -> Any:
    """Take a window of dy where one number of it belongs."""
    n, i, j, c = at
    KH, KW = weights.shape
    return dy[n, i : i + KH, j : j + KW, c] * weights


def from_0(patch: Array, count: int) -> Any:
    return max(0, np.max(patch))


def down_the_columns(patch: Array, count: int) -> Array:
    return first_maximum(patch.T, count).T


MAX_BUGS = (
    *bugs_of_both(max_bug, "m"),
    max_bug(
        "C5",
        "the mask is multiplied by a window of dy instead of one number",
        "each window of the input has its gradient from one pixel of the output",
        "dx[here] += mask * dy[n, h, w, c]",
        "marsggbo/deeplearning.ai_JupyterNotebooks 6, 10",
        part=whole_slice,
    ),
    max_bug(
        "S12m",
        "a NaN is compared with ==",
        "NaN == NaN is False, so the gradient of such a window vanishes",
        "mask.flat[np.argmax(patch)] = True, for argmax finds a NaN",
        NOTEBOOK,
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
        "tensorflow/tfjs PR 4854",
        value=from_0,
    ),
    max_bug(
        "E13",
        "tied maxima are searched down the columns",
        "that is Fortran's order; the first in reading order should win",
        "np.argmax(patch), which reads along the rows",
        UNREPORTED,
        weights=down_the_columns,
    ),
)
