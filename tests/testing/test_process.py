"""Homework runs in a process of its own, says what it offers, and answers calls."""

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from im2col_cnn.testing import HomeworkError, check_module
from im2col_cnn.testing.errors import NOT_WRITTEN, SubjectError, SubjectStoppedError
from im2col_cnn.testing.isolation import process, worker
from im2col_cnn.testing.isolation.process import (
    IsolatedModule,
    Process,
    offers_in,
)
from im2col_cnn.testing.isolation.sandbox import MAX_PROCESSES
from im2col_cnn.testing.isolation.worker import MAX_CACHES
from im2col_cnn.tiling.threads import usable_cpus
from tests.testing.families import source_of


def isolated(path: Path, source: str) -> IsolatedModule:
    path.write_text(source, encoding="utf-8")
    return IsolatedModule(path, None, seconds=5, megabytes=2048)


def test_offers_are_called_in_the_process(tmp_path: Path) -> None:
    x, w = np.ones((1, 3, 3, 1)), np.ones((2, 2, 1, 1))
    with isolated(tmp_path / "layers.py", source_of("gatech")) as homework:
        found = homework.load()
        offers = {
            offer.kind: offer
            for dialect, offer in offers_in(homework, found)
            if dialect == "gatech"
        }

        y, cache = offers["conv"].forward(x, w, np.zeros(1), stride=1, padding=0)
        assert offers["conv"].backward is not None
        dx, dw, db = offers["conv"].backward(y, cache)

    assert y.tolist() == [[[[4], [4]], [[4], [4]]]]
    assert dx[0, :, :, 0].tolist() == [[4, 8, 4], [8, 16, 8], [4, 8, 4]]
    assert (dw.shape, db.tolist()) == (w.shape, [16])


WRONG = """
import numpy as np

def conv_forward_naive(x, w, b, conv_param):
    s, p = conv_param["stride"], conv_param["pad"]
    x = np.pad(x, ((0, 0), (0, 0), (p, p), (p, p)))
    (N, C, H, W), (F, _, KH, KW) = x.shape, w.shape
    out = np.zeros((N, F, (H - KH) // s + 1, (W - KW) // s + 1))
    for n, f, i, j in np.ndindex(out.shape):
        window = x[n, 0, i * s : i * s + KH, j * s : j * s + KW]
        out[n, f, i, j] = np.sum(window * w[f, 0]) + b[f]
    return out, (x, w, b, conv_param)
"""


def test_nothing_is_noted_of_calls_that_were_only_tried(tmp_path: Path) -> None:
    """Wrong numbers make it try a column of biases, of which ``b[f]`` is an array."""
    with isolated(tmp_path / "layers.py", WRONG) as homework:
        (_, offer), *_ = offers_in(homework, homework.load())
        x, w = np.ones((1, 3, 3, 2)), np.ones((2, 2, 2, 1))
        offer.forward(x, w, np.zeros(1), stride=1, padding=0)

        assert homework.notes() == []


def test_what_is_not_written_is_told_apart(tmp_path: Path) -> None:
    source = "def max_pool_forward_naive(x, pool_param):\n    return None, None\n"
    with isolated(tmp_path / "layers.py", source) as homework:
        ((_, offer),) = offers_in(homework, homework.load())

        with pytest.raises(SubjectError) as error:
            offer.forward(np.ones((1, 3, 3, 1)), kernel_size=(2, 2), stride=1)

    assert error.value.kind == NOT_WRITTEN
    assert error.value.part == "forward"


FORKS = """
import os, time


def create_mask_from_window(x):
    if os.fork() == 0:
        time.sleep(60)
    with open(PATH, "a") as file:
        file.write(str(os.getpgid(0)) + "\\n")
    return x == x.max()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_what_homework_starts_ends_with_it(tmp_path: Path) -> None:
    told = tmp_path / "group"
    source = FORKS.replace("PATH", repr(str(told)))
    with isolated(tmp_path / "mask.py", source) as homework:
        ((_, offer),) = offers_in(homework, homework.load())
        offer.forward(np.ones((2, 2)))
    group = int(told.read_text(encoding="utf-8"))

    assert not is_there(group)


BOMB = """
import os, subprocess, sys, time


def create_mask_from_window(x):
    while True:
        with open(PATH, "a") as file:
            file.write(str(os.getpid()) + "\\n")
        start_new_one()
    return x == x.max()


def start_new_one():
"""
FORK = "    if os.fork() == 0:\n        os.setsid()\n"
SPAWN = (
    "    sleep = ['sleep', '60']\n"
    "    started = subprocess.Popen(sleep, start_new_session=True)\n"
    "    with open(PATH, 'a') as file:\n        file.write(f'{started.pid}\\n')\n"
)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such limit")
@pytest.mark.parametrize(
    "body",
    [FORK, SPAWN, SPAWN.replace("=True", "=True, env={}")],
    ids=["fork", "spawn", "spawn in an environment of its own"],
)
def test_homework_starts_few_processes_and_none_is_left(
    body: str, tmp_path: Path
) -> None:
    told = tmp_path / "processes"
    source = (BOMB + body).replace("PATH", repr(str(told)))
    with isolated(tmp_path / "mask.py", source) as homework:
        ((_, offer),) = offers_in(homework, homework.load())
        with pytest.raises((SubjectError, SubjectStoppedError), match="processes here"):
            offer.forward(np.ones((2, 2)))
    processes = {int(line) for line in told.read_text(encoding="utf-8").split()}

    assert 2 <= len(processes) <= MAX_PROCESSES + 1
    assert not any(is_running(process) for process in processes)


def is_running(process: int) -> bool:
    """Tell whether a process is left, after a moment to end in; zombies have ended."""
    for _ in range(100):
        status = Path(f"/proc/{process}/stat")
        try:
            if status.read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z":
                return False
        except OSError:
            return False
        time.sleep(0.05)
    return True


RETURNS_TWICE = """
import os


def create_mask_from_window(x):
    os.fork()
    return x == x.max()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_function_that_returns_twice_answers_once(tmp_path: Path) -> None:
    with isolated(tmp_path / "mask.py", RETURNS_TWICE) as homework:
        ((_, offer),) = offers_in(homework, homework.load())
        found = [offer.forward(np.eye(2) + n)[0] for n in range(9)]

    assert (np.array(found) == np.eye(2)).all()


SLOW = """
import time
import numpy as np


def create_mask_from_window(x):
    time.sleep(0.6)
    return x == x.max()


def distribute_value(dz, shape):
    time.sleep(0.6)
    return np.full(shape, dz / shape[0] / shape[1])
"""


def test_the_time_for_all_is_kept_to_the_second(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW, encoding="utf-8")

    for _ in range(3):  # a busy machine may keep it waiting now and then
        begin = time.monotonic()
        report = check_module(tmp_path / "slow.py", total_seconds=4)
        seconds = time.monotonic() - begin
        if seconds < 5:
            break
    if seconds >= 5 and os.getloadavg()[0] > 1.5 * usable_cpus():
        pytest.skip("others have the cores of this machine")

    assert seconds < 5
    assert {verdict.status for verdict in report.verdicts} == {"holds", "not checked"}
    assert not report.ok


def test_where_time_is_too_short_for_anything_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW.replace("0.6", "9"), encoding="utf-8")

    with pytest.raises(HomeworkError, match="nothing was checked: the 2 s were over"):
        check_module(tmp_path / "slow.py", total_seconds=2)


def is_there(group: int) -> bool:
    """Tell whether a process of a group is left, after a moment to end in."""
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.05)
    return True


def test_both_sides_keep_as_many_caches() -> None:
    assert process.MAX_CACHES == worker.MAX_CACHES == MAX_CACHES


def test_a_request_that_ctrl_c_cut_short_is_dropped_at_the_end(tmp_path: Path) -> None:
    printed = tmp_path / "printed.txt"
    printed.touch()
    worker_process = Process(printed, megabytes=2048)
    assert worker_process.process.stdin is not None
    worker_process.process.kill()
    worker_process.process.wait()
    worker_process.process.stdin.write(b"half of it")

    assert worker_process.end() < 0


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_process_that_starts_at_ctrl_c_ends_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []

    def interrupted(self: Process, *_: object) -> None:
        started.append(self.process)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Process, "ask", interrupted)

    with pytest.raises(KeyboardInterrupt), isolated(tmp_path / "a.py", "") as homework:
        homework.load()

    assert [process.poll() for process in started] == [-signal.SIGKILL]
