"""The check command, on files as students write them, in processes of their own."""

import json
import os
from pathlib import Path

import pytest

from tests.command import process

HOMEWORK = Path(__file__).parent / "homework"
COURSERA = (HOMEWORK / "coursera.py").read_text(encoding="utf-8")
QUICK = ["--examples", "4", "--seconds", "2"]
in_full = pytest.mark.skipif(
    os.environ.get("HYPOTHESIS_PROFILE") != "ci", reason="minutes; in the ci profile"
)


def changed(folder: Path, old: str, new: str) -> Path:
    """Write the right homework with one thing in it done wrong."""
    assert old in COURSERA
    path = folder / "homework.py"
    text = COURSERA.replace(old, new)
    keep = text.index("def pool_forward")  # the convolution alone: it is quicker
    path.write_text(text[:keep], encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "file",
    [
        "native.py",
        "torch_style.py",
        *(
            pytest.param(name, marks=in_full)
            for name in ("coursera.py", "cs231n.py", "cmu.py")
        ),
    ],
)
def test_right_homework_passes_in_every_dialect(file: str) -> None:
    answer = process("check", HOMEWORK / file, "--examples", "3")

    assert answer.status == 0, answer.out
    assert "BROKEN" not in answer.out
    assert answer.err == ""


def test_the_notebook_as_it_was_found() -> None:
    answer = process("check", HOMEWORK / "notebook.ipynb", *QUICK)

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
        "    while True: pass",
        "conv_backward did not return within 2 s for a 1x3x3x1 image",
    ),
    (
        "dA_prev_pad[i, v : v + f, u : u + f, :] +=",
        "dA_prev_pad[i, v : v + f, u : u + f, :] =",
        "dx is assigned with = where windows overlap (C3)",
    ),
    (
        "pad : pad + n_H_prev, pad : pad + n_W_prev, :]",
        "pad:-pad, pad:-pad, :]",
        "where p may be 0 (S4)",
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
        "    return np.zeros(10**11), dW, db",
        "conv_backward raised MemoryError",
    ),
]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [*MISTAKES[:2], *(pytest.param(*each, marks=in_full) for each in MISTAKES[2:])],
)
def test_a_bug_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = changed(tmp_path, old, new)

    answer = process("check", path, *QUICK)

    assert answer.status == 1
    assert said in answer.out
    assert answer.err == ""


def test_scores_and_a_page_are_written_and_prints_kept_apart(tmp_path: Path) -> None:
    scores, page = tmp_path / "scores.json", tmp_path / "page.html"
    path = changed(tmp_path, "print(", "print(")

    answer = process("check", path, *QUICK, "--json", scores, "--html", page)

    assert answer.status == 0, answer.out
    found = json.loads(scores.read_text(encoding="utf-8"))
    assert found["ok"]
    assert found["printed"].startswith("forward (1, ")
    assert "forward (1, " not in answer.out
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def conv_forward(:", r"homework.py:1: is no Python: invalid syntax"),
        ("def f(): pass", "defines no function to check; looked for coursera: conv_"),
    ],
)
def test_what_cannot_be_checked_gets_a_line(
    tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "homework.py"
    path.write_text(text, encoding="utf-8")

    answer = process("check", path)

    assert answer.status == 2
    assert answer.out == ""
    assert said in answer.err
    assert len(answer.err.splitlines()) == 1


def test_a_weight_for_a_law_that_there_is_not_is_refused(tmp_path: Path) -> None:
    weights = tmp_path / "weights.json"
    weights.write_text('{"gravity": 2}', encoding="utf-8")

    answer = process("check", HOMEWORK / "native.py", "--weights", weights)

    assert answer.status == 2
    assert "'gravity' is no law; laws are small calls return" in answer.err
