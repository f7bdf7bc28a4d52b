"""Measure how many milliseconds a step of four shards takes on each kind of worker.

    python -m tests.notes.steps_of_engines
    mpiexec -n 3 python -m mpi4py.futures -m tests.notes.steps_of_engines mpi

A line for every engine that is installed, a column for every row of the table in
beyond-one-machine.md.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib import import_module
from importlib.util import find_spec
from multiprocessing import get_context
from typing import Any

import numpy as np

from im2col_cnn.nn import SGD, Conv, Dense, Flatten, MaxPool, ReLU, Sequential, fit
from im2col_cnn.nn.workers import Workers

__all__ = ["ENGINES", "milliseconds"]

SHARDS = 4
STEPS = 10  # of which the quickest counts
SIZES = ((8, 4, 4), (32, 8, 8), (32, 16, 16), (64, 16, 16))  # side, filters, shard


@contextmanager
def dask(count: int) -> Iterator[Executor]:
    """Start a cluster of this machine."""
    distributed: Any = import_module("distributed")
    settings = {"threads_per_worker": 1, "dashboard_address": ":0"}
    with (
        distributed.LocalCluster(n_workers=count, **settings) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client.get_executor(pure=False)


def loky(count: int) -> AbstractContextManager[Executor]:
    """Start processes of loky."""
    pool: AbstractContextManager[Executor] = import_module("loky").ProcessPoolExecutor(
        count
    )
    return pool


def processes(count: int) -> ProcessPoolExecutor:
    """Start processes of the standard library."""
    return ProcessPoolExecutor(count, mp_context=get_context("spawn"))


def mpi(_: int) -> AbstractContextManager[Executor]:
    """Reach the processes that mpiexec has started."""
    pool: AbstractContextManager[Executor] = import_module(
        "mpi4py.futures"
    ).MPIPoolExecutor()
    return pool


ENGINES: dict[str, Callable[[], AbstractContextManager[Executor | None]]] = {
    "here": nullcontext,
    "2 threads": lambda: ThreadPoolExecutor(2),
    "2 processes": lambda: processes(2),
    "--workers 1": lambda: Workers(1, seconds=600),
    "--workers 2": lambda: Workers(2, seconds=600),
    "loky, 2": lambda: loky(2),
    "Dask, 2": lambda: dask(2),
}


def milliseconds(side: int, filters: int, images: int, on: Executor | None) -> float:
    """Return how long the quickest step takes, from one `on_step` to the next."""
    rng = np.random.default_rng(0)
    network = Sequential(
        [
            Conv(filters, 3, padding="same"),
            ReLU(),
            MaxPool(2),
            Conv(2 * filters, 3, padding="same"),
            ReLU(),
            MaxPool(2),
            Flatten(),
            Dense(10),
        ]
    ).build((side, side, 3), rng=rng)
    N = (STEPS + 1) * SHARDS * images
    seconds: list[float] = []
    fit(
        network,
        rng.random((N, side, side, 3), np.float32),
        rng.integers(0, 10, N),
        epochs=1,
        batch_size=images,
        accumulate=SHARDS,
        optimizer=SGD(0.01),
        rng=rng,
        executor=on,
        on_step=lambda _: seconds.append(time.perf_counter()),
    )
    return 1000 * float(np.diff(seconds).min())


def main(arguments: list[str]) -> None:
    """Write a line for every engine, a column for every size."""
    os.environ["IM2COL_CNN_THREADS"] = "1"
    engines = {"MPI, 2": lambda: mpi(2)} if arguments else ENGINES
    for name, start in engines.items():
        module = {"loky, 2": "loky", "Dask, 2": "distributed"}.get(name)
        if module is not None and find_spec(module) is None:
            continue
        with start() as executor:
            row = [milliseconds(*size, executor) for size in SIZES]
        sys.stdout.write(f"{name:12}" + "".join(f"{ms:8.1f}" for ms in row) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
