"""Run one contestant in this process, and answer questions about it line by line.

Started by `race` as ``python -m im2col_cnn.compare.worker``. The first line it reads
says who runs what; every other one asks for times. Two pools of
threads in one process would disturb each other, so nobody shares a process.
"""

import json
import resource
import sys
from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from .case import Case, cut
from .contestant import CannotError, Contestant, Found, arrays_of
from .contestants import CONTESTANTS
from .models import Entry, Model, answering

__all__ = ["main"]

# Turns of the loops: on the corner that all are compared on, and where they are timed.
MAX_LOOP_TURNS_CHECKED = MAX_LOOP_TURNS_TIMED = 3000


def main() -> None:
    """Read who runs what, then time it as often as asked."""
    line = sys.stdin.readline()
    if not line:  # who would ask has ended
        return
    order = json.loads(line)
    try:
        kind = Model if "path" in order["case"] else Case
        serve(order["who"], kind.read(order["case"]))
    except CannotError as error:
        say({"cannot": str(error), "failed": False})
    except MemoryError as error:
        say({"cannot": f"there is not enough memory: {error}", "failed": True})


def serve(who: str, case: Entry) -> None:
    """Say whether the results are right, then how long they take, again and again."""
    if isinstance(case, Model):
        answer, equal = answering(who, case)
        say({"equal": equal, "scale": 1, "note": ""})
        take_times(answer)
        return
    make = CONTESTANTS[who]
    corner = cut(case, MAX_LOOP_TURNS_CHECKED)
    equal = is_equal(make(corner, arrays_of(corner, whole=True)), corner)
    part = cut(case, MAX_LOOP_TURNS_TIMED) if who == "loops" else case
    runner = make(part, arrays_of(part, whole=False))
    scale = case.operations / part.operations
    say({"equal": equal, "scale": scale, "note": runner.note})
    take_times(runner.forward, runner.step)


def take_times(
    forward: Callable[[], Any], step: Callable[[], Any] | None = None
) -> None:
    """Say how long both take, as often as asked; forward is the step of a model."""
    for line in sys.stdin:
        before, seconds = peak(), json.loads(line)["seconds"]
        first = timed(forward, seconds)
        second = first if step is None else timed(step, seconds)
        say({"forward": first, "step": second, "grown": peak() - before})


def is_equal(runner: Contestant, case: Case) -> bool:
    """Tell whether a contestant finds what the loops find, number by number."""
    loops = CONTESTANTS["loops"](case, arrays_of(case, whole=True))
    return same(runner.results(), loops.results())


def same(found: Found, wanted: Found) -> bool:
    """Compare outputs and gradients; whole numbers leave nothing to rounding."""
    if found.gradients.keys() != wanted.gradients.keys():
        return False
    pairs = [(found.y, wanted.y)]
    pairs += [(a, wanted.gradients[name]) for name, a in found.gradients.items()]
    if found.dx is not None and wanted.dx is not None:
        pairs.append((found.dx, wanted.dx))
    return all(np.array_equal(*pair) for pair in pairs)


def timed(work: Callable[[], Any], seconds: float) -> float:
    """Return the median time of one call, once the threads have found their cores."""
    # A system may leave woken threads together on one core for 50 ms: those calls are
    # not timed.
    times_of(work, seconds)
    return median(times_of(work, seconds))


def times_of(work: Callable[[], Any], seconds: float) -> list[float]:
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


def say(answer: dict[str, Any]) -> None:
    """Answer in one line, at once."""
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
