"""Run what a piece of homework defines, and keep account of what was not run.

Only imports, definitions and simple constants are run, each by itself, so that a plot,
a missing file or a line that was never finished costs nothing but itself. A name that
is missed later is explained: which line should have set it, and why it did not.
"""

import __future__

import ast
from collections.abc import Iterator
from types import ModuleType

from .sources import Cell

__all__ = ["Account", "run_definitions"]

PLAIN = {"abs", "bool", "dict", "float", "int", "len", "list", "max", "min", "range"}
PLAIN |= {"round", "set", "sorted", "str", "sum", "tuple", "zip"}
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
    unset : dict
        From a name to the line that should have set it, and why it did not.
    """

    def __init__(self) -> None:
        self.trouble: list[str] = []
        self.unset: dict[str, str] = {}

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
        if type(error) is not NameError or error.name not in self.unset:
            return ""
        return f"; {self.unset[error.name]}"


def run_definitions(
    tree: ast.Module, cell: Cell, module: ModuleType, account: Account
) -> None:
    """Run the definitions of a cell in a module, one by one."""
    for statement in tree.body:
        if not is_definition(statement):
            account.leave_out(statement, cell.place(statement.lineno))
            continue
        for part in separately(statement):
            code = compile(
                ast.Module([part], []),
                cell.file,
                "exec",
                # What annotations name may be missing, and nobody asks for it.
                flags=__future__.annotations.compiler_flag,
            )
            try:
                exec(code, module.__dict__)
            except (Exception, SystemExit) as error:
                account.fail(part, cell.place(part.lineno), error)


def names_set_by(statement: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement would set."""
    for node in ast.walk(statement):
        match node:
            case ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.alias(name=name, asname=other):
                yield other or name.split(".")[0]


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
