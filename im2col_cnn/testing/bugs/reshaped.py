"""Reshape where axes were to be exchanged: the numbers stay, and their places do not.

A product of columns and kernels has a row per window and a column per filter. Where
channels come first it has to be reshaped *and* transposed, on the way back too.
"""

import numpy as np

from ..._typing import Array, Images, Kernels

__all__ = [
    "dw_by_rows",
    "dw_of_channels_last",
    "dy_by_rows",
    "y_by_rows",
    "y_by_windows",
    "y_turned",
]


def y_by_rows(y: Images) -> Images:
    """Reshape a row per window into images with channels first."""
    N, OH, OW, F = y.shape
    return np.moveaxis(y.reshape(N, F, OH, OW), 1, -1)


def y_turned(y: Images) -> Images:
    """Reshape as if windows ran down the columns."""
    N, OH, OW, F = y.shape
    return y.reshape(N, OW, OH, F).swapaxes(1, 2)


def y_by_windows(y: Images) -> Images:
    """Reshape what runs over windows first as if it ran over images first."""
    return y.transpose(1, 2, 0, 3).reshape(y.shape)


def dy_by_rows(dy: Images) -> Images:
    """Reshape images with channels first into a row per window."""
    return np.moveaxis(dy, -1, 1).reshape(dy.shape)


def dw_by_rows(dw: Kernels) -> Kernels:
    """Reshape a column per filter into kernels with filters first."""
    KH, KW, C, F = dw.shape
    return from_first(np.moveaxis(dw, 2, 0).reshape(F, C, KH, KW))


def dw_of_channels_last(dw: Kernels) -> Kernels:
    """Reshape rows that run channels last as if they ran channels first."""
    KH, KW, C, F = dw.shape
    return from_first(dw.reshape(-1, F).T.reshape(F, C, KH, KW))


def from_first(w: Array) -> Kernels:
    """Turn (F, C, KH, KW) into (KH, KW, C, F)."""
    return w.transpose(2, 3, 1, 0)
