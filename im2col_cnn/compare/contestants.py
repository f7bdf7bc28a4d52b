"""Let everybody do the same convolution: this package's rungs, and other libraries.

A contestant is made for a case and its arrays, and hands out two functions: one runs
forward, the other forward and backward. What it needs is imported
when it is made, so nobody pays for what is not asked for.
"""

# ruff: noqa: PLC0415  # see above

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .. import columns, loops
from .._typing import Array
from ..ops.conv import conv_backward, conv_forward
from .cases import Case

__all__ = ["CONTESTANTS", "Contestant"]

Gradients = tuple[Array, Array, Array, Array]  # y, dx, dw, db


class Contestant(NamedTuple):
    """What is timed, and what it found, in this package's layout."""

    forward: Callable[[], object]
    step: Callable[[], object]
    results: Callable[[], Gradients]


def of_loops(case: Case, arrays: Gradients) -> Contestant:
    """Loop over images, windows and filters."""
    x, w, b, dy = arrays

    def step() -> Gradients:
        y, cache = loops.conv_forward(x, w, b, **case.settings)
        return y, *loops.conv_backward(dy, cache)  # type: ignore[return-value]  # dx, db

    return Contestant(lambda: loops.conv_forward(x, w, b, **case.settings), step, step)


def of_fast(case: Case, arrays: Gradients) -> Contestant:
    """Unfold tile by tile."""
    x, w, b, dy = arrays

    def step() -> Gradients:
        y, cache = conv_forward(x, w, b, **case.settings)
        return y, *conv_backward(dy, cache)  # type: ignore[return-value]  # dx, db

    return Contestant(lambda: conv_forward(x, w, b, **case.settings), step, step)


def of_columns(case: Case, arrays: Gradients) -> Contestant:
    """Unfold everything at once; three products. It knows no groups."""
    x, w, b, dy = arrays
    *kernel, _, F = w.shape
    slide: dict[str, Any] = {
        "kernel_size": kernel,
        "stride": case.stride,
        "padding": case.padding,
    }

    def forward() -> tuple[Array, Array]:
        X = columns.im2col(x, **slide)
        return X, X @ w.reshape(-1, F) + b

    def step() -> Gradients:
        X, y = forward()
        D = dy.reshape(-1, F)
        dx = columns.col2im(D @ w.reshape(-1, F).T, x.shape, **slide)
        return y.reshape(dy.shape), dx, (X.T @ D).reshape(w.shape), D.sum(axis=0)

    return Contestant(forward, step, step)


def of_product(case: Case, arrays: Gradients) -> Contestant:
    """Multiply what is unfolded already: nobody who unfolds can be faster."""
    x, w, _, _ = arrays
    *kernel, _, F = w.shape
    X = columns.im2col(x, kernel, stride=case.stride, padding=case.padding)
    W, y = w.reshape(-1, F), np.empty((len(X), F), x.dtype)

    def forward() -> Array:
        return np.matmul(X, W, out=y)

    return Contestant(forward, forward, lambda: arrays)


def of_torch(case: Case, arrays: Gradients) -> Contestant:
    """PyTorch, channels first, as its users have it."""
    return torch_in(case, arrays, "contiguous_format")


def of_torch_last(case: Case, arrays: Gradients) -> Contestant:
    """PyTorch, with channels stored last."""
    return torch_in(case, arrays, "channels_last")


def torch_in(case: Case, arrays: Gradients, memory: str) -> Contestant:
    """Make a contestant of PyTorch and a memory format."""
    import torch

    layout = getattr(torch, memory)

    def there(array: Array, *axes: int) -> Any:
        tensor = torch.from_numpy(np.ascontiguousarray(array.transpose(axes)))
        return tensor.to(memory_format=layout)

    x, w, b, dy = arrays
    images, kernels = (
        there(x, 0, 3, 1, 2).requires_grad_(),
        there(w, 3, 2, 0, 1).requires_grad_(),
    )
    bias, upstream = torch.from_numpy(b).requires_grad_(), there(dy, 0, 3, 1, 2)

    def convolve() -> Any:
        return torch.nn.functional.conv2d(images, kernels, bias, **case.settings)

    def forward() -> Any:
        with torch.no_grad():
            return convolve()

    def step() -> Any:
        y = convolve()
        return y, *torch.autograd.grad(y, (images, kernels, bias), upstream)

    def results() -> Gradients:
        y, dx, dw, db = (t.detach().numpy() for t in step())
        last = (0, 2, 3, 1)
        return y.transpose(last), dx.transpose(last), dw.transpose(2, 3, 1, 0), db

    return Contestant(forward, step, results)


def of_jax(case: Case, arrays: Gradients) -> Contestant:
    """JAX on the CPU, compiled."""
    import jax
    from jax import lax

    x, w, b, dy = map(jax.numpy.asarray, arrays)
    pad = [(case.padding, case.padding)] * 2
    names = ("NHWC", "HWIO", "NHWC")

    def convolve(x: Any, w: Any, b: Any) -> Any:
        strides = (case.stride, case.stride)
        return b + lax.conv_general_dilated(
            x, w, strides, pad, None, None, names, case.groups
        )

    def both(x: Any, w: Any, b: Any, dy: Any) -> Any:
        y, back = jax.vjp(convolve, x, w, b)
        return y, *back(dy)

    forward, step = jax.jit(convolve), jax.jit(both)

    def results() -> Gradients:
        y, dx, dw, db = map(np.asarray, step(x, w, b, dy))
        return y, dx, dw, db

    return Contestant(
        lambda: forward(x, w, b).block_until_ready(),
        lambda: jax.block_until_ready(step(x, w, b, dy)),
        results,
    )


def of_mygrad(case: Case, arrays: Gradients) -> Contestant:
    """MyGrad: NumPy with gradients, channels first."""
    import mygrad
    from mygrad.nnet.layers import conv_nd

    x, w, b, dy = arrays
    x, dy = (np.ascontiguousarray(a.transpose(0, 3, 1, 2)) for a in (x, dy))
    w = np.ascontiguousarray(w.transpose(3, 2, 0, 1))

    def convolve() -> Any:
        tensors = (
            mygrad.tensor(x),
            mygrad.tensor(w),
            mygrad.tensor(b.reshape(1, -1, 1, 1)),
        )
        y = conv_nd(*tensors[:2], stride=case.stride, padding=case.padding)
        return y + tensors[2], tensors

    def step() -> Any:
        y, tensors = convolve()
        y.backward(dy)
        return y, tensors

    def results() -> Gradients:
        y, (x, w, b) = step()
        last = (0, 2, 3, 1)
        dw = w.grad.transpose(2, 3, 1, 0)
        return y.data.transpose(last), x.grad.transpose(last), dw, b.grad.ravel()

    return Contestant(convolve, step, results)


CONTESTANTS: dict[str, Callable[[Case, Gradients], Contestant]] = {
    "columns": of_columns,
    "fast": of_fast,
    "jax": of_jax,
    "loops": of_loops,
    "mygrad": of_mygrad,
    "product": of_product,
    "torch": of_torch,
    "torch-channels-last": of_torch_last,
}
