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
from _thread import LockType, start_new_thread
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from contextvars import copy_context
from functools import cache, partial
from itertools import chain, islice
from queue import SimpleQueue
from threading import Lock
from typing import Any, Generic, TypeVar, final

import numpy as np

from .._checks import as_int
from .blas import limit_this_thread, with_one_blas_thread
from .scoped import Scoped, Setting

__all__ = ["Pool", "Shared", "run", "thread_count", "threads", "usable_cpus"]


BUFFER_NUMBERS = 2**10  # where NumPy has 2**13
MAX_WAIT_SECONDS = 0.1  # before a thread looks again, woken or not

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
    return _threads.get() or threads_of_environment() or usable_cpus()


def threads_of_environment() -> int | None:
    """Return how many threads the environment says; None if it does not."""
    word = os.environ.get("IM2COL_CNN_THREADS", "").strip()
    if not word:
        return None
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
    An exception in a task ends the run once the tasks that had begun are over; so does
    one that a signal raises, wherever it meets the calling thread.
    """
    items = iter(items)
    first = list(islice(items, 2))
    if len(first) < 2:
        threads_of_environment()  # nonsense is refused even where one is enough
        for item in first:
            then(task(item))
        return
    limit = thread_count()
    limit = min(limit, most or limit)
    run_on_threads(task, chain(first, items), then, limit, ahead)


@with_one_blas_thread
def run_on_threads(
    task: Callable[[Item], Result],
    items: Iterator[Item],
    then: Callable[[Result], object],
    limit: int,
    ahead: int | None,
) -> None:
    """Let so many threads take the items in turn."""
    if limit == 1:
        copy_context().run(with_small_buffers, lambda: in_turn(task, items, then))
        return
    # Twice as many tasks as there are threads: none stands idle while the oldest
    # lasts, and never more results than that are kept.
    ahead = min(2 * limit, ahead or 2 * limit)
    shared = Shared(task, items, then, ahead=ahead)
    pool = pool_of(limit - 1)
    try:
        for _ in range(limit - 1):
            # A context of its own, for NumPy keeps the caller's errstate in there.
            pool.jobs.put(partial(copy_context().run, on_one_thread, shared.help))
        copy_context().run(on_one_thread, shared.work)
    finally:
        try:
            shared.wait_for_helpers()
        except BaseException:  # a signal's: what it interrupted is done again
            shared.wait_for_helpers()
            raise
    shared.finish()


def in_turn(
    task: Callable[[Item], Result],
    items: Iterator[Item],
    then: Callable[[Result], object],
) -> None:
    """Take one item after another."""
    for item in items:
        then(task(item))


def on_one_thread(work: Callable[[], None]) -> None:
    """Run `work` with nested calls limited to this thread, in a context of its own."""
    with threads(1):
        with_small_buffers(work)


def with_small_buffers(work: Callable[[], None]) -> None:
    """Run `work` with few numbers in NumPy's buffers, in a context of its own.

    A ufunc copies rows that are no longer than its buffer into it, even if nothing is
    cast, and what is cast in any case. Small buffers stay in the cache that is next to
    the core, and rows that are longer need none.
    """
    np.setbufsize(BUFFER_NUMBERS)
    work()


@final
class Pool:
    """
    Threads that wait for jobs.

    Those of ``concurrent.futures`` share locks with the thread that submits, and an
    exception that a signal raises in there leaves them locked for good: the queue here
    is put into in one step. They end with the process or with the pool.
    """

    def __init__(self, n: int) -> None:
        self.jobs: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self.size = 0
        with suppress(RuntimeError):  # where threads cannot start, there are fewer
            for _ in range(n):
                start_new_thread(serve, (self.jobs,))
                self.size += 1

    def __del__(self) -> None:
        """Let the threads end."""
        for _ in range(self.size):
            self.jobs.put(None)


def serve(jobs: "SimpleQueue[Callable[[], object] | None]") -> None:
    """Do jobs until there is one that is None."""
    limit_this_thread()
    while (job := jobs.get()) is not None:
        job()
        del job  # and with it what it refers to, before the next wait


@cache
def pool_of(n: int) -> Pool:
    """Return the pool of `n` threads; it lives as long as the process."""
    return Pool(n)


def forget_pools(_: Any = None) -> None:
    """Start anew in a forked child, where the threads of the pools do not exist."""
    pool_of.cache_clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=forget_pools)


@final
class Shared(Generic[Item, Result]):
    """
    Tasks that any number of threads work on at once.

    The calling thread may be interrupted by a signal anywhere, so all that it shares
    with the others holds up to that: a plain lock, which ``with`` never leaves locked,
    and waits that end by themselves where the signal swallowed a wake-up call.
    """

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
        self.lock = Lock()
        self.gates: list[LockType] = []  # a locked lock for each thread that waits
        self.begun = self.settled = self.helpers = 0
        self.results: dict[int, Result] = {}
        self.errors: dict[int, BaseException] = {}
        self.closed = False

    def help(self) -> None:
        """Work in another thread than the caller's, which waits for its end."""
        with self.lock:
            if self.closed:
                return
            self.helpers += 1
        try:
            self.work()
        finally:
            with self.lock:
                self.helpers -= 1
                self.open_gates()

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
            with self.lock:
                turn = gate = None
                if not self.closed:
                    if self.begun == self.settled + self.ahead:  # no more may be kept
                        gate = self.new_gate()
                    elif (turn := next(self.items, None)) is not None:
                        self.begun += 1
            if gate is not None:
                gate.acquire(timeout=MAX_WAIT_SECONDS)
            elif turn is not None:
                yield turn
            else:
                return

    def settle(self, place: int, result: Result) -> None:
        """Keep a result until those before it are there."""
        with self.lock:
            self.results[place] = result
            while self.settled in self.results:
                self.then(self.results.pop(self.settled))
                self.settled += 1
            self.open_gates()

    def new_gate(self) -> LockType:
        """Return a lock that the next change opens."""
        gate = Lock()
        gate.acquire()
        self.gates.append(gate)
        return gate

    def open_gates(self) -> None:
        """Let the threads that wait look again."""
        while self.gates:
            self.gates.pop().release()

    def close(self) -> None:
        """Let no more tasks begin."""
        self.closed = True
        with self.lock:
            self.open_gates()

    def wait_for_helpers(self) -> None:
        """Let no more tasks begin, and return once those under way are over."""
        self.close()
        while True:
            with self.lock:
                if not self.helpers:
                    return
                gate = self.new_gate()
            gate.acquire(timeout=MAX_WAIT_SECONDS)

    def finish(self) -> None:
        """Raise what the first of the tasks that failed has raised."""
        if self.errors:
            raise self.errors.pop(min(self.errors))
