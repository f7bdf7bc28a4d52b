"""Read the Python of a script, or of the code cells of a notebook, and parse it."""

import ast
import json
import re
from dataclasses import dataclass
from importlib.util import decode_source
from pathlib import Path

__all__ = ["Cell", "HomeworkError", "parse", "read_cells", "require_file"]

# %magic, !command, ?name, name?, and what they return: names = !ls
MAGIC = re.compile(r"^(\s*)(?:[%!?].*|[\w.]+\?\??\s*|[\w, ]+=\s*[%!].*)$")


class HomeworkError(Exception):
    """Why a file cannot be loaded at all."""


@dataclass(frozen=True)
class Cell:
    """
    One piece of Python: a whole script, or a code cell.

    Parameters
    ----------
    file : str
        Where it stands, as tracebacks are to call it.
    source : str
    within : str
        What goes before the number of a line: ``"cell 3, "``, or nothing.
    """

    file: str
    source: str
    within: str = ""

    def place(self, line: int) -> str:
        """Say which line of the homework this is."""
        return f"{self.within}line {line}"


def require_file(path: Path) -> None:
    """Refuse what is not a file: a folder, a pipe, or nothing at all."""
    if path.is_dir():
        raise HomeworkError(f"{path}: is a folder; name a file in it")
    if not path.is_file():
        raise HomeworkError(f"{path}: there is no such file")


def read_cells(path: Path) -> list[Cell]:
    """Return a script as one cell, or the code cells of a notebook, counted from 1."""
    try:
        text = decode_source(path.read_bytes())
    except OSError as error:
        raise HomeworkError(f"{path}: {error.strerror or error}") from error
    except (UnicodeDecodeError, SyntaxError) as error:  # so it says if told otherwise
        raise HomeworkError(f"{path}: is not text in UTF-8") from error
    if path.suffix != ".ipynb":
        return [Cell(str(path), without_magics(text))]
    try:
        cells = json.loads(text)["cells"]
        sources = [
            "".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"
        ]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise HomeworkError(f"{path}: is no Jupyter notebook, version 4") from error
    return [
        Cell(f"{path}, cell {n}", without_magics(source), f"cell {n}, ")
        for n, source in enumerate(sources, start=1)
    ]


def without_magics(source: str) -> str:
    """Do nothing in lines for IPython and the shell; leave out cells of others."""
    lines = source.split("\n")
    first = next((line for line in lines if line.strip()), "")
    if first.startswith("%%") and first.split()[0] not in ("%%time", "%%timeit"):
        return ""
    return "\n".join(MAGIC.sub(r"\1pass", line) for line in lines)


def parse(cell: Cell) -> ast.Module:
    """Parse, or say in which line it is no Python."""
    try:
        return ast.parse(cell.source.lstrip("\ufeff"), cell.file)
    except SyntaxError as error:
        before = ", line " if cell.within else ":"
        line = f"{before}{error.lineno}" if error.lineno else ""
        raise HomeworkError(f"{cell.file}{line}: is no Python: {error.msg}") from error
    except (ValueError, RecursionError, MemoryError) as error:
        problem = str(error) or "it is too large, or nested too deeply"
        raise HomeworkError(f"{cell.file}: is no Python: {problem}") from error
