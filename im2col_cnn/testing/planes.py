"""Cut arrays into planes, which fit on paper, and say which plane each one is."""

from math import prod
from typing import NamedTuple

import numpy as np

from .._typing import Array

__all__ = ["Plane", "planes_of"]


class Plane(NamedTuple):
    """One plane of an array, and how to get at it."""

    title: str
    rows: Array


def planes_of(name: str, array: Array, *, is_kernel: bool = False) -> list[Plane]:
    """
    Cut an array into planes of rows and columns.

    Parameters
    ----------
    name : str
        What the array is called.
    array : array
        Images ``(N, *SPATIAL, C)``, kernels ``(*KERNEL, C, F)``, or one of at most two
        axes, which is a plane already.
    is_kernel : bool
        Images are cut by number and channel, kernels by channel and filter.

    Returns
    -------
    list of Plane
        Of an image with one spatial axis, each plane is one row.

    Examples
    --------
    >>> [plane.title for plane in planes_of("x", np.zeros((1, 3, 4, 2)))]
    ['x[0, :, :, 0]', 'x[0, :, :, 1]']
    """
    if array.ndim < 3:
        return [Plane(name, np.atleast_2d(array))]
    axes = (-2, -1) if is_kernel else (0, -1)
    moved = np.moveaxis(array, axes, (0, 1))
    inner = [":"] * (array.ndim - 2)
    found = []
    for n, c in np.ndindex(moved.shape[:2]):
        places = [*inner, str(n), str(c)] if is_kernel else [str(n), *inner, str(c)]
        plane = moved[n, c]
        rows = plane.reshape(prod(plane.shape[:-1]), plane.shape[-1])
        found.append(Plane(f"{name}[{', '.join(places)}]", rows))
    return found
