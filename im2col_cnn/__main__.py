"""The entry point of `im2col-cnn`, and of ``python -m im2col_cnn``.

The library itself needs neither typer nor rich, so a plain install does without them.
"""

import sys

from .commands.openblas import restart_with_better_kernels

__all__ = ["main"]

TIMED_COMMANDS = {"compare", "train"}  # commands that multiply for long


def main() -> None:
    """Run the command with the arguments of this process, and leave."""
    if sys.argv[1:2] and sys.argv[1] in TIMED_COMMANDS:
        restart_with_better_kernels()
    try:
        from .cli import run  # noqa: PLC0415  # here, because it may be missing
    except ModuleNotFoundError as error:
        if error.name not in {"rich", "typer"}:
            raise
        sys.stderr.write(
            f"im2col-cnn: the command needs {error.name}: "
            f"python -m pip install 'im2col-cnn[cli]'\n"
        )
        sys.exit(2)
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
