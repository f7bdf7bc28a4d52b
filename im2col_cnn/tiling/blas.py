"""Hold BLAS at one thread while our own threads work, and give it back afterwards.

The limit belongs to the whole process, so those who want it are counted: the first to
come notes what it was, the last to go restores that, in whatever order they end.
"""

import os
from contextlib import ContextDecorator
from threading import Lock
from typing import Any, final

__all__ = ["limit_this_thread", "one_blas_thread"]


@final
class OneBlasThread(ContextDecorator):
    """A context manager, or decorator, that many threads may be in at once."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.inside = 0
        self.libraries: list[Any] | None = None
        self.before: list[int] = []
        self.is_owed = False

    def __enter__(self) -> None:
        with self.lock:
            if self.inside == 0:
                if self.libraries is None:
                    self.libraries = find_libraries()
                self.note_what_is()
                self.limit([1] * len(self.libraries))
            self.inside += 1

    def __exit__(self, *_: object) -> None:
        with self.lock:
            self.inside -= 1
            if self.inside == 0:
                self.limit(self.before)
                self.is_owed = False

    def note_what_is(self) -> None:
        """Note the limits, but not our own that an interruption has left behind."""
        limits = [library.get_num_threads() for library in self.libraries or []]
        if self.is_owed:
            pairs = zip(self.before, limits, strict=True)
            limits = [was if now == 1 else now for was, now in pairs]
        self.before, self.is_owed = limits, True

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
        """Let nobody be halfway through a change when a child is forked."""
        self.lock.acquire()

    def go_on(self) -> None:
        """Let changes go on in the parent."""
        self.lock.release()

    def start_anew(self) -> None:
        """Give BLAS back in a forked child, for whoever held it stayed behind."""
        self.lock = Lock()
        if self.inside:
            self.inside = 0
            self.limit(self.before)
            self.is_owed = False


def limit_this_thread() -> None:
    """Limit those BLAS that count in each thread apart: the ones built on OpenMP."""
    for library in find_libraries():
        if getattr(library, "threading_layer", "") == "openmp":
            library.set_num_threads(1)


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
