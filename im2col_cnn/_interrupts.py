"""Let Ctrl-C wait while arrays change that only make sense together.

Python raises `KeyboardInterrupt` between any two steps of the main thread. In the midst
of a step of an optimizer, some parameters have moved and others have not.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread

__all__ = ["without_interrupt"]


@contextmanager
def without_interrupt() -> Iterator[None]:
    """Let a Ctrl-C inside the block take effect at its end."""
    usual = signal.getsignal(signal.SIGINT)
    if current_thread() is not main_thread() or usual is None:  # nothing is raised here
        yield
        return
    pressed: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)
        for number in pressed[:1]:
            signal.raise_signal(number)
