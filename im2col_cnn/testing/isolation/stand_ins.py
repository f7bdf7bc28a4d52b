"""Stand-ins for what a course hands out beside its template, where it is missing.

A layer that imports `im2col` from the course's own `util` is checked all the same.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

__all__ = ["stand_in_for"]


def im2col(
    input_data: Any, filter_h: int, filter_w: int, stride: int = 1, pad: int = 0
) -> Any:
    """Return the windows of images (N, C, H, W) as rows (N * OH * OW, C * FH * FW)."""
    N, C, H, W = input_data.shape
    OH, OW = (
        (H + 2 * pad - filter_h) // stride + 1,
        (W + 2 * pad - filter_w) // stride + 1,
    )
    img = np.pad(input_data, [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    col = np.zeros((N, C, filter_h, filter_w, OH, OW), input_data.dtype)
    for y, x in np.ndindex(filter_h, filter_w):
        rows = slice(y, y + stride * OH, stride)
        columns = slice(x, x + stride * OW, stride)
        col[:, :, y, x] = img[:, :, rows, columns]
    return col.transpose(0, 4, 5, 1, 2, 3).reshape(N * OH * OW, -1)


def col2im(  # noqa: PLR0917 - the book's own
    col: Any,
    input_shape: Any,
    filter_h: int,
    filter_w: int,
    stride: int = 1,
    pad: int = 0,
) -> Any:
    """Add rows of windows back to where they came from."""
    N, C, H, W = input_shape
    OH, OW = (
        (H + 2 * pad - filter_h) // stride + 1,
        (W + 2 * pad - filter_w) // stride + 1,
    )
    col = col.reshape(N, OH, OW, C, filter_h, filter_w).transpose(0, 3, 4, 5, 1, 2)
    img = np.zeros((N, C, H + 2 * pad + stride - 1, W + 2 * pad + stride - 1))
    for y, x in np.ndindex(filter_h, filter_w):
        rows = slice(y, y + stride * OH, stride)
        columns = slice(x, x + stride * OW, stride)
        img[:, :, rows, columns] += col[:, :, y, x]
    return img[:, :, pad : H + pad, pad : W + pad]


class BaseLayer:
    """A layer that holds nothing."""

    trainable = False
    testing_phase = False
    input: Any = None
    output: Any = None


class Param:
    """A parameter and its gradient."""

    def __init__(self, value: Any) -> None:
        self.value, self.grad = value, np.zeros_like(value)


class Downsample:
    """Every k-th entry of the last axes; backward puts zeros between."""

    axes = 1

    def __init__(self, downsampling_factor: int) -> None:
        self.k = downsampling_factor

    def place(self) -> Any:
        """Return the entries that stay."""
        return (Ellipsis, *[slice(None, None, self.k)] * self.axes)

    def forward(self, A: Any) -> Any:
        """Return every k-th entry."""
        self.shape = A.shape
        return A[self.place()]

    def backward(self, dLdZ: Any) -> Any:
        """Return an array of the old shape, with zeros between."""
        dLdA = np.zeros(self.shape)
        dLdA[self.place()] = dLdZ
        return dLdA


class Downsample2d(Downsample):
    """The same along two axes."""

    axes = 2


def correlate(in1: Any, in2: Any, mode: str = "full", **_: Any) -> Any:
    """Correlate as SciPy does: full, of the size of `in1`, or whole windows only."""
    in1, in2 = np.asarray(in1), np.asarray(in2)
    around = [(k - 1, k - 1) for k in in2.shape]
    wide = np.pad(in1, around)
    view = np.lib.stride_tricks.sliding_window_view(wide, in2.shape)
    full = np.tensordot(view, in2, in2.ndim)
    if mode == "full":
        return full
    sizes = in1.shape
    if mode == "valid":
        sizes = tuple(n - k + 1 for n, k in zip(in1.shape, in2.shape))
    starts = [(f - n) // 2 for f, n in zip(full.shape, sizes)]
    return full[tuple(slice(a, a + n) for a, n in zip(starts, sizes))].copy()


def convolve(in1: Any, in2: Any, mode: str = "full", **more: Any) -> Any:
    """Convolve as SciPy does: correlate with a kernel that is turned around."""
    return correlate(in1, np.flip(np.asarray(in2)), mode, **more)


SIGNAL = SimpleNamespace(
    correlate=correlate,
    convolve=convolve,
    correlate2d=correlate,
    convolve2d=convolve,
    fftconvolve=convolve,
)
STAND_INS = {
    "im2col": im2col,
    "col2im": col2im,
    "BaseLayer": BaseLayer,
    "Layer": BaseLayer,
    "Param": Param,
    "Downsample1d": Downsample,
    "Downsample2d": Downsample2d,
}
MODULES = {"resampling": ("Downsample1d", "Downsample2d"), "Base": ("BaseLayer",)}


def stand_in_for(module: str, name: str) -> dict[str, Any]:
    """Return what can be put in the place of a name that could not be imported."""
    last = module.rpartition(".")[2]
    if "cupy" in (module, name) or name == "np":
        return {name: np}
    if module in ("scipy", "scipy.signal") and name in vars(SIGNAL):
        return {name: getattr(SIGNAL, name)}
    if module == "scipy" and name == "signal":
        return {"signal": SIGNAL}
    if module in ("scipy.signal", "scipy"):
        known = name not in ("scipy", "scipy.signal")
        return {name: SIGNAL} if known else {"scipy": SimpleNamespace(signal=SIGNAL)}
    if name == "*":
        names = MODULES.get(last, ("im2col", "col2im"))
        return {each: STAND_INS[each] for each in names}
    return {name: STAND_INS[name]} if name in STAND_INS else {}
