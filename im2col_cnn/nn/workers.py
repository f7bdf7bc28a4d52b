"""Run calls in processes that may crash or hang: an executor that outlives both.

    python -m im2col_cnn.nn.workers

Unlike `concurrent.futures.ProcessPoolExecutor`, a process that dies fails its own call
and no other, and a call that takes too long is ended. Calls come in and results go out
as pickles, through copies of the standard streams.
"""

import contextlib
import errno
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

from .._checks import as_above_zero, as_int
from .executors import WorkerError, worker_name

__all__ = ["Workers", "main"]

MAX_SECONDS_TO_START = 120.0  # what a process imports may lie on a slow disk


class Workers(Executor):
    """
    Processes that make calls, each one at a time.

    Parameters
    ----------
    count : int
        How many processes.
    seconds : float
        How long a call may take. After that its process is ended, with all that it has
        started, and its future raises `WorkerError`.
    environment : mapping of str to str, optional
        Variables that the processes have beside those of this one.

    Examples
    --------
    >>> from im2col_cnn.nn.workers import Workers
    >>> with Workers(2, seconds=60) as executor:
    ...     print(executor.submit(pow, 2, 10).result())
    1024
    """

    def __init__(
        self,
        count: int,
        *,
        seconds: float,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        as_int(count, "count", at_least=1)
        as_above_zero(seconds, "seconds")
        self.seconds, self.environment = seconds, environment or {}
        self.calls: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.running: set[subprocess.Popen[bytes]] = set()
        self.threads = [
            threading.Thread(target=self.work, daemon=True) for _ in range(count)
        ]
        self.closed = False
        for thread in self.threads:
            thread.start()

    def submit(
        self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> Future[Any]:
        """Call a function in one of the processes, when it is free."""
        if self.closed:
            raise RuntimeError("cannot schedule new futures after shutdown")
        future: Future[Any] = Future()
        self.calls.put((future, (fn, args, kwargs)))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more calls; with `cancel_futures`, end those under way as well."""
        self.closed = True
        if cancel_futures:
            with contextlib.suppress(queue.Empty):
                while True:
                    if (call := self.calls.get_nowait()) is not None:
                        call[0].cancel()
            for process in tuple(self.running):
                kill(process)
        for _ in self.threads:
            self.calls.put(None)
        if wait:
            for thread in self.threads:
                thread.join()

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        """Wait for all calls, or end them where the block was left by an error."""
        self.shutdown(cancel_futures=error is not None)

    def work(self) -> None:
        """Make calls in one process after another, as long as there are any."""
        process = None
        while (taken := self.calls.get()) is not None:
            future, call = taken
            if not future.set_running_or_notify_cancel():
                continue
            try:
                message = pickle.dumps(call)
            except Exception as error:
                future.set_exception(error)
                continue
            try:
                if process is None:
                    process = start(self.environment)
                    self.running.add(process)
                    answer_of(process, MAX_SECONDS_TO_START)  # it is ready
                works, result = answer_of(process, self.seconds, message)
            except Exception as error:
                if process is not None:  # half an answer may be left in its stream
                    self.running.discard(process)
                    end(process)
                    process = None
                future.set_exception(error)
                continue
            if works:
                future.set_result(result)
            else:
                future.set_exception(result)
        if process is not None:
            self.running.discard(process)
            end(process)


def start(environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """Start a process that waits for calls."""
    root = str(Path(__file__).parents[2])
    paths = [root, os.environ.get("PYTHONPATH", "")]
    return subprocess.Popen(
        [sys.executable, "-m", "im2col_cnn.nn.workers"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={
            **os.environ,
            **environment,
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        },
        start_new_session=True,  # so that what it starts can be ended with it
    )


def answer_of(
    process: "subprocess.Popen[bytes]", seconds: float, message: bytes = b""
) -> tuple[bool, Any]:
    """
    Send a message to a process, and return whether it works, and what it gives.

    Raises
    ------
    WorkerError
        If the process ends, or is ended because there is no answer in time.
    """
    late = threading.Event()

    def stop() -> None:
        late.set()
        kill(process)

    timer = threading.Timer(seconds, stop)
    timer.start()
    try:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(message)
        process.stdin.flush()
        answer: tuple[bool, Any] = pickle.load(process.stdout)
    except (OSError, EOFError, ValueError, pickle.UnpicklingError) as error:
        code = end(process)
        how = f"ended with status {code}"
        if late.is_set():
            how = f"gave no result within {seconds:g} s"
        elif code == errno.ENOMEM:
            how = "ran out of memory"
        elif code < 0:
            how = f"ended with signal {-code}"
            how += ", as where memory is short" * (code == -signal.SIGKILL)
        raise WorkerError(f"{worker_name(process.pid)} {how}") from error
    else:
        return answer
    finally:
        timer.cancel()


def kill(process: "subprocess.Popen[bytes]") -> None:
    """Kill a process, with all that it has started."""
    if process.returncode is not None:
        return
    with contextlib.suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def end(process: "subprocess.Popen[bytes]") -> int:
    """Kill a process, and return how it ended."""
    kill(process)
    code = process.wait()
    for stream in process.stdin, process.stdout:
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()
    return code


def main() -> None:
    """Make calls until there are no more."""
    calls = os.fdopen(os.dup(0), "rb")
    results = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(2, 1)  # what is printed is no result
    pickle.dump((True, None), results)
    results.flush()
    while True:
        try:
            function, arguments, named = pickle.load(calls)
        except EOFError:
            return
        except MemoryError:  # what is left of the call would be taken for the next one
            os._exit(errno.ENOMEM)
        try:
            answer: tuple[bool, Any] = True, function(*arguments, **named)
        except Exception as error:
            answer = False, error
        try:
            message = pickle.dumps(answer)
            pickle.loads(message)  # some exceptions can be written, and not read
        except MemoryError:
            message = pickle.dumps((False, MemoryError()))
        except Exception as error:
            problem = f"{type(answer[1]).__name__} cannot be sent: {error}"
            message = pickle.dumps((False, TypeError(problem)))
        results.write(message)
        results.flush()


if __name__ == "__main__":
    main()
