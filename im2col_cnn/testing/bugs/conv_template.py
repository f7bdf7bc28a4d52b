"""Convolve images with rows and columns in steps, each of which can be done wrong.

The loops are the notebook's. Every line in which somebody went wrong is a function of
its own here, so that a bug is that function written in another way.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np

from ..._checks import as_convolution, as_upstream
from ..._typing import Array, Bias, Images, Kernels, Padding, Shape
from ...window import Window
from .exhibit import Exhibit, spelt

__all__ = [
    "ConvSteps",
    "Plan",
    "add_bias",
    "both",
    "conv_bug",
    "conv_pair",
    "crop",
    "pad",
    "stops",
    "sum_bias",
    "taps",
]

Place = tuple[slice, slice]


@dataclass(frozen=True)
class Plan:
    """One call: the arrays, and numbers for rows and columns that say where to go."""

    x: Images
    w: Kernels
    b: Bias
    stride: Shape
    padding: tuple[Shape, ...]
    dilation: Shape
    groups: int
    written: Any = 0  # the padding as the caller wrote it
    left: dict[str, Any] = field(default_factory=dict)  # what one call leaves behind


def stops(plan: Plan) -> Shape:
    """Count the windows along rows and columns."""
    _, H, W, _ = plan.x.shape
    KH, KW, *_ = plan.w.shape
    sizes = []
    for n, size, kernel in (0, H, KH), (1, W, KW):
        span = plan.dilation[n] * (kernel - 1) + 1
        sizes.append((size + sum(plan.padding[n]) - span) // plan.stride[n] + 1)
    return tuple(sizes)


def pad(x: Images, plan: Plan) -> Images:
    """Surround images with zeros, in a tenth of the time of `np.pad` for tiny ones."""
    N, H, W, C = x.shape
    (top, bottom), (left, right) = plan.padding
    wide = np.zeros((N, top + H + bottom, left + W + right, C), x.dtype)
    wide[:, top : top + H, left : left + W] = x
    return wide


def taps(plan: Plan, i: int, j: int, dilation: Shape | None = None) -> Place:
    """Return the rows and the columns that the window at row i, column j reads."""
    KH, KW, *_ = plan.w.shape
    (SH, SW), (DH, DW) = plan.stride, dilation or plan.dilation
    return (
        slice(SH * i, SH * i + DH * (KH - 1) + 1, DH),
        slice(SW * j, SW * j + DW * (KW - 1) + 1, DW),
    )


def add_bias(y: Images, b: Bias, plan: Plan) -> Images:
    """Add one number per filter."""
    return y + b


def deposit(dx: Images, here: tuple[Any, ...], part: Array) -> None:
    """Add the gradient of one window to the pixels it reads."""
    dx[here] += part


def add_to_dw(dw: Kernels, f: int, part: Array) -> None:
    """Add the gradient of one window to the filter that read it."""
    dw[..., f] += part


def crop(dx: Images, plan: Plan) -> Images:
    """Cut the padding off again."""
    _, H, W, _ = plan.x.shape
    (top, _), (left, _) = plan.padding
    return dx[:, top : top + H, left : left + W]


def sum_bias(dy: Images, plan: Plan) -> Bias:
    """Sum dy over all images and all places."""
    return np.asarray(dy.sum(axis=(0, 1, 2)).reshape(plan.b.shape))


def as_pairs(padding: Padding, plan: dict[str, Any]) -> tuple[Shape, ...]:
    """Write any padding as pairs."""
    x, w = plan["x"], plan["w"]
    kept = tuple(padding) if isinstance(padding, list) else padding
    sizes = x.shape[1:3], w.shape[:2]
    return pairs_of(*sizes, plan["stride"], kept, plan["dilation"])


@lru_cache(2**12, typed=True)
def pairs_of(
    spatial: Shape, kernel_size: Shape, stride: Shape, padding: Padding, dilation: Shape
) -> tuple[Shape, ...]:
    """Write a padding as pairs: a hundred bugs are put to the same call."""
    return Window(
        spatial, kernel_size, stride=stride, padding=padding, dilation=dilation
    ).padding


def both(number: int | Shape) -> Shape:
    """Write a setting for rows and columns."""
    return (number, number) if isinstance(number, int) else tuple(number)


@dataclass(frozen=True)
class ConvSteps:
    """The lines of a convolution in which people go wrong; here they are right."""

    check: Callable[..., Any] = as_convolution
    check_upstream: Callable[[Array, Shape], Any] = as_upstream
    as_stride: Callable[[Any], Shape] = both
    as_pairs: Callable[[Padding, dict[str, Any]], tuple[Shape, ...]] = as_pairs
    sizes: Callable[[Images], Any] = np.shape
    stops: Callable[[Plan], Shape] = stops
    pad: Callable[[Images, Plan], Images] = pad
    reads: Callable[[Plan, int, int], Place] = taps
    kernel: Callable[[Kernels], Kernels] = np.asarray
    bias: Callable[[Images, Bias, Plan], Images] = add_bias
    image: Callable[[int], int] = lambda n: n
    filters: Callable[[Plan], Any] = lambda plan: range(plan.w.shape[-1])
    visits: Callable[[Shape, Plan], Any] = lambda sizes, plan: np.ndindex(sizes)
    plan_back: Callable[[Plan], Plan] = lambda plan: plan
    image_again: Callable[[int], int] = lambda n: n
    image_of_dx: Callable[[int], int] = lambda n: n
    visits_back: Callable[[Shape, Plan], Any] = lambda sizes, plan: np.ndindex(sizes)
    upstream: Callable[[Images], Images] = np.asarray
    dtype: Callable[[Array], Any] = lambda array: array.dtype
    new_dx: Callable[[Shape, Plan, Any], Images] = lambda s, plan, dt: np.zeros(s, dt)
    new_dw: Callable[[Shape, Any], Kernels] = np.zeros
    writes: Callable[[Plan, int, int], Place] = taps
    reads_again: Callable[[Plan, int, int], Place] | None = None  # where it writes
    kernel_back: Callable[[Kernels], Kernels] = np.asarray
    spread: Callable[[Any, Array], Array] = np.multiply
    deposit: Callable[[Images, Any, Array], None] = deposit
    add_to_dw: Callable[[Kernels, int, Array], None] = add_to_dw
    reach: Callable[[Images, Plan], tuple[Images, Plan]] = lambda dx, plan: (dx, plan)
    crop: Callable[[Images, Plan], Images] = crop
    sum_bias: Callable[[Images, Plan], Bias] = sum_bias
    done: Callable[..., Any] = lambda dx, dw, db, plan, dy: (dx, dw, db)


def conv_pair(steps: ConvSteps) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Put steps together to a forward and a backward."""

    def forward(
        x: Images,
        w: Kernels,
        b: Bias,
        *,
        stride: Any = 1,
        padding: Padding = 0,
        dilation: Any = 1,
        groups: int = 1,
    ) -> tuple[Images, Plan]:
        steps.check(x, w, b, groups)
        stride, dilation = steps.as_stride(stride), both(dilation)
        call = {"x": x, "w": w, "stride": stride, "dilation": dilation}
        pairs = steps.as_pairs(padding, call)
        plan = Plan(x, w, b, stride, pairs, dilation, groups, padding)
        padded, kernel = steps.pad(x, plan), steps.kernel(w)
        sizes, F = steps.stops(plan), w.shape[-1]
        y = np.zeros((len(x), *sizes, F), steps.dtype(x))
        visited = list(steps.visits(sizes, plan))
        for n, (i, j), f in product(range(len(x)), visited, steps.filters(plan)):
            rows, columns = steps.reads(plan, i, j)
            patch = padded[steps.image(n), rows, columns, channels(plan, f)]
            y[n, i, j, f] = np.sum(patch * kernel[..., f])
        return steps.bias(y, b.ravel(), plan), plan

    def backward(dy: Images, plan: Plan) -> tuple[Images, Kernels, Bias]:
        steps.check_upstream(dy, (len(plan.x), *steps.stops(plan), plan.w.shape[-1]))
        plan, dy = steps.plan_back(plan), steps.upstream(dy)
        N, H, W, C = steps.sizes(plan.x)
        padded, kernel = pad(plan.x, plan), steps.kernel_back(plan.w)
        dtype = steps.dtype(dy)
        dw = steps.new_dw(plan.w.shape, dtype)
        (top, bottom), (left, right) = plan.padding
        size = N, top + H + bottom, left + W + right, C
        dx = steps.new_dx(size, plan, dtype)
        there, here = (steps.reads_again or steps.writes), steps.writes
        visited = list(steps.visits_back(dy.shape[1:3], plan))
        images, filters = range(min(N, len(dy))), range(min(dw.shape[-1], dy.shape[-1]))
        for n, (i, j), f in product(images, visited, filters):
            own = channels(plan, f)
            part = dy[n, i, j, f]
            patch = padded[(steps.image_again(n), *there(plan, i, j), own)]
            steps.add_to_dw(dw, f, part * patch)
            at = (steps.image_of_dx(n), *here(plan, i, j), own)
            steps.deposit(dx, at, steps.spread(part, kernel[..., f]))
        dx = steps.crop(*steps.reach(dx, plan))
        found: tuple[Images, Kernels, Bias] = steps.done(
            dx, dw, steps.sum_bias(dy, plan), plan, dy
        )
        return found

    return forward, backward


def conv_bug(
    key: str,
    name: str,
    *,
    why: str,
    fix: str,
    source: str,
    unsteady: bool = False,
    error: str = "",
    spellings: Iterable[Mapping[str, Any]] = (),
    halves: bool = False,
    **steps: Any,
) -> Exhibit:
    """Put a convolution together with the steps of a bug, and of its spellings."""

    def pair(steps: Mapping[str, Any]) -> Any:
        return conv_pair(ConvSteps(**steps))

    told = key, "conv", name, why, fix, source
    forward, backward = pair(steps)
    shown = Exhibit(*told, forward, backward, steps, unsteady, error=error)
    return spelt(shown, pair, spellings, ConvSteps if halves else None)


def channels(plan: Plan, f: int) -> slice:
    """Return the channels that a filter reads: those of its group."""
    *_, depth, F = plan.w.shape
    if plan.groups == 1:
        return slice(None)
    group = f // (F // plan.groups)
    return slice(group * depth, (group + 1) * depth)
