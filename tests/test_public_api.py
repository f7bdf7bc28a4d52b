"""Every public function says what goes in and out, what it refuses, and shows it."""

import inspect

import pytest

import im2col_cnn

FUNCTIONS = [
    name for name in im2col_cnn.__all__ if inspect.isfunction(getattr(im2col_cnn, name))
]

COMPUTING = [name for name in FUNCTIONS if not name.endswith("_backward")]


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("section", ["Parameters", "Returns", "Raises", "Examples"])
def test_a_docstring_has_its_sections(name: str, section: str) -> None:
    docstring = inspect.getdoc(getattr(im2col_cnn, name))

    assert docstring is not None
    assert f"\n{section}\n{'-' * len(section)}\n" in docstring


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_docstring_describes_every_argument(name: str) -> None:
    function = getattr(im2col_cnn, name)
    described = (inspect.getdoc(function) or "").split("Parameters")[-1]
    described = described.split("Returns\n-------")[0]

    for argument in inspect.signature(function).parameters:
        assert argument in described


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_example_calls_its_function(name: str) -> None:
    examples = (inspect.getdoc(getattr(im2col_cnn, name)) or "").split("Examples")[-1]

    assert f"{name}(" in examples


@pytest.mark.parametrize("name", COMPUTING)
def test_a_docstring_tells_the_cost(name: str) -> None:
    docstring = inspect.getdoc(getattr(im2col_cnn, name)) or ""

    assert "\nNotes\n-----\n" in docstring
