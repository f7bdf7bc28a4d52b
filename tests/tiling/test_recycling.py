"""Results in recycled memory: as good as new, and no more of it kept than was said."""

import ctypes
import gc
import os
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from im2col_cnn import recycling
from im2col_cnn._typing import Array
from im2col_cnn.tiling import recycling as module
from im2col_cnn.tiling.recycling import (
    MAX_KEPT_BYTES,
    MAX_RESULTS_IN_USE,
    MIN_RESULT_BYTES,
    empty_result,
    result_like,
    zero_result,
)
from tests.profile import in_turn

SIZES = [
    MIN_RESULT_BYTES - 1,
    MIN_RESULT_BYTES,
    MIN_RESULT_BYTES + 1,
    3 * MIN_RESULT_BYTES,
    MAX_KEPT_BYTES // 4,
]
NUMBERS = np.dtype(np.uint8)

pytestmark = pytest.mark.skipif(
    not module.UNUSED, reason="nothing is kept where references are not counted"
)


@pytest.fixture(autouse=True)
def with_nothing_kept_yet() -> Iterator[None]:
    gc.collect()
    with recycling(MAX_KEPT_BYTES):  # whatever another test has set
        with recycling(0):
            pass
        yield


def address(array: Array) -> int:
    return int(array.__array_interface__["data"][0])


def kept_bytes() -> int:
    return sum(memory.size for alike in module._kept.values() for memory in alike)


class Pointed(NamedTuple):
    """A pointer as ctypes has it, which keeps the array it points to."""

    pointer: Any
    size: int

    def __array__(self, dtype: Any = None, copy: Any = None) -> Array:
        address = self.pointer.data_as(ctypes.POINTER(ctypes.c_ubyte))
        return np.ctypeslib.as_array(address, (self.size,))


VIEWS: dict[str, Callable[[Array], object]] = {
    "the array": lambda array: array,
    "a slice": lambda array: array[1:],
    "a view of a view": lambda array: array[1:].view(np.int8).reshape(1, -1),
    "a memoryview": lambda array: array.data[1:],
    "a read-only view": lambda array: np.broadcast_to(array, (2, *array.shape))[1],
    "an iterator": lambda array: array.flat,
    "another library's": np.from_dlpack,
    "windows": lambda array: np.lib.stride_tricks.sliding_window_view(array, 3)[:, 0],
    "a buffer": lambda array: np.frombuffer(array, np.uint8),
    "a pointer": lambda array: Pointed(array.ctypes, array.size),
}


@given(
    st.lists(
        st.tuples(st.sampled_from(SIZES), st.sampled_from(list(VIEWS)), st.booleans()),
        max_size=12,
    ),
    st.randoms(use_true_random=False),
)
def test_no_result_is_written_where_anything_still_reads(
    steps: list[tuple[int, str, bool]], random: Random
) -> None:
    held: list[tuple[int, object]] = []
    for number, (size, view, is_dropped) in enumerate(steps):
        result = empty_result((size,), NUMBERS)
        result.fill(number)
        held.append((number, VIEWS[view](result)))
        del result
        if is_dropped:
            held.pop(random.randrange(len(held)))
        for expected, seen in held:
            assert (np.asarray(seen).view(np.uint8) == expected).all()


@pytest.mark.parametrize("size", SIZES[1:])
def test_a_result_is_written_where_a_dropped_one_was(size: int) -> None:
    first = empty_result((size,), NUMBERS)
    before = address(first)
    del first

    assert address(empty_result((size,), NUMBERS)) == before
    assert address(zero_result((-(-size // 8),), np.dtype(np.float64))) == before


def test_results_begin_where_a_line_of_the_cache_does() -> None:
    assert address(empty_result((MIN_RESULT_BYTES + 1,), NUMBERS)) % 64 == 0


def test_zeros_are_zeros_where_something_else_was() -> None:
    empty_result((MIN_RESULT_BYTES,), NUMBERS).fill(7)

    assert not zero_result((MIN_RESULT_BYTES,), NUMBERS).any()


def test_another_layout_is_kept() -> None:
    array = np.ones((300, 500), np.float32)

    assert result_like(array).flags.c_contiguous
    assert result_like(array.T).strides == array.T.strides


@pytest.mark.parametrize("limit", [2**18, 2**22, MAX_KEPT_BYTES])
def test_no_more_is_kept_than_was_said(limit: int) -> None:
    with recycling(limit):
        for size in range(MIN_RESULT_BYTES, 2 * limit, max(limit // 20, 1)):
            empty_result((size,), NUMBERS)
            assert kept_bytes() <= limit
        held = [empty_result((limit // 5,), NUMBERS) for _ in range(9)]

        assert limit // 2 < kept_bytes() <= limit
        assert len({address(array) for array in held}) == 9


def test_what_is_kept_is_let_go_at_once() -> None:
    tracemalloc.start()
    for size in range(2**20, 2**23, 2**20):
        empty_result((size,), NUMBERS)
    before, _ = tracemalloc.get_traced_memory()
    recycling(0).__exit__(None, None, None)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert before > 2**24
    assert after < 2**17
    assert kept_bytes() == 0


def test_a_block_that_keeps_more_lets_go_of_it_at_its_end() -> None:
    with recycling(2**28):
        held = [empty_result((2**20,), NUMBERS) for _ in range(100)]
        del held
        assert kept_bytes() > MAX_KEPT_BYTES

    assert kept_bytes() <= MAX_KEPT_BYTES


def test_nothing_is_recycled_inside_a_block_that_says_so() -> None:
    before = empty_result((2**20,), NUMBERS)
    with recycling(0):
        del before
        assert empty_result((2**20,), NUMBERS).base is None
        assert zero_result((2**20,), NUMBERS).base is None
    assert empty_result((2**20,), NUMBERS).base is not None


def test_the_limit_holds_for_all_threads() -> None:
    with recycling(0), ThreadPoolExecutor(1) as pool:
        assert pool.submit(empty_result, (2**20,), NUMBERS).result().base is None


def test_memory_in_use_for_long_leaves_room_for_others() -> None:
    held = [empty_result((MAX_KEPT_BYTES // 4,), NUMBERS) for _ in range(4)]
    found = [empty_result((2**20,), NUMBERS) for _ in range(MAX_RESULTS_IN_USE + 4)]

    assert found[0].base is None  # no room
    assert found[-1].base is not None
    assert len(held) == 4


class Meanwhile:
    """A clock at whose first tick another thread asks for a result, too."""

    def __init__(self, size: int) -> None:
        self.size, self.ticks = size, 0
        self.result: Array | None = None

    def __iter__(self) -> "Meanwhile":
        return self

    def __next__(self) -> int:
        self.ticks += 1
        if self.ticks == 1:
            self.result = empty_result((self.size,), NUMBERS)
        return self.ticks


def test_two_threads_that_look_at_once_do_not_share(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = address(empty_result((MIN_RESULT_BYTES,), NUMBERS))
    meanwhile = Meanwhile(MIN_RESULT_BYTES)
    monkeypatch.setattr(module, "_clock", meanwhile)
    mine = empty_result((MIN_RESULT_BYTES,), NUMBERS)

    assert address(mine) == before
    assert meanwhile.result is not None
    assert address(meanwhile.result) != before


def test_nothing_is_kept_where_references_are_not_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "_is_gil_enabled", lambda: False, raising=False)
    assert not module.counts_exactly()
    monkeypatch.setattr(module, "UNUSED", 0)

    assert empty_result((2**20,), NUMBERS).base is None
    assert kept_bytes() == 0


# In a process of its own: here, other tests may have led the allocator to keep memory.
STEPS = """
import resource
import numpy as np
from im2col_cnn import conv_backward, conv_forward, recycling
from im2col_cnn import max_pool_backward, max_pool_forward, relu_backward, relu_forward

{setting}
x, w = np.ones((16, 64, 64, 3), np.float32), np.ones((4, 4, 3, 8), np.float32)

def faults_after_a_step() -> int:
    y, cache = conv_forward(x, w, padding=2)
    z, passed = relu_forward(y)
    p, pooled = max_pool_forward(z, 2)
    conv_backward(relu_backward(max_pool_backward(p, pooled), passed), cache)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

counts = [faults_after_a_step() for _ in range(13)]
print(counts[-1] - counts[2])
"""


@in_turn(2)
@pytest.mark.skipif(os.name != "posix", reason="Windows counts pages in another way")
@pytest.mark.parametrize(("setting", "is_new"), [("", False), ("recycling(0)", True)])
def test_a_step_writes_to_pages_of_the_one_before(setting: str, is_new: bool) -> None:
    environment = {**os.environ, "IM2COL_CNN_THREADS": "1"}
    found = subprocess.run(
        [sys.executable, "-c", STEPS.format(setting=setting)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    # Page faults in ten steps, whose results have thousands of pages.
    assert (int(found.stdout) > 1000) == is_new
