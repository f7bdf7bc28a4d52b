"""Stand-ins for what a course hands out beside its template, where it is missing.

A layer that imports `im2col` from the course's own `util` is checked all the same.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

__all__ = ["Missing", "MissingImportError", "stand_in_for"]


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


def nanargmax(arr: Any) -> Any:
    """Return the place of the largest number of one window."""
    return np.unravel_index(np.nanargmax(arr), arr.shape)


def zero_pad(X: Any, pad: int) -> Any:
    """Surround images (N, H, W, C) with zeros."""
    return np.pad(X, ((0, 0), (pad, pad), (pad, pad), (0, 0)))


def relu(x: Any) -> Any:
    """Return numbers, and 0 for those below."""
    return np.maximum(x, 0)


class Initializer:
    """Kernels and biases that are all alike: they are replaced before they are used."""

    def __init__(self, *_: Any) -> None:
        pass

    def initialize(self, shape: Any, *_: Any) -> Any:
        """Return an array of a shape."""
        return np.full(shape, 0.1)


def as_it_is(function: Any = None, **_: Any) -> Any:
    """Return what is decorated, with arguments or without."""
    return function if callable(function) else as_it_is


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
    "Module": BaseLayer,
    "nanargmax": nanargmax,
    "zero_pad": zero_pad,
    "relu": relu,
    "njit": as_it_is,
    "jit": as_it_is,
    "prange": range,
    "UniformRandom": Initializer,
    "Constant": Initializer,
    "Xavier": Initializer,
    "He": Initializer,
    "Param": Param,
    "Downsample1d": Downsample,
    "Downsample2d": Downsample2d,
}
INITIALIZERS = ("UniformRandom", "Constant", "Xavier", "He")
MODULES = {
    "resampling": ("Downsample1d", "Downsample2d"),
    "Base": ("BaseLayer",),
    "Initializers": INITIALIZERS,
    "numba": ("njit", "jit", "prange"),
}


class MissingImportError(Exception):
    """What was called stands in a file that is not there."""


class Missing:
    """What could not be imported: it can be named, and a class can be made of it."""

    def __init__(self, name: str, why: str) -> None:
        self.__dict__.update(name=name, why=why)

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        return Missing(f"{self.name}.{attribute}", self.why)

    def __call__(self, *_: Any, **__: Any) -> Any:
        """Say that it is not there."""
        raise MissingImportError(f"{self.name} is not there: {self.why}")

    def __mro_entries__(self, bases: Any) -> Any:
        return (BaseLayer,)


def stand_in_for(module: str, name: str) -> dict[str, Any]:
    """Return what can be put in the place of a name that could not be imported."""
    last = module.rpartition(".")[2]
    found: Any = None
    if "cupy" in (module, name) or name in ("np", "numpy"):
        found = np
    elif module.split(".", maxsplit=1)[0] == "scipy":
        found = of_scipy(name)
    elif name in STAND_INS:
        found = STAND_INS[name]
    elif name in MODULES or (name == module and last in MODULES):
        found = module_of(last if name == module else name)
    elif name == module == "Layers":
        found = SimpleNamespace(**{each: module_of(each) for each in MODULES})
    return {name.split(".", maxsplit=1)[0]: found} if found is not None else {}


def of_scipy(name: str) -> Any:
    """Return what stands in for SciPy: its `signal`, or a function of that."""
    if name in vars(SIGNAL):
        return getattr(SIGNAL, name)
    if name == "signal":
        return SIGNAL
    whole = name.split(".", maxsplit=1)[0] == "scipy"
    return SimpleNamespace(signal=SIGNAL) if whole else None


def module_of(name: str) -> SimpleNamespace:
    """Return a module of stand-ins."""
    return SimpleNamespace(**{each: STAND_INS[each] for each in MODULES[name]})
