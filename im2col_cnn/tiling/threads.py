"""Run tasks on threads, and take their results in order.

NumPy copies, adds and multiplies on one core and lets other threads run meanwhile. So
the fast path cuts its work into tiles and gives each to a thread, with BLAS held at one
thread of its own: two layers of threads would fight for the same cores.

Which thread works on a tile changes nothing in the tile, and results are taken in the
order of the tasks, so sums come out the same, bit by bit, for any number of threads.

No thread hands the tasks out: one that did would have to be woken for each of them, and
waking takes as long as a small task. Each takes the next task by itself.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import cache
from itertools import chain, islice
from threading import Condition
from typing import Any, Generic, TypeVar, final

from .._checks import as_int
from .blas import limit_this_thread, one_blas_thread
from .settings import Scoped, Setting

__all__ = ["Shared", "run", "thread_count", "threads"]


Item = TypeVar("Item")
Result = TypeVar("Result")


_threads = Setting("threads")


def threads(n: int) -> Scoped:
    """
    Set how many threads the operations use, from now on or inside a ``with``.

    Parameters
    ----------
    n : int
        At least 1. Without this call, it is what the environment variable
        ``IM2COL_CNN_THREADS`` says, and otherwise as many as this process may use.

    Returns
    -------
    context manager
        To be used in a ``with`` statement, which puts the number back at its end, or
        not at all.

    Raises
    ------
    TypeError, ValueError
        If `n` is not a whole number of at least 1.

    Notes
    -----
    It holds for the thread that calls it. Results do not depend on it, not even in
    their last bit.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn import conv_forward, threads
    >>> x, w = np.ones((8, 9, 9, 3)), np.ones((3, 3, 3, 5))
    >>> with threads(1):
    ...     alone, _ = conv_forward(x, w)
    >>> with threads(2):
    ...     together, _ = conv_forward(x, w)
    >>> bool((alone == together).all())
    True
    """
    return _threads.set(as_int(n, "n", at_least=1))


def thread_count() -> int:
    """Return how many threads to use: as set, as the environment says, or all."""
    word = os.environ.get("IM2COL_CNN_THREADS", "").strip()
    if (count := _threads.get()) is not None:
        return count
    if not word:
        return usable_cpus()
    if not word.isdecimal() or int(word) < 1:
        raise ValueError(
            f"IM2COL_CNN_THREADS must be a whole number of at least 1, got {word!r}"
        )
    return int(word)


def usable_cpus() -> int:
    """Count the CPUs that this process may use, which may be fewer than there are."""
    for count in ("process_cpu_count", "sched_getaffinity", "cpu_count"):
        if hasattr(os, count):
            found = getattr(os, count)(*[0] * (count == "sched_getaffinity"))
            return (found if isinstance(found, int) else len(found or [0])) or 1
    return 1


def run(
    task: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    then: Callable[[Result], object] = lambda _: None,
    most: int | None = None,
    ahead: int | None = None,
) -> None:
    """
    Call `task` for every item, on threads, and `then` for every result, in order.

    The calling thread works, too; one item, or one thread, needs no other.
    `most` limits the threads further, so that their workspaces stay within the budget,
    and `ahead` how many results there are at once, so that these do.
    An exception in a task ends the run once the tasks that had begun are over.
    """
    items = iter(items)
    first = list(islice(items, 2))
    limit = min(thread_count(), most or usable_cpus() * 64)
    with one_blas_thread:
        if limit == 1 or len(first) < 2:
            for item in (*first, *items):
                then(task(item))
            return
        # Twice as many tasks as there are threads: none stands idle while the oldest
        # lasts, and never more results than that are kept.
        ahead = min(2 * limit, ahead or 2 * limit)
        shared = Shared(task, chain(first, items), then, ahead=ahead)
        helpers: list[Future[None]] = []
        try:
            helpers.extend(start_helpers(shared.work, limit - 1))
            on_one_thread(shared.work)
        finally:
            shared.close()
            for helper in helpers:
                if not helper.cancel():
                    helper.exception()  # waits; errors of tasks are kept in `shared`
        shared.finish()


def start_helpers(work: Callable[[], None], n: int) -> Iterator[Future[None]]:
    """Submit `work` to `n` pool threads; to fewer while the interpreter shuts down."""
    pool = pool_of(n)
    for _ in range(n):
        # A context of its own, for NumPy keeps the caller's errstate in there.
        try:
            yield pool.submit(copy_context().run, on_one_thread, work)
        except RuntimeError:  # Python is shutting down, and pools are the first to go
            return


def on_one_thread(work: Callable[[], None]) -> None:
    """Run `work` with nested calls limited to this thread."""
    with threads(1):
        work()


@cache
def pool_of(n: int) -> ThreadPoolExecutor:
    """Return the pool of `n` threads; it lives as long as the process."""
    return ThreadPoolExecutor(n, "im2col_cnn", initializer=limit_this_thread)


def forget_pools(_: Any = None) -> None:
    """Start anew in a forked child, where the threads of the pools do not exist."""
    pool_of.cache_clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=forget_pools)


@final
class Shared(Generic[Item, Result]):
    """Tasks that any number of threads `work` on at once."""

    def __init__(
        self,
        task: Callable[[Item], Result],
        items: Iterator[Item],
        then: Callable[[Result], object],
        *,
        ahead: int,
    ) -> None:
        self.task, self.items, self.then = task, enumerate(items), then
        self.ahead = ahead  # tasks begun while an earlier one lasts; results are kept
        self.changed = Condition()
        self.begun = self.settled = 0
        self.results: dict[int, Result] = {}
        self.errors: dict[int, BaseException] = {}
        self.closed = False

    def work(self) -> None:
        """Do tasks until none is left, or one has failed in any thread."""
        place = 0
        try:
            for place, item in self.turns():
                self.settle(place, self.task(item))
        except BaseException as error:  # `finish` raises it
            self.errors[place] = error
            self.close()

    def turns(self) -> Iterator[tuple[int, Item]]:
        """Walk through the items that no other thread has taken."""
        while True:
            with self.changed:
                self.changed.wait_for(self.may_go_on)
                turn = None if self.closed else next(self.items, None)
                if turn is None:
                    return
                self.begun += 1
            yield turn

    def may_go_on(self) -> bool:
        """Tell whether there is room for one more result, or nothing to wait for."""
        return self.closed or self.begun < self.settled + self.ahead

    def settle(self, place: int, result: Result) -> None:
        """Keep a result until those before it are there."""
        with self.changed:
            self.results[place] = result
            while self.settled in self.results:
                self.then(self.results.pop(self.settled))
                self.settled += 1
            self.changed.notify_all()

    def close(self) -> None:
        """Let no more tasks begin."""
        with self.changed:
            self.closed = True
            self.changed.notify_all()

    def finish(self) -> None:
        """Raise what the first of the tasks that failed has raised."""
        if self.errors:
            raise self.errors.pop(min(self.errors))
