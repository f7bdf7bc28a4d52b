"""Show the bugs of max poolings, each in the step where it happens."""

from typing import Any

import numpy as np

from ..._typing import Array, Images
from .exhibit import NOTEBOOK, SCRATCH, UNREPORTED
from .pool_both import bugs_of_both
from .pool_template import PoolPlan, first_maximum, max_bug, pad, taps

__all__ = ["MAX_BUGS"]


def every_maximum(patch: Array, count: int) -> Array:
    return np.asarray(patch == np.max(patch))


def first_equal(patch: Array, count: int) -> Array:
    equal = patch == np.max(patch)
    return np.asarray(equal & (np.cumsum(equal).reshape(patch.shape) == 1))


def whole_slice(dy: Images, at: tuple[int, ...], weights: Array, plan: PoolPlan) -> Any:
    """Take a window of dy where one number of it belongs."""
    n, i, j, c = at
    KH, KW = weights.shape
    return dy[n, i : i + KH, j : j + KW, c] * weights


def from_0(patch: Array, count: int) -> Any:
    return max(0, np.max(patch))


def down_the_columns(patch: Array, count: int) -> Array:
    return first_maximum(patch.T, count).T


def assign_to_winners(
    dx: Images, here: tuple[Any, ...], part: Array, weights: Array
) -> None:
    dx[here][weights != 0] = part[weights != 0]


def strided_slice(
    dy: Images, at: tuple[int, ...], weights: Array, plan: PoolPlan
) -> Any:
    """Take the window of dy that stands where the window of the image does."""
    n, i, j, c = at
    return dy[(n, *taps(plan, i, j), c)] * weights


def the_maximum_itself(patch: Array, count: int) -> Array:
    return np.full(patch.shape, np.max(patch))


def into_the_corner(
    dx: Images, here: tuple[Any, ...], part: Array, weights: Array
) -> None:
    n, rows, columns, c = here
    inside = (slice(0, tap.stop - tap.start, tap.step) for tap in (rows, columns))
    dx[(n, *inside, c)] += part


def divided_by_the_height(
    dx: Images, here: tuple[Any, ...], part: Array, weights: Array
) -> None:
    """Take rows and columns of the maximum from its number in the window."""
    n, rows, columns, c = here
    KH, _ = weights.shape
    i, j = divmod(int(np.argmax(weights)), KH)
    dx[n, rows.start + i, columns.start + j, c] += part.sum()


def the_first_maximum_itself(patch: Array, count: int) -> Array:
    return patch * first_maximum(patch, count)


def without_dy(dy: Images, at: tuple[int, ...], weights: Array, plan: PoolPlan) -> Any:
    return weights


def all_of_them(n: int) -> slice:
    return slice(None)


def view(plan: PoolPlan) -> Images:
    """Pass the images themselves on where there is no padding."""
    return plan.x if pad(plan).shape == plan.x.shape else pad(plan)


def mask_in_place(patch: Array, count: int) -> Array:
    """Turn the window into its mask, and the image with it."""
    most = np.max(patch)
    patch[patch < most] = 0
    patch[patch == most] = 1
    return patch


def where_x_is_dy(
    dy: Images, at: tuple[int, ...], weights: Array, plan: PoolPlan
) -> Array:
    """Ask which pixels are the gradient, not which are the maximum."""
    n, i, j, c = at
    patch = pad(plan)[(n, *taps(plan, i, j), c)]
    return np.asarray(dy[at] * (patch == dy[at]))


def near_the_corner(plan: PoolPlan, i: int, j: int) -> tuple[slice, slice]:
    """Count from the number of the window, not from where it stands."""
    rows, columns = taps(plan, i, j)
    return (
        slice(i, i + rows.stop - rows.start, rows.step),
        slice(j, j + columns.stop - columns.start, columns.step),
    )


def of_all_windows(
    dy: Images, at: tuple[int, ...], weights: Array, plan: PoolPlan
) -> Any:
    """Hand dy to every pixel of a window that is the maximum of any window."""
    n, i, j, c = at
    padded, wins = pad(plan), np.zeros(pad(plan).shape, dtype=bool)
    for other in np.ndindex(dy.shape[1:3]):
        here = (n, *taps(plan, *other), c)
        wins[here] |= first_maximum(padded[here], 0) != 0
    return dy[at] * wins[(n, *taps(plan, i, j), c)]


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
        "every tied maximum gets the whole gradient",
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
    max_bug(
        "E30",
        "dx is assigned with = at the maximum, where windows overlap",
        "a pixel can be the maximum of several windows, and each of them adds a part",
        "dx[...] += dy[n, h, w, c] at the maximum",
        UNREPORTED,
        deposit=assign_to_winners,
    ),
    max_bug(
        "E31",
        "the mask is multiplied by a slice of dy from h_start to h_end",
        "dy has one number for a window; h_start and w_start count pixels of x; at "
        "stride 1 it has the numbers of C5",
        "dx[here] += mask * dy[n, h, w, c]",
        UNREPORTED,
        part=strided_slice,
    ),
    max_bug(
        "E56",
        "the mask is the maximum itself",
        "every pixel of a window has the gradient, times the maximum",
        "mask = patch == np.max(patch)",
        UNREPORTED,
        weights=the_maximum_itself,
        spellings=[{"weights": lambda patch, count: patch * (patch == np.max(patch))}],
    ),
    max_bug(
        "E77",
        "backward hands on the maxima, not their gradients",
        "dx has the numbers of x where they are the largest, whatever dy is",
        "dx[...] += dy[n, h, w, c] at the maximum",
        UNREPORTED,
        weights=the_first_maximum_itself,
        part=without_dy,
        deposit=assign_to_winners,
    ),
    max_bug(
        "E60",
        "a position in the window is taken for a position in the image",
        "argmax counts from the window's corner; the gradient lands in the image's",
        "dx[n, h_start + i, w_start + j, c] += dy[n, h, w, c]",
        UNREPORTED,
        deposit=into_the_corner,
    ),
    max_bug(
        "E66",
        "the place of the maximum is counted from h and w, without the stride",
        "the maximum is found in the right window; its gradient lands near the corner",
        "dx[n, stride * h + i, stride * w + j, c] += dy[n, h, w, c]",
        UNREPORTED,
        writes=near_the_corner,
        looks=taps,
        spellings=[
            {
                "writes": near_the_corner,
                "looks": taps,
                "deposit": assign_to_winners,
            }
        ],
    ),
    max_bug(
        "E70",
        "the number of the maximum is divided by the window's height",
        "argmax counts along the rows, and a row is as long as the window is wide; it "
        "is right for square windows only",
        "i, j = divmod(np.argmax(patch), KW)",
        UNREPORTED,
        deposit=divided_by_the_height,
    ),
    max_bug(
        "E71",
        "the maximum is taken over all channels",
        "each channel has a maximum of its own; so all channels of y are alike",
        "np.max(x[n, h_start:h_end, w_start:w_end, c])",
        UNREPORTED,
        channel=all_of_them,
        spellings=[{"channel": all_of_them, "image": all_of_them}],
    ),
    max_bug(
        "E67",
        "one mask holds the maxima of all windows",
        "where windows overlap, one hands its gradient to the maximum of another",
        "mask = patch == np.max(patch), made for each window",
        UNREPORTED,
        part=of_all_windows,
    ),
    max_bug(
        "E89",
        "pixels are compared with dy, not with the maximum",
        "a gradient is no pixel: none is equal to it, but by chance",
        "mask = patch == np.max(patch), then dx[...] += mask * dy[n, h, w, c]",
        UNREPORTED,
        part=where_x_is_dy,
    ),
    max_bug(
        "E57",
        "a window of x is made a mask in place",
        "a slice is a view: x is changed with it, for windows that overlap and for "
        "the caller",
        "mask = patch == np.max(patch), which is a new array",
        UNREPORTED,
        pad=view,
        weights=mask_in_place,
    ),
)
