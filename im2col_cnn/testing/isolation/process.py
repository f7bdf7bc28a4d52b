"""Homework in a process of its own: its functions are called there, within limits."""

import os
import pickle
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from math import inf
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType
from typing import Any
from uuid import uuid4

import numpy as np

from ..._interrupts import interruptible, without_interrupt
from ..._typing import Array
from ..dialects.dialect import Offer
from ..errors import SubjectError, SubjectStoppedError, TimeIsUpError
from ..strategies import Case
from .loader import HomeworkError
from .sandbox import MARK

__all__ = ["IsolatedModule", "Process", "SilenceError", "offers_in"]


class SilenceError(Exception):
    """No answer came in time."""


class Process:
    """
    A worker.

    Parameters
    ----------
    printed : Path
        The file that gets whatever it prints.
    megabytes : int
        How much address space it may have.
    python : str, optional
        The interpreter that runs it; by default this one.
    """

    def __init__(
        self, printed: Path, megabytes: int, python: str | None = None
    ) -> None:
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "Agg"}
        root = str(Path(__file__).parents[3])
        paths = [root, environment.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
        self.mark = environment[MARK] = uuid4().hex
        command = [python or sys.executable, str(Path(__file__).with_name("start.py"))]
        self.process = subprocess.Popen(
            [*command, str(printed), str(megabytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            start_new_session=True,  # what it starts is ended with it
        )
        self.answers: queue.Queue[tuple[str, Any]] = queue.Queue()
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self) -> None:
        """Put every answer into a queue, and at last that the process ended."""
        assert self.process.stdout is not None
        while True:
            try:
                self.answers.put(pickle.load(self.process.stdout))
            except Exception:  # the pipe was closed, or filled with something else
                self.answers.put(("ended", None))
                return

    def ask(self, *message: Any) -> None:
        """Send a request; if the process has ended, the answer will say so."""
        assert self.process.stdin is not None
        try:
            pickle.dump(message, self.process.stdin)
            self.process.stdin.flush()
        except OSError:
            self.answers.put(("ended", None))

    def answer(self, seconds: float) -> tuple[str, Any]:
        """Wait for what became of a request, and what it gave."""
        try:
            return interruptible(self.answers.get)(timeout=seconds)
        except queue.Empty:
            raise SilenceError from None

    def end(self) -> int:
        """End the process, if it has not ended by itself, and return how it did."""
        if hasattr(os, "killpg"):  # first: its number may be another's afterwards
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        code = self.process.wait()
        # What begins to be another program has no environment for a moment.
        for _ in range(100):
            if not kill_marked(self.mark) + kill_marked(self.mark):
                break
            sleep(0.01)
        for stream in self.process.stdin, self.process.stdout:
            assert stream is not None
            with suppress(OSError):  # what was not sent, because of Ctrl-C, cannot be
                stream.close()
        return code


MAX_CACHES = 32  # as the worker keeps
IMPORT_SECONDS = 60.0  # seconds to import what a file imports
MIN_CALL_SECONDS = 1.0  # seconds that a call may take, whatever happened before
LAST_WORDS_SECONDS = 0.5  # seconds for what is asked after the time is over
QUICK_CALL_SECONDS = 0.25  # seconds in which nearly every call returns


def kill_marked(mark: str) -> int:
    """Kill the processes that have a mark in their environment, and count them."""
    killed = 0
    for environment in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):  # of somebody else, or gone
            if mark.encode() in environment.read_bytes():
                os.kill(int(environment.parent.name), signal.SIGKILL)
                killed += 1
    return killed


class IsolatedModule:
    """
    A file, loaded in another process.

    Parameters
    ----------
    path : Path
        The homework.
    dialect : str or None
        The dialect to read it in; None to guess.
    seconds : float
        How long a call may take. Each time that one did not return, the next may take
        half as long, down to a second, so that many of them cost little more than two.
    megabytes : int
        How much address space the process may have.
    python : str, optional
        The interpreter that runs it; by default this one.
    adapter : Path, optional
        A file that says how to call it.
    until : float
        When to call it no more, on the clock of `time.monotonic`.
    also : sequence of Path
        Other files that belong to it.
    """

    def __init__(
        self,
        path: Path,
        dialect: str | None,
        *,
        seconds: float,
        megabytes: int,
        python: str | None = None,
        adapter: Path | None = None,
        until: float = inf,
        also: Sequence[Path] = (),
    ) -> None:
        self.paths = [str(path), *map(str, also)]
        self.path, self.dialect, self.python = path, dialect, python
        self.adapter = str(adapter) if adapter else None
        self.seconds, self.megabytes, self.until = seconds, megabytes, until
        descriptor, name = tempfile.mkstemp(prefix="im2col_cnn_check_")
        os.close(descriptor)
        self.file = Path(name)
        self.process: Process | None = None
        self.spare: Process | None = None  # ready for when the other must be ended
        self.calls: dict[int, Case] = {}  # that caches belong to
        self.tries = True  # what reading it calls has not ended it
        self.hung = 0

    def __enter__(self) -> "IsolatedModule":
        """Leave the process to be started by the first request."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End all processes."""
        for process in self.process, self.spare:
            if process is not None:
                process.end()
        self.file.unlink(missing_ok=True)

    def started(self) -> Process:
        """Start a process, and let it load the file meanwhile."""
        process = Process(self.file, self.megabytes, self.python)
        process.ask("load", self.paths, self.dialect, self.adapter, self.tries)
        return process

    def load(self) -> dict[str, Any]:
        """Return what the file offers; if a trial ends it, what its names promise."""
        try:
            return self.loaded()
        except SubjectStoppedError as stop:
            if stop.kind != "crash" or not self.tries:
                raise
        self.tries = False
        return self.loaded()

    def loaded(self) -> dict[str, Any]:
        """Wait until a process has loaded the file, and return what it offers."""
        with without_interrupt():  # or nothing would know the process, and end it
            self.process, self.spare = self.spare or self.started(), None
        found = self.await_answer(
            f"importing {self.path.name}", "", None, IMPORT_SECONDS
        )
        assert isinstance(found, dict)
        return found

    def request(self, what: str, part: str, case: Case, *message: Any) -> Any:
        """Let a function be called, and return what it gave."""
        if monotonic() > self.until:
            raise TimeIsUpError
        if self.process is None:
            self.load()
        assert self.process is not None
        self.process.ask(part, *message)
        least = min(self.seconds, MIN_CALL_SECONDS)
        seconds = max(self.seconds / 2**self.hung, least)
        return self.await_answer(what, part, case, seconds)

    def await_answer(
        self, what: str, part: str, case: Case | None, seconds: float
    ) -> Any:
        """Wait for an answer, and say what happened if there is none."""
        process = self.process
        assert process is not None
        left = max(0.0 if case else LAST_WORDS_SECONDS, self.until - monotonic())
        is_last, seconds = left < seconds, min(seconds, left)
        on = f" for a {sight_of(case)}" if case else ""
        soon = min(seconds, QUICK_CALL_SECONDS) if case else seconds
        try:
            try:
                status, result = process.answer(soon)
            except SilenceError:
                if case:  # It may never return: let another process load meanwhile.
                    with without_interrupt():
                        self.spare = self.spare or self.started()
                status, result = process.answer(seconds - soon)
        except SilenceError:
            status = "hung"
        if status in ("hung", "ended"):
            code = process.end()
            self.process = None
            if status == "hung" and is_last and case:
                raise TimeIsUpError
            how = f"signal {-code}" if code < 0 else f"status {code}"
            if status == "ended":
                problem = f"{what} ended the process with {how}{on}"
                raise SubjectStoppedError(problem, "crash", part, case)
            self.hung += 1
            problem = f"{what} did not return within {seconds:g} s{on}"
            raise SubjectStoppedError(problem, "timeout", part, case)
        if status == "refused":
            raise HomeworkError(result)
        if status == "failed":
            problem, kind, detail, crashed, code = result
            failure = SubjectError(problem, kind, detail, part)
            failure.crashed, failure.code = crashed, code
            raise failure
        return result

    def forward(
        self, offer: int, name: str, arrays: Any, settings: Any, part: str = "forward"
    ) -> Any:
        """Call a forward in the process; write back what it wrote into arguments."""
        case = Case(arrays, settings)
        y, cache, after = self.request(name, part, case, offer, arrays, settings)
        self.calls[cache] = case
        self.calls.pop(cache - MAX_CACHES, None)
        for array, changed in zip(arrays, after, strict=True):
            write_back(array, changed)
        return y, cache

    def backward(self, offer: int, name: str, dy: Array, cache: int) -> Any:
        """Call a backward in the process; write back what it wrote into dy."""
        case = self.calls[cache]
        gradients, after = self.request(name, "backward", case, offer, dy, cache)
        write_back(dy, after)
        return gradients

    def paste(self, offer: int, *arguments: Any) -> str:
        """Return a call as a program in the homework's words; nothing if it fails."""
        if self.process is None and monotonic() > self.until:
            return ""
        if self.process is None:
            self.load()
        assert self.process is not None
        self.process.ask("paste", offer, *arguments)
        try:
            return str(self.await_answer("", "", None, IMPORT_SECONDS))
        except (SubjectError, SubjectStoppedError):
            return ""

    def notes(self) -> list[str]:
        """Return what was met in the homework that is no fault of its convolution."""
        return self.told("notes")

    def obstacles(self) -> list[str]:
        """Return what calls of its layers end with, where none ends well."""
        return self.told("obstacles")

    def told(self, what: str) -> list[str]:
        """Return the lines that a request is answered with; none if it cannot be."""
        if self.process is None:
            return []
        self.process.ask(what)
        try:
            return list(self.await_answer("", "", None, IMPORT_SECONDS))
        except (SubjectError, SubjectStoppedError):
            return []

    def printed(self) -> str:
        """Return the first of what the homework printed."""
        return self.file.read_text(encoding="utf-8", errors="replace")


def offers_in(
    homework: IsolatedModule, found: dict[str, Any]
) -> Iterator[tuple[str, Offer]]:
    """Yield the dialect and the offer of all that was found in a file.

    The functions of an offer run in the homework's process.
    """
    for index, (dialect, offer) in enumerate(found["offers"]):
        forward, backward = offer.parts
        functions = {
            "forward": remote_forward(homework, index, forward),
            "backward": partial(homework.backward, index, backward),
            "paste": partial(homework.paste, index),
            "cached": remote_forward(homework, index, forward, "cached"),
        }
        there = {name: do for name, do in functions.items() if getattr(offer, name)}
        yield dialect, replace(offer, **there)


def sight_of(case: Case) -> str:
    """Say what a function was to look at: images, or one window of them."""
    shape = case.settings.get("shape", case.arrays[0].shape)
    return f"{'x'.join(map(str, shape))} {'window' if len(shape) == 2 else 'image'}"


def remote_forward(
    homework: IsolatedModule, index: int, name: str, part: str = "forward"
) -> Callable[..., tuple[Any, Any]]:
    """Return a forward that runs in the homework's process."""

    def forward(*arrays: Any, **settings: Any) -> tuple[Any, Any]:
        y, cache = homework.forward(index, name, arrays, settings, part)
        return y, cache

    return forward


def write_back(array: Array, changed: Array) -> None:
    """Let a change in a copy be seen in the array, unless that is read-only."""
    if array.flags.writeable and not np.array_equal(array, changed, equal_nan=True):
        array[...] = changed
