"""Refuse, before any work, files that could not be written when it is done."""

from collections.abc import Mapping
from pathlib import Path

from ..files.atomic import require_writable

__all__ = ["require_outputs"]


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
    taken = {path.resolve() for path in inputs if path is not None}
    for option, path in outputs.items():
        if path is None:
            continue
        if path.resolve() in taken:
            raise ValueError(f"{option} {path}: is in use already, name another file")
        taken.add(path.resolve())
        require_writable(path)
