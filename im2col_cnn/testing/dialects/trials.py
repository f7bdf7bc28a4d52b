"""Run the lines of a trial, and end those that do not return.

Reading homework calls it in all ways in which it could be meant, and one that waits for
ever in one of them must still be read.
"""

from __future__ import annotations

import gc
import signal
import threading
from contextlib import contextmanager
from typing import Any, Iterator

__all__ = ["execute"]

SECONDS = 0.3  # of computing, where calls of a trial take a millisecond
SECONDS_BY_THE_CLOCK = 2.0  # for what sleeps; a busy machine lets anything wait a while


def execute(lines: Any, names: dict[str, Any]) -> None:
    """Run lines as `exec` does; what does not return raises `TimeoutError`."""
    try:
        with alarm():
            exec(lines, names)
    except SystemExit as leaving:
        raise RuntimeError("it called sys.exit") from leaving


@contextmanager
def alarm() -> Iterator[None]:
    """End what takes too long by an exception, where the system can.

    Python drops an exception that is raised while garbage is collected or an object
    deleted: so nothing is collected meanwhile, and the alarm goes off again and again.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or not hasattr(signal, "setitimer"):
        yield
        return
    timers = [
        (signal.ITIMER_PROF, signal.SIGPROF, SECONDS),
        (signal.ITIMER_REAL, signal.SIGALRM, SECONDS_BY_THE_CLOCK),
    ]
    usual = [signal.signal(number, stop) for _, number, _ in timers]
    collects = gc.isenabled()
    gc.disable()
    for timer, _, seconds in timers:
        signal.setitimer(timer, seconds, seconds)
    try:
        try:
            yield
        finally:
            for timer, _, _ in timers:
                signal.setitimer(timer, 0)
    finally:  # also where the alarm went off between the lines and their end
        for (timer, number, _), handler in zip(timers, usual):
            signal.setitimer(timer, 0)
            signal.signal(number, handler)
        if collects:
            gc.enable()


def stop(*_: object) -> None:
    """Raise where the lines are."""
    raise TimeoutError("it did not return")
