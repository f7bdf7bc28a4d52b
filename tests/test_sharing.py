"""Tasks that threads share: each done once, settled in order, not too far ahead."""

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from im2col_cnn.tiling.threads import Shared


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
