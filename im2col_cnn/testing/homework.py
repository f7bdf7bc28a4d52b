"""Load homework as it is found: a script or a notebook, with plots and prints in it.

Only imports, definitions and simple constants are run, each by itself, so that a plot,
a missing file or a cell that was never finished costs nothing but itself. A package
that is missing is stood in for, until somebody uses it. Modules beside the file are
found and treated the same way.

This keeps accidents out. It is no sandbox: code that means harm can do it.
"""

import ast
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.machinery import FileFinder, SourceFileLoader
from importlib.util import decode_source
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

__all__ = ["Homework", "HomeworkError", "load", "require_file"]

NAME = "homework"
# %magic, !command, ?name, name?, and what they return: names = !ls
MAGIC = re.compile(r"^(\s*)(?:[%!?].*|[\w.]+\?\??\s*|[\w, ]+=\s*[%!].*)$")
PLAIN = {"abs", "bool", "dict", "float", "int", "len", "list", "max", "min", "range"}
PLAIN |= {"round", "set", "sorted", "str", "sum", "tuple", "zip"}


class HomeworkError(Exception):
    """Why a file cannot be loaded at all."""


@dataclass(frozen=True)
class Homework:
    """What a file defines, and what of it did not work."""

    names: dict[str, Any]
    trouble: tuple[str, ...]


class Missing:
    """Stand in for what could not be imported; it complains when it is used."""

    def __init__(self, name: str, problem: str) -> None:
        self.__dict__.update(name=name, problem=problem)

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        raise ImportError(f"{self.name} could not be imported: {self.problem}")

    def __call__(self, *arguments: Any, **settings: Any) -> Any:
        raise ImportError(f"{self.name} could not be imported: {self.problem}")


class DefinitionsLoader(SourceFileLoader):
    """Import a module beside the homework, but only what it defines."""

    def source_to_code(  # type: ignore[override]  # it is not given an AST here
        self, data: bytes, path: str, *, _optimize: int = -1
    ) -> CodeType:
        """Leave out whatever does something."""
        tree = parse(decode_source(bytes(data)), path)
        tree.body = [statement for statement in tree.body if is_definition(statement)]
        return compile(tree, path, "exec")


def require_file(path: Path) -> None:
    """Refuse what is not a file: a folder, a pipe, or nothing at all."""
    if path.is_dir():
        raise HomeworkError(f"{path}: is a folder; name a file in it")
    if not path.is_file():
        raise HomeworkError(f"{path}: there is no such file")


def load(path: Path) -> Homework:
    """Run what a file defines, and return it."""
    tree = parse(read_source(path), str(path))
    folder = path.resolve().parent
    level = max(levels(tree), default=0)
    make_findable(folder, level)
    module = make_module(path, folder, level)
    trouble: list[str] = []
    for statement in tree.body:
        if not is_definition(statement):
            continue
        for part in separately(statement):
            code = compile(ast.Module([part], []), str(path), "exec")
            try:
                exec(code, module.__dict__)
            except (Exception, SystemExit) as error:
                trouble.append(f"line {part.lineno}: {type(error).__name__}: {error}")
                stand_in(part, module, error)
    names = {
        name: value
        for name, value in module.__dict__.items()
        if not name.startswith("__") and not isinstance(value, Missing)
    }
    return Homework(names, tuple(trouble))


def read_source(path: Path) -> str:
    """Return the Python of a script, or of the code cells of a notebook."""
    try:
        text = decode_source(path.read_bytes())
    except OSError as error:
        raise HomeworkError(f"{path}: {error.strerror or error}") from error
    except (UnicodeDecodeError, SyntaxError) as error:  # so it says if told otherwise
        raise HomeworkError(f"{path}: is not text in UTF-8") from error
    if path.suffix != ".ipynb":
        return without_magics(text)
    try:
        cells = json.loads(text)["cells"]
        sources = [
            "".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"
        ]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise HomeworkError(f"{path}: is no Jupyter notebook, version 4") from error
    return "\n".join(without_magics(source) for source in sources)


def without_magics(source: str) -> str:
    """Do nothing in lines for IPython and the shell; leave out cells of others."""
    lines = source.split("\n")
    first = next((line for line in lines if line.strip()), "")
    if first.startswith("%%") and first.split()[0] not in ("%%time", "%%timeit"):
        return "\n" * (len(lines) - 1)
    return "\n".join(MAGIC.sub(r"\1pass", line) for line in lines)


def parse(source: str, path: str) -> ast.Module:
    """Parse, or say in which line it is no Python."""
    try:
        return ast.parse(source.lstrip("\ufeff"), path)
    except SyntaxError as error:
        line = f":{error.lineno}" if error.lineno else ""
        raise HomeworkError(f"{path}{line}: is no Python: {error.msg}") from error
    except (ValueError, RecursionError, MemoryError) as error:
        problem = str(error) or "it is too large, or nested too deeply"
        raise HomeworkError(f"{path}: is no Python: {problem}") from error


def is_definition(statement: ast.stmt) -> bool:
    """Tell whether a statement only defines something."""
    match statement:
        case ast.Import() | ast.ImportFrom() | ast.FunctionDef() | ast.ClassDef():
            return True
        case ast.Assign(value=value):
            return is_simple(value)
        case ast.AnnAssign(value=value):
            return value is not None and is_simple(value)
        case ast.Try(body=body):  # an optional import
            return all(isinstance(s, ast.Import | ast.ImportFrom) for s in body)
        case ast.If(test=test, body=body, orelse=orelse):
            return is_simple(test) and all(map(is_definition, body + orelse))
        case _:
            return False


def is_simple(value: ast.expr) -> bool:
    """Tell whether an expression is a constant: nothing of the author's is called."""
    return all(
        not isinstance(node, ast.Call) or is_plain(node.func)
        for node in ast.walk(value)
        if not isinstance(value, ast.Lambda)
    )


def is_plain(function: ast.expr) -> bool:
    """Tell whether a function is one of NumPy's or Python's, such as ``np.array``."""
    match function:
        case ast.Attribute(value=ast.Name(id="np" | "numpy" | "math")):
            return True
        case ast.Name(id=name):
            return name in PLAIN
        case _:
            return False


def separately(statement: ast.stmt) -> Iterator[ast.stmt]:
    """Split an import of several things, so that each can fail by itself."""
    match statement:
        case ast.Import(names=aliases):
            parts: list[ast.stmt] = [ast.Import([alias]) for alias in aliases]
        case ast.ImportFrom(module=source, names=aliases, level=level):
            parts = [ast.ImportFrom(source, [alias], level) for alias in aliases]
        case _:
            parts = [statement]
    for part in parts:
        yield ast.fix_missing_locations(ast.copy_location(part, statement))


def stand_in(statement: ast.stmt, module: ModuleType, error: BaseException) -> None:
    """Bind a name that could not be imported to something that says so."""
    if isinstance(statement, ast.Import | ast.ImportFrom):
        for alias in statement.names:
            name = (alias.asname or alias.name).split(".")[0]
            if name != "*":
                setattr(module, name, Missing(alias.name, str(error)))


def levels(tree: ast.Module) -> Iterator[int]:
    """Yield how many folders up relative imports go, 1 for the file's own."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield node.level


def make_findable(folder: Path, level: int) -> None:
    """Let modules beside the file be imported, definitions only."""
    root = folder
    for _ in range(max(1, level)):
        root = root.parent

    def finder(path: str) -> FileFinder:
        if not Path(path).resolve().is_relative_to(folder if level < 2 else root):
            raise ImportError(path)
        return FileFinder(path, (DefinitionsLoader, [".py"]))

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
