"""What an unknown bug does is told in a sentence; of what is right nothing is told."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from im2col_cnn import loops
from im2col_cnn.testing import check_module
from im2col_cnn.testing.bugs.museum import MUSEUM
from im2col_cnn.testing.grading.graded_file import grade_file
from im2col_cnn.testing.grading.kinds import KINDS, subject_of
from im2col_cnn.testing.grading.report_class import kind_of
from im2col_cnn.testing.grading.search import Trial, draw_trials
from im2col_cnn.testing.grading.what_it_does import what_it_does
from im2col_cnn.testing.laws.subject import Subject
from im2col_cnn.testing.laws.table import laws_for
from im2col_cnn.testing.support import Support
from tests.profile import in_turn

PLANE = Support(
    axes=(2,), dilation="none", groups=False, ceil_mode=False, count_include_pad=False
)
DRAWS = 40
RESHAPED = "is reshaped where its axes should be moved: what runs"
LINE, LINES = ("row", "column"), ("rows", "columns")


def trials_of(subject: Subject, what: str) -> list[Trial]:
    """Put the law about an answer to an implementation."""
    name = {"y": "forward"}.get(what, what)
    (law,) = (
        law for law in laws_for(subject) if law.name == f"{name} equals the loops"
    )
    return draw_trials([law], subject, count=DRAWS, seed=1)[law.name]


def told(kind: str, what: str, forward: Any, backward: Any = None) -> str:
    oracle = KINDS[kind].oracle
    backward = backward or oracle.backward
    subject = subject_of(kind, forward or oracle.forward, backward, PLANE)
    return what_it_does(subject, trials_of(subject, what))


@in_turn(2)
@pytest.mark.parametrize(
    ("key", "what", "sentence"),
    [
        ("C19a", "dw", "of the images only the last counts"),
        ("C19b", "dw", r"all of it is divided by \d, the number of images"),
        ("E44", "db", "of the filters only the first counts"),
        ("E41", "dw", "the first image is taken for all"),
        ("E69", "dw", "it is 0 everywhere"),
        ("E2", "y", "the bias is left out"),
        ("E84", "y", "as to the bias, of the images only the last counts"),
        ("C4a", "y", r"windows move by 1 \w+, not by \d, as if there were no stride"),
        (
            "C8",
            "dx",
            r"windows begin \d \w+ further \w+, as without the padding before",
        ),
        ("E37", "dw", r"windows begin 1 \w+ further (up|left)"),
        ("S2", "dx", "rows and columns of windows are exchanged"),
        ("S5", "y", "rows and columns of the kernel are exchanged"),
        ("C18a", "y", r"taps are \d \w+ apart, not \d"),
        ("C12a", "y", "; ".join(f"the {x} of the kernel are reversed" for x in LINES)),
        ("E8", "y", "; ".join(f"the last {x} of windows is left out" for x in LINE)),
        ("C3m", "dx", "of the windows over a pixel only the last counts"),
        ("E61", "y", rf"y {RESHAPED} \(n, f, h, w\) is taken for \(n, h, w, f\)"),
        ("E62", "dx", rf"dy {RESHAPED} \(n, f, h, w\) is taken for \(n, h, w, f\)"),
        ("E63", "dw", rf"dw {RESHAPED} \(f, c, h, w\) is taken for \(c, h, w, f\)"),
        ("C15", "y", "padding counts as pixels of a mean"),
        ("E26", "y", "pixels are added up, and not divided by their number"),
        ("C4dm", "y", r"windows move by 1 \w+, not by \d, as if there were no stride"),
        ("E48m", "y", "rows and columns of windows are exchanged"),
        (
            "C8c",
            "dx",
            r"windows begin \d \w+ further \w+, as without the padding before",
        ),
    ],
)
def test_what_exhibits_do_is_told_without_knowing_them(
    key: str, what: str, sentence: str
) -> None:
    (bug,) = (bug for bug in MUSEUM if bug.key == key)

    found = told(bug.kind, what, bug.forward, bug.backward)

    assert re.fullmatch(sentence, found), found


def padded_by(mode: str) -> Callable[..., Any]:
    """Return a convolution that fills the padding with pixels."""

    def forward(x: Any, w: Any, b: Any, **settings: Any) -> Any:
        y, cache = loops.conv_forward(x, w, b, **settings)
        window = cache.window
        pairs = [(axis.before, axis.after) for axis in window.axes]
        x = np.pad(x, [(0, 0), *pairs, (0, 0)], mode=mode)  # type: ignore[call-overload]
        y, _ = loops.conv_forward(x, w, b, **{**settings, "padding": 0})
        return y, cache

    return forward


@pytest.mark.parametrize(
    ("mode", "words"),
    [("wrap", "the other side of the image"), ("edge", "the pixels at")],
)
def test_what_is_read_beyond_the_border_is_told(mode: str, words: str) -> None:
    assert words in told("conv", "y", padded_by(mode))


def test_a_wrong_sign_is_told() -> None:
    def backward(dy: Any, cache: Any) -> Any:
        dx, dw, db = loops.conv_backward(dy, cache)
        return -dx, dw, db

    assert told("conv", "dx", None, backward) == "it has the wrong sign"


def test_nothing_is_told_of_what_is_right() -> None:
    subject = subject_of("conv", *KINDS["conv"].oracle, PLANE)
    trials = trials_of(subject, "dw")

    assert not any(trial.failure for trial in trials)
    assert what_it_does(subject, trials) == ""


def test_nothing_is_told_of_what_is_no_sum_of_products() -> None:
    def forward(x: Any, w: Any, b: Any, **settings: Any) -> Any:
        y, cache = loops.conv_forward(x, w, b, **settings)
        return np.maximum(y, 0), cache

    assert told("conv", "y", forward) == ""


def test_nothing_is_told_of_what_another_implementation_did() -> None:
    """Single ones of one function do not explain the wrong numbers of another."""
    subject = subject_of("conv", *KINDS["conv"].oracle, PLANE)
    (bug,) = (bug for bug in MUSEUM if bug.key == "C19a")
    other = replace(subject, backward=bug.backward)

    assert what_it_does(subject, trials_of(other, "dw")) == ""


AVERAGED = """
import numpy as np

def max_pool_forward(x, kernel_size, *, stride=None):
    stride = stride or kernel_size
    n, H, W, C = x.shape
    OH, OW = (H - kernel_size) // stride + 1, (W - kernel_size) // stride + 1
    y = np.zeros((n, OH, OW, C))
    for i in np.ndindex(y.shape):
        a, b = i[1] * stride, i[2] * stride
        y[i] = x[i[0], a : a + kernel_size, b : b + kernel_size, i[3]].max()
    return y, (x, y, kernel_size, stride)

def max_pool_backward(dy, cache):
    x, y, kernel_size, stride = cache
    dx, count = np.zeros(x.shape), np.zeros(x.shape)
    for i in np.ndindex(y.shape):
        a, b = i[1] * stride, i[2] * stride
        window = x[i[0], a : a + kernel_size, b : b + kernel_size, i[3]]
        r, c = np.unravel_index(window.argmax(), window.shape)
        dx[i[0], a + r, b + c, i[3]] += dy[i]
        count[i[0], a + r, b + c, i[3]] += 1
    return dx / np.maximum(count, 1)
"""


def test_a_report_begins_with_what_an_unknown_bug_does(tmp_path: Path) -> None:
    path = tmp_path / "homework.py"
    path.write_text(AVERAGED, encoding="utf-8")

    report = check_module(path)

    first = report.findings[0]
    words = "what several windows give one pixel is averaged, not added up"
    assert (first.exhibit, first.does) == (None, words)
    assert f"dx is wrong: {words}" in str(report)
    assert "places, first at" in str(report)  # what was seen is not lost


def test_a_class_counts_what_unknown_bugs_do(tmp_path: Path) -> None:
    path = tmp_path / "homework.py"
    path.write_text(AVERAGED, encoding="utf-8")

    (bug, *_) = grade_file(path).bugs

    assert not bug.key
    assert kind_of(bug).startswith("dx is wrong: what several windows")
