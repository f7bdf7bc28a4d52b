"""An exercise stands alone: a task, one line that checks, a hint, then a solution."""

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from im2col_cnn import im2col
from im2col_cnn.testing import check_here, exercises
from tests.notes.markdown import FOLDED, NOTES, code_of, text_of, title_of
from tests.profile import in_turn

PAGES = sorted((NOTES / "exercises").glob("[0-9]-*.md"))

# Slips that learners make in each solution, and what the check says of them.
SLIPS = {
    "1-count-windows": [
        ("room // stride + 1", "room // stride", "3, 2, 1, 0): count is 1, wanted 2"),
        ("2 * padding", "padding", "(3, 2, 1, 1): count is 3, wanted 4"),
        ("// stride", "/ stride", "(3, 2, 2, 0): count is 1.5, wanted 1"),
    ],
    "2-windows-as-rows": [
        ("H - KH + 1", "H - KH", "columns has shape (3, 4), wanted (6, 4)"),
        ("range(H - KH + 1)", "range(H)", "in windows_as_rows(x, 2, 2)\n    x = [[ 0,"),
        (".ravel()", ".T.ravel()", "holds 10 in row 0, column 1, wanted 1; 12 of 24"),
    ],
    "3-dilated-windows": [
        ("(K - 1) * dilation + 1", "K * dilation", "(x, 2, 1, 2): columns has shape"),
        ("W - span + 1, stride", "W - span + 1", "(x, 2, 2, 1): columns has shape"),
        ("w : w + span : dilation", "w : w + K", "in row 0, column 1, wanted 2"),
    ],
    "4-add-back": [
        ("+=", "=", "image holds 5 in row 0, column 1, wanted 7"),
        ("(KH, KW)", "(KW, KH).T", "holds 8 in row 0, column 1, wanted 7"),
        ("H - KH + 1", "H - KH", "in row 1, column 0, wanted"),
    ],
    "5-weight-gradient": [
        ("+=", "=", "dw holds 72 in row 0, column 0, wanted"),
        ("dy[h, w]", "1", "dw holds 36 in row 0, column 0, wanted"),
        (
            "    return dw",
            "    return dw / dy.size",
            "wanted 175; 4 of 4 numbers are wrong",
        ),
    ],
    "6-pixel-gradient": [
        ("+=", "=", "dx holds 2 in row 0, column 1, wanted 4; 8 of 12 numbers"),
        ("* w\n", "* w[::-1, ::-1]\n", "dx holds 4 in row 0, column 0, wanted 1"),
        ("oh * stride, ow * stride", "oh, ow", "(dy, w, 3, 5, 2): dx holds"),
    ],
    "7-split-ties": [
        (" / mask.sum()", "", "dx holds 36 in row 0, column 4, wanted 18"),
        ("x[here] == x[here].max()", "x[here] > 0", "dx holds"),
        ("dy[oh, ow] * mask", "dy * mask", "in split_ties(dy, x, 2)\n    dy = [[12,"),
        ("np.zeros(x.shape)", "np.zeros_like(x)", "in row 0, column 4, wanted 1.5"),
    ],
    "8-spread-average": [
        ("+=", "=", "dx holds 18 in row 0, column 1, wanted 27"),
        (
            "padding : padding + H, padding : padding + W",
            "padding:-padding, padding:-padding",
            "(dy, 3, 4, 2, 0): dx has shape (0, 0), wanted (3, 4)",
        ),
        (" / (K * K)", "", "dx holds 36 in row 0, column 0, wanted 9"),
        ("/ (K * K)", "// (K * K)", "dx holds 2 in row 0, column 0, wanted 4"),
    ],
}

pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def solution_of(page: Path) -> str:
    (_, _), (_, folded) = FOLDED.findall(text_of(page))
    return "\n".join(code_of(folded))


def run(source: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "__exercise__"}
    exec(source, names)
    return names


@pages
def test_a_page_asks_checks_and_hints_before_it_answers(page: Path) -> None:
    text = text_of(page)
    (stub,) = code_of(FOLDED.sub("", text))
    (name,) = re.findall(r"^def (\w+)\(", stub, re.MULTILINE)

    assert title_of(page).endswith("?")
    assert [summary for summary, _ in FOLDED.findall(text)] == ["Hint", "Solution"]
    for code in stub, solution_of(page):
        assert code.endswith(f"\n\ncheck_{name}({name})\n")
    assert f"[{title_of(page)}]({page.name})" in text_of(page.parent / "README.md")


@pages
def test_a_solution_passes(page: Path) -> None:
    run(solution_of(page))


@pytest.mark.parametrize(
    ("page", "right", "wrong", "words"),
    [
        pytest.param(page, *slip, id=f"{page.stem}-{n}")
        for page in PAGES
        for n, slip in enumerate(SLIPS[page.stem], 1)
    ],
)
def test_a_slip_is_seen_and_named_with_numbers(
    page: Path, right: str, wrong: str, words: str
) -> None:
    solution = solution_of(page)
    assert right in solution

    with pytest.raises((AssertionError, ValueError)) as caught:
        run(solution.replace(right, wrong))

    notes = getattr(caught.value, "__notes__", ())  # where the learner's code raised it
    assert words in "\n".join([str(caught.value), *notes])


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (None, "dw is None: is there a return?"),
        (5, "dw is of type int, wanted an array: np.array(...)"),
        (
            np.zeros((2, 2)),
            "dw holds 0 in row 0, column 0, wanted 175; 4 of 4 numbers are wrong",
        ),
    ],
)
def test_a_message_says_what_came_and_what_was_given(result: Any, words: str) -> None:
    def mine(*_: Any) -> Any:
        return result

    with pytest.raises(AssertionError) as caught:
        exercises.check_weight_gradient(mine)

    assert str(caught.value) == (
        f"mine(dy, x): {words}\n"
        "    dy = [[1, 2, 3],\n"
        "          [4, 5, 6]]\n"
        "    x = [[ 0,  1,  2,  3],\n"
        "         [10, 11, 12, 13],\n"
        "         [20, 21, 22, 23]]"
    )


def test_what_should_be_several_results_is_asked_for_by_name() -> None:
    with pytest.raises(AssertionError, match=r"must return dx, dw, db, got None"):
        exercises.check_gradients(lambda *_: None)


def test_a_function_that_writes_into_its_arguments_spoils_no_other_call() -> None:
    def greedy(x: Any, *_: Any) -> Any:
        x[...] = 0

    for _ in range(2):
        with pytest.raises(AssertionError, match=r"\[ 0,  1,  2,  3\]"):
            exercises.check_windows_as_rows(greedy)


def test_columns_at_once_need_too_much_memory() -> None:
    def at_once(x: Any, dy: Any, KH: int, KW: int) -> Any:
        columns = im2col(x, (KH, KW))
        dw = columns.T @ dy.reshape(len(columns), -1)
        return dw.reshape(KH, KW, x.shape[-1], -1)

    with pytest.raises(AssertionError, match=r"it needs \d+\.\d times the memory"):
        exercises.check_kernel_gradient(at_once)


GRADED = {
    "01-convolution": "convolution",
    "03-im2col": "unfold",
    "04-product": "convolve",
    "05-backward": "gradients",
    "06-col2im": "fold",
    "09-max-pool": "winner_takes_all",
    "10-average-pool": "share",
    "14-three-rungs": "forward_taps",
    "exercises/2-windows-as-rows": "windows_as_rows",
    "exercises/4-add-back": "add_back",
    "exercises/7-split-ties": "split_ties",
}


@in_turn(4)
@pytest.mark.parametrize(("page", "name"), GRADED.items(), ids=lambda each: each)
def test_the_grader_knows_an_exercise_by_its_own_signature(
    page: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    imports = "import numpy as np\nfrom im2col_cnn import im2col\n"
    *_, (_, folded) = FOLDED.findall(text_of(NOTES / f"{page}.md"))
    solution = re.sub(r"^.*check_.*$", "", "".join(code_of(folded)), flags=re.MULTILINE)

    found = check_here(run(imports + solution), examples=3)

    assert f"{name}: read as notes" in capsys.readouterr().out
    assert found.ok
    assert found.score == 1


def test_a_page_leads_to_its_neighbours() -> None:
    for before, page in pairwise(PAGES):
        assert f"[← {title_of(before)}]({before.name})" in text_of(page)
        assert f"[{title_of(page)} →]({page.name})" in text_of(before)
