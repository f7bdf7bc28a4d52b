"""Time contestants in turn, A B C A B C, each in a process of its own.

What disturbs the machine then disturbs them all alike: ratios are taken round by round,
and their median stays when times do not.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Any, NamedTuple

from .models import Entry

__all__ = ["Left", "Result", "race"]

SECONDS_PER_ROUND = 0.1  # that each contestant is timed for, per round and direction


@dataclass
class Result:
    """How one contestant did, round by round; times in seconds, memory in bytes."""

    who: str
    equal: bool
    images: int
    note: str = ""
    forward: list[float] = field(default_factory=list)
    step: list[float] = field(default_factory=list)
    memory: int = 0

    def ratios(self, other: "Result") -> list[float]:
        """Return how many times as long a step took, per image, by round and sorted."""
        share = other.images / self.images
        pairs = zip(self.step, other.step, strict=True)
        return sorted(share * mine / theirs for mine, theirs in pairs)

    def median(self, what: str) -> float:
        """Return the time of the middle round."""
        return float(median(getattr(self, what)))


class Left(NamedTuple):
    """Who is not in the results, of what, and why."""

    who: str
    case: Entry
    why: str
    failed: bool  # or declined before it began


class Runner(NamedTuple):
    """A process, and what comes out of it."""

    case: Entry
    process: subprocess.Popen[str]
    result: Result
    scale: float  # by which times are multiplied: the loops run on a corner only

    def go_round(self) -> dict[str, Any]:
        """Ask for times, and note them if there are any."""
        ask(self.process, {"seconds": SECONDS_PER_ROUND})
        times = answer(self.process)
        if "cannot" not in times:
            self.result.forward.append(times["forward"] * self.scale)
            self.result.step.append(times["step"] * self.scale)
            self.result.memory = max(self.result.memory, times["grown"])
        return times


def race(
    cases: Sequence[Entry], names: Sequence[str], *, threads: int, rounds: int
) -> tuple[dict[str, list[Result]], list[Left]]:
    """Let everybody do every case, one after another, so many times."""
    left: list[Left] = []
    runners: list[Runner] = []
    with ExitStack() as stack:
        entries = [
            (name, case, stack.enter_context(running(name, case, threads)))
            for case in cases
            for name in names
        ]
        for name, case, process in entries:
            report = answer(process)
            if "cannot" in report:
                left.append(Left(name, case, report["cannot"], report["failed"]))
                continue
            result = Result(name, report["equal"], case.images, report["note"])
            runners.append(Runner(case, process, result, report["scale"]))
        for _ in range(rounds):
            for runner in list(runners):
                times = runner.go_round()
                if "cannot" in times:
                    who, case = runner.result.who, runner.case
                    left.append(Left(who, case, times["cannot"], times["failed"]))
                    runners.remove(runner)
    found: dict[str, list[Result]] = {case.name: [] for case in cases}
    for runner in runners:
        found[runner.case.name].append(runner.result)
    return found, left


@contextmanager
def running(name: str, case: Entry, threads: int) -> Iterator[subprocess.Popen[str]]:
    """Start the process of a contestant, and end it."""
    with subprocess.Popen(
        [sys.executable, "-m", "im2col_cnn.compare.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **limits(threads)},
        # Ctrl-C reaches a whole group; who is ended below has nothing to say about it.
        process_group=0 if os.name == "posix" else None,
    ) as process:
        ask(process, {"who": name, "case": case.written()})
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
    """Send one line; who is gone already says so when it is asked to answer."""
    assert process.stdin is not None
    try:
        process.stdin.write(json.dumps(question) + "\n")
        process.stdin.flush()
    except BrokenPipeError:
        process.stdin = None  # closing it would try again


def answer(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Wait for one line."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        status = process.wait()
        how = f"signal {-status}" if status < 0 else f"status {status}"
        return {"cannot": f"it ended early, with {how}", "failed": True}
    found: dict[str, Any] = json.loads(line)
    return found
