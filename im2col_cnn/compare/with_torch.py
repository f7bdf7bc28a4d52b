"""Let PyTorch do it, as its users have it: in the faster of its layouts."""

# ruff: noqa: PLC0415  # only who asks for PyTorch has it

from math import inf
from time import perf_counter
from typing import Any

import numpy as np

from .._typing import Array
from ..nn.activations import ReLU
from ..nn.convolution import Conv, ConvTranspose
from ..nn.dense import Dense
from ..nn.pooling import AvgPool, MaxPool
from ..nn.reshaping import Flatten
from .case import RATE, Case, Stage
from .contestant import Arrays, CannotError, Contestant, Found

__all__ = ["of_torch", "of_torch_first", "of_torch_last"]

SECONDS_TO_CHOOSE = 0.3  # between the layouts

Sides = tuple[tuple[int, int], ...]

# Where axes go by their number: vectors, matrices, images and kernels.
FIRST = {1: (0,), 2: (0, 1), 4: (0, 3, 1, 2)}
LAST = {1: (0,), 2: (0, 1), 4: (0, 2, 3, 1)}
THERE = {1: (0,), 2: (1, 0), 4: (3, 2, 0, 1)}
BACK = {1: (0,), 2: (1, 0), 4: (2, 3, 1, 0)}


def of_torch(case: Case, arrays: Arrays) -> Contestant:
    """PyTorch, with channels where it takes less time for a step; it says which."""
    makers = {"channels last": of_torch_last, "channels first": of_torch_first}
    layouts = {name: make(case, arrays) for name, make in makers.items()}
    best = dict.fromkeys(layouts, inf)
    end = perf_counter() + SECONDS_TO_CHOOSE
    while perf_counter() < end or inf in best.values():
        for name, contestant in layouts.items():
            start = perf_counter()
            contestant.step()
            best[name] = min(best[name], perf_counter() - start)
    fastest = min(best, key=best.__getitem__)
    # A new one: those that were timed may have learned.
    return makers[fastest](case, arrays)._replace(note=fastest)


def of_torch_first(case: Case, arrays: Arrays) -> Contestant:
    """PyTorch, channels first."""
    return torch_in(case, arrays, "contiguous_format")


def of_torch_last(case: Case, arrays: Arrays) -> Contestant:
    """PyTorch, with channels stored last."""
    return torch_in(case, arrays, "channels_last")


def torch_in(case: Case, arrays: Arrays, memory: str) -> Contestant:
    """Make a contestant of PyTorch and a memory format."""
    import torch

    def there(array: Array, axes: dict[int, tuple[int, ...]]) -> Any:
        moved = np.ascontiguousarray(array.transpose(axes[array.ndim]))
        layout = memory if array.ndim == 4 else "contiguous_format"
        # A copy: the parameters move, and those of others must not.
        return torch.tensor(moved).to(memory_format=getattr(torch, layout))

    weights = {
        name: there(array, THERE).requires_grad_()
        for name, array in arrays.parameters.items()
    }
    images = there(arrays.x, FIRST).requires_grad_(not case.learns)
    upstream, labels = there(arrays.dy, FIRST), torch.from_numpy(arrays.labels)
    stages = list(case.stages())
    optimizer = torch.optim.SGD(weights.values(), RATE) if weights else None

    def run() -> Any:
        y = images
        for stage in stages:
            w, b = (weights.get(f"{stage.name}.{key}") for key in "wb")
            do = painted if isinstance(stage.layer, ConvTranspose) else applied
            y = do(torch, stage, y, w, b)
        return y

    def forward() -> Any:
        with torch.no_grad():
            return run()

    def follow() -> tuple[Any, ...]:
        y = run()
        sources = [*weights.values()] if case.learns else [images, *weights.values()]
        return y, *torch.autograd.grad(y, sources, upstream)

    def learn() -> None:
        assert optimizer is not None  # who learns has parameters
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(run(), labels).backward()
        optimizer.step()

    def results() -> Found:
        y, *found = (tensor.detach().numpy() for tensor in follow())
        dx = None if case.learns else found.pop(0).transpose(LAST[4])
        gradients = [array.transpose(BACK[array.ndim]) for array in found]
        named = dict(zip(weights, gradients, strict=True))
        return Found(y.transpose(LAST[y.ndim]), dx, named)

    return Contestant(forward, learn if case.learns else follow, results)


def applied(torch: Any, stage: Stage, y: Any, w: Any, b: Any) -> Any:
    """Do one layer."""
    do = torch.nn.functional
    if stage.window is not None:
        kernel, stride = stage.window.kernel_size, stage.window.stride
        y, padding = padded(torch, y, stage.window.padding)
    match stage.layer:
        case Conv(groups=groups):
            return do.conv2d(y, w, b, stride, padding, groups=groups)
        case MaxPool():
            return do.max_pool2d(y, kernel, stride, padding)
        case AvgPool():
            return do.avg_pool2d(y, kernel, stride, padding, count_include_pad=False)
        case ReLU():
            return do.relu(y)
        case Flatten():  # in our order, so that the weights of the next layer are ours
            return y.permute(LAST[4]).flatten(1)
        case Dense():
            return do.linear(y, w, b)
    raise CannotError(f"no {stage.layer.kind} here")


def painted(torch: Any, stage: Stage, y: Any, w: Any, b: Any) -> Any:
    """Do a transposed convolution."""
    layer, window = stage.layer, stage.window
    assert isinstance(layer, ConvTranspose)
    assert window is not None  # one slides over what it paints
    if any(before != after for before, after in window.padding):
        raise CannotError("it pads both sides alike")
    padding = tuple(before for before, _ in window.padding)
    settings = layer.output_padding, layer.groups, window.dilation
    return torch.nn.functional.conv_transpose2d(
        y, w, b, window.stride, padding, *settings
    )


def padded(torch: Any, y: Any, sides: Sides) -> tuple[Any, Any]:
    """Return what is left to pad: it takes one number for both sides of an axis."""
    if all(before == after for before, after in sides):
        return y, tuple(before for before, _ in sides)
    last_first = [side for pair in reversed(sides) for side in pair]
    return torch.nn.functional.pad(y, last_first), 0
