"""BLAS keeps to one thread inside, and gets its own back afterwards."""

import itertools
import os
import signal
import sys
import threading
import time
from _thread import LockType
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from im2col_cnn import conv_backward, conv_forward, threads
from im2col_cnn.tiling.blas import one_blas_thread, with_one_blas_thread
from im2col_cnn.tiling.threads import run, thread_count
from im2col_cnn.tiling.workspace import workspace
from tests.profile import IN_FULL, in_turn
from tests.tiling.steps import counted_step, small_step


class SignalError(BaseException):
    """What the handler of a signal raises: no ``Exception``, as Ctrl-C is none."""


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


def test_blas_is_given_back_though_that_is_interrupted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limit, calls = one_blas_thread.limit, itertools.count()

    def interrupted_once(counts: list[int]) -> None:
        if next(calls) == 0:
            raise KeyboardInterrupt
        limit(counts)

    @with_one_blas_thread
    def hold_and_be_interrupted() -> None:
        monkeypatch.setattr(one_blas_thread, "limit", interrupted_once)

    with threadpool_limits(2, "blas"):
        before = blas_threads()
        with pytest.raises(KeyboardInterrupt):
            hold_and_be_interrupted()

        assert blas_threads() == before


# Python can only report what is raised while an object is being finalized.
@in_turn(2)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timer here")
@pytest.mark.parametrize("count", [1, 2])
def test_a_signal_at_any_moment_ends_a_call_at_once_and_leaves_no_trace(
    count: int,
) -> None:
    """Interrupt a backward pass a hundred times; in the ci profile, a thousand."""
    w = np.ones((3, 3, 8, 8), np.float32)
    wanted, cache = conv_forward(np.ones((24, 24, 24, 8), np.float32), w)
    moments = np.random.default_rng(0).uniform(1e-4, 8e-3, 1000 if IN_FULL else 100)
    delays, fired = [], 0.0

    def interrupt(*_: object) -> None:
        nonlocal fired
        fired = time.monotonic()
        raise SignalError

    previous = signal.signal(signal.SIGALRM, interrupt)
    try:
        with threadpool_limits(2, "blas"), threads(count), workspace(2**21):
            before = blas_threads()
            for moment in moments:
                fired = 0.0
                with suppress(SignalError):
                    signal.setitimer(signal.ITIMER_REAL, moment)
                    # Python drops what is raised while it collects garbage, say.
                    while not fired:
                        conv_backward(wanted, cache)
                delays.append(time.monotonic() - fired)
                assert blas_threads() == before
                assert thread_count() == count
    finally:
        signal.signal(signal.SIGALRM, previous)

    assert max(delays) < 1
    assert np.array_equal(conv_forward(cache.x, w)[0], wanted)


def test_the_last_to_leave_gives_blas_back() -> None:
    before = blas_threads()
    inside = threading.Barrier(2)
    first_left = threading.Event()

    @with_one_blas_thread
    def stay() -> list[int]:
        inside.wait()
        first_left.wait()
        return blas_threads()

    with ThreadPoolExecutor(1) as pool:
        staying = pool.submit(stay)
        with_one_blas_thread(inside.wait)()
        first_left.set()
        assert set(staying.result()) <= {1}
    assert blas_threads() == before


def test_blas_is_held_once_for_a_call_and_not_for_a_little_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hold, holds = one_blas_thread.hold, itertools.count()

    def counting(holder: LockType) -> None:
        next(holds)
        hold(holder)

    monkeypatch.setattr(one_blas_thread, "hold", counting)
    w = np.ones((3, 3, 4, 4), np.float32)

    _, cache = conv_forward(np.ones((1, 8, 8, 4), np.float32), w)
    conv_backward(np.ones((1, 6, 6, 4), np.float32), cache)
    assert next(holds) == 0
    conv_forward(np.ones((8, 32, 32, 4), np.float32), w)
    assert next(holds) == 2


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
