"""The progress of a training, and a line that shows it: terminal, notebook or log.

    fit(..., on_step=ProgressLine())

A terminal and a marimo notebook get a line that is written over, and Jupyter an output
that is replaced, so that only the last state of an epoch is saved with the notebook.
Anything else, a file or a pipe, gets a plain line after every epoch. A moving line is
never wider than its terminal, where it could not be written over.
"""

import os
import sys
from importlib import import_module
from time import monotonic
from typing import Any, NamedTuple, TextIO, final

from .._checks import quoted

__all__ = ["Progress", "ProgressLine", "percent", "summary_line"]

BAR_CHARACTERS = 24
MIN_BAR_CHARACTERS = 4  # a shorter one is left out
BARS = "\N{BOX DRAWINGS HEAVY HORIZONTAL}\N{BOX DRAWINGS LIGHT HORIZONTAL}"
PLAIN_BARS = "#-"
UNLIMITED_COLUMNS = 1000
MIN_SECONDS_BETWEEN_UPDATES = 0.05  # the eye sees no more; a notebook is sent each


class Progress(NamedTuple):
    """
    Loss and accuracy after one step of training.

    `loss` and `accuracy` are means over the images this epoch has seen so far, each
    by the network as it was just before it learned from them; `batch_loss` is
    the mean over the images of this step alone. After the last step of an epoch,
    those of the images held out are there too, if there are any.
    """

    epoch: int
    step: int
    steps: int
    batch_loss: float
    loss: float
    accuracy: float
    validation_loss: float | None = None
    validation_accuracy: float | None = None


@final
class ProgressLine:
    """
    Write a line with a bar, for `fit` to call after every step.

    Parameters
    ----------
    stream : text file, optional
        Where to write; the cell of a notebook, or standard output, by default.
    moving : bool, optional
        Whether the line can change in place. By default that is so on a terminal and in
        a notebook.

    Examples
    --------
    >>> from im2col_cnn.nn import Progress, ProgressLine
    >>> show = ProgressLine(moving=False)
    >>> show(Progress(1, 3, 4, 0.5, 0.5, 0.75))
    >>> show(Progress(1, 4, 4, 0.5, 0.5, 0.75, 0.6, 0.7))
    epoch 1  loss 0.5000  accuracy  75.0 %  held out  70.0 %
    """

    def __init__(
        self, stream: TextIO | None = None, *, moving: bool | None = None
    ) -> None:
        if stream is not None and not hasattr(stream, "write"):
            raise TypeError(f"stream must be a text file, got {quoted(stream)}")
        self.in_jupyter = stream is None and moving is not False and has_kernel()
        self.stream = sys.stdout if stream is None else stream
        self.moving = can_move(self.stream) if moving is None else moving
        self.longest = 0  # line so far, in characters
        self.shown = float("-inf")
        self.output: Any = None  # what Jupyter shows of this epoch

    def __call__(self, at: Progress) -> None:
        """Show one step."""
        done = at.step == at.steps
        if at.step == 1:
            self.output = None  # also where the epoch before was interrupted
        if self.in_jupyter or self.moving:
            if not done and monotonic() - self.shown < MIN_SECONDS_BETWEEN_UPDATES:
                return
            self.shown = monotonic()
            if self.in_jupyter:
                self.replace(with_bar(at, BARS, UNLIMITED_COLUMNS))
            else:
                self.write_over(at, done)
        elif done:
            self.write(f"{summary_line(at)}\n")

    def write_over(self, at: Progress, done: bool) -> None:
        """Write a line over the one before, as wide as the terminal has room."""
        room = columns_of(self.stream) - 1  # in the last one, some terminals wrap
        bars = BARS if can_show(BARS, self.stream) else PLAIN_BARS
        line = with_bar(at, bars, room)
        if not done:  # a line that is done may wrap, as none is written over it
            line = line[:room]
        # What was longer before is blotted out.
        self.longest = min(max(self.longest, len(line)), room)
        self.write(f"\r{line:{self.longest}}" + "\n" * done)

    def write(self, text: str) -> None:
        """Write a text, and let it be seen now."""
        if self.stream is not None:
            self.stream.write(text)
            getattr(self.stream, "flush", lambda: None)()

    def replace(self, line: str) -> None:
        """Show a line in place of the last one of this epoch, in Jupyter."""
        text = {"text/plain": line}
        if self.output is None:
            display = import_module("IPython.display").display  # Jupyter brings it
            self.output = display(text, raw=True, display_id=True)
        else:
            self.output.update(text, raw=True)


def summary_line(at: Progress, epochs: int | None = None) -> str:
    """Return epoch, of so many if that is known, loss and accuracy in one line."""
    epoch = str(at.epoch)
    if epochs is not None:
        epoch = f"{epoch:>{len(str(epochs))}}/{epochs}"
    line = f"epoch {epoch}  loss {at.loss:.4f}  accuracy {percent(at.accuracy)}"
    if at.validation_accuracy is None:
        return line
    return f"{line}  held out {percent(at.validation_accuracy)}"


def percent(share: float) -> str:
    """Write a share as a percentage, always as wide as 100 %."""
    return f"{100 * share:5.1f} %"


def with_bar(at: Progress, bars: str, room: int) -> str:
    """Return the line with a bar in front, shorter where there is little room."""
    line = summary_line(at)
    length = min(BAR_CHARACTERS, room - len(line) - 1)
    if length < MIN_BAR_CHARACTERS:
        return line
    filled = length * at.step // at.steps
    return f"{bars[0] * filled}{bars[1] * (length - filled)} {line}"


def has_kernel() -> bool:
    """Return whether a Jupyter notebook shows what is displayed here."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return hasattr(shell, "kernel")


def can_move(stream: TextIO | None) -> bool:
    """Return whether a line can be written over."""
    in_cell = stream is sys.stdout and stream is not sys.__stdout__
    isatty = getattr(stream, "isatty", lambda: False)
    return bool(isatty()) or (in_cell and "marimo" in sys.modules)


def columns_of(stream: TextIO | None) -> int:
    """Return how many characters a row has; many where there are no rows."""
    if stream is None:
        return UNLIMITED_COLUMNS
    try:
        columns = os.get_terminal_size(stream.fileno()).columns
    except (AttributeError, OSError, ValueError):  # in memory, or closed
        columns = 0
    return columns or UNLIMITED_COLUMNS


def can_show(text: str, stream: TextIO | None) -> bool:
    """Return whether the encoding of a stream has the letters of a text."""
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except (LookupError, UnicodeEncodeError):
        return False
    return True
