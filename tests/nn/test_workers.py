"""Calls in processes of their own: what crashes or hangs costs no other call."""

import os
import time
from collections.abc import Iterator

import pytest

from im2col_cnn.nn.executors import WorkerError
from im2col_cnn.nn.workers import Workers


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
    with pytest.raises(WorkerError, match="the process ended with status 7"):
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
