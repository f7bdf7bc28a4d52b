"""Compute pieces on the workers of an executor, and return the results in order.

    [work(shared, *piece) for piece in pieces]         here, one after another
    list(cluster.compute(work, shared, pieces))        the same, on any workers

Any `concurrent.futures.Executor` serves: threads, processes, Dask's, MPI's. It does not
matter which worker computes a piece, nor when: a piece holds all that its result
depends on, and results are taken in the order of the pieces. What is left is the
machine: the last bit of a sum depends on BLAS and its kernels, so each worker says what
it computes with, and one that is unlike this process is refused.
"""

import os
import pickle
import platform
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import contextmanager, suppress
from dataclasses import KW_ONLY, dataclass
from functools import cache, lru_cache
from importlib import import_module
from itertools import islice
from pathlib import Path
from tempfile import mkstemp
from typing import Any, NamedTuple, TypeAlias, TypeVar

import numpy as np

from .._checks import as_above_zero, as_flag, quoted
from .._version import __version__
from ..tiling.blas import blas_library, with_one_blas_thread
from ..tiling.winograd import is_wanted, winograd, winograd_unless_refused

__all__ = [
    "MAX_PIECES_AHEAD",
    "Cluster",
    "Engine",
    "WorkerError",
    "as_cluster",
    "fingerprint",
    "worker_name",
]

MAX_PIECES_AHEAD = 64
ON_THIS_MACHINE = {"ProcessPoolExecutor", "Workers"}  # loky's has the same name
Result = TypeVar("Result")


class WorkerError(RuntimeError):
    """A worker that gave no result, or none that can be used."""


@dataclass(frozen=True)
class Cluster:
    """
    An executor, how long to wait for it, and whether unlike machines may take part.

    Parameters
    ----------
    executor : concurrent.futures.Executor
    timeout : float, optional
        Seconds to wait for one result; without it, for ever.
    any_machine : bool, default False
        Whether workers may differ from this process in BLAS, kernels or NumPy. The
        last bits of results then depend on which worker computed what.

    Examples
    --------
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> import numpy as np
    >>> from im2col_cnn.nn import Cluster, Dense, Sequential
    >>> network = Sequential([Dense(2)]).build((3,), rng=np.random.default_rng(0))
    >>> with ThreadPoolExecutor(2) as executor:
    ...     cluster = Cluster(executor, timeout=60)
    ...     network.predict(np.ones((5, 3)), batch_size=2, executor=cluster).shape
    (5, 2)
    """

    executor: Executor
    _: KW_ONLY
    timeout: float | None = None
    any_machine: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.executor, Executor):
            raise TypeError(
                f"executor must be a concurrent.futures.Executor, as "
                f"ThreadPoolExecutor(2) is, got {quoted(self.executor)}"
            )
        if self.timeout is not None:
            as_above_zero(self.timeout, "timeout")
        as_flag(self.any_machine, "any_machine")

    def compute(
        self,
        work: Callable[..., Result],
        shared: Any,
        pieces: Iterable[tuple[Any, ...]],
        *,
        ahead: int = MAX_PIECES_AHEAD,
    ) -> Iterator[Result]:
        """
        Yield ``work(shared, *piece)`` for every piece, in their order.

        Parameters
        ----------
        work : callable
            Of this package, so that workers can import it; it changes none of its
            arguments.
        shared : object
            The same for all pieces. Dask and the processes of this machine get it
            once, others beside every piece.
        pieces : iterable of tuple
        ahead : int
            How many pieces workers may have or wait for: they are in memory.

        Raises
        ------
        WorkerError
            If a worker is lost, unlike this machine, out of memory, or too slow.
        """
        with winograd_unless_refused():
            scheme = is_wanted()
        left, waiting = iter(pieces), deque[Future[Answer]]()
        with sent_once(self.executor, shared) as sent:
            try:
                while True:
                    for piece in islice(left, ahead - len(waiting)):
                        call = answer_to, work, sent, piece, scheme
                        waiting.append(submitted(self.executor, *call))
                    if not waiting:
                        return
                    yield self.result(waiting[0])
                    waiting.popleft()
            finally:
                for future in waiting:
                    future.cancel()

    def result(self, future: "Future[Answer]") -> Any:
        """Wait for an answer, and return its result or raise its error."""
        try:
            answer = future.result(self.timeout)
        except Exception as error:
            if self.timeout is not None and not future.done():
                raise WorkerError(f"no result within {self.timeout:g} s") from error
            raise lost(error) from error
        self.require_alike(answer)
        if isinstance(answer.error, MemoryError):
            raise WorkerError(f"{answer.worker} ran out of memory") from answer.error
        if isinstance(answer.error, OSError):  # a file that is not there, say
            raise OSError(f"{answer.worker}: {answer.error}") from answer.error
        if answer.error is not None:
            raise answer.error
        return answer.result

    def require_alike(self, answer: "Answer") -> None:
        """Refuse the answer of a machine whose last bits may be others."""
        here = fingerprint()
        for name, value in answer.fingerprint.items():
            if value != here.get(name):
                problem = (
                    f"{answer.worker} has {name} {value}, this process "
                    f"{here.get(name)}: the last bits of results may differ"
                )
                if not self.any_machine:
                    raise WorkerError(
                        f"{problem}; any_machine=True (--any-machine) accepts that"
                    )
                warnings.warn(problem, stacklevel=3)


Engine: TypeAlias = Executor | Cluster | None


class Answer(NamedTuple):
    """A result or an error, and which machine it is from."""

    result: Any
    error: Exception | None
    worker: str
    fingerprint: dict[str, str]


def as_cluster(executor: Executor | Cluster) -> Cluster:
    """Return what was given as `executor` as a `Cluster`."""
    return executor if isinstance(executor, Cluster) else Cluster(executor)


def submitted(executor: Any, *arguments: Any, **settings: Any) -> Any:
    """Return a future for a call, or raise the error of the executor."""
    try:
        return executor.submit(*arguments, **settings)
    except Exception as error:  # of the executor: it is closed or broken, say
        raise lost(error) from error


@contextmanager
def sent_once(executor: Executor, shared: Any) -> Iterator[Any]:
    """Yield what is shared, or what pieces refer to where it goes out but once."""
    kinds = {base.__name__ for base in type(executor).__mro__}
    client = getattr(executor, "_client", None)  # there is no public name for it
    if "ClientExecutor" in kinds and client is not None:
        # Not `scatter`: what a task returned is computed again when its worker is lost.
        yield submitted(client, itself, shared, pure=False)
    elif kinds.isdisjoint(ON_THIS_MACHINE):
        yield shared
    else:
        path, sent = None, shared
        try:
            with suppress(OSError):  # without room for it, it goes beside every piece
                number, name = mkstemp(prefix="im2col-cnn-")
                path = Path(name)
                with os.fdopen(number, "wb") as file:
                    pickle.dump(shared, file, pickle.HIGHEST_PROTOCOL)
                sent = InFile(path)
            yield sent
        finally:
            if path is not None:
                with suppress(OSError):  # Windows keeps what a worker reads
                    path.unlink()


class InFile(NamedTuple):
    """An object that is in a file."""

    path: Path


@lru_cache(maxsize=1)  # a worker computes pieces of one step at a time
def read(path: Path) -> Any:
    """Return the object in a file."""
    with path.open("rb") as file:
        return pickle.load(file)


def itself(shared: Any) -> Any:
    """Return what is given."""
    return shared


@with_one_blas_thread
def answer_to(
    work: Callable[..., Any], shared: Any, piece: tuple[Any, ...], scheme: bool
) -> Answer:
    """Compute a piece in a worker; what it raises is an answer, too."""
    result, raised = None, None
    try:
        with winograd(scheme), np.errstate(all="ignore"):
            if isinstance(shared, InFile):
                shared = read(shared.path)
            result = work(shared, *piece)
    except Exception as error:
        raised = error
    return Answer(result, raised, worker_name(os.getpid()), fingerprint())


def worker_name(number: int) -> str:
    """Return what errors call a process of this machine."""
    return f"worker {number} on {platform.node()}"


def lost(error: Exception) -> WorkerError:
    """Return the error of a worker that did not get to answer."""
    if isinstance(error, WorkerError):
        return error
    if isinstance(error, MemoryError):
        return WorkerError("a worker ran out of memory")
    line = str(error).strip().partition("\n")[0]
    words = ": ".join(filter(None, [type(error).__name__, line[:200].rstrip(".")]))
    if isinstance(error, BrokenExecutor):
        words += "; systems that are short of memory kill processes"
    return WorkerError(f"a worker gave no result: {words}")


@cache
def fingerprint() -> dict[str, str]:
    """
    Return what the last bits of results depend on, by name.

    Two processes with the same fingerprint give the same bits; `Cluster` refuses
    workers that have another one.
    """
    library = blas_library()
    # NumPy prints these with `np.show_runtime`, and has no public way to ask.
    core = import_module("numpy._core._multiarray_umath")
    features, dispatched = core.__cpu_features__, core.__cpu_dispatch__
    return {
        "im2col-cnn": __version__,
        "NumPy": np.__version__,
        "BLAS": f"{library.get('internal_api')} {library.get('version')}",
        "BLAS kernels": str(library.get("architecture")),
        "vector instructions": " ".join(f for f in dispatched if features.get(f)),
        "C library": " ".join((platform.machine(), *platform.libc_ver())),
    }
