"""Ctrl-C and SIGTERM end a command within a second, in one line, whatever it does."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.commands.command import HOMEWORK, command, environment, started
from tests.profile import in_turn

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
ROOT = Path(__file__).parents[2]
SIGNALS = [
    pytest.param(signal.SIGTERM, 143, "terminated", id="SIGTERM"),
    pytest.param(signal.SIGINT, 130, "interrupted", id="SIGINT"),
]


@in_turn(3)
@pytest.mark.parametrize(("number", "status", "word"), SIGNALS)
@pytest.mark.parametrize("words", ["train --epochs 999", "compare lenet1", "doctor"])
def test_a_signal_ends_a_command_within_a_second(
    words: str, number: signal.Signals, status: int, word: str
) -> None:
    with started(*words.split()) as running:
        wait_for_work(running, words)
        os.killpg(running.pid, number)  # as a terminal does, to all of a group
        took = seconds_to_end(running)
        out, err = running.communicate()

    assert took < 1
    if words.startswith("train") and number == signal.SIGINT:
        assert (running.returncode, err) == (0, "")
        assert "stopped in epoch" in out
    else:
        assert (running.returncode, err) == (status, f"im2col-cnn: {word}\n")


SLOW = """
import time
import numpy as np

def distribute_value(dz, shape):
    open({calls!r}, "a").write(".")
    time.sleep(0.1)
    return np.full(shape, dz / shape[0] / shape[1])
"""


@in_turn(2)
@pytest.mark.parametrize(("number", "status", "word"), SIGNALS)
def test_a_signal_ends_check_in_the_midst_of_a_law(
    tmp_path: Path, number: signal.Signals, status: int, word: str
) -> None:
    homework, calls = tmp_path / "slow.py", tmp_path / "calls.txt"
    homework.write_text(SLOW.format(calls=str(calls)), encoding="utf-8")
    with started("check", homework) as running:
        while running.poll() is None:
            if calls.exists() and calls.stat().st_size > 8:
                break
            time.sleep(0.05)
        os.killpg(running.pid, number)
        took = seconds_to_end(running)
        out, err = running.communicate()

    assert (running.returncode, out, err) == (status, "", f"im2col-cnn: {word}\n")
    assert took < 1


def wait_for_work(running: "subprocess.Popen[str]", words: str) -> None:
    """Wait until a command trains, or measures."""
    if words == "doctor":  # it says nothing before it has measured in a child
        children = Path(f"/proc/{running.pid}/task/{running.pid}/children")
        while not children.read_text(encoding="ascii"):
            time.sleep(0.05)
        return
    assert running.stdout is not None
    while "epoch" not in (line := running.stdout.readline()):
        if words.startswith("compare") or not line:
            return


def seconds_to_end(running: "subprocess.Popen[str]") -> float:
    """Return how long a process takes to end, without its waits for a core.

    The time in which it could run and others had all the cores says how busy the
    machine is, and the system counts it. What the process waits for by itself is in.
    """
    begun, waited = time.monotonic(), seconds_without_a_core(running.pid)
    how = os.WEXITED | os.WNOWAIT | os.WNOHANG  # what has ended can still be asked
    while os.waitid(os.P_PID, running.pid, how) is None:
        if time.monotonic() > begun + 30:
            running.kill()
        time.sleep(0.01)
    took = time.monotonic() - begun
    return took - (seconds_without_a_core(running.pid) - waited)


def seconds_without_a_core(pid: int) -> float:
    """Return how long a process was ready to run while others had all the cores."""
    _, nanoseconds, _ = Path(f"/proc/{pid}/schedstat").read_text("ascii").split()
    return int(nanoseconds) / 1e9


@in_turn(2)
@pytest.mark.parametrize("module", ["typer", "hypothesis"])
def test_ctrl_c_within_code_that_is_made_ends_a_command_by_its_status(
    tmp_path: Path, module: str
) -> None:
    """Where classes of data are made, say: Python would kill itself at its end."""
    code = 'exec("raise KeyboardInterrupt")'
    (tmp_path / f"{module}.py").write_text(code, encoding="utf-8")
    done = subprocess.run(
        command("check", HOMEWORK / "coursera.py"),
        env=environment() | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert (done.returncode, done.stderr) == (130, "im2col-cnn: interrupted\n")


DROPPED = """
import os, signal, time
try:
    os.kill(os.getpid(), signal.{})
    time.sleep(1)
except BaseException:  # importlib drops what a signal raises in one of its callbacks
    pass
time.sleep(60)
"""


@pytest.mark.parametrize(("number", "status", "word"), SIGNALS)
def test_a_signal_ends_a_command_that_imports_what_it_needs(
    tmp_path: Path, number: signal.Signals, status: int, word: str
) -> None:
    (tmp_path / "typer.py").write_text(DROPPED.format(number.name), encoding="utf-8")
    done = subprocess.run(
        command("--help"),
        env=environment() | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert (done.returncode, done.stderr) == (status, f"im2col-cnn: {word}\n")


@in_turn(2)
def test_a_command_that_is_not_to_be_interrupted_is_not() -> None:
    line = 'trap "" INT; "$0" -m im2col_cnn train --epochs 3 & wait'
    with subprocess.Popen(
        ["sh", "-c", line, sys.executable],
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
        start_new_session=True,
    ) as running:
        assert running.stdout is not None
        while not running.stdout.readline().startswith("epoch"):
            pass
        os.killpg(running.pid, signal.SIGINT)
        out, _ = running.communicate(timeout=60)

    assert "epoch 3/3" in out
