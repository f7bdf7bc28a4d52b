"""Run the `im2col-cnn` command as people do: in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeAlias

import pytest

from im2col_cnn.cli import run

QUICK = ["train", "--epochs", "1"]
FEW_EXAMPLES = ["--examples", "4", "--seconds", "2"]
HOMEWORK = Path(__file__).parents[1] / "testing" / "homework"
COURSERA = (HOMEWORK / "coursera.py").read_text(encoding="utf-8")


class Answer(NamedTuple):
    """How a run of the command ended, and what it wrote."""

    status: int
    out: str
    err: str


Check: TypeAlias = Callable[..., Answer]  # takes what follows ``im2col-cnn check``


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "im2col_cnn", *map(str, arguments)]


def environment() -> dict[str, str]:
    """Return the environment without anything that asks for colours."""
    asks = ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLUMNS")
    return {name: value for name, value in os.environ.items() if name not in asks}


def in_here(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> Answer:
    """Run the command in this process, which is quicker and asserts as much."""
    status = run([*map(str, arguments)])
    return Answer(status, *capsys.readouterr())


def process(*arguments: str | Path) -> Answer:
    """Run the command as people do, in a process of its own."""
    done = subprocess.run(
        command(*arguments),
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    return Answer(done.returncode, done.stdout, done.stderr)


def started(*arguments: str | Path) -> "subprocess.Popen[str]":
    """Start the command in a group of its own, as a terminal does, and read from it."""
    return subprocess.Popen(
        command(*arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        start_new_session=True,
    )


def changed(folder: Path, old: str, new: str) -> Path:
    """Write the right homework with one thing in it done wrong."""
    assert old in COURSERA
    path = folder / "homework.py"
    text = COURSERA.replace(old, new)
    keep = text.index("def pool_forward")  # the convolution alone: it is quicker
    path.write_text(text[:keep], encoding="utf-8")
    return path
