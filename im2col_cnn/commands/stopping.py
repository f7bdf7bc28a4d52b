"""Turn Ctrl-C into a question that work asks between two steps.

An interrupt can arrive in the middle of anything, also while half of the parameters
have moved. So the first one only leaves a note; the second one interrupts at once.
"""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["stop_on_interrupt"]


@contextmanager
def stop_on_interrupt() -> Iterator[Callable[[], bool]]:
    """Hand out a function that says whether Ctrl-C was pressed since."""
    requests: list[int] = []

    def take_note(number: int, _frame: object) -> None:
        requests.append(number)
        signal.signal(signal.SIGINT, usual)

    usual = signal.signal(signal.SIGINT, take_note)
    try:
        yield lambda: bool(requests)
    finally:
        signal.signal(signal.SIGINT, usual)
