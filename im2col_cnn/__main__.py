"""The entry point of `im2col-cnn`, and of ``python -m im2col_cnn``.

The library itself needs neither typer nor rich, so a plain install does without them.
"""

import os
import sys

INTERRUPTED, TERMINATED = 130, 143  # exit statuses: 128 and the number of the signal
try:
    import signal
    from types import FrameType
except KeyboardInterrupt:  # the first moments, in which no handler can be set
    sys.stderr.write("im2col-cnn: interrupted\n")
    os._exit(INTERRUPTED)

__all__ = ["main"]

TIMED_COMMANDS = {"compare", "train"}  # commands that multiply for long


def main() -> None:
    """Run the command with the arguments of this process, and leave."""
    try:
        status = start(sys.argv[1:])
    except KeyboardInterrupt:
        status = end("interrupted", INTERRUPTED)
    except TerminatedError:
        status = end("terminated", TERMINATED)
    drop_what_cannot_be_written()
    exec("")  # where Ctrl-C ended an `exec`, Python would remember, and end by a signal
    sys.exit(status)


def start(arguments: list[str]) -> int:
    """Run the command, or say what it needs to run, and return its status."""
    usual = signal.getsignal(signal.SIGINT)
    # Importing drops an exception that a signal raises in one of its callbacks.
    signal.signal(signal.SIGTERM, end_at_once)
    if usual is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, end_at_once)
    try:
        if arguments and arguments[0] in TIMED_COMMANDS:
            from .commands.openblas import (  # noqa: PLC0415  # not before the above
                restart_with_better_kernels,
            )

            restart_with_better_kernels()
        from .cli import run  # noqa: PLC0415  # here, because it may be missing
    except ModuleNotFoundError as error:
        if error.name not in {"rich", "typer"}:
            raise
        way_out = "python -m pip install 'im2col-cnn[cli]'"
        others = "pipx install and uvx --from take the same name"
        return end(f"the command needs {error.name}: {way_out} ({others})", 2)
    finally:
        signal.signal(signal.SIGINT, usual)
        signal.signal(signal.SIGTERM, terminate)
    return run(arguments)


def end_at_once(number: int, _frame: FrameType | None) -> None:
    """End while nothing has begun that would have to be put in order."""
    is_ctrl_c = number == signal.SIGINT
    word = "interrupted" if is_ctrl_c else "terminated"
    os._exit(end(word, INTERRUPTED if is_ctrl_c else TERMINATED))


class TerminatedError(BaseException):
    """SIGTERM came. Hypothesis would take a `SystemExit` for what homework raised."""


def terminate(number: int, _frame: FrameType | None) -> None:
    """End as after an exception, so that files and processes are left in order."""
    signal.signal(number, signal.SIG_DFL)  # at once, the second time
    raise TerminatedError


def end(line: str, status: int) -> int:
    """Write one line to standard error, and return the status."""
    if sys.stderr is not None:
        sys.stderr.write(f"im2col-cnn: {line}\n")
    return status


def drop_what_cannot_be_written() -> None:
    """Let Python write nothing when it ends, if standard output is full or closed."""
    try:
        if sys.__stdout__ is not None:
            sys.__stdout__.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


if __name__ == "__main__":
    main()
