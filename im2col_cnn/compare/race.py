"""Time contestants in turn, A B C A B C, each in a process of its own.

What disturbs the machine then disturbs them all alike: ratios are taken round by round,
and their median stays when times do not.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

from .cases import Case

__all__ = ["Result", "race"]

SECONDS = 0.1  # that each contestant is timed for, per round and direction


@dataclass
class Result:
    """How one contestant did, round by round; times in seconds, memory in bytes."""

    who: str
    equal: bool
    forward: list[float] = field(default_factory=list)
    step: list[float] = field(default_factory=list)
    memory: int = 0

    def ratios(self, other: "Result", what: str = "step") -> list[float]:
        """Return how many times as long as another it took, in each round, sorted."""
        pairs = zip(getattr(self, what), getattr(other, what), strict=True)
        return sorted(mine / theirs for mine, theirs in pairs)

    def median(self, what: str) -> float:
        """Return the time of the middle round."""
        return float(median(getattr(self, what)))


def race(case: Case, names: list[str], *, threads: int, rounds: int) -> list[Result]:
    """Let everybody run, one after another, so many times; who fails is left out."""
    with ExitStack() as stack:
        runners = [stack.enter_context(running(name, case, threads)) for name in names]
        results, scales = [], []
        for name, runner in zip(names, runners, strict=True):
            report = answer(runner, name)
            results.append(Result(name, report["equal"]))
            scales.append(report["scale"])
        for _ in range(rounds):
            for result, runner, scale in zip(results, runners, scales, strict=True):
                ask(runner, {"seconds": SECONDS})
                found = answer(runner, result.who)
                result.forward.append(found["forward"] * scale)
                result.step.append(found["step"] * scale)
                result.memory = max(result.memory, found["grown"])
    return results


@contextmanager
def running(name: str, case: Case, threads: int) -> Iterator[subprocess.Popen[str]]:
    """Start the process of a contestant, and end it."""
    command = [sys.executable, "-m", "im2col_cnn.compare.worker"]
    pipe = subprocess.PIPE
    environment = {**os.environ, **limits(threads)}
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, text=True, env=environment
    ) as process:
        ask(process, {"who": name, "case": asdict(case)})
        try:
            yield process
        finally:
            process.kill()


def limits(threads: int) -> dict[str, str]:
    """Return the variables that tell each library how many threads to use."""
    names = "IM2COL_CNN", "MKL_NUM", "OMP_NUM", "OPENBLAS_NUM"
    alone = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    return {f"{name}_THREADS": str(threads) for name in names} | (
        {"XLA_FLAGS": alone} if threads == 1 else {}
    )


def ask(process: subprocess.Popen[str], question: dict[str, Any]) -> None:
    """Send one line."""
    assert process.stdin is not None
    process.stdin.write(json.dumps(question) + "\n")
    process.stdin.flush()


def answer(process: subprocess.Popen[str], name: str) -> dict[str, Any]:
    """Wait for one line."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(f"{name} ended early: what it wrote stands above")
    found: dict[str, Any] = json.loads(line)
    return found
