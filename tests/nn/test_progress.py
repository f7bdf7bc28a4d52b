"""A line of progress moves where it can be seen to, and is written once elsewhere."""

import sys
from io import StringIO
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from im2col_cnn.nn import Progress, ProgressLine, progress


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


def test_marimo_is_like_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    cell = StringIO()
    monkeypatch.setattr(sys, "stdout", cell)
    monkeypatch.setitem(sys.modules, "marimo", sys)

    assert "\r" in show(cell)


class Jupyter(ModuleType):
    """As much of IPython as there is to see of a notebook."""

    def __init__(self) -> None:
        super().__init__("IPython")
        self.cells: list[dict[str, str]] = []
        self.display = self
        self.get_ipython = lambda: SimpleNamespace(kernel=self)

    def __call__(self, data: dict[str, str], *, raw: bool, display_id: bool) -> Any:
        """Show something, and hand out what can replace it."""
        cell = dict(data)
        self.cells.append(cell)
        return SimpleNamespace(update=lambda data, **_: cell.update(data))


def test_jupyter_keeps_the_last_line_of_every_epoch_and_no_control_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    jupyter = Jupyter()
    monkeypatch.setitem(sys.modules, "IPython", jupyter)
    monkeypatch.setitem(sys.modules, "IPython.display", jupyter)
    monkeypatch.setattr(progress, "MIN_SECONDS_BETWEEN_UPDATES", 0)
    line = ProgressLine()

    for epoch, steps in (1, 2), (2, 2), (3, 1), (4, 2):  # the third is interrupted
        for step in range(1, steps + 1):
            line(Progress(epoch, step, 2, 0.5, 0.5, 0.5))

    bars = ["━" * 24, "━" * 24, "━" * 12 + "─" * 12, "━" * 24]
    assert [cell["text/plain"] for cell in jupyter.cells] == [
        f"{bar} epoch {epoch}  loss 0.5000  accuracy  50.0 %"
        for epoch, bar in enumerate(bars, 1)
    ]
    assert capsys.readouterr() == ("", "")


def test_nobody_is_shown_more_lines_than_can_be_seen() -> None:
    terminal = Terminal()
    line = ProgressLine(terminal)

    for step in range(1, 10_001):
        line(Progress(1, step, 10_000, 0.5, 0.5, 0.5))

    assert 2 <= terminal.getvalue().count("\r") < 1000
    assert terminal.getvalue().count("\n") == 1
