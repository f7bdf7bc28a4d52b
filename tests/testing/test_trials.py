"""Every line of a trial ends, wherever in it time is spent."""

import gc
import signal
from typing import Any

import pytest

from im2col_cnn.testing.dialects.table import readings
from im2col_cnn.testing.dialects.trials import execute
from tests.profile import in_turn

FOR_EVER = """
while True:
    pass
"""

IN_DELETING = """
class Slow:
    def __del__(self):
        while True:
            pass

slow = Slow()
del slow
while True:
    pass
"""

IN_CYCLES = """
while True:
    cycle = []
    cycle.append(cycle)
    sum(range(1_000))
"""


def handlers() -> list[object]:
    return [signal.getsignal(number) for number in (signal.SIGPROF, signal.SIGALRM)]


@in_turn(3)
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs a timer")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("lines", [FOR_EVER, IN_DELETING, IN_CYCLES])
def test_lines_end(lines: str) -> None:
    before = handlers()

    def spend_time(*_: object) -> None:
        for _number in range(100_000):
            pass

    gc.callbacks.append(spend_time)
    try:
        with pytest.raises(TimeoutError, match="did not return"):
            execute(lines, {})
    finally:
        gc.callbacks.remove(spend_time)
    assert gc.isenabled()
    assert signal.getitimer(signal.ITIMER_PROF) == (0, 0)
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    assert handlers() == before


def test_lines_that_leave_do_not_end_the_grader() -> None:
    with pytest.raises(RuntimeError, match=r"sys\.exit"):
        execute("raise SystemExit(3)", {})


def test_what_is_not_written_is_not_tried_in_all_ways() -> None:
    calls = []

    def conv2d(x: Any, w: Any, b: Any, stride: int = 1, padding: int = 0) -> Any:
        calls.append((x, w, b, stride, padding))
        raise NotImplementedError

    ((_, offer),) = readings({"conv2d": conv2d}, "functions")

    assert offer.kind == "conv"
    assert len(calls) < 500
