"""Every public function says what goes in and out, what it refuses, and shows it."""

import importlib
import inspect
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

import im2col_cnn
from im2col_cnn import loops, step_by_step
from tests.imports import FILES
from tests.profile import in_turn

OPERATIONS: dict[str, Callable[..., Any]] = {
    name: getattr(im2col_cnn, name)
    for name in im2col_cnn.__all__
    if inspect.isfunction(getattr(im2col_cnn, name))
}
EVERY = OPERATIONS | {f"loops.{name}": getattr(loops, name) for name in loops.__all__}
NOTEBOOK = {name: getattr(step_by_step, name) for name in step_by_step.__all__}
DOCUMENTED = OPERATIONS | NOTEBOOK
AUTHORED = {  # by people with a name
    "adaptive_avg_pool_forward",
    "adaptive_max_pool_forward",
    "batch_norm_forward",
    "conv_forward",
    "conv_transpose_forward",
    "dropout_forward",
    "global_avg_pool_forward",
    "im2col",
    "leaky_relu_forward",
    "lp_pool_forward",
    "max_unpool",
    "relu_forward",
    "softmax_forward",
}

# What an operation works on, of which there may be several: arrays, what forward kept,
# and the sizes of images that are to be made.
ARRAYS = "argmax b beta columns dy gamma labels predictions scores targets w x y"
INPUTS = {*ARRAYS.split(), "cache", "shape", "spatial"}
# Each gives an operation its own.
MEANING = {"kernel_size", "n", "on", "output_size", "rate", "size", "slope"}
SETTERS = {"recycling", "threads", "winograd"}  # of how results are computed, not which

# Elsewhere, what has a default and may all the same be given by position.
BY_POSITION = {
    "backward": "a function, beside forward",
    "col2im": "a function, beside im2col",
    "dtype": "of what a strategy draws, as strategies of Hypothesis take it",
    "learning_rate": "the one setting of an optimizer that each has",
    "outputs": "of a graph, as Model(inputs, outputs) of Keras has them",
    "mode": "as in the notebook's own signature",
    "slope": "the one setting of a leak",
    "stream": "the one thing that a progress line needs to know",
    "test_path": "a file, beside the first",
}
LOBBIES = ["nn", "files", "testing", "pictures", "step_by_step"]
PACKAGES = [*LOBBIES, "columns", "loops", "ops"]
TESTING = "im2col_cnn.testing"
RESULTS = {"History", "Progress", "Report"}  # made by the package, not by its users


def section(name: str, title: str) -> str:
    """Return a section of a docstring, or nothing."""
    docstring = inspect.getdoc(DOCUMENTED[name]) or ""
    _, found, rest = docstring.partition(f"\n{title}\n{'-' * len(title)}\n")
    return re.split(r"\n[A-Z][A-Za-z ]+\n-{3,}\n", rest)[0] if found else ""


def by_position(call: Callable[..., Any]) -> list[inspect.Parameter]:
    """Return the parameters that may be given without their names."""
    parameters = inspect.signature(call).parameters.values()
    return [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]


@pytest.mark.parametrize("name", DOCUMENTED)
@pytest.mark.parametrize("title", ["Parameters", "Returns", "Raises", "Examples"])
def test_a_docstring_has_its_sections(name: str, title: str) -> None:
    assert section(name, title)


@pytest.mark.parametrize("name", DOCUMENTED)
def test_a_docstring_describes_every_argument(name: str) -> None:
    for argument in inspect.signature(DOCUMENTED[name]).parameters:
        assert re.search(rf"\b{argument}\b", section(name, "Parameters"))


@pytest.mark.parametrize("name", sorted(DOCUMENTED.keys() - SETTERS))
def test_a_docstring_gives_the_shapes_of_what_goes_in_and_out(name: str) -> None:
    shape = r"shapes? |any shape|numbers?\b|int|tuple|As for"

    assert re.search(shape, section(name, "Parameters"))
    assert re.search(shape, section(name, "Returns"))


@pytest.mark.parametrize("name", sorted(OPERATIONS.keys() - SETTERS))
def test_a_docstring_gives_the_dtype_of_what_comes_out(name: str) -> None:
    dtype = r"dtype|float64|int64|Python float|A view of `dy`|A read-only view; of `x`"

    assert re.search(dtype, section(name, "Returns"))


@pytest.mark.parametrize("name", DOCUMENTED)
def test_an_example_calls_its_function(name: str) -> None:
    assert f"{name}(" in section(name, "Examples")


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_docstring_tells_the_cost(name: str) -> None:
    assert section(name, "Notes")


@pytest.mark.parametrize("name", sorted(AUTHORED))
def test_what_has_an_author_names_the_source(name: str) -> None:
    assert re.search(r"\b(19|20)\d\d", section(name, "References"))


@pytest.mark.parametrize("name", EVERY)
def test_an_operation_takes_at_most_one_setting_by_position(name: str) -> None:
    settings = {p.name for p in by_position(EVERY[name])} - INPUTS

    assert len(settings) <= 1
    assert settings <= MEANING


@pytest.mark.parametrize("lobby", LOBBIES)
def test_a_setting_with_a_default_is_given_by_name(lobby: str) -> None:
    module = importlib.import_module(f"im2col_cnn.{lobby}")
    for name in set(module.__all__) - RESULTS:
        call = getattr(module, name)
        if inspect.isclass(call) and issubclass(call, tuple | Exception):
            continue
        for parameter in by_position(call) if callable(call) else []:
            if parameter.default is not parameter.empty:
                assert parameter.name in BY_POSITION, f"{name}({parameter})"


def test_the_front_door_hands_on_every_operation() -> None:
    pairs = {
        name
        for module in FILES
        if re.fullmatch(r"(ops|columns)\.\w+", module)
        for name in importlib.import_module(f"im2col_cnn.{module}").__all__
        if name.endswith(("_forward", "_backward"))
    }

    assert pairs <= set(im2col_cnn.__all__)
    assert pairs >= set(loops.__all__)


def test_numpy_is_imported_as_the_first_public_name_is_asked_for() -> None:
    lines = (
        "import sys, im2col_cnn",
        "assert im2col_cnn.__version__ and 'numpy' not in sys.modules",
        "assert not hasattr(im2col_cnn, 'conv_backwards')",
        "assert im2col_cnn.columns.im2col is im2col_cnn.im2col",
        "assert {*im2col_cnn.__all__} < {*dir(im2col_cnn)}",
        "from im2col_cnn import *",
        "assert im2col_cnn.conv_forward is conv_forward",
    )

    subprocess.run([sys.executable, "-c", "\n".join(lines)], check=True)


@in_turn(2)
@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_is_imported_as_it_is_asked_for(name: str) -> None:
    lines = (
        "import sys, im2col_cnn",
        f"assert {name!r} in dir(im2col_cnn)",
        f"found = im2col_cnn.{name}",
        f"assert found is sys.modules['im2col_cnn.{name}']",
        "assert 'matplotlib' not in sys.modules",
    )

    subprocess.run([sys.executable, "-c", "\n".join(lines)], check=True)


def test_the_packages_that_are_handed_on_are_those_that_the_docstring_lists() -> None:
    listed = re.findall(r"^im2col_cnn\.(\w+)", im2col_cnn.__doc__ or "", re.MULTILINE)

    assert sorted({*listed, "columns"}) == sorted(PACKAGES)


def test_without_hypothesis_the_tests_say_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in [name for name in sys.modules if name.startswith(TESTING)]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "hypothesis", None)

    with pytest.raises(
        ModuleNotFoundError, match=r"needs hypothesis: .*'im2col-cnn\[testing\]'$"
    ):
        importlib.import_module(f"{TESTING}.gradcheck")
    monkeypatch.delattr(im2col_cnn, "testing", raising=False)
    assert not hasattr(im2col_cnn, "testing")


def test_the_twins_in_loops_have_the_same_signature() -> None:
    for name in loops.__all__:
        ours = inspect.signature(getattr(loops, name)).parameters.values()
        theirs = inspect.signature(OPERATIONS[name]).parameters.values()
        assert [str(p).split(":")[0] for p in ours] == [
            str(p).split(":")[0] for p in theirs
        ]
        assert [p.default for p in ours] == [p.default for p in theirs]
