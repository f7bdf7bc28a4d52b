"""Imports point down between eleven storeys of packages, and never in a circle."""

import ast
import importlib
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import im2col_cnn
from tests.imports import FILES, imports_of, statements

STOREYS = """\
_interrupts  _lazily  _typing  _version  data
_checks  _dtypes  _masking  axis
explanation  files
window
columns  placing  tiling
loops  ops
_public  nn  pictures  step_by_step
compare  testing
commands
cli
__main__
"""  # from the ground up
STOREY = {
    name: storey
    for storey, names in enumerate(STOREYS.splitlines(), start=1)
    for name in names.split()
}
SCRIPTS = {"data.make_digits"}  # run by hand, and imported by no module

METAPHOR = re.compile(
    r"\b(judge[ds]?|judging|owe[ds]?|pays?|paid|overpa\w+|nobody|whoever)\b",
    re.IGNORECASE,
)

LOBBIES = {"_public"} | {
    module for module in FILES if module.split(".")[-1] == "__init__"
}
# Modules that list what people choose from, and that alone import their entries.
CATALOGUES = {
    "__main__",
    "cli",
    "compare.contestants",
    "testing.bugs.museum",
    "testing.dialects.table",
    "testing.grading.formats",
    "testing.laws.table",
    "tiling.dispatch",
}
TESTS = Path(__file__).parent
MODULES = FILES.keys() - LOBBIES - SCRIPTS


def unit_of(module: str) -> str:
    """Return the package or module below ``im2col_cnn`` that a file belongs to."""
    return module.split(".", maxsplit=1)[0]


def storey_of(module: str) -> int:
    """Return the storey of a file; the front door stands above all that it hands on."""
    return STOREY.get(unit_of(module), 0)


def public_names(module: str) -> list[str]:
    """Return ``__all__``, which ruff keeps sorted; a lobby may do without."""
    path = f"{im2col_cnn.__name__}.{module}".removesuffix(".__init__")
    return list(getattr(importlib.import_module(path), "__all__", []))


def defined_by(statement: ast.stmt) -> set[str]:
    """Return the names that a statement at the top of a module brings about."""
    match statement:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
            return {name}
        case ast.Assign() | ast.AnnAssign():
            names = (n for n in ast.walk(statement) if isinstance(n, ast.Name))
            return {n.id for n in names if isinstance(n.ctx, ast.Store)}
        case ast.ImportFrom(names=aliases, level=0):  # NumPy's ArrayLike, say
            return {alias.name for alias in aliases}
        case _:
            return set()


def circle_in(package: str) -> list[str]:
    """Return the files of a package that import each other in a circle, if any do."""
    inside = {m for m in MODULES if unit_of(m) == package}
    graph = {m: {below for below, _ in imports_of(m)} & inside for m in inside}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return [str(module) for module in error.args[1]]
    return []


def test_every_package_has_a_storey() -> None:
    assert STOREY.keys() == {unit_of(module) for module in FILES} - {"__init__"}


@pytest.mark.parametrize("module", sorted(MODULES))
def test_imports_point_down(module: str) -> None:
    for below, _ in imports_of(module):
        if unit_of(below) != unit_of(module):
            assert storey_of(below) < storey_of(module), f"{module} imports {below}"


@pytest.mark.parametrize("package", sorted(STOREY))
def test_no_package_has_a_circle_inside(package: str) -> None:
    assert not circle_in(package)


def importers() -> dict[str, set[str]]:
    """Return which files import each file of the package."""
    found: dict[str, set[str]] = {module: set() for module in FILES}
    for module in FILES:
        for below, _ in imports_of(module):
            found[below].add(module)
    return found


def test_a_module_with_one_importer_is_public_or_an_entry_of_a_catalogue() -> None:
    alone = {m: min(above) for m, above in importers().items() if len(above) == 1}
    closets = {
        module: importer
        for module, importer in alone.items()
        if module in MODULES
        if importer not in LOBBIES | CATALOGUES and not has_tests(module)
    }

    assert not closets, "merge each with its importer, or give it a name people need"


def has_tests(module: str) -> bool:
    """Tell whether the tests have a file about a module, or take something from it."""
    *_, name = module.split(".")
    line = f"from {im2col_cnn.__name__}.{module} import "
    return any(
        path.stem == f"test_{name}" or line in path.read_text("utf-8")
        for path in TESTS.rglob("*.py")
    )


def test_the_folders_of_testing_stand_on_each_other() -> None:
    order = [
        "support",
        "bugs",
        "strategies",
        "laws",
        "dialects",
        "isolation",
        "grading",
    ]
    place = {name: number for number, name in enumerate(order)}
    for module in MODULES:
        match module.split("."):
            case ["testing", upper, *_] if upper in place:
                below = [b.split(".") for b, _ in imports_of(module)]
                lower = {b[1] for b in below if b[0] == "testing" and b[1] in place}
                assert all(place[b] <= place[upper] for b in lower), module


def test_the_oracle_shares_no_code_with_what_it_is_compared_with() -> None:
    for module in MODULES:
        if unit_of(module) == "loops":
            for below, _ in imports_of(module):
                assert unit_of(below) not in {"columns", "tiling", "ops"}, below


@pytest.mark.parametrize("package", sorted(LOBBIES - {"__init__"}))
def test_a_package_only_hands_names_on(package: str) -> None:
    docstring, *handed_on = map(ast.unparse, statements(package))

    assert docstring.startswith(("'", '"'))
    assert all(line.startswith(("from .", "__all__ = ")) for line in handed_on)
    names = {name for _, name in imports_of(package) if name}
    assert names == set(public_names(package))


@pytest.mark.parametrize("module", sorted(MODULES))
def test_what_a_module_calls_public_is_its_own(module: str) -> None:
    assert set(public_names(module)) <= set().union(
        *map(defined_by, statements(module))
    )


@pytest.mark.parametrize("module", sorted(MODULES | LOBBIES))
def test_names_and_first_lines_are_free_of_courts_and_debts(module: str) -> None:
    tree = ast.parse(FILES[module].read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            name = getattr(node, "name", "").replace("_", " ")
            first_line = (ast.get_docstring(node) or "").partition("\n")[0]
            assert not METAPHOR.search(f"{name}: {first_line}")


@pytest.mark.parametrize("module", sorted(MODULES | LOBBIES))
def test_what_others_take_from_a_module_is_public(module: str) -> None:
    for source, name in imports_of(module):
        assert not name or name in public_names(source), f"{name} of {source}"
