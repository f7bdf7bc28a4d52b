"""The check command, on files as students write them."""

import json
from html import escape
from pathlib import Path

import pytest

from tests.commands.command import FEW_EXAMPLES, HOMEWORK, Check, changed, process
from tests.profile import in_turn


@in_turn(10)
@pytest.mark.parametrize(
    "file", ["native.py", "torch_style.py", "coursera.py", "cs231n.py", "cmu.py"]
)
def test_right_homework_passes_in_every_dialect(file: str) -> None:
    patience = ("--total-seconds", "120")  # for a busy machine
    answer = process("check", HOMEWORK / file, "--examples", "3", *patience)

    assert answer.status == 0, answer.out
    assert "BROKEN" not in answer.out
    assert answer.err == ""


@in_turn(2)
def test_the_notebook_as_it_was_found(check: Check) -> None:
    answer = check(HOMEWORK / "notebook.ipynb", *FEW_EXAMPLES)

    assert answer.status == 1
    assert "not enough values to unpack" in answer.out
    assert "the sizes are unpacked from the images, not from their shape (S1)" in (
        answer.out
    )
    assert "the mask reads a stale global instead of its argument (S10b)" in answer.out
    assert "not there: conv_forward_propogation" in answer.out


MISTAKES = [
    (
        "    return dA_prev, dW, db",
        "    import threading; threading.Event().wait()",
        "conv_backward did not return within 1 s for a 1x3x3x1 image",
    ),
    (
        "dA_prev_pad[i, v : v + f, u : u + f, :] +=",
        "dA_prev_pad[i, v : v + f, u : u + f, :] =",
        "dx is assigned with = where windows overlap (C3)",
    ),
    (
        "    return dA_prev, dW, db",
        "    return dA_prev, dW",
        "conv_backward returned 2 values instead of (dA_prev, dW, db)",
    ),
    (
        "    return dA_prev, dW, db",
        "    dA_prev, dW, db",
        "conv_backward returned None instead of (dA_prev, dW, db)",
    ),
    (
        "    return dA_prev, dW, db",
        "    dZ *= 0\n    return dA_prev, dW, db",
        "dy is overwritten (E5)",
    ),
    (
        "    return dA_prev, dW, db",
        "    import os; os._exit(7)",
        "conv_backward ended the process with status 7 for a 1x3x3x1 image",
    ),
    ("    return dA_prev, dW, db", "    exit()", "conv_backward called sys.exit"),
    (
        "    return dA_prev, dW, db",
        "    return dA_prev.astype(object), dW, db",
        "returned an array of dtype object for dA_prev, not an array of numbers",
    ),
    (
        "    return dA_prev, dW, db",
        "    raise NotImplementedError",
        "not written yet: it raised NotImplementedError (homework.py, line 54)",
    ),
    (
        "    return dA_prev, dW, db",
        "    raise RuntimeError if np.random.rand() < 0.5 else KeyError",
        "conv_backward raised",
    ),
    (
        "v : v + f, u : u + f, :] += W",
        "u : u + f, v : v + f, :] += W",
        "rows and columns are swapped in the slice of dx (C1h)",
    ),
    (
        "    return dA_prev, dW, db",
        "    return np.zeros(10**11), dW, db",
        "conv_backward raised MemoryError",
    ),
]


@in_turn(12)
@pytest.mark.parametrize(("old", "new", "said"), MISTAKES)
def test_a_bug_is_named(
    check: Check, tmp_path: Path, old: str, new: str, said: str
) -> None:
    path = changed(tmp_path, old, new)

    answer = check(path, *FEW_EXAMPLES)

    assert answer.status == 1
    assert said in answer.out
    assert answer.err == ""


@in_turn(6)
def test_what_the_template_of_a_course_makes_everyone_write_is_advice(
    check: Check, tmp_path: Path
) -> None:
    template = "pad : pad + n_H_prev, pad : pad + n_W_prev, :]"
    path = changed(tmp_path, template, "pad:-pad, pad:-pad, :]")

    lenient = check(path, *FEW_EXAMPLES)
    strict = check(path, *FEW_EXAMPLES, "--strict")

    assert (lenient.status, strict.status) == (0, 1)
    assert "where p may be 0 (S4)" in lenient.out
    assert "where p may be 0 (S4)" in strict.out


@in_turn(2)
def test_scores_and_a_page_are_written_and_prints_kept_apart(
    check: Check, tmp_path: Path
) -> None:
    scores, page = tmp_path / "scores.json", tmp_path / "page.html"
    path = changed(tmp_path, "print(", "print(")

    answer = check(path, *FEW_EXAMPLES, "--json", scores, "--html", page)

    assert answer.status == 0, answer.out
    found = json.loads(scores.read_text(encoding="utf-8"))
    assert found["ok"]
    assert found["printed"].startswith("forward (")
    assert "forward (" not in answer.out
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


@in_turn(2)
def test_a_flood_of_prints_and_a_closed_stream_are_no_failure(
    check: Check, tmp_path: Path
) -> None:
    flood = "    print('x' * 10**7)\n    import sys; sys.stdout.close()\n"
    path = changed(tmp_path, "    return Z, (A_prev", f"{flood}    return Z, (A_prev")

    answer = check(path, *FEW_EXAMPLES)

    assert answer.status == 0, answer.out


def test_a_notebook_is_told_its_cells_and_which_constant_was_not_set(
    check: Check, tmp_path: Path
) -> None:
    sources = [
        ["import numpy as np\n", "def settings(): return {'pad': 0}"],
        ["# How far to go.\n", "PAD = settings()['pad']"],
        ["def conv_forward(A_prev, W, b, hparameters):\n", "    return PAD"],
    ]
    cells = [{"cell_type": "code", "source": source} for source in sources]
    path, page = tmp_path / "homework.ipynb", tmp_path / "page.html"
    path.write_text(json.dumps({"cells": cells}), encoding="utf-8")

    answer = check(path, "--examples", "1", "--html", page)

    said = (
        "conv_forward raised NameError: name 'PAD' is not defined "
        "(homework.ipynb, cell 3, line 2); PAD (cell 2, line 2) was not set: "
        "only imports, definitions and simple constants are run; "
        "set it to a plain value, or inside the function that needs it"
    )
    assert said in answer.out
    assert escape(said) in page.read_text(encoding="utf-8")


@in_turn(2)
def test_a_function_that_does_not_tell_its_parameters_is_called(
    check: Check, tmp_path: Path
) -> None:
    path = tmp_path / "homework.py"
    path.write_text("from builtins import max as conv_forward\n", encoding="utf-8")

    answer = check(path, *FEW_EXAMPLES)

    assert answer.status == 1
    assert "conv_forward raised" in answer.out
