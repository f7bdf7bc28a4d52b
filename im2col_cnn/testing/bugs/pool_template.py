"""Pool images with rows and columns in steps, each of which can be done wrong."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from ..._checks import as_upstream
from ..._typing import Array, Images, Shape
from ...placing import pooling_window
from ...window import Window
from .exhibit import Exhibit, spelt

__all__ = [
    "PoolPlan",
    "PoolSteps",
    "first_maximum",
    "max_bug",
    "mean_bug",
    "pad",
    "pool_pair",
    "real_pixels",
    "taps",
]

Place = tuple[slice, slice]


@dataclass(frozen=True)
class PoolPlan:
    """One call: the images, where windows stand, and what fills the padding."""

    x: Images
    window: Window
    fill: float


def pad(plan: PoolPlan) -> Images:
    """Surround images with numbers that do not win."""
    pairs = [
        (axis.before, axis.padded_size - axis.before - axis.size)
        for axis in plan.window.axes
    ]
    return np.pad(plan.x, ((0, 0), *pairs, (0, 0)), constant_values=plan.fill)


def taps(plan: PoolPlan, i: int, j: int) -> Place:
    """Return the rows and the columns of the padded image that a window reads."""
    rows, columns = plan.window.axes
    return (
        slice(i * rows.stride, i * rows.stride + rows.span, rows.dilation),
        slice(j * columns.stride, j * columns.stride + columns.span, columns.dilation),
    )


def real_pixels(plan: PoolPlan, i: int, j: int) -> int:
    """Count the real pixels in a window, wherever it stands."""
    rows, columns = taps(plan, i, j)
    count = 1
    for axis, tap in zip(plan.window.axes, (rows, columns), strict=True):
        first, stop = axis.before, axis.before + axis.size
        places = range(tap.start, tap.stop, tap.step)
        count *= sum(first <= place < stop for place in places)
    return count


def stops(plan: PoolPlan) -> Shape:
    """Count the windows along rows and columns."""
    return plan.window.output_size


def deposit(dx: Images, here: tuple[Any, ...], part: Array, weights: Array) -> None:
    """Add the gradient of one window to the pixels it reads."""
    dx[here] += part


def weigh(dy: Images, at: tuple[int, ...], weights: Array, plan: PoolPlan) -> Any:
    """Weigh the pixels of a window by their parts in its number."""
    return dy[at] * weights


def crop(dx: Images, plan: PoolPlan) -> Images:
    """Cut the padding off again."""
    inner = (slice(axis.before, axis.before + axis.size) for axis in plan.window.axes)
    return dx[(slice(None), *inner)]


@dataclass(frozen=True)
class PoolSteps:
    """The lines of a pooling in which people go wrong."""

    value: Callable[[Array, int], Any]
    weights: Callable[[Array, int], Array]
    fill: float
    part: Callable[[Images, tuple[int, ...], Array, PoolPlan], Any] = weigh
    as_window: Callable[..., Window] = pooling_window
    check_upstream: Callable[[Array, Shape], Any] = as_upstream
    pad: Callable[[PoolPlan], Images] = pad
    stops: Callable[[PoolPlan], Shape] = stops
    reads: Callable[[PoolPlan, int, int], Place] = taps
    writes: Callable[[PoolPlan, int, int], Place] = taps
    looks: Callable[[PoolPlan, int, int], Place] | None = None  # where it writes
    count: Callable[[PoolPlan, int, int], int] = real_pixels
    upstream: Callable[[Images], Images] = np.asarray
    dtype: Callable[[Array], Any] = lambda array: array.dtype
    image: Callable[[int], Any] = lambda n: n
    channel: Callable[[int], Any] = lambda c: c
    visits: Callable[[Shape, PoolPlan], Any] = lambda sizes, plan: np.ndindex(sizes)
    visits_back: Callable[[Shape, PoolPlan], Any] = lambda sizes, plan: np.ndindex(
        sizes
    )
    new_dx: Callable[[Shape, Any], Images] = np.zeros
    deposit: Callable[[Images, Any, Array, Array], None] = deposit
    crop: Callable[[Images, PoolPlan], Images] = crop
    images: Callable[[Images], int] = len
    done: Callable[[Images, Images], Images] = lambda dx, dy: dx


def pool_pair(steps: PoolSteps) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Put steps together to a forward and a backward."""

    def forward(
        x: Images,
        kernel_size: Any,
        *,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        ceil_mode: bool = False,
    ) -> tuple[Images, PoolPlan]:
        window = steps.as_window(
            x.shape[1:3],
            kernel_size,
            stride=stride,
            padding=padding,
            dilation=dilation,
            ceil_mode=ceil_mode,
        )
        plan = PoolPlan(x, window, steps.fill)
        padded = steps.pad(plan)
        N, *_, C = x.shape
        sizes = steps.stops(plan)
        y = np.zeros((N, *sizes, C), steps.dtype(x))
        visited = list(steps.visits(sizes, plan))
        counts = {at: steps.count(plan, *at) for at in visited}
        for n, (i, j), c in product(range(N), visited, range(C)):
            rows, columns = steps.reads(plan, i, j)
            patch = padded[steps.image(n), rows, columns, steps.channel(c)]
            y[n, i, j, c] = steps.value(patch, counts[i, j])
        return y, plan

    def backward(dy: Images, plan: PoolPlan) -> Images:
        N, *_, C = plan.x.shape
        steps.check_upstream(dy, (N, *steps.stops(plan), C))
        padded, dy = steps.pad(plan), steps.upstream(dy)
        dx = steps.new_dx(padded.shape, steps.dtype(dy))
        visited = list(steps.visits_back(dy.shape[1:3], plan))
        counts = {at: steps.count(plan, *at) for at in visited}
        images = range(min(steps.images(plan.x), len(dy)))
        for n, (i, j), c in product(images, visited, range(min(C, dy.shape[-1]))):
            here = (n, *steps.writes(plan, i, j), c)
            seen = (n, *(steps.looks or steps.writes)(plan, i, j), c)
            weights = steps.weights(padded[seen], counts[i, j])
            part = steps.part(dy, (n, i, j, c), weights, plan)
            steps.deposit(dx, here, part, weights)
        return steps.done(steps.crop(dx, plan), dy)

    return forward, backward


def first_maximum(patch: Array, count: int) -> Array:
    """Mark the first maximum, or the first NaN."""
    weights = np.zeros(patch.shape)
    if patch.size:
        weights.flat[np.argmax(patch)] = 1
    return weights


def maximum(patch: Array, count: int) -> Any:
    return np.max(patch)


def total_over_count(patch: Array, count: int) -> Any:
    # A window that sticks out of the image has fewer pixels, or none: np.mean is NaN.
    return np.sum(patch) / min(count, patch.size)


def equal_shares(patch: Array, count: int) -> Array:
    return np.full(patch.shape, 1 / max(1, count))


right_max = partial(PoolSteps, value=maximum, weights=first_maximum, fill=-np.inf)
right_mean = partial(PoolSteps, value=total_over_count, weights=equal_shares, fill=0)


def pool_bug(  # noqa: PLR0917 - two of them are given below
    kind: str,
    right: Callable[..., PoolSteps],
    key: str,
    name: str,
    why: str,
    fix: str,
    source: str,
    *,
    unsteady: bool = False,
    error: str = "",
    spellings: Iterable[Mapping[str, Any]] = (),
    halves: bool = False,
    **steps: Any,
) -> Exhibit:
    """Put a pooling together with the steps of a bug, and of its spellings."""

    def pair(steps: Mapping[str, Any]) -> Any:
        return pool_pair(right(**steps))

    told = key, kind, name, why, fix, source
    forward, backward = pair(steps)
    shown = Exhibit(*told, forward, backward, steps, unsteady, error=error)
    return spelt(shown, pair, spellings, PoolSteps if halves else None)


max_bug = partial(pool_bug, "max_pool", right_max)
mean_bug = partial(pool_bug, "avg_pool", right_mean)
