"""Small calls are legal, and what never returns is shown on the smallest that does."""

from typing import Any

import numpy as np
import pytest

import im2col_cnn as fast
from im2col_cnn._typing import Array
from im2col_cnn.testing.dialects.family import CONVOLUTION, POOLING
from im2col_cnn.testing.errors import SubjectStoppedError
from im2col_cnn.testing.grading.diagnosis import diagnose
from im2col_cnn.testing.grading.kinds import KINDS, small_calls, subject_of
from im2col_cnn.testing.grading.search import first_look
from im2col_cnn.testing.support import EVERYTHING, Support


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("support", [EVERYTHING, POOLING], ids=["all", "cs231n"])
def test_small_calls_are_legal_and_grow(kind: str, support: Support) -> None:
    calls = small_calls(kind, support)

    sizes = [calls[0].arrays[0].size, max(call.arrays[0].size for call in calls)]
    assert sizes[0] <= 3**2
    assert sizes[1] <= 10**3
    assert first_look(subject_of(kind, *KINDS[kind].oracle, support)) == {}


@pytest.mark.parametrize(
    ("settings", "shape"),
    [
        ({}, (1, 3, 3, 1)),
        ({"stride": (2, 2)}, (1, 4, 4, 1)),
        ({"padding": 1}, (1, 1, 1, 1)),
        ({"dilation": (2, 2), "groups": 2}, (1, 4, 4, 2)),
        ({"padding": "same"}, (1, 3, 3, 1)),
    ],
)
def test_what_never_returns_is_met_on_a_small_call(
    settings: dict[str, Any], shape: tuple[int, ...]
) -> None:
    def backward(dy: Array, cache: Any) -> Any:
        case, cache = cache
        if settings.items() <= case.items():
            raise SubjectStoppedError("hangs", "timeout", "backward")
        return fast.conv_backward(dy, cache)

    def forward(*arrays: Array, **case: Any) -> tuple[Array, Any]:
        y, cache = fast.conv_forward(*arrays, **case)
        return y, (case, cache)

    subject = subject_of("conv", forward, backward)
    verdicts = diagnose(subject, seed=0, examples=5)

    finding = verdicts[0].finding
    assert finding is not None
    assert finding.trial.case.arrays[0].shape == shape
    status = {verdict.law.name: verdict.status for verdict in verdicts}
    assert status["small calls return"] == "broken"
    assert status["forward equals the loops"] == "holds"
    assert status["dx equals the loops"] == "not checked"


@pytest.mark.parametrize("calls", [1, 40, 45, 50])
def test_what_hangs_late_is_told_whatever_it_was_called_for(calls: int) -> None:
    made = 0

    def forward(*arrays: Array, **case: Any) -> tuple[Array, Any]:
        nonlocal made
        made += 1
        if made == calls:
            raise SubjectStoppedError("hangs", "timeout", "forward")
        y, cache = fast.conv_forward(*arrays, **case)
        return y.astype(np.float64), cache  # which is against advice only

    subject = subject_of("conv", forward, support=CONVOLUTION)
    verdicts = diagnose(subject, seed=0, examples=1)

    assert made >= calls
    told = [v.finding for v in verdicts if v.status == "broken"]
    assert any(finding is not None and finding.trial.stopped for finding in told)
