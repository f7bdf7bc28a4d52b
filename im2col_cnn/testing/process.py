"""Start a worker in a process of its own, hand it requests, and wait for its answers.

The other end is `worker`. Requests and answers are pickles on its standard streams.
"""

import os
import pickle
import queue
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

__all__ = ["Process", "SilenceError"]


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
    """

    def __init__(self, printed: Path, megabytes: int) -> None:
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "Agg"}
        root = str(Path(__file__).parents[2])
        paths = [root, environment.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
        command = [sys.executable, "-m", "im2col_cnn.testing.worker"]
        self.process = subprocess.Popen(
            [*command, str(printed), str(megabytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
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
            return self.answers.get(timeout=seconds)
        except queue.Empty:
            raise SilenceError from None

    def end(self) -> int:
        """End the process, if it has not ended by itself, and return how it did."""
        self.process.kill()
        code = self.process.wait()
        for stream in self.process.stdin, self.process.stdout:
            assert stream is not None
            stream.close()
        return code
