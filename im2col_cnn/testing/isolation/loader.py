"""Read homework from a file or notebook, and load its definitions only.

Cells are read, magics and statements that run anything are left out, and what was left
out is kept in an account, so that a report can say so.
"""

from __future__ import annotations
import __future__ as future

import ast
import builtins
import json
import linecache
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial, reduce, wraps
from importlib.machinery import FileFinder, SourceFileLoader
from importlib.util import decode_source, find_spec
from itertools import chain
from pathlib import Path
from sysconfig import get_path
from types import ModuleType
from typing import Any

from .older_numpy import Tolerant, made_tolerant, names_for
from .stand_ins import Missing, stand_in_for

__all__ = [
    "Account",
    "Cell",
    "Homework",
    "HomeworkError",
    "is_beside",
    "load",
    "parse",
    "read_cells",
    "require_file",
    "run_definitions",
]


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
        return [Cell(str(path), text if is_python(text) else without_magics(text))]
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


def is_python(text: str) -> bool:
    """Tell whether a text parses; in a script, a line may begin with ``%``."""
    try:
        ast.parse(text.lstrip("\ufeff"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


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
        if is_python_2(error):
            words = "is Python 2; 2to3 turns it into Python 3"
            raise HomeworkError(f"{cell.file}{line}: {words}") from error
        raise HomeworkError(f"{cell.file}{line}: is no Python: {error.msg}") from error
    except (ValueError, RecursionError, MemoryError) as error:
        problem = str(error) or "it is too large, or nested too deeply"
        raise HomeworkError(f"{cell.file}: is no Python: {problem}") from error


OF_PYTHON_2 = re.compile(
    r"^\s*(print\s+[^=(\s]|print\s*>>|exec\s+[\"'\w]|raise\s+\w+,|except\s+[\w.]+,)"
    r"|\bxrange\(|<>|\b0[0-7]+\b|\bur['\"]"
)


def is_python_2(error: SyntaxError) -> bool:
    """Tell whether a line that is no Python 3 is Python 2."""
    words = ("Missing parentheses in call to", "multiple exception types")
    return any(word in (error.msg or "") for word in words) or bool(
        OF_PYTHON_2.search(error.text or "")
    )


PLAIN = {"abs", "bool", "dict", "float", "int", "len", "list", "max", "min", "range"}
PLAIN |= {"round", "set", "sorted", "str", "sum", "tuple", "zip"}
PLAIN |= {"NewType", "ParamSpec", "TypeVar", "namedtuple"}
NOT_RUN = (
    "only imports, definitions and simple constants are run; "
    "set it to a plain value, or inside the function that needs it"
)


class Account:
    """
    What did not work, and which names are not there for that.

    Attributes
    ----------
    trouble : list of str
        What was raised, and in which line.
    notes : list of str
        What only a newer NumPy refuses, and was let pass.
    tools : list of str
        What it imports that could do the work.
    stars : list of str
        Of which modules ``import *`` failed, and in which line.
    unset : dict
        From a name to the line that should have set it, and why it did not.
    """

    def __init__(self) -> None:
        self.trouble: list[str] = []
        self.notes: list[str] = []
        self.tools: list[str] = []
        self.unset: dict[str, str] = {}
        self.stars: list[str] = []  # what `import *` could not be done of

    def leave_out(self, statement: ast.stmt, place: str, why: str = NOT_RUN) -> None:
        """Note which names a statement would have set."""
        for name in names_set_by(statement):
            self.unset.setdefault(name, f"{name} ({place}) was not set: {why}")

    def fail(self, statement: ast.stmt, place: str, error: BaseException) -> None:
        """Note what a statement raised."""
        why = f"{type(error).__name__}: {error}{self.explain(error)}"
        self.trouble.append(f"{place}: {why}")
        self.leave_out(statement, place, why)

    def explain(self, error: BaseException | None) -> str:
        """Say why a name is not there, to be put behind the message of an error."""
        name = getattr(error, "name", None) or str(error)[len("name '") : -16]
        if type(error) is not NameError or name not in self.unset:
            return ""
        return f"; {self.unset[name]}"


def run_definitions(
    tree: ast.Module, cell: Cell, module: ModuleType, account: Account
) -> None:
    """Run the definitions of a cell in a module, one by one."""
    account.tools += (name for name in imported_by(tree) if name in TOOLS)
    if not cell.within:  # cells of a notebook have one name, and lines of their own
        lines = cell.source.splitlines(keepends=True)
        linecache.cache[cell.file] = len(cell.source), None, lines, cell.file
    tolerant = Tolerant(account.notes.append)
    module.__dict__.update(names_for(tolerant))
    for statement in tree.body:
        if not is_definition(statement):
            account.leave_out(statement, cell.place(statement.lineno))
            continue
        for part in separately(statement):
            code = compile(
                made_tolerant(part, tolerant),
                cell.file,
                "exec",
                # What annotations name may be missing, and is not needed.
                flags=future.annotations.compiler_flag,
            )
            try:
                exec(code, module.__dict__)
            except (Exception, SystemExit) as error:
                if not stood_in(part, module, account):
                    account.fail(part, cell.place(part.lineno), error)
                if is_star(part):
                    fill_in(tree, module, account)
    if "xrange" not in module.__dict__ and "xrange" in cell.source:
        module.__dict__["xrange"] = range
        account.notes.append("xrange is Python 2; range stands in for it")


def leave_unused(trees: list[ast.Module]) -> None:
    """
    Take out imports that take time, of names that no definition uses.

    Most homework imports what shows pictures, which takes a second, for lines that are
    not run. Settings of what is not imported are taken out with it.
    """
    used = {name for tree in trees for name in used_by(tree)}
    left: set[str] = set()
    for tree in trees:
        kept: list[ast.stmt] = []
        for part in chain.from_iterable(map(separately, tree.body)):
            if takes_time(part) and not used & {*names_set_by(part)}:
                left |= {*names_set_by(part)}
            elif not (is_setting(part) and left & {*names_in(part)}):
                kept.append(part)
        tree.body = kept


def takes_time(statement: ast.stmt) -> bool:
    """Tell whether a statement imports what is installed, and not imported yet."""
    if isinstance(statement, ast.Import):
        root = statement.names[0].name.partition(".")[0]
    elif isinstance(statement, ast.ImportFrom) and not is_star(statement):
        root = (statement.module or "").partition(".")[0] * (not statement.level)
    else:
        return False
    if not root or root in sys.modules or any(t.startswith(root) for t in TOOLS):
        return False
    found = find_spec(root)
    return found is not None and not isinstance(found.loader, DefinitionsLoader)


def used_by(tree: ast.Module) -> Iterator[str]:
    """Yield the names that definitions use, but for those of which they set a part."""
    for statement in filter(is_definition, tree.body):
        if isinstance(statement, ast.Assign) and is_setting(statement):
            yield from names_in(statement.value)
        else:
            yield from names_in(statement)


def is_setting(statement: ast.stmt) -> bool:
    """Tell whether a statement sets parts of something: ``plt.size = 3``."""
    parts = (ast.Attribute, ast.Subscript)
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    return bool(targets) and all(isinstance(target, parts) for target in targets)


def names_in(node: ast.AST) -> Iterator[str]:
    """Yield the names that stand in a part of a program."""
    return (each.id for each in ast.walk(node) if isinstance(each, ast.Name))


TOOLS = ("im2col_cnn", "torch", "jax", "tensorflow", "scipy.signal", "keras")


def imported_by(tree: ast.Module) -> Iterator[str]:
    """Yield the modules that a file imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def stood_in(statement: ast.stmt, module: ModuleType, account: Account) -> bool:
    """
    Put something in the place of what could not be imported.

    That is a stand-in if there is one, or else what says when it is called that it is
    not there: only what calls it cannot be checked then.
    """
    if not isinstance(statement, (ast.Import, ast.ImportFrom)):
        return False
    (alias,) = statement.names
    source = alias.name if isinstance(statement, ast.Import) else statement.module or ""
    if alias.name == "*":
        account.stars.append(f"{source} (line {statement.lineno})")
        return False
    found = stand_in_for(source, alias.name)
    if alias.asname and found:
        (value,) = found.values()
        inside = alias.name.split(".")[1:] if isinstance(statement, ast.Import) else []
        found = {alias.asname: reduce(getattr, inside, value)}
    if found:
        lend(found, module, account, f"line {statement.lineno}")
        return True
    name = (alias.asname or alias.name).split(".")[0]
    why = f"{source} (line {statement.lineno}) could not be imported"
    module.__dict__.setdefault(name, Missing(name, why))
    return False


def lend(found: dict[str, Any], module: ModuleType, account: Account, at: str) -> None:
    """Put stand-ins into a module, and say so."""
    module.__dict__.update(found)
    names = ", ".join(found)
    account.notes.append(
        f"{names} could not be imported ({at}): a right one stands in for it"
    )


def fill_in(tree: ast.Module, module: ModuleType, account: Account) -> None:
    """Put something in the place of names that only ``import *`` can have meant."""
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    bound = {node.id for node in names if not isinstance(node.ctx, ast.Load)}
    bound |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    bound |= {*names_set_by(tree)}
    used = {node.id for node in names} - bound - {*dir(builtins), *module.__dict__}
    source = account.stars[-1]
    for name in sorted(used - account.unset.keys()):
        if found := stand_in_for("", name):
            lend(found, module, account, source)
        else:
            why = f"{source} could not be imported"
            module.__dict__[name] = Missing(name, why)


def is_star(statement: ast.stmt) -> bool:
    """Tell whether a statement is ``from ... import *``."""
    return isinstance(statement, ast.ImportFrom) and statement.names[0].name == "*"


def names_set_by(statement: ast.AST) -> Iterator[str]:
    """Yield the names that a statement would set."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.alias):
            yield node.asname or node.name.split(".")[0]


def is_definition(statement: ast.stmt) -> bool:
    """Tell whether a statement only defines something."""
    imports = (ast.Import, ast.ImportFrom)
    if isinstance(statement, (*imports, ast.FunctionDef, ast.ClassDef)):
        return True
    if isinstance(statement, (ast.Assign, ast.AnnAssign)):
        return statement.value is not None and is_simple(statement.value)
    if isinstance(statement, ast.Try):  # an optional import, and a note of it
        return all(map(is_definition, statement.body))
    if isinstance(statement, ast.If):
        inside = statement.body + statement.orelse
        return is_simple(statement.test) and all(map(is_definition, inside))
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
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        return function.value.id in ("np", "numpy", "math")
    return isinstance(function, ast.Name) and function.id in PLAIN


def separately(statement: ast.stmt) -> Iterator[ast.stmt]:
    """Split an import of several things, so that each can fail by itself."""
    parts: list[ast.stmt] = [statement]
    if isinstance(statement, ast.Import):
        parts = [ast.Import([alias]) for alias in statement.names]
    elif isinstance(statement, ast.ImportFrom):
        source, level = statement.module, statement.level
        parts = [ast.ImportFrom(source, [alias], level) for alias in statement.names]
    for part in parts:
        yield ast.fix_missing_locations(ast.copy_location(part, statement))


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


def load(path: Path, *also: Path) -> Homework:
    """Run what a file defines, and what others do that belong to it, and return it."""
    account = Account()
    if not also:
        return Homework(defined_in(path, account), account)
    names: dict[str, Any] = {}
    for each in (path, *also):
        try:
            names.update(defined_in(each, account))
        except HomeworkError as error:
            account.trouble.append(str(error))
    return Homework(names, account)


def defined_in(path: Path, account: Account) -> dict[str, Any]:
    """Run what a file defines, and return it by name."""
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
    leave_unused([tree for tree, _ in parsed])
    for tree, cell in parsed:
        run_definitions(tree, cell, module, account)
    keep_outside(parsed, module, account)
    return {
        name: value
        for name, value in module.__dict__.items()
        if not name.startswith("__") and not isinstance(value, Missing)
    }


def keep_outside(
    parsed: list[tuple[ast.Module, Cell]], module: ModuleType, account: Account
) -> None:
    """
    Say which methods stand outside their class, and let calls of them say so.

    A ``def backward(self, dy)`` below a class, and not in it, is indented too little.
    """
    used = {name for tree, _ in parsed for name in names_in(tree)}
    kind: Any = None
    for cell, statement in ((c, part) for tree, c in parsed for part in tree.body):
        if isinstance(statement, ast.ClassDef):
            kind = module.__dict__.get(statement.name)
        if not isinstance(statement, ast.FunctionDef) or statement.decorator_list:
            continue
        name, arguments = statement.name, ast.unparse(statement.args)
        if arguments.split(",")[0] != "self" or not isinstance(kind, type):
            continue
        if name in used or any(name in vars(base) for base in kind.__mro__[:-1]):
            continue
        at = cell.place(statement.lineno)
        words = f"{name}({arguments}), {at}, stands outside any class: indented too"
        account.notes.append(f"{words} little?")
        lacking = f"{kind.__name__!r} object has no attribute {name!r}"
        function = module.__dict__.pop(name, None)
        setattr(kind, name, outside(function, f"{lacking}: {account.notes[-1]}"))


def outside(function: Any, problem: str) -> Any:
    """Return a method of that signature that is not there, and says so when called."""

    @wraps(function)
    def method(*_: Any, **__: Any) -> Any:
        raise AttributeError(problem)

    return method


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
        if not is_beside(Path(path), folder if level < 2 else root):
            raise ImportError(path)
        return FileFinder(path, (loader, [".py"]))

    sys.dont_write_bytecode = True
    sys.path_hooks.insert(0, finder)
    sys.path_importer_cache.clear()
    sys.path[:0] = [str(folder), str(root)]


INSTALLED = ("stdlib", "platstdlib", "purelib", "platlib")  # as sysconfig calls them


def is_beside(path: Path, folder: Path) -> bool:
    """Tell whether modules there are homework: in a folder, and not installed there."""
    path = path.resolve()
    installed = [Path(get_path(name)).resolve() for name in INSTALLED]
    return path.is_relative_to(folder) and not any(map(path.is_relative_to, installed))


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
