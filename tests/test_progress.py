"""A line of progress moves where it can be seen to, and is written once elsewhere."""

import sys
from io import StringIO

import pytest

from im2col_cnn.nn import Progress, ProgressLine


class Terminal(StringIO):
    """Text that somebody looks at."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def show(stream: StringIO) -> str:
    line = ProgressLine(stream)
    line(Progress(1, 1, 2, 0.25, 0.25, 1.0))
    line(Progress(1, 2, 2, 0.25, 0.5, 0.75, 0.5, 0.5))
    return stream.getvalue()


def test_a_terminal_gets_one_line_that_is_written_over() -> None:
    shown = show(Terminal())

    assert shown.count("\r") == 2
    assert shown.count("\n") == 1
    first, second = shown.split("\r")[1:]
    assert len(second) > len(first)
    assert first.startswith("━" * 12 + "─" * 12)
    assert second.rstrip().endswith("loss 0.5000  accuracy  75.0 %  held out  50.0 %")


def test_a_pipe_gets_a_line_per_epoch() -> None:
    assert (
        show(StringIO()) == "epoch 1  loss 0.5000  accuracy  75.0 %  held out  50.0 %\n"
    )


@pytest.mark.parametrize("notebook", ["ipykernel", "marimo"])
def test_a_notebook_is_like_a_terminal(
    monkeypatch: pytest.MonkeyPatch, notebook: str
) -> None:
    cell = StringIO()
    monkeypatch.setattr(sys, "stdout", cell)
    monkeypatch.setitem(sys.modules, notebook, sys)

    assert "\r" in show(cell)
