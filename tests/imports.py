"""The imports between the files of the package, as a graph."""

import ast
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path

import im2col_cnn

ROOT = Path(im2col_cnn.__file__).parent


FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): path
    for path in ROOT.rglob("*.py")
}


@cache
def imports_of(module: str) -> list[tuple[str, str]]:
    """Return ``(module, name)`` for all that a file takes from its own package."""
    return list(taken_by(module))


def taken_by(module: str) -> Iterator[tuple[str, str]]:
    """Yield what `imports_of` returns."""
    here = [im2col_cnn.__name__, *module.split(".")]
    for node in chain.from_iterable(map(ast.walk, statements(module))):
        match node:
            case ast.Import(names=aliases):
                taken = [(alias.name.split("."), "") for alias in aliases]
            case ast.ImportFrom(module=source, names=aliases, level=level):
                start = here[:-level] if level else []
                path = [*start, *(source.split(".") if source else [])]
                names = [
                    a.name
                    for a in aliases
                    if "__getattr__" not in (a.name, a.asname)
                    and a.name not in ("*", "__all__")
                ]
                taken = [(path, name) for name in names or [""]]
            case _:
                continue
        yield from (found(path, name) for path, name in taken if path[0] == here[0])


def found(path: list[str], name: str) -> tuple[str, str]:
    """Say which file of the package an import opens, and what it takes from it."""
    inner = path[1:]
    for module, taken in ((".".join([*inner, name]), ""), (".".join(inner), name)):
        for file in (module, f"{module}.__init__".lstrip(".")):
            if file in FILES:
                return file, taken
    raise LookupError(f"no file for {name!r} from {'.'.join(path)}")


def statements(module: str) -> list[ast.stmt]:
    """Parse a file of the package."""
    return ast.parse(FILES[module].read_text(encoding="utf-8")).body
