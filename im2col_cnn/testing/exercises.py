"""Check the exercises of the notes: one function for each, which says what is wrong.

    from im2col_cnn.testing.exercises import check_count_windows

    check_count_windows(count_windows)  # silence means that it holds

A check calls the function of a learner on small arrays first, compares with this
package, and names the first number that differs. The exercises stand in
``notes/exercises``, and at the end of the pages of the notes.
"""

import tracemalloc
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np

from .. import loops
from .._typing import Array
from ..columns import col2im, im2col
from ..window import Window

__all__ = [
    "check_add_back",
    "check_convolution",
    "check_convolve",
    "check_count_windows",
    "check_dense_to_last",
    "check_dilated_windows",
    "check_forward_taps",
    "check_gradients",
    "check_input_gradient",
    "check_kernel_gradient",
    "check_pixel_gradient",
    "check_same_padding",
    "check_share",
    "check_split_ties",
    "check_spread_average",
    "check_unfold",
    "check_unread",
    "check_weight_gradient",
    "check_windows_as_rows",
    "check_winner_takes_all",
]

MAX_SHOWN = 24  # numbers of an array that a message shows
PLANE, BATCH = "row column", "image row column channel"
KERNELS = "row column channel filter"

Answer = Callable[..., Any]


def compare(answer: Answer, given: dict[str, Any], **wanted: Any) -> None:
    """
    Call a function, and refuse results that are not the right ones.

    Parameters
    ----------
    answer : callable
        Called with copies of the values of `given`, in their order.
    given : dict
        From the name of each argument to its value.
    **wanted : (str, array)
        For each result, what its axes are called, and the result.

    Raises
    ------
    AssertionError
        The message holds the call, the first wrong number, and small arrays in full.
    """
    arrays = {key: each for key, each in given.items() if isinstance(each, np.ndarray)}
    words = [key if key in arrays else str(each) for key, each in given.items()]
    call = f"{getattr(answer, '__name__', 'the function')}({', '.join(words)})"
    shown = "".join(as_text(key, each) for key, each in arrays.items())
    try:
        found = answer(*(np.copy(v) if k in arrays else v for k, v in given.items()))
    except Exception as error:
        error.add_note(f"in {call}{shown}")
        raise
    if len(wanted) > 1 and (not isinstance(found, tuple) or len(found) != len(wanted)):
        raise AssertionError(f"{call} must return {', '.join(wanted)}, got {found!r}")
    results = found if len(wanted) > 1 else (found,)
    for (name, (axes, right)), result in zip(wanted.items(), results, strict=True):
        problem = difference(result, right, axes.split())
        if problem:
            raise AssertionError(f"{call}: {name} {problem}{shown}")


def difference(found: Any, wanted: Any, axes: list[str]) -> str:
    """Say how a result differs from the right one; nothing if it does not."""
    if found is None:
        return "is None: is there a return?"
    if not isinstance(wanted, np.ndarray):
        return "" if found == wanted else f"is {found}, wanted {wanted}"
    if not isinstance(found, np.ndarray):
        return f"is of type {type(found).__name__}, wanted an array: np.array(...)"
    if found.shape != wanted.shape:
        return f"has shape {found.shape}, wanted {wanted.shape}"
    wrong = ~np.isclose(found, wanted)
    if not wrong.any():
        return ""
    first = tuple(np.argwhere(wrong)[0].tolist())
    place = ", ".join(f"{axis} {at}" for axis, at in zip(axes, first, strict=True))
    return (
        f"holds {found[first]:g} in {place}, wanted {wanted[first]:g}; "
        f"{wrong.sum()} of {wrong.size} numbers are wrong"
    )


def as_text(name: str, array: Array) -> str:
    """Write a small array on lines of its own, and only the shape of a large one."""
    start = f"\n    {name} = "
    if array.size > MAX_SHOWN:
        return f"{start}an array of shape {array.shape}"
    return start + np.array2string(array, separator=", ", prefix=start[1:])


def batch(plane: Array) -> Array:
    """Make a batch of one image, with one channel, of a plane."""
    return plane[None, :, :, None]


def plane_of(images: Array) -> Array:
    """Return the first channel of the first image."""
    return np.asarray(images[0, :, :, 0])


def places(H: int, W: int) -> Array:
    """Return an image whose pixel at row i, column j holds ``10 * i + j``."""
    i, j = np.ogrid[:H, :W]
    return np.asarray(10 * i + j)


def counting(*shape: int) -> Array:
    """Return 1, 2, 3, ...: where all numbers differ, none are swapped unseen."""
    return np.arange(1, np.prod(shape) + 1).reshape(shape)


def layers() -> Iterator[tuple[Array, Array, Array]]:
    """Yield images, kernels and biases: first those of the notes, then larger ones."""
    yield batch(places(3, 4)), counting(2, 2, 1, 1), np.zeros(1, int)
    rng = np.random.default_rng(0)
    x, w, b = (rng.integers(-9, 10, s) for s in ((2, 6, 5, 3), (3, 2, 3, 4), (4,)))
    yield x, w, b


# One axis


def check_count_windows(mine: Answer) -> None:
    """Check ``count_windows(size, kernel, stride, padding)``."""
    for kernel, stride, padding, size in product(
        (2, 3, 1), (1, 2, 3), (0, 1), range(3, 9)
    ):
        window = Window((size,), kernel, stride=stride, padding=padding)
        given = {"size": size, "kernel": kernel, "stride": stride, "padding": padding}
        compare(mine, given, count=("", *window.output_size))


def check_same_padding(mine: Answer) -> None:
    """Check ``same_padding(size, kernel, stride)``, which returns (before, after)."""
    for size, kernel, stride in product(range(1, 9), range(1, 5), range(1, 5)):
        window = Window((size,), kernel, stride=stride, padding="same")
        given = {"size": size, "kernel": kernel, "stride": stride}
        compare(mine, given, padding=("", *window.padding))


def check_unread(mine: Answer) -> None:
    """Check ``unread(size, kernel, stride)``, which counts pixels."""
    for kernel, stride, more in product(range(1, 5), range(1, 6), range(11)):
        window = Window((kernel + more,), kernel, stride=stride)
        given = {"size": kernel + more, "kernel": kernel, "stride": stride}
        compare(mine, given, count=("", window.unread))


# Columns


def check_windows_as_rows(mine: Answer) -> None:
    """Check ``windows_as_rows(x, KH, KW)``: im2col of one channel."""
    for H, W, KH, KW in (3, 4, 2, 2), (4, 3, 1, 3), (5, 4, 3, 2):
        x = places(H, W)
        columns = im2col(batch(x), (KH, KW))
        compare(mine, {"x": x, "KH": KH, "KW": KW}, columns=(PLANE, columns))


def check_dilated_windows(mine: Answer) -> None:
    """Check ``dilated_windows(x, K, stride, dilation)``: im2col that leaves gaps."""
    for H, W, K, stride, dilation in (
        *((3, 4, 2, 1, 1), (3, 5, 2, 2, 1), (4, 5, 2, 1, 2), (7, 6, 3, 2, 2)),
    ):
        x = places(H, W)
        given = {"x": x, "K": K, "stride": stride, "dilation": dilation}
        columns = im2col(batch(x), K, stride=stride, dilation=dilation)
        compare(mine, given, columns=(PLANE, columns))


def check_unfold(mine: Answer) -> None:
    """Check ``unfold(x, KH, KW, stride, padding)``: im2col of a batch."""
    for x, _, _ in layers():
        for KH, KW, stride, padding in (2, 2, 1, 0), (3, 2, 2, 1), (1, 3, 3, 2):
            given = {"x": x, "KH": KH, "KW": KW, "stride": stride, "padding": padding}
            columns = im2col(x, (KH, KW), stride=stride, padding=padding)
            compare(mine, given, columns=(PLANE, columns))


def check_add_back(mine: Answer) -> None:
    """Check ``add_back(columns, H, W, KH, KW)``: col2im of one channel."""
    for H, W, KH, KW in (3, 4, 2, 2), (4, 3, 1, 3), (5, 4, 3, 2):
        columns = counting((H - KH + 1) * (W - KW + 1), KH * KW)
        given = {"columns": columns, "H": H, "W": W, "KH": KH, "KW": KW}
        folded = plane_of(col2im(columns, (1, H, W, 1), (KH, KW)))
        compare(mine, given, image=(PLANE, folded))


# Convolution


def check_convolution(mine: Answer) -> None:
    """Check ``convolution(x, w)``."""
    for x, w, _ in layers():
        compare(mine, {"x": x, "w": w}, y=(BATCH, loops.conv_forward(x, w)[0]))


check_forward_taps = check_convolution  # in another way


def check_convolve(mine: Answer) -> None:
    """Check ``convolve(x, w, b, stride, padding)``."""
    for x, w, b in layers():
        for stride, padding in (1, 0), (2, 0), (2, 1), (3, 2):
            given = {"x": x, "w": w, "b": b, "stride": stride, "padding": padding}
            y, _ = loops.conv_forward(x, w, b, stride=stride, padding=padding)
            compare(mine, given, y=(BATCH, y))


def check_weight_gradient(mine: Answer) -> None:
    """Check ``weight_gradient(dy, x)``: dw of one channel and one filter."""
    for OH, OW, KH, KW in (2, 3, 2, 2), (3, 2, 1, 3), (2, 2, 3, 2):
        x, dy = places(OH + KH - 1, OW + KW - 1), counting(OH, OW)
        _, cache = loops.conv_forward(batch(x), counting(KH, KW, 1, 1))
        _, dw, _ = loops.conv_backward(batch(dy), cache)
        compare(mine, {"dy": dy, "x": x}, dw=(PLANE, dw[:, :, 0, 0]))


def check_pixel_gradient(mine: Answer) -> None:
    """Check ``pixel_gradient(dy, w, H, W, stride)``: dx of one channel."""
    for H, W, KH, KW, stride in (3, 4, 2, 2, 1), (3, 5, 2, 2, 2), (6, 5, 3, 2, 2):
        w = counting(KH, KW)
        y, cache = loops.conv_forward(
            batch(places(H, W)), w[:, :, None, None], stride=stride
        )
        dy = counting(*plane_of(y).shape)
        dx, _, _ = loops.conv_backward(batch(dy), cache)
        given = {"dy": dy, "w": w, "H": H, "W": W, "stride": stride}
        compare(mine, given, dx=(PLANE, plane_of(dx)))


def check_gradients(mine: Answer) -> None:
    """Check ``gradients(dy, x, w, stride)``, which returns dx, dw and db."""
    for x, w, b in layers():
        for stride in (1, 2, 3):
            y, cache = loops.conv_forward(x, w, b, stride=stride)
            dy = counting(*y.shape)
            dx, dw, db = loops.conv_backward(dy, cache)
            given = {"dy": dy, "x": x, "w": w, "stride": stride}
            compare(mine, given, dx=(BATCH, dx), dw=(KERNELS, dw), db=("filter", db))


def check_input_gradient(mine: Answer) -> None:
    """Check ``input_gradient(dy, w, p)``: dx by one convolution more."""
    rng = np.random.default_rng(0)
    for (KH, KW, C, F), p in product(
        [(2, 2, 1, 1), (3, 2, 2, 4), (2, 3, 3, 2)], range(5)
    ):
        w = rng.integers(-9, 10, (KH, KW, C, F))
        y, cache = loops.conv_forward(np.zeros((2, 4, 6, C), int), w, padding=p)
        dy = counting(*y.shape)
        dx, _, _ = loops.conv_backward(dy, cache)
        compare(mine, {"dy": dy, "w": w, "p": p}, dx=(BATCH, dx))


def check_kernel_gradient(mine: Answer) -> None:
    """Check ``kernel_gradient(x, dy, KH, KW)``: dw, without all columns at once."""
    for x, w, _ in layers():
        KH, KW, *_ = w.shape
        y, cache = loops.conv_forward(x, w)
        dy = counting(*y.shape)
        _, dw, _ = loops.conv_backward(dy, cache)
        given = {"x": x, "dy": dy, "KH": KH, "KW": KW}
        compare(mine, given, dw=(KERNELS, dw))
    large, dy = np.ones((8, 20, 20, 8)), np.ones((8, 18, 18, 4))
    tracemalloc.start()
    mine(large, dy, 3, 3)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    times = peak / large.nbytes
    assert times < 2, f"it needs {times:.1f} times the memory of the images, wanted 2"


def check_dense_to_last(mine: Answer) -> None:
    """Check ``dense_to_last(w, C, H, W)``, which reorders the rows of a matrix."""
    for C, H, W, K in (2, 2, 3, 1), (3, 1, 2, 4):
        w = counting(C * H * W, K)
        wanted = w.reshape(C, H, W, K).transpose(1, 2, 0, 3).reshape(w.shape)
        compare(mine, {"w": w, "C": C, "H": H, "W": W}, w=(PLANE, wanted))


# Pooling


def check_split_ties(mine: Answer) -> None:
    """Check ``split_ties(dy, x, K)``: windows side by side, and maxima that share."""
    tied = np.array([[1, 5, 2, 2, 3, 1], [0, 3, 8, 1, 3, 0]])
    cold = np.random.default_rng(0).integers(-3, 0, (6, 9))
    for x, K, times in (tied, 2, 12), (cold, 3, 12), (tied, 2, 1):
        y, cache = loops.max_pool_forward(batch(x), K, ties="split")
        dy = times * counting(*plane_of(y).shape)
        dx = plane_of(loops.max_pool_backward(batch(1.0 * dy), cache))
        compare(mine, {"dy": dy, "x": x, "K": K}, dx=(PLANE, dx))


def check_winner_takes_all(mine: Answer) -> None:
    """Check ``winner_takes_all(dy, x, K, stride)``: the first gets it all."""
    rng = np.random.default_rng(0)
    for H, W, K, stride in (2, 6, 2, 2), (5, 4, 2, 1), (6, 5, 3, 2), (7, 4, 2, 3):
        x = rng.integers(-3, 0, (H, W))
        y, cache = loops.max_pool_forward(batch(x), K, stride=stride)
        dy = counting(*plane_of(y).shape)
        dx = plane_of(loops.max_pool_backward(batch(dy), cache))
        compare(mine, {"dy": dy, "x": x, "K": K, "stride": stride}, dx=(PLANE, dx))


def check_spread_average(mine: Answer) -> None:
    """Check ``spread_average(dy, H, W, K, padding)``: padding counts."""
    for H, W, K, padding, times in (
        *((3, 4, 2, 0, 36), (3, 4, 2, 1, 36), (5, 3, 3, 1, 36), (3, 4, 2, 1, 1)),
    ):
        settings = {"stride": 1, "padding": padding, "count_include_pad": True}
        dy, dx = averaged(H, W, K, times, **settings)
        given = {"dy": dy, "H": H, "W": W, "K": K, "padding": padding}
        compare(mine, given, dx=(PLANE, dx))


def check_share(mine: Answer) -> None:
    """Check ``share(dy, H, W, K, stride, padding)``, where padding does not count."""
    for H, W, K, stride, padding, times in (
        *((3, 4, 2, 1, 0, 36), (4, 5, 2, 2, 1, 36), (5, 3, 3, 2, 1, 36)),
        (3, 4, 2, 1, 1, 1),
    ):
        dy, dx = averaged(H, W, K, times, stride=stride, padding=padding)
        given = {"dy": dy, "H": H, "W": W, "K": K, "stride": stride, "padding": padding}
        compare(mine, given, dx=(PLANE, dx))


def averaged(
    H: int, W: int, K: int, times: int, **settings: Any
) -> tuple[Array, Array]:
    """Return a gradient of averages, whole numbers, and that of the pixels."""
    y, cache = loops.avg_pool_forward(np.zeros((1, H, W, 1)), K, **settings)
    dy = times * counting(*plane_of(y).shape)
    return dy, plane_of(loops.avg_pool_backward(batch(1.0 * dy), cache))
