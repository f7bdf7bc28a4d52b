"""The one thing that all failing draws have in common is found, if there is one."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from im2col_cnn import loops
from im2col_cnn.testing import check_conv
from im2col_cnn.testing.grading.kinds import subject_of
from im2col_cnn.testing.grading.search import draw_trials
from im2col_cnn.testing.grading.when_it_fails import when_it_fails
from im2col_cnn.testing.laws.table import laws_for
from im2col_cnn.testing.support import Support

PLANE = Support(axes=(2,), dilation="none", groups=False)


class Call(NamedTuple):
    """What may make a call fail."""

    x: Any
    w: Any
    y: Any
    window: Any


def failing(condition: Callable[..., Any]) -> Callable[..., Any]:
    """Return a convolution that raises where a condition holds of a call."""

    def forward(x: Any, w: Any, b: Any, **settings: Any) -> Any:
        y, cache = loops.conv_forward(x, w, b, **settings)
        if condition(Call(x, w, y, cache.window)):
            raise ValueError("shape-mismatch for sum")
        return y, cache

    return forward


def when(condition: Callable[..., Any]) -> str:
    subject = subject_of("conv", failing(condition), None, PLANE)
    (law,) = (law for law in laws_for(subject) if law.oracle and not law.advice)
    trials = draw_trials([law], subject, count=48, seed=0)[law.name]
    return when_it_fails("conv", trials)


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (lambda call: len(call.x) > 1, "there are several images"),
        (lambda call: call.x.shape[-1] == 1, "there is one channel"),
        (
            lambda call: call.x.shape[-1] != call.y.shape[-1],
            "there are not as many filters as channels",
        ),
        (
            lambda call: any(a.before or a.after for a in call.window.axes),
            "there is padding",
        ),
        (
            lambda call: any(a.stride > 1 for a in call.window.axes),
            "a stride is above 1",
        ),
        (
            lambda call: call.w.shape[0] != call.w.shape[1],
            "kernels are not the same along all axes",
        ),
        (
            lambda call: 1 in call.y.shape[1:-1],
            "y has a row or column of one window",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_failing_draws_have_in_common_is_said(
    condition: Callable[..., Any], words: str
) -> None:
    assert when(condition) == words


@pytest.mark.parametrize(
    "condition",
    [lambda _: True, lambda _: False, lambda call: call.x.sum() % 2 > 0],
    ids=["always", "never", "odd sums"],
)
def test_nothing_is_said_of_what_has_no_simple_reason(
    condition: Callable[..., Any],
) -> None:
    assert when(condition) == ""


def test_a_report_says_when_a_call_fails() -> None:
    forward = failing(lambda call: call.w.shape[0] != call.w.shape[1])

    report = check_conv(forward, support=PLANE)

    assert "only where kernels are not the same along all axes" in str(report)
