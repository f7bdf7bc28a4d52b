"""Show how a training goes, on a terminal, in a notebook or in a log.

    fit(..., on_step=ProgressLine())

A terminal and a notebook get one line that changes in place; anything else, a file or a
pipe, gets a plain line after every epoch.
"""

import sys
from typing import TextIO, final

from .history import Progress

__all__ = ["ProgressLine"]

NOTEBOOKS = ("ipykernel", "marimo")
WIDTH = 24


@final
class ProgressLine:
    """
    Write a line with a bar, for `fit` to call after every step.

    Parameters
    ----------
    stream : text file, optional
        Where to write; standard output by default.
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
        self.stream = sys.stdout if stream is None else stream
        self.moving = can_move(self.stream) if moving is None else moving
        self.longest = 0

    def __call__(self, at: Progress) -> None:
        """Show one step."""
        done = at.step == at.steps
        if self.moving:
            filled = WIDTH * at.step // at.steps
            line = f"{'━' * filled}{'─' * (WIDTH - filled)} {standing(at)}"
            # What was longer before is blotted out.
            self.longest = max(self.longest, len(line))
            self.stream.write(f"\r{line:{self.longest}}" + "\n" * done)
            self.stream.flush()
        elif done:
            self.stream.write(f"{standing(at)}\n")


def standing(at: Progress) -> str:
    """Say in one line how training stands."""
    line = f"epoch {at.epoch}  loss {at.loss:.4f}  accuracy {100 * at.accuracy:5.1f} %"
    if at.validation_accuracy is None:
        return line
    return f"{line}  held out {100 * at.validation_accuracy:5.1f} %"


def can_move(stream: TextIO) -> bool:
    """Tell whether a line can be written over."""
    in_notebook = stream is sys.stdout and stream is not sys.__stdout__
    return stream.isatty() or (
        in_notebook and any(name in sys.modules for name in NOTEBOOKS)
    )
