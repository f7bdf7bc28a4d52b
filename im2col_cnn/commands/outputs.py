"""Refuse, before any work, files that could not be written when it is done."""

import os
from collections.abc import Mapping
from pathlib import Path

from ..files.atomic import require_writable, write_whole
from .refusals import refusing

__all__ = ["require_outputs", "require_svg", "write_output"]


def require_outputs(outputs: Mapping[str, Path | None], *inputs: Path | None) -> None:
    """
    Refuse what cannot be written, and what is read or written already.

    Parameters
    ----------
    outputs : mapping of option to path
        ``{"--save": path}``; None where the option was not used.
    *inputs : path
        What the command reads.
    """
    # Not Path.resolve, which fails where links lead in a circle.
    taken = {os.path.realpath(path) for path in inputs if path is not None}
    for option, path in outputs.items():
        if path is None:
            continue
        if os.path.realpath(path) in taken:
            raise ValueError(f"{option} {path}: is in use already, name another file")
        taken.add(os.path.realpath(path))
        require_writable(path)


def require_svg(option: str, path: Path | None) -> None:
    """Refuse to draw to a file that does not say what it will be."""
    if path is not None and path.suffix.lower() != ".svg":
        raise ValueError(f"{option} {path}: is drawn as SVG, so its name ends in .svg")


def write_output(path: Path, content: bytes) -> None:
    """Write what a command was asked for, or say in one line why it cannot be."""
    with refusing(OSError):
        write_whole(path, content)
