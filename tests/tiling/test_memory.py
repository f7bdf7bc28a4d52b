"""Memory: beyond arguments and results, the same little for any batch."""

import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import numpy.typing as npt
import pytest

from im2col_cnn import (
    avg_pool_backward,
    avg_pool_forward,
    conv_backward,
    conv_forward,
    conv_transpose_backward,
    conv_transpose_forward,
    max_pool_backward,
    max_pool_forward,
    recycling,
    threads,
)
from im2col_cnn._typing import Array
from im2col_cnn.tiling import dispatch
from im2col_cnn.tiling.threads import pool_of
from im2col_cnn.tiling.workspace import workspace
from tests.profile import in_turn

Work = Callable[[Array], list[Array | None]]


@pytest.fixture(autouse=True)
def results_have_memory_of_their_own() -> Iterator[None]:
    with recycling(0):
        yield


def peak_beyond_results(work: Work, N: int, dtype: npt.DTypeLike) -> int:
    """Measure what is used at most and not handed back, in bytes."""
    x = np.zeros((N, 20, 20, 8), dtype)
    work(x[:1])  # Python's own tables may grow at a first call, by two megabytes
    tracemalloc.start()
    results = work(x)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak - sum(array.nbytes for array in results if array is not None)


def convolve(x: Array, stride: int = 1, groups: int = 1) -> list[Array | None]:
    w, b = np.ones((3, 3, 8 // groups, 16), x.dtype), np.zeros(16, x.dtype)
    y, cache = conv_forward(x, w, b, stride=stride, padding=1, groups=groups)
    return [y, *conv_backward(y, cache)]


def paint(x: Array) -> list[Array | None]:
    w = np.ones((3, 3, 4, 8), x.dtype)
    y, cache = conv_transpose_forward(x, w, stride=2)
    return [y, *conv_transpose_backward(y, cache)]


def pool(x: Array) -> list[Array | None]:
    y, cache = max_pool_forward(x, 2)
    mean, mean_cache = avg_pool_forward(x, 2)
    dx = max_pool_backward(y, cache), avg_pool_backward(mean, mean_cache)
    return [y, mean, *dx]


WORK: dict[str, Work] = {
    "conv": convolve,
    "strided conv": partial(convolve, stride=2),
    "grouped conv": partial(convolve, groups=2),
    "depthwise conv": partial(convolve, groups=8),
    "transposed conv": paint,
    "pools": pool,
}


@in_turn(3)
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("work", WORK)
def test_workspace_does_not_grow_with_the_batch(work: str, dtype: type) -> None:
    with workspace(2**20), threads(2):
        used = peak_beyond_results(WORK[work], 256, dtype)

    assert used < 2**21 + 2**20  # a copy of the images in float32 takes more


@in_turn(3)
@pytest.mark.parametrize("N", [8, 64])
@pytest.mark.parametrize("C", [64, 256, 400])
def test_fewer_products_keep_within_the_budget_too(C: int, N: int) -> None:
    x, w = np.ones((N, 14, 14, C), np.float32), np.ones((3, 3, C, C), np.float32)
    pool_of.cache_clear()  # new threads, whose scratch memory is counted
    tracemalloc.start()
    with threads(2):
        y, cache = conv_forward(x, w, padding=1)
        dx, dw, _ = conv_backward(y, cache)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak - y.nbytes - dx.nbytes - dw.nbytes < 2**26


@in_turn(5)
@pytest.mark.parametrize("count", [2, 16])
@pytest.mark.parametrize(
    ("shape", "kernel", "groups", "dtype"),
    [
        ((1, 256, 256, 1), (1, 1, 1, 256), 1, np.float16),
        ((4, 128, 128, 2), (1, 1, 1, 256), 2, np.float32),
        ((1, 32, 32, 8192), (3, 3, 8192, 4), 1, np.float32),
        ((1, 7, 512, 1024), (7, 7, 1, 1024), 1024, np.float32),
        ((9, 28, 28, 256), (1, 1, 256, 8192), 1, np.float32),
    ],
    ids=["many filters", "groups", "many channels", "wide lines", "heavy kernel"],
)
def test_what_is_not_columns_keeps_within_the_budget_too(
    shape: tuple[int, ...],
    kernel: tuple[int, ...],
    groups: int,
    dtype: type,
    count: int,
) -> None:
    x: Array = np.ones(shape, dtype)
    w: Array = np.ones(kernel, dtype)
    pool_of.cache_clear()  # new threads, whose scratch memory is counted
    tracemalloc.start()
    with threads(count):
        y, cache = conv_forward(x, w, padding="same", groups=groups)
        dx, dw, _ = conv_backward(np.broadcast_to(dtype(2**-9), y.shape), cache)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak - y.nbytes - dx.nbytes - dw.nbytes < 2**26


def test_windows_far_apart_are_not_made_one_wide_window() -> None:
    x, w = np.ones((1, 3, 1)), np.ones((2, 1, 1))
    tracemalloc.start()
    conv_forward(x, w, stride=2**20, padding=2**20)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 2**23  # what one window spans, not many times that


@in_turn(3)
def test_axes_of_long_kernels_are_not_kept() -> None:
    tracemalloc.start()
    for taps in range(10**4, 10**4 + 5):
        max_pool_forward(np.zeros((1, taps, 1), np.float32), taps)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert kept < 2**21  # what the taps of all axes take is 13 MiB


def test_gradients_on_two_threads_keep_within_a_small_budget(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dispatch, "MIN_COLUMN_BYTES", -1)
    monkeypatch.setattr(dispatch, "MAX_COLUMN_BYTES", 2**40)
    with workspace(2**20), threads(2):
        used = peak_beyond_results(partial(convolve, stride=2), 256, np.float32)

    assert used < 2**21 + 2**20


IMPORT = """
import numpy as np
empty, sizes = np.empty, []

def noted(*args, **kwargs):
    array = empty(*args, **kwargs)
    sizes.append(array.nbytes)
    return array

np.empty = noted
import im2col_cnn, im2col_cnn.nn
print(max(sizes, default=0))
"""


def test_importing_allocates_nothing_that_the_allocator_would_learn_from() -> None:
    found = subprocess.run(
        [sys.executable, "-c", IMPORT], capture_output=True, text=True, check=True
    )

    assert int(found.stdout) < 2**17  # where glibc's own limit begins


@pytest.mark.parametrize("work", WORK)
def test_workspace_keeps_within_its_budget(work: str) -> None:
    with threads(2):
        used = peak_beyond_results(WORK[work], 64, np.float32)

    assert used < 2**26
