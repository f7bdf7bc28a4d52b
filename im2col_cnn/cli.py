"""Gather the subcommands, run one, and end with the right exit status.

    0   good
    1   a check failed
    2   bad usage or bad input: one line on standard error says what is wrong

That line is all there is: typer's own boxes of several lines are switched off, and a
traceback means a bug in this package.
"""

import sys

import typer

from .commands.explain import explain
from .commands.refusals import BadInputError
from .commands.train import train

__all__ = ["run"]

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
app.command()(train)
app.command()(explain)


@app.callback()
def start() -> None:
    """Convolutional networks in NumPy: train one, look inside, compare."""


def run(arguments: list[str]) -> int:
    """Run the command with these arguments and return its exit status."""
    try:
        status = app(arguments, prog_name="im2col-cnn", standalone_mode=False)
    except typer.TyperException as error:
        return refuse(error.format_message())
    except (BadInputError, FloatingPointError) as error:
        # `fit` raises the second when a learning rate was too high for the data.
        return refuse(str(error))
    return status if isinstance(status, int) else 0


def refuse(message: str) -> int:
    """Say what is wrong, in one line whatever the message, and return the status."""
    sys.stderr.write(f"im2col-cnn: {' '.join(message.split())}\n")
    return 2
