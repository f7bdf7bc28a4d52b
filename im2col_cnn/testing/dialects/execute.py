"""Run the lines of a trial, and end those that do not return.

Reading homework calls it in all ways in which it could be meant, and one that waits for
ever in one of them must still be read.
"""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import Any, Iterator

__all__ = ["execute"]

SECONDS = 0.3  # where calls of a trial take a millisecond


def execute(lines: Any, names: dict[str, Any]) -> None:
    """Run lines as `exec` does; what does not return raises `TimeoutError`."""
    try:
        with alarm():
            exec(lines, names)
    except SystemExit as leaving:
        raise RuntimeError("it called sys.exit") from leaving


@contextmanager
def alarm() -> Iterator[None]:
    """End what takes too long by an exception, where the system can."""
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or not hasattr(signal, "setitimer"):
        yield
        return
    usual = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, usual)


def stop(*_: object) -> None:
    """Raise where the lines are."""
    raise TimeoutError(f"it did not return within {SECONDS:g} s")
