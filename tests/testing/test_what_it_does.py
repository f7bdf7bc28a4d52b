"""What an unknown bug does is told in a sentence; of what is right nothing is told."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from im2col_cnn import loops
from im2col_cnn.testing import check_conv, check_module
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
FAR = "not as far apart as"


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
        ("C19b", "dw", "all of it is divided by the number of images"),
        ("E44", "db", "of the filters only the first counts"),
        ("E41", "dw", "the first image is taken for all"),
        ("E69", "dw", "it is 0 everywhere"),
        ("E2", "y", "the bias is left out"),
        ("E84", "y", "as to the bias, of the images only the last counts"),
        ("C4a", "y", "windows move by 1 pixel, as if there were no stride"),
        (
            "C8",
            "dx",
            "windows begin too far down or right, as if there were no padding",
        ),
        ("E37", "dw", "windows begin too far up or left"),
        ("S2", "dx", "rows and columns of windows are exchanged"),
        ("S5", "y", ""),  # the width is taken for the height: nothing is exchanged
        ("C18a", "y", rf"taps are ({FAR} the dilation says|2 \w+ apart, not 1)"),
        ("C12a", "y", "; ".join(f"the {x} of the kernel are reversed" for x in LINES)),
        ("E8", "y", "; ".join(f"the last {x} of windows is left out" for x in LINE)),
        ("C3m", "dx", "of the windows over a pixel only the last counts"),
        ("E61", "y", rf"y {RESHAPED} \(n, h, w, f\) is taken for \(n, f, h, w\)"),
        ("E62", "dx", rf"dy {RESHAPED} \(n, f, h, w\) is taken for \(n, h, w, f\)"),
        ("E63", "dw", rf"dw {RESHAPED} \(c, h, w, f\) is taken for \(f, c, h, w\)"),
        ("C15", "y", "padding counts as pixels of a mean"),
        ("E26", "y", "pixels are added up, and not divided by their number"),
        ("C4dm", "y", "windows move by 1 pixel, as if there were no stride"),
        ("E48m", "y", "rows and columns of windows are exchanged"),
        (
            "C8c",
            "dx",
            "windows begin too far down or right, as if there were no padding",
        ),
    ],
)
def test_what_exhibits_do_is_told_without_knowing_them(
    key: str, what: str, sentence: str
) -> None:
    (bug,) = (bug for bug in MUSEUM if bug.key == key)

    found = told(bug.kind, what, bug.forward, bug.backward)

    assert re.fullmatch(sentence, found), found


Gradients = tuple[Any, Any, Any]


def half_by_rows(dy: Any, cache: Any) -> Gradients:
    """Halve dw where there are several rows of windows, and double it elsewhere."""
    dx, dw, db = loops.conv_backward(dy, cache)
    return dx, dw * (0.5 if dy.shape[1] > 1 else 2.0), db


def without_first(dy: Any, cache: Any) -> Gradients:
    """Begin the loop over columns of windows with the second."""
    dy = dy.copy()
    dy[:, :, 0] = 0
    return loops.conv_backward(dy, cache)


def without_last_filter(dy: Any, cache: Any) -> Gradients:
    """End the loop over filters one too early."""
    dy = dy.copy()
    dy[..., -1] = 0
    return loops.conv_backward(dy, cache)


def of_filter_0(dy: Any, cache: Any) -> Gradients:
    """Read dy at filter 0, whichever it is at."""
    return loops.conv_backward(np.repeat(dy[..., :1], dy.shape[-1], -1), cache)


def exchanged(dy: Any, cache: Any) -> Gradients:
    """Transpose kernels that are square."""
    dx, dw, db = loops.conv_backward(dy, cache)
    square = dw.shape[0] == dw.shape[1]
    return dx, dw.swapaxes(0, 1) if square else dw, db


@pytest.mark.parametrize(
    ("backward", "what", "sentence"),
    [
        # Of two columns or filters either is the last and the first: of one it shows.
        (without_first, "dw", "the first column of windows is left out"),
        (without_last_filter, "dx", "the last filter is left out"),
        (of_filter_0, "dw", "the first filter is taken for all"),
        (exchanged, "dw", "rows and columns of the kernel are exchanged"),
        # Numbers of one call are not told as if they were those of all.
        (half_by_rows, "dw", "all of it is too large or too small by the same factor"),
    ],
)
def test_what_is_true_of_all_calls_is_told(
    backward: Callable[..., Any], what: str, sentence: str
) -> None:
    assert told("conv", what, None, backward) == sentence


def halved(dy: Any, cache: Any) -> Gradients:
    """Divide dw by 2 in every call."""
    dx, dw, db = loops.conv_backward(dy, cache)
    return dx, dw / 2, db


def test_a_number_is_told_where_it_is_the_same_in_all_calls() -> None:
    assert told("conv", "dw", None, halved) == "all of it is divided by 2"


def with_images_before(x: Any, w: Any, b: Any, **settings: Any) -> Any:
    """Add to each image those before it."""
    y, cache = loops.conv_forward(x, w, b, **settings)
    return y.cumsum(0), cache


def with_bias_by_row(x: Any, w: Any, b: Any, **settings: Any) -> Any:
    """Take the bias of a filter with the number of the row."""
    y, cache = loops.conv_forward(x, w, 0 * b, **settings)
    bias = b.ravel()[np.arange(y.shape[1]) % b.size]
    return y + bias[:, None, None], cache


def a_step_late(x: Any, w: Any, b: Any, **settings: Any) -> Any:
    """Return the sums of the window before, but for the first row."""
    y, cache = loops.conv_forward(x, w, b, **settings)
    return np.concatenate([y[:, :1], y[:, :-1]], axis=1), cache


@pytest.mark.parametrize("forward", [with_images_before, with_bias_by_row, a_step_late])
def test_what_is_true_of_some_calls_only_is_not_told(
    forward: Callable[..., Any],
) -> None:
    assert told("conv", "y", forward) == ""


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


def test_of_a_call_that_raises_nothing_is_said_to_be_wrong() -> None:
    """Other calls may have wrong numbers; the headline is about the one shown."""

    def forward(x: Any, w: Any, b: Any, **settings: Any) -> Any:
        if x.size < 12:
            raise ValueError("too small")
        y, cache = loops.conv_forward(x, w, b, **settings)
        return -y, cache

    findings = check_conv(forward, support=PLANE).findings

    assert any(finding.code for finding in findings)
    assert not any(finding.does and finding.code for finding in findings)
