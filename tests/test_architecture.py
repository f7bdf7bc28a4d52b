"""The package is a building: a module imports only from the floors below it."""

import ast
import importlib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

import im2col_cnn

ROOT = Path(im2col_cnn.__file__).parent
FLOORS = """\
_typing  _version  commands.kernels  testing.deadline  testing.process  testing.sources
_checks.quoting  _lazily  testing.support  tiling.scoped  tiling.sharing
_checks.numbers  _checks.settings  _dtypes  _gating  testing.definitions
_checks.arrays  _checks.geometry  _checks.notebook  testing.homework
_checks.channels  _checks.convolutions  _checks.drawing  _checks.judging  tiling.blas
axis  tiling.scratch  tiling.workers
explanation
window
placing  tiling.tiles
columns.matrix  columns.views  loops.conv  loops.reading
loops.adaptive_pool  loops.avg_pool  loops.conv_transpose  loops.lp_pool
loops.max_pool  tiling.painting  tiling.patches
tiling.reducing  tiling.widening
tiling.bilinear
tiling.spreading  tiling.turning
tiling.depthwise  tiling.winograd
tiling.grouped
ops.avg_pool  ops.conv  ops.dense  ops.dropout  ops.lp_pool
ops.normalization  ops.relu  ops.sigmoid  ops.softmax  ops.winners
ops.routing
ops.adaptive_pool  ops.conv_transpose  ops.losses  ops.max_pool
ops.global_pool
files.atomic  files.content  nn.layer  step_by_step.convolution
step_by_step.pooling  testing.slopes
files.reading  files.sink  testing.planes  testing.sweeps
files.archive  files.chunks  files.texts
testing.strategies
files.classes  files.stored  files.weights  testing.gradcheck
files.datasets  files.photos
nn.augmentation  nn.batches  nn.wrapping
nn.activations  nn.global_pooling
nn.history  nn.initializers  nn.optimizers  nn.pooling  nn.regularization
nn.schedules  nn.shaping  nn.summary
nn.layers  nn.progress
files.folders  nn.configuration
nn.rebuilding
nn.stack
nn.network
nn.evaluation  nn.models  nn.run
nn.checkpoint  nn.gradients  nn.validation
nn.plan  nn.steps
nn.epochs
nn.preparing
nn.training
pictures.captions  pictures.planes  pictures.svg
pictures.film  pictures.learning  pictures.memory  pictures.shapes
pictures.answers  pictures.rungs
pictures.grids
pictures.comparison  pictures.line  pictures.payments  pictures.shrinking
pictures.comb  pictures.sweeping
pictures.coverage  pictures.folding  pictures.matrix  pictures.painting
pictures.pooling
pictures.averaging  pictures.layouts  pictures.scratch  pictures.sliding
pictures.swapping  pictures.unfolding
pictures.geometry  pictures.product
testing.small  testing.subject
testing.kinds  testing.laws.drawing  testing.laws.verdict
testing.laws.equality  testing.laws.geometry  testing.laws.manners  testing.laws.pooling
testing.bugs.exhibit  testing.laws.table
testing.bugs.conv_steps  testing.bugs.pool_steps  testing.trials
testing.bugs.columns  testing.bugs.conv_manners  testing.bugs.conv_places
testing.bugs.conv_sums  testing.bugs.conv_swaps  testing.bugs.helpers
testing.bugs.pooling
testing.bugs.avg_pooling  testing.bugs.max_pooling
testing.bugs.museum  testing.dialects.dialect
testing.bugs.matrix  testing.bugs.pairs  testing.dialects.coursera
testing.dialects.probing
testing.dialects.torch
testing.dialects.cs231n  testing.dialects.native  testing.hunting
testing.isolation  testing.surveying
testing.dialects.cmu  testing.wording
testing.counterexample
testing.dialects.table  testing.report
testing.autograding  testing.judging  testing.page  testing.tying  testing.worker
testing.examining
testing.grader
commands.bars  commands.curve  commands.inputs  commands.refusals  commands.screen
commands.confusion  commands.report  commands.stopping  compare.cases
commands.outputs  commands.sizes  compare.arrays  compare.catalogue  compare.chains
commands.conditions  compare.race
compare.contestant  commands.ratios
compare.with_columns  compare.with_jax  compare.with_loops  compare.with_mygrad
compare.with_torch
compare.rungs
compare.contestants
commands.choosing  compare.worker
commands.check  commands.compare  commands.doctor  commands.explain  commands.train
commands.evaluate  commands.make_h5  commands.predict
cli
__main__
"""  # from the ground up
FLOOR = {
    module: floor
    for floor, modules in enumerate(FLOORS.splitlines())
    for module in modules.split()
}
SCRIPTS = {"data.make_digits"}  # run by hand; they stand outside the building

FILES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): path
    for path in ROOT.rglob("*.py")
}
LOBBIES = {module for module in FILES if module.split(".")[-1] == "__init__"}


def imports_of(module: str) -> Iterator[tuple[str, str]]:
    """Yield ``(module, name)`` for all that a file takes from its own package."""
    here = [im2col_cnn.__name__, *module.split(".")]
    for node in chain.from_iterable(map(ast.walk, statements(module))):
        match node:
            case ast.Import(names=aliases):
                taken = [(alias.name.split("."), "") for alias in aliases]
            case ast.ImportFrom(module=source, names=aliases, level=level):
                start = here[:-level] if level else []
                path = [*start, *(source.split(".") if source else [])]
                taken = [(path, alias.name) for alias in aliases]
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


def floor_of(module: str) -> int:
    """Return the floor of a module; a package stands as high as what it hands on."""
    if module not in LOBBIES:
        return FLOOR[module]
    return max((floor_of(below) for below, _ in imports_of(module)), default=0)


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


def statements(module: str) -> list[ast.stmt]:
    """Parse a file of the package."""
    return ast.parse(FILES[module].read_text(encoding="utf-8")).body


def test_every_module_has_a_floor() -> None:
    assert FLOOR.keys() == FILES.keys() - LOBBIES - SCRIPTS


@pytest.mark.parametrize("module", sorted(FLOOR))
def test_imports_point_down(module: str) -> None:
    for below, _ in imports_of(module):
        assert floor_of(below) < FLOOR[module], f"{module} imports {below}"


def test_the_oracle_shares_no_code_with_what_it_judges() -> None:
    for module in FLOOR:
        if module.split(".")[0] == "loops":
            for below, _ in imports_of(module):
                is_loop = below.split(".")[0] == "loops"
                assert is_loop or floor_of(below) <= FLOOR["placing"], below


@pytest.mark.parametrize("package", sorted(LOBBIES))
def test_a_package_only_hands_names_on(package: str) -> None:
    docstring, *handed_on = map(ast.unparse, statements(package))

    assert docstring.startswith(("'", '"'))
    assert all(line.startswith(("from .", "__all__ = ")) for line in handed_on)
    assert set(public_names(package)) == {name for _, name in imports_of(package)}


@pytest.mark.parametrize("module", sorted(FLOOR))
def test_what_a_module_calls_public_is_its_own(module: str) -> None:
    assert set(public_names(module)) <= set().union(
        *map(defined_by, statements(module))
    )


@pytest.mark.parametrize("module", sorted(FLOOR.keys() | LOBBIES))
def test_what_others_take_from_a_module_is_public(module: str) -> None:
    for source, name in imports_of(module):
        assert not name or name in public_names(source), f"{name} of {source}"
