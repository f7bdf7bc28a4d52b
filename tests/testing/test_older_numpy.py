"""What only a newer NumPy refuses is let pass, with a note; other errors stay."""

import ast
from typing import Any

import numpy as np
import pytest

from im2col_cnn.testing.isolation import older_numpy
from im2col_cnn.testing.isolation.older_numpy import (
    Tolerant,
    made_tolerant,
    names_for,
)


def run(source: str, **names: Any) -> tuple[dict[str, Any], list[str]]:
    """Run lines as homework is run; return the names and the notes."""
    notes: list[str] = []
    tolerant = Tolerant(notes.append)
    names.update(names_for(tolerant), np=np)
    for statement in ast.parse(source).body:
        tree = made_tolerant(statement, tolerant)
        exec(compile(tree, "homework.py", "exec"), names)
    return names, notes


def test_float_of_one_number_in_an_array_is_that_number() -> None:
    names, notes = run("x = float(np.full((1, 1), 3.5))")

    assert names["x"] == 3.5
    assert "float() of an array with axes (line 1); write float(a.item())" in notes[0]


@pytest.mark.parametrize("line", ["z[0, 1] = a", "z[0, 1] += a"])
def test_an_array_of_one_number_can_be_put_in_an_entry(line: str) -> None:
    z = np.zeros((2, 2))

    _, notes = run(line, z=z, a=np.full((1, 1), 4.0))

    assert z.tolist() == [[0, 4], [0, 0]]
    assert "an array of one number for an entry (line 1); write a.item()" in notes[0]


def test_names_that_numpy_has_no_more_are_put_back() -> None:
    names, notes = run("x = np.zeros(2, dtype=np.float)")

    assert names["x"].dtype == float
    assert notes == ["np.float (line 1) is not in NumPy any more; write float"]


def test_pad_stands_where_it_stood_in_numpy_1() -> None:
    names, notes = run("x = np.lib.pad(np.ones(1), 1)")

    assert names["x"].tolist() == [0, 1, 0]
    is_gone = not hasattr(np.lib, "pad")
    gone = "np.lib.pad (line 1) is not in NumPy any more; write np.pad"
    assert notes == [gone] * is_gone


@pytest.mark.parametrize(
    "line", ["float(np.ones(2))", "z[0, 1] = np.ones(2)", "z[9, 9] = 1", "int('x')"]
)
def test_what_every_numpy_refuses_stays_an_error(line: str) -> None:
    with pytest.raises((TypeError, ValueError, IndexError)):
        run(line, z=np.zeros((2, 2)))


def test_what_is_right_is_as_it_was() -> None:
    z = np.zeros((2, 3))

    names, notes = run("z[:, 1:] = 2\nx = float('1.5')\nz[0] += 1", z=z)

    assert z.tolist() == [[1, 3, 3], [0, 2, 2]]
    assert names["x"] == 1.5
    assert notes == []


@pytest.mark.parametrize("has_gpu", [False, True])
def test_what_asks_for_a_gpu_gets_the_cpu_where_there_is_none(
    has_gpu: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(older_numpy, "has_gpu", lambda: has_gpu)

    names, notes = run("device = 'cuda'")

    assert names["device"] == ("cuda" if has_gpu else "cpu")
    assert len(notes) == (not has_gpu)
