"""Threads: set, counted, given back."""

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_all_start_methods, get_context
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from im2col_cnn import conv_forward, threads
from im2col_cnn.tiling.threads import BUFFER_NUMBERS, Shared, run, thread_count
from im2col_cnn.tiling.workspace import workspace
from tests.tiling.steps import counted_step, small_step


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("IM2COL_CNN_THREADS", raising=False)


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


def test_at_the_prompt_a_setting_says_what_holds() -> None:
    with threads(3), workspace(2**20):
        assert repr(threads(3)) == "threads(3)"
        assert repr(workspace(2**20)) == f"workspace({2**20})"


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


def test_many_threads_may_call_at_once() -> None:
    alone = small_step()

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: small_step(), range(12)))

    assert set(found) == {alone}


def test_the_errstate_of_the_caller_holds_in_the_tasks() -> None:
    huge = np.full((4, 64, 1), 1e308)

    with threads(2), np.errstate(over="raise"), pytest.raises(FloatingPointError):
        run(lambda i: huge[i] * 10.0, range(4))


@pytest.mark.parametrize("count", [1, 3])
def test_tasks_have_small_buffers_and_the_caller_keeps_those_it_has(count: int) -> None:
    before = np.getbufsize()
    found: list[int] = []

    def fail(item: int) -> int:
        if item == 9:
            raise ZeroDivisionError
        return np.getbufsize()

    with threads(count), pytest.raises(ZeroDivisionError):
        run(fail, range(10), then=found.append)

    assert set(found) == {BUFFER_NUMBERS}
    assert np.getbufsize() == before


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


def test_each_asyncio_task_has_its_own_number() -> None:
    async def count(n: int) -> tuple[int, float]:
        with threads(n):
            await asyncio.sleep(0)  # others set theirs meanwhile
            return thread_count(), await asyncio.to_thread(counted_step, n)

    async def all_of_them() -> list[tuple[int, float]]:
        return await asyncio.gather(*map(count, (1, 2, 3, 2)))

    alone = counted_step(1)

    assert asyncio.run(all_of_them()) == [(n, alone) for n in (1, 2, 3, 2)]


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
from im2col_cnn.tiling.threads import run

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


def share(
    task: Callable[[int], Any],
    items: Iterable[int],
    then: Callable[[Any], object],
    *,
    threads: int = 3,
    ahead: int = 4,
) -> Shared[int, Any]:
    shared: Shared[int, Any] = Shared(task, iter(items), then, ahead=ahead)
    workers = [
        threading.Thread(target=shared.work, daemon=True) for _ in range(threads)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=20)
        assert not worker.is_alive()
    return shared


@given(naps=st.lists(st.integers(0, 3), max_size=9), threads=st.integers(1, 4))
def test_every_task_is_done_once_and_settled_in_order(
    naps: list[int], threads: int
) -> None:
    done: list[int] = []
    settled: list[int] = []

    def nap(i: int) -> int:
        time.sleep(naps[i] / 5000)
        done.append(i)
        return i

    share(nap, range(len(naps)), settled.append, threads=threads).finish()

    assert sorted(done) == settled == list(range(len(naps)))


@pytest.mark.parametrize("ahead", [1, 2, 5])
def test_no_more_results_are_kept_than_may_wait(ahead: int) -> None:
    begun: list[int] = []
    settled: list[int] = []
    gaps: list[int] = []

    def count(i: int) -> int:
        begun.append(i)
        gaps.append(len(begun) - len(settled))
        time.sleep(0.02 if i == 0 else 0)
        return i

    share(count, range(20), settled.append, ahead=ahead)

    assert settled == list(range(20))
    assert max(gaps) <= ahead


def test_of_several_errors_the_first_in_order_is_raised() -> None:
    late = threading.Event()

    def fail(i: int) -> None:
        if i == 0:
            late.wait(60)
        late.set()
        raise ValueError(i)

    shared = share(fail, range(2), print, threads=2)

    with pytest.raises(ValueError, match="0"):
        shared.finish()


@pytest.mark.parametrize("threads", [1, 2])
def test_after_an_error_no_task_begins_and_what_came_before_is_settled(
    threads: int,
) -> None:
    begun: list[int] = []
    settled: list[float] = []

    def invert(i: int) -> float:
        begun.append(i)
        return 1 / (3 - i)

    shared = share(invert, range(99), settled.append, threads=threads, ahead=4)

    with pytest.raises(ZeroDivisionError):
        shared.finish()
    assert max(begun) < 3 + 4
    assert settled == [1 / 3, 1 / 2, 1]


@pytest.mark.parametrize("place", ["items", "then"])
def test_errors_outside_of_tasks_are_raised_as_well(place: str) -> None:
    def items() -> Iterable[int]:
        yield 1
        if place == "items":
            raise KeyError(place)

    def then(_: int) -> None:
        if place == "then":
            raise KeyError(place)

    shared = share(int, items(), then)

    with pytest.raises(KeyError, match=place):
        shared.finish()
