"""Hold BLAS at one thread while our own threads work, and give it back afterwards.

The limit belongs to the whole process, so those who want it are counted: the first to
come notes what it was, the last to go restores that, in whatever order they end.

A signal may raise an exception between any two steps of the main thread, Ctrl-C for
one. So each holder is a lock, and held is what is locked: ``with lock`` cannot be
interrupted between taking the lock and being sure to release it, which no context
manager written in Python can say of itself.
"""

import os
from _thread import LockType
from collections.abc import Callable
from contextvars import ContextVar, copy_context
from functools import wraps
from threading import Lock
from typing import Any, ParamSpec, TypeVar, final

__all__ = [
    "blas_architecture",
    "blas_library",
    "limit_this_thread",
    "one_blas_thread",
    "with_one_blas_thread",
]

P = ParamSpec("P")
R = TypeVar("R")

_is_held = ContextVar("BLAS is held", default=False)


def with_one_blas_thread(
    function: Callable[P, R], *, unless: Callable[..., bool] | None = None
) -> Callable[P, R]:
    """Return `function` with BLAS held at one thread while it runs, in any thread.

    It runs in a context of its own, so that an exception that a signal raises while
    NumPy's errstate or our number of threads is being restored leaves no trace. There
    it is known to be held, and what is called inside need not hold it again. Nor need
    what is so little, says `unless`, that BLAS takes one thread for it anyway.
    """

    @wraps(function)
    def held(*args: P.args, **kwargs: P.kwargs) -> R:
        if _is_held.get() and one_blas_thread.holders:  # a forked child has none
            return function(*args, **kwargs)
        context = copy_context()
        if unless is not None and unless(*args, **kwargs):
            return context.run(function, *args, **kwargs)
        context.run(_is_held.set, True)
        holder = Lock()
        try:
            with holder:
                one_blas_thread.hold(holder)
                return context.run(function, *args, **kwargs)
        finally:
            try:
                one_blas_thread.give_back()
            except BaseException:  # a signal's: what it interrupted is done again
                one_blas_thread.give_back()
                raise

    return held


@final
class OneBlasThread:
    """The limit of one thread, and the locks of those who want it."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.holders: list[LockType] = []
        self.libraries: list[Any] | None = None
        self.before: list[int] = []
        self.is_limited = False

    def hold(self, holder: LockType) -> None:
        """Limit BLAS until `holder`, which is locked, is released."""
        with self.lock:
            if self.libraries is None:
                self.libraries = find_libraries()
            self.holders = [*filter(LockType.locked, self.holders), holder]
            if len(self.holders) == 1:
                self.note_what_is()
                self.limit([1] * len(self.libraries))

    def give_back(self) -> None:
        """Restore the limit if no holder is locked any more."""
        with self.lock:
            self.holders = [*filter(LockType.locked, self.holders)]
            if self.is_limited and not self.holders:
                self.limit(self.before)
                self.is_limited = False

    def note_what_is(self) -> None:
        """Note the limits, but not our own where they could not be given back."""
        if not self.is_limited:
            self.before = [
                library.get_num_threads() for library in self.libraries or []
            ]
            self.is_limited = True

    def limit(self, counts: list[int]) -> None:
        """Give each library its number of threads."""
        for library, count in zip(self.libraries or [], counts, strict=True):
            if library.get_num_threads() != count:
                # threadpoolctl lets one thread only set the limit of an OpenBLAS, the
                # first that did. Ours take turns, so each is made the first one.
                if hasattr(library, "clear_controlling_thread"):
                    library.clear_controlling_thread(force=True)
                library.set_num_threads(count)

    def hold_still(self) -> None:
        """Wait for the end of a change under way before a child is forked."""
        self.lock.acquire()

    def go_on(self) -> None:
        """Let changes go on in the parent."""
        self.lock.release()

    def start_anew(self) -> None:
        """Give BLAS back in a forked child, which has none of the holders' threads."""
        self.lock = Lock()
        self.holders = []
        self.give_back()


def limit_this_thread() -> None:
    """Limit those BLAS that count in each thread apart: the ones built on OpenMP."""
    for library in one_blas_thread.libraries or find_libraries():
        if getattr(library, "threading_layer", "") == "openmp":
            library.set_num_threads(1)


def blas_architecture() -> str:
    """Return which kernels NumPy's BLAS runs, as it names them; empty if unknown."""
    return str(blas_library().get("architecture", ""))


def blas_library() -> dict[str, Any]:
    """Describe the BLAS that NumPy uses; empty if it is none that can be asked."""
    libraries = [library.info() for library in find_libraries()]
    libraries.sort(key=lambda found: "numpy" not in found["filepath"])
    return dict(libraries[0]) if libraries else {}


def find_libraries() -> list[Any]:
    """Return a controller for each BLAS in this process."""
    # Needed at the first product, not at the import of the package.
    from threadpoolctl import ThreadpoolController  # noqa: PLC0415  # see above

    return list(ThreadpoolController().select(user_api="blas").lib_controllers)


one_blas_thread = OneBlasThread()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=one_blas_thread.hold_still,
        after_in_parent=one_blas_thread.go_on,
        after_in_child=one_blas_thread.start_anew,
    )
