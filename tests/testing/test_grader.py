"""The grader names what is wrong; test_false_alarms.py holds what is right to it."""

import json
import re
import signal
from typing import Any

import numpy as np
import pytest
from hypothesis.internal.conjecture.engine import ConjectureRunner

import im2col_cnn as fast
from im2col_cnn._typing import Array
from im2col_cnn.testing import (
    MUSEUM,
    check_conv,
    check_im2col,
    check_module,
    check_pool,
)
from im2col_cnn.testing.bugs.conv_template import ConvSteps, conv_pair
from im2col_cnn.testing.dialects.holberton import CONV as HOLBERTON
from im2col_cnn.testing.grading.report_html import as_html
from im2col_cnn.testing.grading.report_json import as_json
from tests.profile import in_turn

BUGS = {bug.key: bug for bug in MUSEUM}


@in_turn(3)
@pytest.mark.parametrize("ties", ["first", "split", "all"])
def test_the_rule_for_ties_is_found_and_held_to_if_asked(ties: Any) -> None:
    def forward(x: Array, kernel_size: Any, stride: Any = None) -> tuple[Array, Any]:
        return fast.max_pool_forward(x, kernel_size, stride=stride, ties=ties)

    any_rule = check_pool(forward, fast.max_pool_backward, examples=5)
    first = check_pool(forward, fast.max_pool_backward, examples=5, ties="first")

    assert any_rule.ok
    assert f'share by the rule "{ties}"' in "".join(any_rule.remarks)
    assert first.ok == (ties == "first")


def test_an_unknown_bug_is_shown_on_a_small_input() -> None:
    def forward(x: Array, w: Array, b: Array) -> tuple[Array, Any]:
        y, cache = fast.conv_forward(x, w, b)
        return y + (y.shape[-2] > 2), cache

    report = check_conv(forward, examples=20)
    bug = report.findings[0]

    assert bug.exhibit is None
    assert bug.got.size <= 9
    assert (bug.got == bug.expected + 1).all()
    assert "smallest input that shows it" in str(report)


def test_a_report_scores_and_draws() -> None:
    report = check_conv(
        fast.conv_forward,
        lambda dy, cache: fast.conv_backward(dy, cache)[:2],
        examples=3,
    )

    scores = json.loads(as_json(report, {"forward equals the loops": 10}))
    page = as_html(report)

    assert not report.ok
    assert scores["out_of"] == scores["laws"].__len__() + 9 - advice(report)
    assert scores["score"] >= 10
    assert scores["bugs"][0]["problem"].startswith("conv_backward returned 2 values")
    assert page.startswith("<!doctype html>")
    assert "http" not in page


def advice(report: Any) -> int:
    return sum(verdict.law.advice for verdict in report.verdicts)


@in_turn(4)
def test_the_same_seed_gives_the_same_report() -> None:
    bug = BUGS["C3"]
    reports = [
        check_conv(bug.forward, bug.backward, examples=3, seed=7) for _ in range(2)
    ]

    assert str(reports[0]) == str(reports[1])
    assert not reports[0].ok


@in_turn(3)
def test_a_gradient_of_nan_breaks_every_law_of_sums() -> None:
    def backward(dy: Array, cache: Any) -> Any:
        dx, dw, db = fast.conv_backward(dy, cache)
        return dx * np.nan, dw, db

    report = check_conv(fast.conv_forward, backward, examples=5)

    status = {verdict.law.name: verdict.status for verdict in report.verdicts}
    assert status["dx equals the loops"] == "broken"
    assert status["forward and backward are adjoint"] == "broken"


def test_advice_to_right_homework_blames_no_gradient() -> None:
    def backward(dy: Array, cache: Any) -> Any:
        dy = dy[..., : cache[0].shape[-1]]  # too many channels are not refused
        return fast.conv_backward(dy, cache[1])

    def forward(x: Array, w: Array, b: Array) -> Any:
        y, cache = fast.conv_forward(x, w, b)
        return y, (b, cache)

    report = check_conv(forward, backward, examples=10)

    assert report.ok
    (finding,) = report.findings
    assert finding.law.name == "a gradient of another shape is refused"
    assert finding.exhibit is None


@in_turn(4)
def test_what_does_not_do_the_same_twice_is_judged_all_the_same() -> None:
    rng = np.random.default_rng(0)

    def forward(x: Array, w: Array, b: Array) -> Any:
        y, cache = fast.conv_forward(x, w, b)
        return (y, cache) if rng.random() < 0.5 else (y[:, 1:], cache)

    assert not check_conv(forward, fast.conv_backward, examples=10).ok


@in_turn(12)
@pytest.mark.parametrize("index", range(3))
@pytest.mark.parametrize("seed", range(4))
def test_one_example_tells_a_gradient_from_its_double(index: int, seed: int) -> None:
    def backward(dy: Array, cache: Any) -> Any:
        gradients: list[Any] = list(fast.conv_backward(dy, cache))
        gradients[index] *= 2
        return tuple(gradients)

    assert not check_conv(fast.conv_forward, backward, examples=1, seed=seed).ok


def test_what_its_author_raised_is_a_refusal_and_what_python_raised_a_crash() -> None:
    def forward(
        x: Array, w: Array, b: Array, stride: Any = 1, dilation: Any = 1
    ) -> tuple[Array, Any]:
        if isinstance(stride, tuple):
            raise TypeError(
                f"stride must be an int, got {stride}"  # not where the line begins
            )
        settings = {"stride": stride, "dilation": dilation + 0}
        return fast.conv_forward(x, w, b, **settings)

    report = check_conv(forward, examples=3)

    refused, crashed = report.remarks[:2]
    assert refused.endswith("so not asked for: stride per axis")
    words = (
        "forward: crashed when tried, so not asked for: dilation per axis: TypeError: "
    )
    assert crashed.startswith(words)
    assert re.search(r"\(test_grader\.py, line \d+\)$", crashed)
    assert report.ok
    assert report.findings[-1].problem.startswith("forward raised TypeError: can only")
    assert "(test_grader.py, line" in report.findings[-1].problem


@pytest.mark.parametrize("run", [1, 4, 20])
def test_ctrl_c_in_the_midst_of_hypothesis_comes_out_as_itself(
    run: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would become an assertion there, or get lost in the search for a small one."""
    made = []

    def pressed(*arguments: Any, **settings: Any) -> Any:
        made.append(settings)
        if len(made) == run:
            signal.raise_signal(signal.SIGINT)
        return ConjectureRunner(*arguments, **settings)

    def forward(x: Array, w: Array, b: Array) -> Any:
        y, cache = fast.conv_forward(x, w, b)
        return y + 1, cache

    monkeypatch.setattr("hypothesis.core.ConjectureRunner", pressed)
    with pytest.raises(KeyboardInterrupt):
        check_conv(forward, examples=3)

    assert len(made) == run
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert check_conv(fast.conv_forward, examples=1).ok


@in_turn(3)
def test_bugs_of_different_gradients_are_named_apart() -> None:
    bugs = [BUGS[key] for key in ("C3", "E1", "C17b")]  # of dx, dw and db

    def forward(*arrays: Array, **settings: Any) -> tuple[Array, Any]:
        found = [bug.forward(*arrays, **settings) for bug in bugs]
        return found[0][0], [cache for _, cache in found]

    def backward(dy: Array, caches: Any) -> Any:
        return tuple(
            bug.backward(dy, cache)[n]
            for n, (bug, cache) in enumerate(zip(bugs, caches, strict=True))
            if bug.backward
        )

    report = check_conv(forward, backward, examples=10)

    assert [bug.exhibit for bug in report.findings] == bugs


@in_turn(6)
@pytest.mark.parametrize("keys", [("C3", "E3"), ("C2", "C17b"), ("C4a", "C12a")])
def test_two_bugs_of_one_function_are_named_both(keys: tuple[str, str]) -> None:
    one, other = (BUGS[key] for key in keys)
    pair = conv_pair(ConvSteps(**one.steps, **other.steps))

    text = str(check_conv(*pair, examples=10))

    assert one.name in text
    assert other.name in text


@in_turn(3)
def test_what_sticks_out_now_and_then_is_not_named_after_what_always_does() -> None:
    def forward(*arrays: Array, stride: Any, padding: Any) -> tuple[Array, Any]:
        y, cache = fast.conv_forward(*arrays, stride=stride, padding=padding)
        return y, (stride, cache)

    def backward(dy: Array, both: Any) -> Any:
        (SH, SW), cache = both
        if SH != SW:
            raise ValueError("operands could not be broadcast together")
        return fast.conv_backward(dy, cache)

    report = check_conv(forward, backward, support=HOLBERTON.support, examples=10)

    assert not report.ok
    assert {finding.exhibit for finding in report.findings if finding.law.array} == {
        None
    }


NOTHING: Any = 3


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: check_conv(NOTHING), TypeError, "forward must be a function, got 3"),
        (
            lambda: check_im2col(fast.im2col, NOTHING),
            TypeError,
            "col2im must be a function, got 3",
        ),
        (
            lambda: check_conv(fast.conv_forward, examples=0),
            ValueError,
            "examples must be at least 1, got 0",
        ),
        (
            lambda: check_pool(fast.max_pool_forward, mode="avg"),
            ValueError,
            'mode must be one of "max", "average", got \'avg\'',
        ),
        (
            lambda: check_pool(fast.max_pool_forward, ties=NOTHING),
            TypeError,
            "ties must be .*, got 3",
        ),
        (
            lambda: check_module(__file__, dialect="klingon"),
            ValueError,
            "dialect must be .*, got 'klingon'",
        ),
        (
            lambda: check_module(__file__, seconds=0),
            ValueError,
            "seconds must be above 0, got 0",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(
    call: Any, kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        call()


def test_a_window_may_have_any_name_and_a_report_calls_functions_by_theirs() -> None:
    def my_pool(images: Array, size: Any, stride: Any = None) -> tuple[Array, Any]:
        return fast.avg_pool_forward(images, size, stride=stride)

    report = check_pool(my_pool, mode="average", examples=2)

    assert report.ok, str(report)
    assert report.title == "my_pool"
