"""Run one contestant in this process, and answer questions about it line by line.

Started by `race` as ``python -m im2col_cnn.compare.worker``. The first line it reads
says who runs what; every other one asks for times. Two pools of
threads in one process would disturb each other, so nobody shares a process.
"""

import json
import resource
import sys
from dataclasses import asdict, dataclass
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from ..loops import conv_backward, conv_forward
from .cases import Case, arrays_of, cut
from .contestants import CONTESTANTS, Contestant

__all__ = ["main"]

CHECKED = 3000  # outputs of the corner that is compared with the loops
LOOPED = 3000  # outputs that the loops themselves are timed on


@dataclass
class Report:
    """What a contestant says of itself before it is timed."""

    equal: bool  # to the loops, on a corner filled with whole numbers
    scale: float  # by which times are multiplied: the loops run on a corner only


def main() -> None:
    """Read who runs what, then time it as often as asked."""
    order = json.loads(sys.stdin.readline())
    case = Case(**{**order["case"], **tuples(order["case"])})
    make = CONTESTANTS[order["who"]]
    looped = order["who"] == "loops"
    part = cut(case, LOOPED) if looped else case
    corner = cut(case, CHECKED)
    equal = order["who"] == "product" or is_equal(
        make(corner, arrays_of(corner, whole=True)), corner
    )
    runner = make(part, arrays_of(part, whole=False))
    say(asdict(Report(equal, case.operations / part.operations)))
    for line in sys.stdin:
        before = peak()
        forward, step = (
            timed(work, json.loads(line)["seconds"])
            for work in (runner.forward, runner.step)
        )
        say({"forward": forward, "step": step, "grown": peak() - before})


def is_equal(runner: Contestant, case: Case) -> bool:
    """Tell whether a contestant finds what the loops find, number by number."""
    x, w, b, dy = arrays_of(case, whole=True)
    y, cache = conv_forward(x, w, b, **case.settings)
    pairs = zip(runner.results(), (y, *conv_backward(dy, cache)), strict=True)
    return all(
        np.array_equal(found, wanted) for found, wanted in pairs if wanted is not None
    )


def timed(work: Any, seconds: float) -> float:
    """Return the median time of one call, once the threads have found their cores."""
    # A system may leave woken threads together on one core for 50 ms: those calls are
    # not timed.
    times_of(work, seconds)
    return median(times_of(work, seconds))


def times_of(work: Any, seconds: float) -> list[float]:
    """Return the time of every call in so many seconds, at least of one."""
    times: list[float] = []
    end = perf_counter() + seconds
    while not times or perf_counter() < end:
        start = perf_counter()
        work()
        times.append(perf_counter() - start)
    return times


def peak() -> int:
    """Return the most memory this process has held so far, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def tuples(case: dict[str, Any]) -> dict[str, Any]:
    """Turn the lists of JSON into shapes again."""
    return {name: tuple(case[name]) for name in ("input", "kernel")}


def say(answer: dict[str, Any]) -> None:
    """Answer in one line, at once."""
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
