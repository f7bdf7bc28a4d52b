"""Calls in processes of their own: what crashes or hangs costs no other call."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from im2col_cnn.nn.executors import WorkerError
from im2col_cnn.nn.workers import Workers
from tests.profile import in_turn


@pytest.fixture(scope="module")
def executor() -> Iterator[Workers]:
    with Workers(1, seconds=30) as workers:
        yield workers


def test_a_call_returns_or_raises_what_it_does_here(executor: Workers) -> None:
    assert executor.submit(divmod, 7, 2).result() == (3, 1)
    with pytest.raises(ZeroDivisionError):
        executor.submit(divmod, 7, 0).result()


def test_a_call_does_not_run_in_this_process(executor: Workers) -> None:
    assert executor.submit(os.getpid).result() != os.getpid()


def test_what_is_printed_is_no_result(executor: Workers) -> None:
    assert executor.submit(print, "hello").result() is None


def test_what_cannot_be_sent_is_said(executor: Workers) -> None:
    with pytest.raises(TypeError, match="module cannot be sent"):
        executor.submit(__import__, "threading").result()
    with pytest.raises(Exception, match="pickle"):
        executor.submit(lambda: 1).result()
    assert executor.submit(abs, -1).result() == 1


def test_a_process_that_dies_fails_its_own_call_only(executor: Workers) -> None:
    dies, lives = executor.submit(os._exit, 7), executor.submit(abs, -1)

    assert lives.result() == 1
    with pytest.raises(WorkerError, match=r"worker \d+ on .* ended with status 7"):
        dies.result()


def test_a_call_that_takes_too_long_is_ended_and_the_next_one_made() -> None:
    with Workers(1, seconds=0.5) as workers:
        hangs, lives = workers.submit(time.sleep, 60), workers.submit(abs, -1)

        with pytest.raises(WorkerError, match=r"no result within 0\.5 s"):
            hangs.result()
        assert lives.result() == 1


def test_an_error_in_the_block_ends_what_is_under_way() -> None:
    start = time.monotonic()
    workers = Workers(1, seconds=60)
    hangs, waits = workers.submit(time.sleep, 60), workers.submit(abs, -1)

    workers.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)

    assert time.monotonic() - start < 30
    assert hangs.done()
    assert waits.cancelled()
    with pytest.raises(RuntimeError, match="after shutdown"):
        workers.submit(abs, -1)


def too_large(*_: object) -> bytes:
    """Return more than fits into the memory that a limit leaves."""
    resource = pytest.importorskip("resource")
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    limit = pages * resource.getpagesize() + 2**27
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
    return bytes(2**26)


@pytest.mark.skipif(sys.platform != "linux", reason="limits memory as Linux does")
def test_a_process_without_memory_for_a_result_says_so() -> None:
    with Workers(1, seconds=60) as workers:
        with pytest.raises(MemoryError):
            workers.submit(too_large).result()
        assert workers.submit(abs, -1).result() == 1


@in_turn(2)
@pytest.mark.skipif(sys.platform != "linux", reason="limits memory as Linux does")
def test_a_process_without_memory_for_a_call_says_so() -> None:
    with Workers(1, seconds=60) as workers:
        with pytest.raises(MemoryError):
            workers.submit(too_large).result()
        with pytest.raises(WorkerError, match=r"worker \d+ on .* ran out of memory"):
            workers.submit(len, bytes(2**28)).result()
        assert workers.submit(abs, -1).result() == 1


@pytest.mark.skipif(sys.platform == "win32", reason="there are no signals")
def test_a_process_that_is_killed_says_what_that_may_mean(executor: Workers) -> None:
    number = executor.submit(os.getpid).result()
    words = rf"worker {number} on .* ended with signal 9, as where memory is short"
    with pytest.raises(WorkerError, match=words):
        executor.submit(os.kill, number, signal.SIGKILL).result()


def test_a_process_that_does_not_start_is_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("im2col_cnn.nn.workers.MAX_SECONDS_TO_START", 0.001)
    with Workers(1, seconds=60) as workers:
        with pytest.raises(WorkerError, match=r"gave no result within 0\.001 s"):
            workers.submit(abs, -1).result()
        monkeypatch.undo()
        assert workers.submit(abs, -1).result() == 1
