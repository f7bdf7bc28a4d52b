"""Winograd's F(2x2, 3x3): four outputs of a 3x3 kernel in 16 products instead of 36.

Two neighbouring windows of three taps read four pixels d. Along one axis,

    B d = (d0 - d2, d1 + d2, d2 - d1, d1 - d3)
    G w = (w0, (w0 + w1 + w2) / 2, (w0 - w1 + w2) / 2, w2)
    A m = (m0 + m1 + m2, m1 - m2 - m3)

    y = A (B d * G w)              dw = G.T (B d * A.T dy)

For d = (1, 2, 3, 5) and w = (1, 2, 4): B d = (-2, 5, 1, -3), G w = (1, 3.5, 1.5, 4),
their products are (-2, 17.5, 1.5, -12) and A makes (17, 28) of them: two outputs for
four products, where 1*1 + 2*2 + 3*4 and 2*1 + 3*2 + 5*4 take six.

Along two axes the matrices are Kronecker products of these: 16 places for 16 pixels,
9 taps and 4 outputs. Each transform is one product of a small matrix and a wide one,
whose rows are what all blocks hold in one place. With many channels, the products in
between are products of matrices; G w must be shared by many blocks.

Lavin and Gray write ``Y = A^T [(G g) * (B^T d)] A``: B here is their B^T, A their A^T.

Only halves appear, so whole numbers stay exact. But infinity minus infinity is NaN:
where a result is not finite, the caller is told to go the long way.

References: Winograd, "Arithmetic Complexity of Computations", 1980; Lavin and Gray,
"Fast Algorithms for Convolutional Neural Networks", 2016.
"""

from collections.abc import Callable
from functools import cache, reduce
from math import prod
from typing import TypeVar

import numpy as np

from .._checks import as_flag
from .._typing import Array, Images, Kernels, Shape
from ..axis import Axes, Axis
from ..window import EVERY
from .scoped import Scoped, Setting
from .scratch import scratch
from .threads import run
from .tiles import Tile, room, tiles
from .unfold import pad, view_windows
from .wide_windows import is_finite
from .workspace import most_results

__all__ = [
    "correlate",
    "is_wanted",
    "kernel_gradient",
    "winograd",
    "winograd_unless_refused",
]

OUTPUTS, TAPS, PLACES = 2, 3, 4  # along one axis of a block

Result = TypeVar("Result")

MIN_CHANNELS = 64  # and filters: with fewer, transforms take longer than products
MIN_BLOCKS = 256  # blocks of two outputs along each axis: G w is shared by them
MAX_KERNEL_BYTES = 2**22  # of G w: several of its gradients are in memory at once
MAX_BLOCKS_PER_TILE = 256  # what they become stays in the cache of one core

Matrix = tuple[tuple[float, ...], ...]

B: Matrix = (1, 0, -1, 0), (0, 1, 1, 0), (0, -1, 1, 0), (0, 1, 0, -1)
G: Matrix = (1, 0, 0), (0.5, 0.5, 0.5), (0.5, -0.5, 0.5), (0, 0, 1)
A: Matrix = (1, 1, 1, 0), (0, 1, -1, -1)


_wanted = Setting("winograd")


def winograd(on: bool = True) -> Scoped:  # it reads well
    """
    Set whether 3x3 convolutions of many channels may use Winograd's scheme.

    Parameters
    ----------
    on : bool, default True
        Without this call they do not. `nn.fit`, `nn.evaluate` and `nn.predict` ask for
        it, unless ``winograd(False)`` holds where they are called.

    Returns
    -------
    context manager
        To be used in a ``with`` statement, which puts the setting back at its end, or
        not at all.

    Raises
    ------
    TypeError
        If `on` is not True or False.

    Notes
    -----
    Where every axis of the kernel has three taps, at stride and dilation 1, and there
    are 64 channels and filters or more, floats then take 16 products for 2 by 2 outputs
    instead of 36. Whole numbers stay exact. Other numbers are rounded relative to the
    largest pixels nearby, also of the windows next door: beside a pixel of 1e8, ones
    are lost. A network does not notice; what looks at single entries may.

    It holds for the thread that calls it, like `threads`.

    References
    ----------
    Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2016.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn import conv_forward, winograd
    >>> x = np.ones((1, 32, 32, 64), np.float32)
    >>> w = np.zeros((3, 3, 64, 64), np.float32)
    >>> w[1, 1] = np.eye(64)  # y = x
    >>> x[0, 9, 9] = 1e8
    >>> y, _ = conv_forward(x, w, padding=1)
    >>> float(y[0, 9, 8, 0])
    1.0
    >>> with winograd():
    ...     y, _ = conv_forward(x, w, padding=1)
    >>> float(y[0, 9, 8, 0])
    0.0
    """
    return _wanted.set(int(as_flag(on, "on")))


def winograd_unless_refused() -> Scoped:
    """Use it from here on, or inside a ``with``, unless ``winograd(False)`` holds."""
    asked = _wanted.get()
    return _wanted.set(1 if asked is None else asked)


def is_wanted() -> bool:
    """Tell whether it is asked for."""
    return bool(_wanted.get())


def transform_pixels(x: Images, tile: Tile, dtype: np.dtype) -> Array:
    """Return B d of all blocks of a tile, (4 * 4, P, C)."""
    return transform(
        B, view_windows(pad(x[tile.pixels], tile, dtype), tile), tile, "pixels spread"
    )


def transform_gradients(y: Images, tile: Tile, dtype: np.dtype) -> Array:
    """Return A.T y of all blocks of a tile, (4 * 4, P, F)."""
    here = y[outputs_of(tile, y.shape)]
    axes = tuple(pairs_along(size) for size in here.shape[1:-1])
    pairs = tile._replace(axes=axes)
    blocks = view_windows(pad(here, pairs, dtype), pairs)
    return transform(transposed(A), blocks, tile, "outputs spread")


def transform(matrix: Matrix, blocks: Array, tile: Tile, purpose: str) -> Array:
    """Multiply what stands in the places of all blocks, (n, *BLOCKS, 2, 2, F)."""
    n, F = len(tile.axes), blocks.shape[-1]
    by_place = np.moveaxis(blocks, range(1 + n, 1 + 2 * n), range(n))
    d = scratch("columns", by_place.shape, blocks.dtype)
    np.copyto(d, by_place)
    return multiplied(matrix, d, n, purpose).reshape(-1, tile.size, F)


def write_outputs(M: Array, tile: Tile, out: Images, b: Array | None = None) -> None:
    """Write A m of all blocks to the outputs, and add b."""
    n = len(tile.axes)
    if b is not None:
        M[place_in_all(n)] += b
    m = multiplied(A, M, n, "outputs")
    m = m.reshape(*(OUTPUTS,) * n, *tile.out, M.shape[-1])
    here = out[outputs_of(tile, out.shape)]
    for place in np.ndindex(m.shape[:n]):
        part = here[(EVERY, *(slice(side, None, OUTPUTS) for side in place))]
        part[...] = m[place][tuple(slice(size) for size in part.shape)]


def transform_kernels(w: Kernels) -> Array:
    """Return G w, (4 * 4, C, F), as transposed as w is."""
    *kernel, C, F = w.shape
    if abs(w.strides[-1]) > abs(w.strides[-2]):
        return transform_kernels(w.swapaxes(-1, -2)).swapaxes(-1, -2)
    return multiplied(G, w, len(kernel)).reshape(-1, C, F)


def inverse_transform_kernels(U: Array, out: Kernels) -> None:
    """Write G.T u, (3, 3, C, F), to `out`."""
    out[...] = multiplied(transposed(G), U, out.ndim - 2).reshape(out.shape)


def multiplied(matrix: Matrix, array: Array, n: int, purpose: str = "") -> Array:
    """Multiply by a matrix along each of `n` axes; into scratch memory, if named."""
    M = along(matrix, n, array.dtype)
    rows = array.reshape(M.shape[1], -1)
    shape = len(M), rows.shape[1]
    out = scratch(purpose, shape, rows.dtype) if purpose else None
    return np.matmul(M, rows, out=out)


@cache
def along(matrix: Matrix, n: int, dtype: np.dtype) -> Array:
    """Return the Kronecker product of `n` equal matrices."""
    return reduce(np.kron, [np.array(matrix, dtype)] * n)


def transposed(matrix: Matrix) -> Matrix:
    """Exchange rows and columns."""
    return tuple(zip(*matrix, strict=True))


def outputs_of(tile: Tile, shape: Shape) -> tuple[slice, ...]:
    """Return where the outputs of a tile of blocks stand in an array of this shape."""
    images, *blocks = tile.stops
    sides = zip(blocks, shape[1:-1], strict=True)
    return images, *(slice(2 * b.start, min(2 * b.stop, size)) for b, size in sides)


def place_in_all(n: int) -> int:
    """Return the place (1, 1): column 1 of `A` is all ones, so every output has it.

    What is added there, a bias say, is added to every output.
    """
    return sum(PLACES**i for i in range(n))


def pairs_along(size: int) -> Axis:
    """Return how a window of two outputs slides along so many, the last one padded."""
    return Axis(size, kernel=2, stride=2, dilation=1, before=0, after=size % 2)


def correlate(
    x: Images, w: Kernels, axes: Axes, out: Images, b: Array | None = None
) -> bool:
    """Slide every kernel over every image; False if that is not the way."""
    if not is_faster(axes, x, w):
        return False
    # What is too large or too small here need not be on the long way, which says so.
    with np.errstate(all="ignore"):
        U = transform_kernels(w)

        def multiply(tile: Tile) -> None:
            V = transform_pixels(x, tile, w.dtype)
            write_outputs(products(V, U), tile, out, b)

        over_blocks(len(x), axes, U, task=multiply)
    return is_finite(out)


def kernel_gradient(x: Images, dy: Images, axes: Axes, out: Kernels) -> bool:
    """Add up the gradient of the kernels; False as above."""
    if not is_faster(axes, x, out):
        return False
    total = np.zeros((PLACES ** len(axes), *out.shape[-2:]), out.dtype)

    def multiply(tile: Tile) -> Array:
        V = transform_pixels(x, tile, out.dtype)
        return V.swapaxes(1, 2) @ transform_gradients(dy, tile, out.dtype)

    def add(part: Array) -> None:
        np.add(total, part, out=total)

    with np.errstate(all="ignore"):
        over_blocks(len(x), axes, total, task=multiply, then=add)
        inverse_transform_kernels(total, out)
    return is_finite(out)


def is_faster(axes: Axes, x: Images, w: Kernels) -> bool:
    """Tell whether it is asked for and faster: three taps, and many channels."""
    if not is_wanted():
        return False
    shaped = all((a.kernel, a.stride, a.dilation) == (TAPS, 1, 1) for a in axes)
    shared_by = len(x) * prod(halved(axis.output_size) for axis in axes)
    many = min(w.shape[-2:]) >= MIN_CHANNELS and shared_by >= MIN_BLOCKS
    heavy = PLACES ** len(axes) * prod(w.shape[-2:]) * w.itemsize > MAX_KERNEL_BYTES
    return shaped and many and not heavy and w.dtype.kind == "f"


def over_blocks(
    N: int,
    axes: Axes,
    U: Array,
    *,
    task: Callable[[Tile], Result],
    then: Callable[[Result], object] = lambda _: None,
) -> None:
    """Cut the outputs into blocks of two along each axis, and these into tiles."""
    places, C, F = U.shape
    pairs = tuple(as_blocks(axis) for axis in axes)
    most, threads = room(pairs, places * (C + F), U.itemsize)
    items = tiles(N, pairs, min(MAX_BLOCKS_PER_TILE, most))
    ahead = most_results(U.nbytes)  # the gradient of a kernel, for every tile
    run(task, items, then=then, most=threads, ahead=ahead)


def as_blocks(axis: Axis) -> Axis:
    """Return how a window of four pixels, for two outputs, slides along an axis."""
    reach = OUTPUTS * halved(axis.output_size) + PLACES - OUTPUTS
    after = reach - axis.before - axis.size
    return axis._replace(kernel=PLACES, stride=OUTPUTS, after=after)


def halved(size: int) -> int:
    """Return how many pairs hold so many."""
    return -(-size // 2)


def products(V: Array, U: Array) -> Array:
    """Multiply all blocks and all kernels, place by place."""
    out = scratch("columns", (*V.shape[:2], U.shape[-1]), U.dtype)
    return np.matmul(V, U, out=out)
