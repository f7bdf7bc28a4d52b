"""The workers that `--workers` and `--scheduler` ask for."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Annotated, NamedTuple, TypeAlias

from typer import Option

from ..nn.executors import Cluster
from ..nn.workers import Workers
from ..tiling.threads import usable_cpus
from .arguments import require_extra
from .terminal import say_error

__all__ = ["AnyMachine", "Engaged", "Scheduler", "WorkerCount", "working"]

MAX_SECONDS_PER_PIECE = 600.0
MAX_SECONDS_TO_CONNECT = 10
WorkerCount: TypeAlias = Annotated[
    int | None,
    Option(
        "--workers",
        min=1,
        max=1024,
        help="Processes of this machine that compute batches, to the same bits.",
        show_default="none but this one",
    ),
]
Scheduler: TypeAlias = Annotated[
    str | None,
    Option(metavar="tcp://HOST:PORT", help="The scheduler of Dask workers that do so."),
]
AnyMachine: TypeAlias = Annotated[
    bool,
    Option("--any-machine", help="Accept workers whose BLAS may give other last bits."),
]


class Engaged(NamedTuple):
    """Workers that were started or reached, and how many; no cluster without any."""

    cluster: Cluster | None
    size: int

    @property
    def in_words(self) -> str:
        """How many there are, for a line of progress."""
        return f"{self.size} worker{'s' * (self.size > 1)}" if self.size else ""


@contextmanager
def working(
    count: int | None,
    scheduler: str | None,
    *,
    any_machine: bool = False,
    seconds: float = MAX_SECONDS_PER_PIECE,
) -> Iterator[Engaged]:
    """
    Start processes, or reach those of Dask, and leave none behind.

    Raises
    ------
    BadInputError, OSError, ValueError
        If both are asked for, or Dask is not installed, cannot be reached or has no
        workers.
    """
    if count is not None and scheduler is not None:
        raise ValueError("--workers and --scheduler exclude each other: leave one out")
    with ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        warnings.showwarning = lambda message, *_: say_error(str(message))
        cluster = partial(Cluster, any_machine=any_machine)
        if count is not None:
            each = str(max(1, usable_cpus() // count))
            processes = Workers(
                count, seconds=seconds, environment={"IM2COL_CNN_THREADS": each}
            )
            yield Engaged(cluster(stack.enter_context(processes)), count)
        elif scheduler is not None:
            require_extra("distributed", "dask", purpose="--scheduler")
            from distributed import Client  # noqa: PLC0415  # an extra

            # What it logs of lost connections is said in one line where it matters.
            logging.disable(logging.ERROR)
            stack.callback(logging.disable, logging.NOTSET)
            client = stack.enter_context(
                Client(scheduler, timeout=MAX_SECONDS_TO_CONNECT)
            )
            found = len(client.nthreads())
            if not found:
                raise ValueError(
                    f"--scheduler {scheduler}: has no workers: dask worker {scheduler} "
                    f"starts some"
                )
            executor = client.get_executor(pure=False)
            yield Engaged(cluster(executor, timeout=seconds), found)
        else:
            yield Engaged(None, 0)
