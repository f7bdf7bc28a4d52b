"""Let Ctrl-C wait: for the end of a step of training, or of what is done as a whole.

Python raises `KeyboardInterrupt` between any two steps of the main thread. In the midst
of a step of an optimizer, some parameters have moved and others have not.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread

__all__ = ["stop_on_interrupt", "without_interrupt"]


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


@contextmanager
def stop_on_interrupt() -> Iterator[Callable[[], bool]]:
    """Yield a function that returns whether Ctrl-C was pressed since."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell's background
        yield lambda: False
        return
    requests: list[int] = []

    def take_note(number: int, _frame: object) -> None:
        requests.append(number)
        signal.signal(signal.SIGINT, usual)

    usual = signal.signal(signal.SIGINT, take_note)
    try:
        yield lambda: bool(requests)
    finally:
        signal.signal(signal.SIGINT, usual)
