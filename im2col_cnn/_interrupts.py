"""Let Ctrl-C wait: for the end of a step of training, or of what is done as a whole.

Python raises `KeyboardInterrupt` between any two steps of the main thread. In the midst
of a step of an optimizer, some parameters have moved and others have not. What other
signals raise, to end a program or what takes too long, comes in the same way.
"""

import gc
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import copy_context
from threading import current_thread, main_thread
from types import FrameType
from typing import Any, ParamSpec, TypeVar

__all__ = ["interruptible", "stop_on_interrupt", "without_interrupt"]

ENDING = [
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGALRM")
    if hasattr(signal, name)
]
Handler = Callable[[int, FrameType | None], object]
Given = ParamSpec("Given")
Returned = TypeVar("Returned")


class Gate:
    """A handler that lets signals wait while it is shut, and else passes them on."""

    def __init__(self, usual: Mapping[int, Handler]) -> None:
        self.usual = usual
        self.is_open = False
        self.waiting: list[int] = []

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Take a signal."""
        if self.is_open:
            self.usual[number](number, frame)
        else:
            self.waiting.append(number)

    def let_through(self) -> None:
        """Pass on the first that waits, if the gate is open."""
        if self.is_open and self.waiting:
            signal.raise_signal(self.waiting.pop(0))


def present_gate() -> Gate | None:
    """Return the gate at which signals wait or pass; none in other threads."""
    if current_thread() is not main_thread():
        return None
    handlers = map(signal.getsignal, ENDING)
    return next((each for each in handlers if isinstance(each, Gate)), None)


@contextmanager
def without_interrupt() -> Iterator[None]:
    """Let what Ctrl-C and other signals raise inside the block wait for its end."""
    if (gate := present_gate()) is not None:
        was_open, gate.is_open = gate.is_open, False
        try:
            yield
        finally:
            gate.is_open = was_open
            gate.let_through()
        return
    is_main = current_thread() is main_thread()  # nothing is raised in others
    found = {number: signal.getsignal(number) for number in ENDING if is_main}
    usual = {number: handler for number, handler in found.items() if callable(handler)}
    gate = Gate(usual)
    try:
        with handled(dict.fromkeys(usual, gate), usual):
            yield
    finally:
        for number in gate.waiting[:1]:
            signal.raise_signal(number)


def interruptible(function: Callable[Given, Returned]) -> Callable[Given, Returned]:
    """Return a function that Ctrl-C ends at once, inside `without_interrupt` too.

    No garbage is collected meanwhile: what is raised by a callback of that is dropped,
    and Hypothesis has one. It runs in a copy of the context: `np.errstate` can end
    before it has put back what held before.
    """

    def call(*arguments: Given.args, **settings: Given.kwargs) -> Returned:
        if (gate := present_gate()) is None:
            return function(*arguments, **settings)
        was_open, collects = gate.is_open, gc.isenabled()
        try:
            gc.disable()
            gate.is_open = True
            gate.let_through()
            return copy_context().run(function, *arguments, **settings)
        finally:  # in this function: to call another, Python looks for signals first
            gate.is_open = was_open
            if collects:
                gc.enable()

    return call


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

    with handled({signal.SIGINT: take_note}, {signal.SIGINT: usual}):
        yield lambda: bool(requests)


@contextmanager
def handled(
    handlers: Mapping[int, Handler], usual: Mapping[int, Any]
) -> Iterator[None]:
    """Let handlers take signals in the block, and the usual ones from its end on.

    Handlers of other signals may raise at any moment: at the latest as the next handler
    is set, which Python does after theirs. Hence within ``try``, and twice at the end.
    """
    try:
        set_all(handlers)
        yield
    finally:
        try:
            set_all(usual)
        finally:
            set_all(usual)


def set_all(handlers: Mapping[int, Any]) -> None:
    """Set the handlers of some signals."""
    for number, handler in handlers.items():
        signal.signal(number, handler)
