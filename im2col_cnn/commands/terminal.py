"""Print lines, tables and progress: to a terminal, or as plain lines to a file.

A terminal gets tables with rules and a bar that moves. A pipe or a file gets the same
words, one line each, without a single control code. rich decides which of them it is,
and leaves colours out where the environment says NO_COLOR.

Names of files and classes come from outside. None of them writes more than its place:
what is no letter, or none that the encoding has, becomes a question mark.
"""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Literal, NamedTuple, TypeAlias

import typer
from rich import box
from rich.console import Console
from rich.progress import (
    BarColumn,
    ProgressColumn,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar
from rich.table import Column, Table
from rich.text import Text

from .._checks import visible
from ..nn.progress import Progress, summary_line

__all__ = [
    "counting",
    "is_live",
    "open_screen",
    "say",
    "say_error",
    "say_json",
    "show_table",
    "watching",
]

Justify: TypeAlias = Literal["left", "right"]
CHARACTERS_OF_A_BAR = 18  # four of it, the percentage and the time
PIPE_COLUMNS = 100_000  # a pipe has no edge to wrap lines at


class Watch(NamedTuple):
    """The functions to call after every step and after every epoch."""

    on_step: Callable[[Progress], object] | None
    on_epoch: Callable[[Progress], object] | None


def open_screen() -> Console:
    """Return the console for standard output."""
    screen = Console(highlight=False)
    if not is_live(screen):
        screen.width = PIPE_COLUMNS
    return screen


def is_live(screen: Console) -> bool:
    """Return whether this is a terminal that can move its cursor."""
    return screen.is_terminal and not screen.is_dumb_terminal


def say(screen: Console, line: str, style: str = "") -> None:
    """Write one line as it is; brackets in it are not markup."""
    screen.print(shown(screen, line, style))


def say_json(value: Any) -> None:
    """Write a value as JSON, in letters that every encoding has."""
    typer.echo(json.dumps(value, indent=1))


def say_error(message: str) -> None:
    """Write one line to standard error, whatever the message and the names in it."""
    line = visible(" ".join(message.split()))
    if sys.stderr is not None:
        with suppress(OSError):  # it may be full, too
            sys.stderr.write(f"im2col-cnn: {line}\n")
            sys.stderr.flush()


def show_table(
    screen: Console, header: tuple[str, ...], rows: Iterable[tuple[str, ...]]
) -> None:
    """Write rows under a header; the first column is text, the others are numbers."""
    table = Table(box=box.SIMPLE_HEAD if is_live(screen) else None, pad_edge=False)
    for column, title in enumerate(header):
        # What is too long goes on in the next line, and is not cut.
        justify: Justify = "right" if column else "left"
        table.add_column(shown(screen, title), justify=justify, overflow="fold")
    for row in rows:
        table.add_row(*(shown(screen, word) for word in row))
    screen.print(table)


def shown(screen: Console, text: str, style: str = "") -> Text:
    """Return a text as the screen can show it: letters of its encoding, no codes."""
    encoding = screen.encoding
    return Text(visible(text).encode(encoding, "replace").decode(encoding), style)


@contextmanager
def watching(screen: Console, epochs: int, workers: str = "") -> Iterator[Watch]:
    """Show training: a bar that follows every step, or a line per epoch."""

    def line(at: Progress) -> str:
        return "  ".join(filter(None, [summary_line(at, epochs), workers]))

    if not is_live(screen):
        yield Watch(None, lambda at: say(screen, line(at)))
        return
    last = Progress(epochs, 1, 1, 1, 1, 1, validation_accuracy=1)
    bar = bar_on(screen, line(last))
    task = bar.add_task(f"epoch 0/{epochs}", total=None)
    measured: list[Progress] = []

    def follow(at: Progress) -> None:
        if at.validation_accuracy is not None:
            measured[:] = [at]
        elif measured:  # measured once an epoch, and shown until the next
            at = at._replace(validation_accuracy=measured[0].validation_accuracy)
        bar.update(
            task,
            total=epochs * at.steps,
            completed=(at.epoch - 1) * at.steps + at.step,
            description=line(at),
        )

    with bar:
        yield Watch(follow, None)


@contextmanager
def counting(screen: Console, what: str, total: int) -> Iterator[Callable[[], None]]:
    """Show a progress bar on a terminal; yield a function that counts one more."""
    if not is_live(screen):
        yield lambda: None
        return
    bar = bar_on(screen, what)
    task = bar.add_task(what, total=total)
    with bar:
        yield lambda: bar.advance(task)


def bar_on(screen: Console, widest: str) -> Bar:
    """Return a description as wide as that, and where there is room a bar with times.

    What has no room is left out: by default it becomes a …, which ASCII lacks.
    """
    cut = Column(no_wrap=True, overflow="crop")
    columns: list[ProgressColumn] = [TextColumn("{task.description}", table_column=cut)]
    if screen.width >= len(widest) + CHARACTERS_OF_A_BAR:
        columns += [
            BarColumn(),
            TaskProgressColumn(table_column=cut),
            TimeRemainingColumn(table_column=cut),
        ]
    return Bar(*columns, console=screen)
