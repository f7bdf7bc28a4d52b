"""Threads: set, counted, given back."""

import asyncio
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_all_start_methods, get_context
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from im2col_cnn import conv_backward, conv_forward, threads
from im2col_cnn.tiling.blas import one_blas_thread
from im2col_cnn.tiling.tiles import workspace
from im2col_cnn.tiling.workers import run, thread_count


def blas_threads() -> list[int]:
    """List the threads of NumPy's BLAS; SciPy, if it is there, has one of its own."""
    return [
        library["num_threads"]
        for library in threadpool_info()
        if library["user_api"] == "blas"
        # NumPy's own may be called libscipy_openblas: its folder tells whose it is.
        and "scipy" not in str(Path(library["filepath"]).parent)
    ]


def small_step() -> float:
    return counted_step(3)


def counted_step(n: int) -> float:
    x = np.random.default_rng(0).standard_normal((4, 16, 16, 4))
    with workspace(2**16), threads(n):
        y, cache = conv_forward(x, np.ones((3, 3, 4, 5)))
        dx, dw, _ = conv_backward(y, cache)
    assert dx is not None
    return float(dx.sum() + dw.sum())


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IM2COL_CNN_THREADS", raising=False)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere BLAS may be unknown")
def test_there_is_a_blas_to_look_at() -> None:
    assert blas_threads()


def test_by_default_there_are_as_many_threads_as_usable_cpus() -> None:
    if hasattr(os, "sched_getaffinity"):
        assert thread_count() <= len(os.sched_getaffinity(0))
    assert thread_count() >= 1


def test_threads_sets_at_once_and_a_with_block_takes_it_back() -> None:
    with threads(3):
        assert thread_count() == 3
        with threads(2):
            assert thread_count() == 2
        threads(5)
        assert thread_count() == 5
    assert thread_count() != 5


def test_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IM2COL_CNN_THREADS", "7")

    assert thread_count() == 7
    with threads(2):
        assert thread_count() == 2


@pytest.mark.parametrize("word", ["0", "-1", "many", "1.5"])
def test_nonsense_in_the_environment_is_refused(
    monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    monkeypatch.setenv("IM2COL_CNN_THREADS", word)

    with pytest.raises(ValueError, match=f"at least 1, got '{word}'"):
        conv_forward(np.ones((1, 3, 1)), np.ones((2, 1, 1)))


@pytest.mark.parametrize(("n", "kind"), [(0, ValueError), (1.5, TypeError)])
def test_a_number_of_threads_is_at_least_1(n: int, kind: type[Exception]) -> None:
    with pytest.raises(kind, match="n must be"):
        threads(n)


@pytest.mark.parametrize("count", [1, 3])
def test_results_come_in_the_order_of_the_tasks(count: int) -> None:
    found: list[int] = []

    with threads(count):
        run(lambda i: i * i, range(50), then=found.append)

    assert found == [i * i for i in range(50)]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_blas_is_limited_inside_and_as_before_afterwards(count: int) -> None:
    before = blas_threads()
    seen: list[list[int]] = []

    with threads(count):
        run(lambda _: blas_threads(), range(4), then=seen.append)

    assert all(set(limits) <= {1} for limits in seen)
    assert blas_threads() == before


def test_blas_is_as_before_after_an_exception() -> None:
    with threadpool_limits(2, "blas"):
        before = blas_threads()
        with threads(2), pytest.raises(ZeroDivisionError):
            run(lambda i: 1 // (i - 3), range(9))

        assert blas_threads() == before


def test_whoever_leaves_last_gives_blas_back() -> None:
    before = blas_threads()
    inside = threading.Barrier(2)
    first_left = threading.Event()

    def stay() -> list[int]:
        with one_blas_thread:
            inside.wait()
            first_left.wait()
            return blas_threads()

    with ThreadPoolExecutor(1) as pool:
        with one_blas_thread:
            staying = pool.submit(stay)
            inside.wait()
        first_left.set()
        assert set(staying.result()) <= {1}
    assert blas_threads() == before


def test_many_threads_may_call_at_once() -> None:
    alone = small_step()

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: small_step(), range(12)))

    assert set(found) == {alone}


def test_the_errstate_of_the_caller_holds_in_the_tasks() -> None:
    huge = np.full((4, 64, 1), 1e308)

    with threads(2), np.errstate(over="raise"), pytest.raises(FloatingPointError):
        run(lambda i: huge[i] * 10.0, range(4))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_works_like_its_parent() -> None:
    here = small_step()

    with get_context("fork").Pool(1) as pool:
        there = pool.apply_async(small_step).get(timeout=60)

    assert there == here


@pytest.mark.parametrize("method", ["forkserver", "spawn"])
def test_a_fresh_child_works_like_its_parent(method: str) -> None:
    if method not in get_all_start_methods():
        pytest.skip(f"this system has no {method}")
    here = small_step()

    with ProcessPoolExecutor(1, mp_context=get_context(method)) as pool:
        assert pool.submit(small_step).result(timeout=120) == here


def test_callers_with_different_numbers_of_threads_do_not_meet() -> None:
    before, alone = blas_threads(), counted_step(1)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(counted_step, [1, 2, 3, 4] * 5))

    assert set(found) == {alone}
    assert blas_threads() == before


def test_each_asyncio_task_has_its_own_number() -> None:
    async def count(n: int) -> tuple[int, float]:
        with threads(n):
            await asyncio.sleep(0)  # others set theirs meanwhile
            return thread_count(), await asyncio.to_thread(counted_step, n)

    async def all_of_them() -> list[tuple[int, float]]:
        return await asyncio.gather(*map(count, (1, 2, 3, 2)))

    alone = counted_step(1)

    assert asyncio.run(all_of_them()) == [(n, alone) for n in (1, 2, 3, 2)]


@pytest.mark.parametrize("count", [1, 2])
def test_blas_is_as_before_after_an_interrupt(count: int) -> None:
    before = blas_threads()

    def press(i: int) -> int:
        if i == 3:
            raise KeyboardInterrupt
        return i

    with threads(count), pytest.raises(KeyboardInterrupt):
        run(press, range(9))

    assert blas_threads() == before
    assert small_step() == small_step()  # the pool is as good as new


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_forked_while_limits_change_has_those_of_its_parent() -> None:
    halfway = threading.Event()

    def change() -> None:
        with one_blas_thread.lock:
            one_blas_thread.limit([1] * len(limits))
            halfway.set()
            time.sleep(0.5)
            one_blas_thread.limit(limits)

    with threadpool_limits(2, "blas"):
        small_step()  # so that the libraries are known
        limits, before = one_blas_thread.before, blas_threads()
        with ThreadPoolExecutor(1) as pool:
            changing = pool.submit(change)
            halfway.wait()
            if not (child := os.fork()):
                os._exit(blas_threads() != before)
            changing.result()
        _, status = os.waitpid(child, 0)

    assert status == 0


LATE = """
import atexit
import numpy as np
from im2col_cnn import conv_forward, threads

def late():
    with threads(2):
        conv_forward(np.ones((64, 32, 32, 8)), np.ones((3, 3, 8, 8)))
    print("late")

atexit.register(late)
"""


def test_operations_run_while_the_interpreter_shuts_down() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LATE], capture_output=True, text=True, check=False
    )

    assert (done.stdout, done.stderr) == ("late\n", "")


NESTED = """
from im2col_cnn import threads
from im2col_cnn.tiling.workers import run

found = []
with threads(2):
    run(lambda i: run(lambda j: j, range(3)), range(6), then=found.append)
print(len(found))
"""


def test_a_task_may_run_tasks() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", NESTED], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            out, _ = process.communicate(timeout=15)
        finally:
            process.kill()

    assert out == "6\n"
