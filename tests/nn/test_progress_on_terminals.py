"""A line of progress fits its terminal, its encoding, and streams of every kind."""

import io
import os
import sys
from typing import Any

import pytest

from im2col_cnn.nn import Progress, ProgressLine
from tests.commands.terminals import on_a_terminal

EPOCH = [
    Progress(12, step, 20, 0.25, 0.1234 * step, 0.75, *[0.5, 0.5] * (step == 20))
    for step in range(1, 21)
]


def show(stream: Any, **settings: Any) -> None:
    line = ProgressLine(stream, **settings)
    for at in EPOCH:
        line.shown = float("-inf")  # as if each step took a while
        line(at)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "ascii"])
@pytest.mark.parametrize("columns", [20, 40, 80, 200])
def test_the_line_stays_in_one_row_of_a_terminal(columns: int, encoding: str) -> None:
    shown = on_a_terminal(columns, encoding, show)

    *moving, last = shown.removesuffix("\n").split("\r")[1:]
    assert len(moving) == 19
    assert all(0 < len(line) < columns for line in moving)
    assert last.rstrip().endswith(
        "epoch 12  loss 2.4680  accuracy  75.0 %  held out  50.0 %"
    )
    if columns > len(last.rstrip()):
        assert len(last) < columns


def test_the_last_line_is_whole_where_the_terminal_is_narrow() -> None:
    last = on_a_terminal(40, "utf-8", show).split("\r")[-1]

    assert last == "epoch 12  loss 2.4680  accuracy  75.0 %  held out  50.0 %\n"


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_bar_is_drawn_with_what_the_terminal_has(encoding: str) -> None:
    shown = on_a_terminal(100, encoding, show)

    assert "############------------ epoch 12" in shown


def test_a_pipe_is_told_at_once() -> None:
    reader, writer = os.pipe()
    with os.fdopen(writer, "w", encoding="utf-8") as stream:
        show(stream)
        assert os.read(reader, 100).startswith(b"epoch 12  loss")
    os.close(reader)


class Bare:
    """A stream that can write, and no more."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> None:
        """Take a text."""
        self.text += text


def test_a_stream_that_only_writes_gets_a_line_per_epoch() -> None:
    stream = Bare()

    show(stream)

    assert stream.text == "epoch 12  loss 2.4680  accuracy  75.0 %  held out  50.0 %\n"


def test_without_standard_output_nothing_is_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdout", None)  # as pythonw has it

    show(None)


def test_a_bar_in_memory_needs_no_width() -> None:
    stream = io.StringIO()

    show(stream, moving=True)

    assert stream.getvalue().count("\r") == 20


@pytest.mark.parametrize("stream", ["stdout", 3, object()])
def test_what_cannot_be_written_to_is_refused(stream: Any) -> None:
    with pytest.raises(TypeError, match="stream must be a text file, got "):
        ProgressLine(stream)
