"""Load homework as it is found: a script or a notebook, with plots and prints in it.

A package that is missing costs only what uses it. Modules beside the file are found,
and treated in the same way: only what they define is run.

This keeps accidents out. It is no sandbox: code that means harm can do it.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from importlib.machinery import FileFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from .definitions import Account, run_definitions
from .sources import Cell, HomeworkError, parse, read_cells

__all__ = ["Homework", "load"]

NAME = "homework"


@dataclass(frozen=True)
class Homework:
    """What a file defines, and an account of what of it did not work."""

    names: dict[str, Any]
    account: Account


class DefinitionsLoader(SourceFileLoader):
    """Import a module beside the homework, but only what it defines."""

    def __init__(self, fullname: str, path: str, *, account: Account) -> None:
        super().__init__(fullname, path)
        self.account = account

    def exec_module(self, module: ModuleType) -> None:
        """Leave out whatever does something."""
        (cell,) = read_cells(Path(self.path))
        beside = Cell(cell.file, cell.source, f"{Path(self.path).name}, ")
        run_definitions(parse(beside), beside, module, self.account)


def load(path: Path) -> Homework:
    """Run what a file defines, and return it."""
    account = Account()
    parsed: list[tuple[ast.Module, Cell]] = []
    for cell in read_cells(path):
        try:
            parsed.append((parse(cell), cell))
        except HomeworkError as error:
            if not cell.within:
                raise
            account.trouble.append(str(error).removeprefix(f"{path}, "))
    folder = path.resolve().parent
    level = max((up for tree, _ in parsed for up in levels(tree)), default=0)
    make_findable(folder, level, account)
    module = make_module(path, folder, level)
    for tree, cell in parsed:
        run_definitions(tree, cell, module, account)
    names = {
        name: value
        for name, value in module.__dict__.items()
        if not name.startswith("__")
    }
    return Homework(names, account)


def levels(tree: ast.Module) -> Iterator[int]:
    """Yield how many folders up relative imports go, 1 for the file's own."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield node.level


def make_findable(folder: Path, level: int, account: Account) -> None:
    """Let modules beside the file be imported, definitions only."""
    root = folder
    for _ in range(max(1, level)):
        root = root.parent

    loader: Any = partial(DefinitionsLoader, account=account)  # called like a class

    def finder(path: str) -> FileFinder:
        if not Path(path).resolve().is_relative_to(folder if level < 2 else root):
            raise ImportError(path)
        return FileFinder(path, (loader, [".py"]))

    sys.dont_write_bytecode = True
    sys.path_hooks.insert(0, finder)
    sys.path_importer_cache.clear()
    sys.path[:0] = [str(folder), str(root)]


def make_module(path: Path, folder: Path, level: int) -> ModuleType:
    """Return an empty module, inside as many packages as relative imports need."""
    package = ""
    for up in reversed(range(level)):
        name = f"{package}.folder{up}" if package else f"{NAME}_folder{up}"
        above = folder.parents[up - 1] if up else folder
        holder = ModuleType(name)
        holder.__path__ = [str(above)]
        sys.modules[name] = holder
        package = name
    name = f"{package}.{NAME}" if package else NAME
    module = ModuleType(name)
    module.__file__ = str(path)
    module.__package__ = package
    sys.modules[name] = module
    return module
