"""Keep somebody's homework in a process of its own, with a limit on time and memory.

An endless loop, a crash or ``sys.exit`` then ends that process and not this one, and
what the homework prints does not get into the report. That guards against accidents;
it is no sandbox: the homework runs with all rights of whoever checks it.
"""

import os
import pickle
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from .._typing import Array
from .dialects.dialect import Offer
from .homework import HomeworkError
from .subject import SubjectError, SubjectStoppedError

__all__ = ["Isolated", "offers_in"]

LOADING = 60.0  # seconds to import what a file imports


class Isolated:
    """
    A file, loaded in another process.

    Parameters
    ----------
    path : Path
        The homework.
    dialect : str or None
        The dialect to read it in; None to guess.
    seconds : float
        How long a call may take.
    megabytes : int
        How much address space the process may have.
    """

    def __init__(
        self, path: Path, dialect: str | None, *, seconds: float, megabytes: int
    ) -> None:
        self.path, self.dialect = path, dialect
        self.seconds, self.megabytes = seconds, megabytes
        descriptor, name = tempfile.mkstemp(prefix="im2col_cnn_check_")
        os.close(descriptor)
        self.file = Path(name)
        self.process: subprocess.Popen[bytes] | None = None
        self.answers: queue.Queue[Any] = queue.Queue()
        self.shapes: dict[int, str] = {}  # of the images that caches belong to

    def __enter__(self) -> "Isolated":
        """Leave the process to be started by the first request."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process."""
        self.stop()
        self.file.unlink(missing_ok=True)

    def load(self) -> dict[str, Any]:
        """Start a process, load the file in it, and return what it offers."""
        self.stop()
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "Agg"}
        command = [sys.executable, "-m", "im2col_cnn.testing.worker"]
        root = str(Path(__file__).parents[2])
        paths = [root, environment.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
        self.process = subprocess.Popen(
            [*command, str(self.file), str(self.megabytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )
        self.answers = queue.Queue()
        listener = threading.Thread(target=listen, args=(self.process, self.answers))
        listener.daemon = True
        listener.start()
        found = self.request(
            (f"importing {self.path.name}", "", ""),
            ("load", str(self.path), self.dialect),
            LOADING,
        )
        assert isinstance(found, dict)
        return found

    def stop(self) -> None:
        """End the process, if it runs."""
        if self.process is None:
            return
        self.process.kill()
        self.process.wait()
        for stream in self.process.stdin, self.process.stdout:
            if stream is not None:
                stream.close()
        self.process = None

    def request(
        self, doing: tuple[str, str, str], message: tuple[Any, ...], seconds: float
    ) -> Any:
        """Send a request and wait for the answer."""
        if self.process is None:
            self.load()
        assert self.process is not None
        assert self.process.stdin is not None
        try:
            pickle.dump(message, self.process.stdin)
            self.process.stdin.flush()
            status, result = self.answers.get(timeout=seconds)
        except queue.Empty:
            self.stop()
            what, when, part = doing
            problem = f"{what} did not return within {seconds:g} s {when}".rstrip()
            raise SubjectStoppedError(problem, "timeout", part) from None
        except OSError:
            status, result = "ended", None
        if status == "ended":
            code = self.process.wait()
            self.stop()
            how = f"signal {-code}" if code < 0 else f"status {code}"
            what, when, part = doing
            problem = f"{what} ended the process with {how} {when}".rstrip()
            raise SubjectStoppedError(problem, "crash", part)
        if status == "refused":
            raise HomeworkError(result)
        if status == "failed":
            raise SubjectError(*result)
        return result

    def forward(self, offer: int, name: str, arrays: Any, settings: Any) -> Any:
        """Call a forward in the process; write back what it wrote into arguments."""
        shape = "x".join(map(str, arrays[0].shape))
        message = ("forward", offer, arrays, settings)
        doing = name, f"for a {shape} image", "forward"
        y, cache, after = self.request(doing, message, self.seconds)
        self.shapes[cache] = shape
        for array, changed in zip(arrays, after, strict=True):
            write_back(array, changed)
        return y, cache

    def backward(self, offer: int, name: str, dy: Array, cache: int) -> Any:
        """Call a backward in the process; write back what it wrote into dy."""
        message = ("backward", offer, dy, cache)
        doing = name, f"for a {self.shapes[cache]} image", "backward"
        gradients, after = self.request(doing, message, self.seconds)
        write_back(dy, after)
        return gradients

    def printed(self) -> str:
        """Return the first of what the homework printed."""
        return self.file.read_text(encoding="utf-8", errors="replace")


def offers_in(homework: Isolated, found: dict[str, Any]) -> Iterator[Offer]:
    """Yield what was found in a file, with functions that run in its process."""
    for index, described in enumerate(found["offers"]):
        kind, name, support, judges, left_out = described
        offer = Offer(kind, name, nowhere, None, support, judges, left_out)
        forward_name, backward_name = offer.parts
        backward = partial(homework.backward, index, backward_name)
        yield replace(
            offer,
            forward=remote_forward(homework, index, forward_name),
            backward=backward if found["backwards"][index] else None,
        )


def nowhere(*_: Any, **__: Any) -> tuple[Any, Any]:
    """Stand in for a function that is elsewhere."""
    raise NotImplementedError


def remote_forward(
    homework: Isolated, index: int, name: str
) -> Callable[..., tuple[Any, Any]]:
    """Return a forward that runs in the homework's process."""

    def forward(*arrays: Any, **settings: Any) -> tuple[Any, Any]:
        y, cache = homework.forward(index, name, arrays, settings)
        return y, cache

    return forward


def listen(process: "subprocess.Popen[bytes]", answers: "queue.Queue[Any]") -> None:
    """Put every answer of a process into a queue, and at last that it ended."""
    assert process.stdout is not None
    while True:
        try:
            answers.put(pickle.load(process.stdout))
        except Exception:  # the pipe was closed, or filled with something else
            answers.put(("ended", None))
            return


def write_back(array: Array, changed: Array) -> None:
    """Let a change in a copy be seen in the array, unless that is read-only."""
    if array.flags.writeable and not np.array_equal(array, changed, equal_nan=True):
        array[...] = changed
