"""Let Ctrl-C wait: for the end of a step of training, or of what is done as a whole.

Python raises `KeyboardInterrupt` between any two steps of the main thread. In the midst
of a step of an optimizer, some parameters have moved and others have not.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType
from typing import Any

__all__ = ["stop_on_interrupt", "without_interrupt"]


@contextmanager
def without_interrupt() -> Iterator[None]:
    """Let a Ctrl-C inside the block take effect at its end."""
    usual = signal.getsignal(signal.SIGINT)
    if current_thread() is not main_thread() or usual is None:  # nothing is raised here
        yield
        return
    pressed: list[int] = []
    try:
        with handled(lambda number, _: pressed.append(number), usual):
            yield
    finally:
        for number in pressed[:1]:
            signal.raise_signal(number)


@contextmanager
def stop_on_interrupt() -> Iterator[Callable[[], bool]]:
    """Yield a function that returns whether Ctrl-C was pressed since."""
    usual = signal.getsignal(signal.SIGINT)
    if usual is signal.SIG_IGN:  # a shell's background
        yield lambda: False
        return
    requests: list[int] = []

    def take_note(number: int, _frame: object) -> None:
        requests.append(number)
        signal.signal(signal.SIGINT, usual)

    with handled(take_note, usual):
        yield lambda: bool(requests)


@contextmanager
def handled(
    handler: Callable[[int, FrameType | None], object], usual: Any
) -> Iterator[None]:
    """Let a handler take Ctrl-C in the block, and the usual one from its end on.

    Handlers of other signals may raise at any moment: at the latest as the next handler
    is set, which Python does after theirs. Hence within ``try``, and twice at the end.
    """
    try:
        signal.signal(signal.SIGINT, handler)
        yield
    finally:
        try:
            signal.signal(signal.SIGINT, usual)
        finally:
            signal.signal(signal.SIGINT, usual)
