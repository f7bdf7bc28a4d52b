"""Measure steps of training on more workers than this machine has cores.

    python -m tests.notes.many_workers

The workers are real processes and so is all that reaches this one: parameters go out,
gradients come back and are added up in order. Only their computing is a sleep, which
needs no core. The page beyond-one-machine.md holds its model of a step against this.
"""

import multiprocessing
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager

import numpy as np

from im2col_cnn.nn import SGD, Cluster, Dense, Flatten, Sequential
from im2col_cnn.nn.gradients import Shard

__all__ = ["network", "pool_of", "step_seconds"]

COMPUTE_SECONDS = 0.1
SIZES = ((288, 224, 32), (1024, 960, 64))  # 72 thousand numbers, and a million
WORKERS = (4, 16, 64, 128)
STEPS = 12  # of which the quickest counts


def network(sizes: tuple[int, ...]) -> Sequential:
    """Build a chain of dense layers."""
    first, *others = sizes
    layers = [Flatten(), *(Dense(size) for size in others)]
    return Sequential(layers).build((first,), rng=np.random.default_rng(0))


@contextmanager
def pool_of(workers: int) -> Iterator[Cluster]:
    """Start so many processes."""
    fork = multiprocessing.get_context("fork")  # a hundred of others need minutes
    with ProcessPoolExecutor(workers, mp_context=fork) as executor:
        yield Cluster(executor)


def shard_of(network: Sequential, seconds: float) -> Shard:
    """Sleep for so long, and return gradients as large as the parameters."""
    time.sleep(seconds)
    return Shard(1.0, dict(network.parameters), 1, 1, {})


def step_seconds(
    network: Sequential, shards: int, compute: float, on: Cluster
) -> float:
    """Return how long the quickest of some steps takes, made as `fit` makes them."""
    seconds = []
    for _ in range(STEPS):
        begun = time.perf_counter()
        pieces = [(compute,)] * shards
        first, *others = on.compute(shard_of, network, pieces, ahead=shards)
        total = sum(others, first)
        gradients = {k: g / np.float32(shards) for k, g in total.gradients.items()}
        SGD(1e-9).step(network.parameters, gradients)
        seconds.append(time.perf_counter() - begun)
    return min(seconds)


def main() -> None:
    """Write a row for every size of network and number of workers."""
    for sizes in SIZES:
        chain = network(sizes)
        parameters = sum(array.size for array in chain.parameters.values())
        for workers in WORKERS:
            with pool_of(workers) as pool:
                step_seconds(chain, workers, 0, pool)  # all have started
                seconds = step_seconds(chain, workers, COMPUTE_SECONDS, pool)
            sys.stdout.write(f"{parameters} {workers:4} {1000 * seconds:6.0f} ms\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
