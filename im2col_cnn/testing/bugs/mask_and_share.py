"""Show the bugs of the helpers that look at one window."""

from math import prod

import numpy as np

from ..._typing import Array, Shape
from .exhibit import NOTEBOOK, UNREPORTED, Exhibit

__all__ = ["HELPER_BUGS"]


def stale_mask(window: Array) -> tuple[Array, None]:
    """Look at a global of the notebook, which is one number by then."""
    dJ_dZ_slice = 0.666
    return np.asarray(np.max(dJ_dZ_slice) == dJ_dZ_slice), None


def missing_mask(window: Array) -> tuple[Array, None]:
    """Look at a global of the notebook that a fresh kernel does not have."""
    raise NameError("name 'dJ_dZ_slice' is not defined")


def mask_of_every_maximum(window: Array) -> tuple[Array, None]:
    return np.max(window) == window, None


def mask_without_nan(window: Array) -> tuple[Array, None]:
    """Mark the first maximum only, but compare it with ==."""
    equal = window == np.max(window)
    return equal & (np.cumsum(equal).reshape(window.shape) == 1), None


def mask_along_columns(window: Array) -> tuple[Array, None]:
    return window == np.max(window, axis=0), None


def the_maximum_itself(window: Array) -> tuple[Array, None]:
    return np.asarray(np.max(window)), None


def undivided(dz: Array, shape: Shape) -> tuple[Array, None]:
    return np.full(shape, dz.item()), None


def divided_by_height_squared(dz: Array, shape: Shape) -> tuple[Array, None]:
    return np.full(shape, dz.item() / shape[0] ** 2), None


def divided_by_height(dz: Array, shape: Shape) -> tuple[Array, None]:
    return np.full(shape, dz.item() / shape[0]), None


def a_mean_of_shares(dz: Array, shape: Shape) -> tuple[Array, None]:
    return np.full(shape, dz.item() / prod(shape) ** 2), None


HELPER_BUGS = (
    Exhibit(
        "S10a",
        "mask",
        "the mask reads a global instead of its argument",
        "the global is not there in a fresh kernel, and stale in an old one",
        "np.max(Z_slice) == Z_slice",
        NOTEBOOK,
        missing_mask,
    ),
    Exhibit(
        "S10b",
        "mask",
        "the mask reads a stale global instead of its argument",
        "it compares one number with itself: every window looks the same",
        "np.max(Z_slice) == Z_slice",
        NOTEBOOK,
        stale_mask,
    ),
    Exhibit(
        "S12",
        "mask",
        "a NaN is compared with ==",
        "NaN == NaN is False, so the gradient of such a window vanishes",
        "mask.flat[np.argmax(Z_slice)] = True, for argmax finds a NaN",
        NOTEBOOK,
        mask_without_nan,
    ),
    Exhibit(
        "S11",
        "mask",
        "every tied maximum gets the whole gradient",
        "dx adds up to more than dy; a maximum has one winner",
        "mask.flat[np.argmax(Z_slice)] = True",
        NOTEBOOK,
        mask_of_every_maximum,
    ),
    Exhibit(
        "E18",
        "mask",
        "the maximum is taken along one axis",
        "every column of the window has a winner",
        "np.max(Z_slice), without an axis",
        UNREPORTED,
        mask_along_columns,
    ),
    Exhibit(
        "E58",
        "mask",
        "the mask is the maximum itself",
        "one number, not a mask that says where it stands",
        "Z_slice == np.max(Z_slice)",
        UNREPORTED,
        the_maximum_itself,
    ),
    Exhibit(
        "E19",
        "share",
        "the gradient is not divided",
        "each pixel of a window gets all of it",
        "dz / (H * W)",
        UNREPORTED,
        undivided,
    ),
    Exhibit(
        "E20",
        "share",
        "the gradient is divided by the height only",
        "the shares add up to W times too much",
        "dz / (H * W)",
        UNREPORTED,
        divided_by_height,
    ),
    Exhibit(
        "E102",
        "share",
        "the gradient is divided by the height squared",
        "it is right for square windows only",
        "dz / (H * W)",
        UNREPORTED,
        divided_by_height_squared,
    ),
    Exhibit(
        "E21",
        "share",
        "the gradient is divided twice",
        "np.mean of the shares divides again",
        "np.full(shape, dz / (H * W))",
        UNREPORTED,
        a_mean_of_shares,
    ),
)
