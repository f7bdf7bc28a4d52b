"""Layers that make images larger or smaller, and compute nothing: each pixel is a copy.

    Pad, Upsample     one pixel may go to several places
    Crop, Slice       some pixels go nowhere

Going back, gradients of copies add up, and what went nowhere gets 0.
"""

from dataclasses import KW_ONLY
from functools import partial
from typing import Any, Literal, TypeAlias, final, get_args

import numpy as np

from .._checks import as_int, as_padding, as_per_axis, as_real, by
from .._dtypes import arithmetic, wide
from .._typing import Array, Padding, Shape, Sizes
from .layer import SIZES, PureLayer, Rule, Rules, as_axis, axis_within, one_of, optional

__all__ = ["Crop", "Pad", "Slice", "Upsample"]

PadMode: TypeAlias = Literal["constant", "edge", "reflect", "wrap"]
Pairs: TypeAlias = tuple[tuple[int, int], ...]

ANY_INT: Rule = partial(as_int, at_least=-(2**63))


def require_pairs(padding: Padding, name: str) -> None:
    """Refuse what is no padding in numbers."""
    if isinstance(padding, str):
        raise ValueError(f"{name} must be numbers of pixels, got {padding!r:.60}")
    axes = len(padding) if isinstance(padding, tuple | list) else 1
    as_padding(padding, max(axes, 1))


@final
class Pad(PureLayer):
    """
    Put pixels around images: ``(*SPATIAL, C) -> (*LARGER, C)``.

    Parameters
    ----------
    padding : int, one int or one (before, after) pair per spatial axis
        How many pixels.
    mode : {"constant", "edge", "reflect", "wrap"}, default "constant"
        What they hold: `value`, or copies of pixels as in `numpy.pad`.
    value : float, default 0
        For "constant".

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn.nn import Pad
    >>> y, _ = Pad(((1, 2),), mode="reflect").forward(np.array([[[5], [6], [7]]]))
    >>> y.ravel()
    array([6, 5, 6, 7, 6, 5])
    """

    kind = "pad"
    rules = Rules(padding=require_pairs, mode=one_of(*get_args(PadMode)), value=as_real)

    padding: Padding
    _: KW_ONLY
    mode: PadMode = "constant"
    value: float = 0

    def compute(self, x: Array) -> tuple[Array, Any]:
        """Pad; the cache is the shape of ``x``."""
        pairs = pairs_for(self.padding, x.shape)
        self.require_enough(pairs, x.shape[1:-1])
        widths = ((0, 0), *pairs, (0, 0))
        if self.mode == "constant":
            return np.pad(x, widths, constant_values=self.value), x.shape
        return np.pad(x, widths, self.mode), x.shape

    def pull_back(self, dy: Array, cache: Any) -> Array:
        """Crop the gradient; add what copies of a pixel are given."""
        pairs = pairs_for(self.padding, cache)
        if self.mode == "constant":
            return dy[inside(pairs, dy.shape)]
        result, working = arithmetic(dy)
        dx = dy.astype(wide(working))
        for axis, pair in enumerate(pairs, start=1):
            source = np.pad(np.arange(cache[axis]), pair, self.mode)
            before = np.moveaxis(dx, axis, 0)
            after = np.zeros((cache[axis], *before.shape[1:]), dx.dtype)
            np.add.at(after, source, before)
            dx = np.moveaxis(after, 0, axis)
        return np.asarray(dx, result)

    def require_enough(self, pairs: Pairs, spatial: Shape) -> None:
        """Refuse to mirror or repeat more pixels than there are."""
        fewer = {"reflect": 1, "wrap": 0}.get(self.mode)
        if fewer is None:
            return
        for size, pair in zip(spatial, pairs, strict=True):
            if max(pair) > size - fewer:
                raise ValueError(
                    f'padding = {max(pair)} with mode="{self.mode}" needs more than '
                    f"the {size} pixels of an image of {by(spatial)}: pad less"
                )


@final
class Crop(PureLayer):
    """
    Cut pixels off around images, as many as `Pad` would add.

    Parameters
    ----------
    padding : int, one int or one (before, after) pair per spatial axis
        How many pixels.
    """

    kind = "crop"
    rules = Rules(padding=require_pairs)

    padding: Padding

    def compute(self, x: Array) -> tuple[Array, Any]:
        """Cut; the cache is the shape of ``x``."""
        y = x[inside(pairs_for(self.padding, x.shape), x.shape)]
        if 0 in y.shape[1:]:
            raise ValueError(
                f"cropping {self.padding} leaves nothing of an image of "
                f"{by(x.shape[1:-1])}: crop less"
            )
        return y, x.shape

    def pull_back(self, dy: Array, cache: Any) -> Array:
        """Put 0 around the gradient."""
        return np.pad(dy, ((0, 0), *pairs_for(self.padding, cache), (0, 0)))


@final
class Slice(PureLayer):
    """
    Keep ``start:stop:step`` of an axis, that of channels unless told otherwise.

    Parameters
    ----------
    start, stop : int or None
        As in ``x[start:stop]``.
    step : int, default 1
    axis : int, default -1
        Of ``(N, *SPATIAL, C)``.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn.nn import Slice
    >>> y, cache = Slice(1, None, step=2).forward(np.array([[0, 1, 2, 3]]))
    >>> y
    array([[1, 3]])
    >>> Slice(1, None, step=2).backward(np.array([[5, 6]]), cache)
    (array([[0, 5, 0, 6]]), {})
    """

    kind = "slice"
    rules = Rules(
        start=optional(ANY_INT), stop=optional(ANY_INT), step=ANY_INT, axis=as_axis
    )

    start: int | None
    stop: int | None
    _: KW_ONLY
    step: int = 1
    axis: int = -1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.step == 0:
            raise ValueError("step must not be 0")

    def compute(self, x: Array) -> tuple[Array, Any]:
        """Return a view; the cache is the shape of ``x``."""
        y = x[self.place(x.shape)]
        if 0 in y.shape[1:]:
            raise ValueError(f"{self} keeps nothing of {by(x.shape[1:])}")
        return y, x.shape

    def pull_back(self, dy: Array, cache: Any) -> Array:
        """Put the gradient where it came from, and 0 elsewhere."""
        dx = np.zeros(cache, dy.dtype)
        dx[self.place(cache)] = dy
        return dx

    def place(self, shape: Shape) -> tuple[slice, ...]:
        """Return the index of what is kept."""
        axis = axis_within(self.axis, len(shape))
        return (slice(None),) * axis + (slice(self.start, self.stop, self.step),)


@final
class Upsample(PureLayer):
    """
    Make each pixel a block of equal ones: ``(*SPATIAL, C) -> (*SPATIAL * scale, C)``.

    Parameters
    ----------
    scale : int or one int per spatial axis
        How many pixels become of one.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn.nn import Upsample
    >>> y, cache = Upsample(2).forward(np.array([[[1], [2]]]))
    >>> y.ravel()
    array([1, 1, 2, 2])
    >>> Upsample(2).backward(np.array([[[5], [6], [7], [8]]]), cache)[0].ravel()
    array([11, 15])
    """

    kind = "upsample"
    rules = Rules(scale=SIZES)

    scale: Sizes

    def compute(self, x: Array) -> tuple[Array, Any]:
        """Repeat; the cache is the shape of blocks, ``(N, H, SH, W, SW, C)``."""
        N, *spatial, C = with_pixels(x.shape)
        scale = as_per_axis(self.scale, "scale", len(spatial), at_least=1)
        pairs = list(zip(spatial, scale, strict=True))
        blocks = (N, *(n for pair in pairs for n in pair), C)
        alone = x.reshape(N, *(n for size in spatial for n in (size, 1)), C)
        y = np.broadcast_to(alone, blocks)
        return y.reshape(N, *(size * times for size, times in pairs), C), blocks

    def pull_back(self, dy: Array, cache: Any) -> Array:
        """Add the gradient up, block by block."""
        result, working = arithmetic(dy)
        within = tuple(range(2, len(cache) - 1, 2))
        dx = dy.reshape(cache).sum(axis=within, dtype=wide(working))
        return np.asarray(dx, result)


def pairs_for(padding: Padding, shape: Shape) -> Pairs:
    """Return how much to pad before and after each spatial axis of a batch."""
    found = as_padding(padding, len(with_pixels(shape)) - 2)
    return tuple(pair for pair in found if not isinstance(pair, str))


def with_pixels(shape: Shape) -> Shape:
    """Return the shape of a batch of images; refuse that of vectors."""
    if len(shape) < 3:
        raise ValueError(f"this layer reads images, got vectors: {shape[1:]}")
    return shape


def inside(pairs: Pairs, shape: Shape) -> tuple[slice, ...]:
    """Return the index of what is left without so many pixels around."""
    cuts = (
        slice(before, max(size - after, before))
        for size, (before, after) in zip(shape[1:-1], pairs, strict=True)
    )
    return slice(None), *cuts
