"""BLAS keeps to one thread inside, and gets its own back afterwards."""

import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from im2col_cnn import threads
from im2col_cnn.tiling.blas import one_blas_thread
from im2col_cnn.tiling.threads import run
from tests.tiling.steps import counted_step, small_step


def blas_threads() -> list[int]:
    """List the threads of NumPy's BLAS; SciPy, if it is there, has one of its own."""
    return [
        library["num_threads"]
        for library in threadpool_info()
        if library["user_api"] == "blas"
        # NumPy's own may be called libscipy_openblas: its folder tells whose it is.
        and "scipy" not in str(Path(library["filepath"]).parent)
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere BLAS may be unknown")
def test_there_is_a_blas_to_look_at() -> None:
    assert blas_threads()


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


def test_blas_is_given_back_later_if_that_is_interrupted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    def hold_and_be_interrupted() -> None:
        with one_blas_thread:
            monkeypatch.setattr(one_blas_thread, "limit", interrupt)

    with threadpool_limits(2, "blas"):
        before = blas_threads()
        with pytest.raises(KeyboardInterrupt):
            hold_and_be_interrupted()
        monkeypatch.undo()
        with one_blas_thread:
            pass

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


def test_callers_with_different_numbers_of_threads_do_not_meet() -> None:
    before, alone = blas_threads(), counted_step(1)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(counted_step, [1, 2, 3, 4] * 5))

    assert set(found) == {alone}
    assert blas_threads() == before


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
