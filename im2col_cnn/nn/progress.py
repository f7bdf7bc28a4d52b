"""The progress of a training, and a line that shows it: terminal, notebook or log.

    fit(..., on_step=ProgressLine())

A terminal and a marimo notebook get a line that is written over, and Jupyter an output
that is replaced, so that only the last state of an epoch is saved with the notebook.
Anything else, a file or a pipe, gets a plain line after every epoch.
"""

import sys
from importlib import import_module
from time import monotonic
from typing import Any, NamedTuple, TextIO, final

__all__ = ["Progress", "ProgressLine"]

BAR_CHARACTERS = 24
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
        self.in_jupyter = stream is None and moving is not False and has_kernel()
        self.stream = sys.stdout if stream is None else stream
        self.moving = can_move(self.stream) if moving is None else moving
        self.longest = 0
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
            filled = BAR_CHARACTERS * at.step // at.steps
            line = f"{'━' * filled}{'─' * (BAR_CHARACTERS - filled)} {summary_line(at)}"
            if self.in_jupyter:
                self.replace(line)
            else:
                self.write_over(line, done)
        elif done:
            self.stream.write(f"{summary_line(at)}\n")

    def write_over(self, line: str, done: bool) -> None:
        """Write a line over the one before."""
        # What was longer before is blotted out.
        self.longest = max(self.longest, len(line))
        self.stream.write(f"\r{line:{self.longest}}" + "\n" * done)
        self.stream.flush()

    def replace(self, line: str) -> None:
        """Show a line in place of the last one of this epoch, in Jupyter."""
        text = {"text/plain": line}
        if self.output is None:
            display = import_module("IPython.display").display  # Jupyter brings it
            self.output = display(text, raw=True, display_id=True)
        else:
            self.output.update(text, raw=True)


def summary_line(at: Progress) -> str:
    """Return epoch, loss and accuracy in one line."""
    line = f"epoch {at.epoch}  loss {at.loss:.4f}  accuracy {100 * at.accuracy:5.1f} %"
    if at.validation_accuracy is None:
        return line
    return f"{line}  held out {100 * at.validation_accuracy:5.1f} %"


def has_kernel() -> bool:
    """Return whether a Jupyter notebook shows what is displayed here."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return hasattr(shell, "kernel")


def can_move(stream: TextIO) -> bool:
    """Return whether a line can be written over."""
    in_cell = stream is sys.stdout and stream is not sys.__stdout__
    return stream.isatty() or (in_cell and "marimo" in sys.modules)
