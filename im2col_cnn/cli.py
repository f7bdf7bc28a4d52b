"""The command line: its subcommands, and how a run ends.

    0     good
    1     a check failed
    2     bad usage or bad input: one line on standard error says what is wrong
    130   interrupted by Ctrl-C        141   its reader has left (``| head``)

That line is all there is: typer's own boxes of several lines are switched off, and a
traceback means a bug in this package.
"""

import sys
from io import TextIOWrapper
from typing import Annotated

import typer

from ._version import __version__
from .commands.arguments import BadInputError
from .commands.check import check
from .commands.compare import compare
from .commands.doctor import doctor
from .commands.evaluate import evaluate
from .commands.explain import explain
from .commands.make_h5 import make_h5
from .commands.predict import predict
from .commands.terminal import say_error
from .commands.train import train

__all__ = ["run"]

REFUSED, INTERRUPTED, READER_LEFT = 2, 130, 141  # exit statuses

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",  # the lines of a paragraph are one
)
for command in train, make_h5, predict, evaluate, explain, check, compare, doctor:
    app.command()(command)


def show_version(wanted: bool) -> None:
    """Write the version and leave."""
    if wanted:
        typer.echo(f"im2col-cnn {__version__}")
        raise typer.Exit


@app.callback()
def start(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=show_version, is_eager=True, help="Show it."
        ),
    ] = False,
) -> None:
    """Convolutional networks in NumPy: train one, look inside, compare, check yours."""


def run(arguments: list[str]) -> int:
    """Run the command with these arguments, or show the help, and return its status."""
    arguments = arguments or ["--help"]
    if isinstance(sys.stdout, TextIOWrapper):
        # Tables of typer and rich cut words with a letter that not all encodings have.
        sys.stdout.reconfigure(errors="replace")
    try:
        status = app(arguments, prog_name="im2col-cnn", standalone_mode=False)
        if sys.stdout is not None:
            sys.stdout.flush()
    except typer.TyperException as error:
        return refuse(error.format_message())
    except (BadInputError, FloatingPointError) as error:
        # `fit` raises the second when a learning rate was too high for the data.
        return refuse(str(error))
    except MemoryError as error:
        more = f": {error}" if str(error) else ""
        return refuse(f"memory is full{more}: give smaller images or batches")
    except (BrokenPipeError, SystemExit) as ending:
        # With 1, typer and rich end when a pipe is closed.
        if isinstance(ending, SystemExit) and ending.code != 1:
            raise
        return READER_LEFT
    except OSError as error:
        if error.filename is not None:  # of a file, and not foreseen
            raise
        return refuse(f"standard output: {error.strerror or error}")
    if status == INTERRUPTED:  # by typer, which says nothing
        say_error("interrupted")
    return status if isinstance(status, int) else 0


def refuse(message: str) -> int:
    """Write what is wrong to standard error, and return the status."""
    say_error(message)
    return REFUSED
