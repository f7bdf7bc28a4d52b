"""Bound what homework uses: memory, files, processes, and what it prints.

All of it is asked of the system once, before the homework is loaded. Time is bounded
from outside, by `process`, which ends the whole group.
"""

from __future__ import annotations

import ctypes
import io
import mmap
import os
import signal
import sys
from typing import Any

__all__ = ["MARK", "MAX_PROCESSES", "limit_memory", "limit_processes", "redirect"]

MAX_PRINTED_LETTERS = 2000  # characters
MAX_FILE_BYTES = 16 << 20
MAX_PROCESSES = 32  # that one file may start
MARK = "IM2COL_CNN_CHECK"  # in the environment of all that a file starts
STARTS = ("os.fork", "os.forkpty", "os.posix_spawn", "os.system", "subprocess.Popen")


class Scrap(io.TextIOBase):
    """Keep the first of what is printed in a file, and let go of the rest."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor, self.left = descriptor, MAX_PRINTED_LETTERS

    def write(self, text: str) -> int:
        """Keep what there is room for."""
        kept = text[: self.left]
        self.left -= len(kept)
        os.write(self.descriptor, kept.encode(errors="replace"))
        return len(text)

    def close(self) -> None:
        """Stay open, whatever the homework does."""


def redirect(printed: str) -> None:
    """Let what is printed go to a file, and give nothing to read."""
    nothing = os.open(os.devnull, os.O_RDWR)
    file = os.open(printed, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for stream in range(3):  # for what is not written in Python
        os.dup2(nothing, stream)
    sys.stdout = sys.stderr = Scrap(file)


def limit_memory(megabytes: int) -> None:
    """Let the system refuse memory beyond a limit, and files of more than 16 MB."""
    try:
        import resource  # noqa: PLC0415  # not on every system
    except ImportError:
        return
    limits = {
        resource.RLIMIT_AS: megabytes << 20,
        resource.RLIMIT_FSIZE: MAX_FILE_BYTES,
    }
    for kind, limit in limits.items():
        _, hard = resource.getrlimit(kind)
        if hard == resource.RLIM_INFINITY or limit < hard:
            resource.setrlimit(kind, (limit, hard))


def limit_processes(pipes: list[int]) -> None:
    """Refuse to start many processes, and let those that are started end with this.

    They count together, in memory that they share: a limit of the system would count
    those of the whole user, and none of root's.
    """
    started, mark = mmap.mmap(-1, 1), os.environ.get(MARK, "")

    def count(event: str, arguments: tuple[Any, ...]) -> None:
        if event in STARTS:
            if started[0] >= MAX_PROCESSES:
                raise RuntimeError(f"no more than {MAX_PROCESSES} processes here")
            started[0] += 1
            for environment in arguments[-1:]:
                if isinstance(environment, dict):  # an own one, without the mark
                    environment[MARK] = mark

    def leave() -> None:
        for pipe in pipes:  # else the worker would not be seen to end
            os.close(pipe)
        end_with_parent()

    sys.addaudithook(count)
    end_with_parent()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=leave)


def end_with_parent() -> None:
    """Ask the system to end this process when the one that started it ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
