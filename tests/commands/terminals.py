"""Run something on a pseudo-terminal, and return what it writes there."""

import contextlib
import os
import threading
from collections.abc import Callable
from typing import TextIO

import pytest

__all__ = ["on_a_terminal"]


def on_a_terminal(columns: int, encoding: str, act: Callable[[TextIO], object]) -> str:
    """Return what `act` writes to a terminal of so many columns."""
    pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")
    termios = pytest.importorskip("termios")
    master, slave = pty.openpty()
    termios.tcsetwinsize(slave, (24, columns))
    pieces: list[bytes] = []

    def read() -> None:
        with contextlib.suppress(OSError):  # the other end is closed
            while piece := os.read(master, 65536):
                pieces.append(piece)

    reader = threading.Thread(target=read)  # a terminal takes only so much at once
    reader.start()
    try:
        with os.fdopen(slave, "w", encoding=encoding) as stream:
            act(stream)
    finally:
        reader.join()
        os.close(master)
    return b"".join(pieces).decode(encoding).replace("\r\n", "\n")
