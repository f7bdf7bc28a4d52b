"""Every law belongs to a part, and a part earns the share of its laws that hold."""

from typing import Any

import numpy as np
import pytest

import im2col_cnn as fast
from im2col_cnn._typing import Array
from im2col_cnn.testing import LAWS, Report, check_conv, check_pool
from im2col_cnn.testing.grading.kinds import KINDS
from im2col_cnn.testing.grading.points import (
    PARTS,
    Part,
    as_points,
    as_selectors,
    is_selected,
    part_of,
    parts_of,
    scores_of,
    total_of,
)
from tests.profile import in_turn


def dx_of_zeros(dy: Array, cache: Any) -> Any:
    dx, dw, db = fast.conv_backward(dy, cache)
    return np.zeros_like(dx), dw, db


@pytest.fixture(scope="module")
def zeros() -> Report:
    return check_conv(fast.conv_forward, dx_of_zeros, examples=3)


def shares(report: Report) -> dict[str, float]:
    return {part.name: part.share for part in parts_of(report)}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_law_of_a_kind_belongs_to_one_of_its_parts(kind: str) -> None:
    every = "" if kind in ("mask", "share") else "*"
    arrays = KINDS[kind].arrays
    for law in LAWS[1:]:
        if {kind, every} & {*law.kinds} and law.array in ("", *arrays):
            assert part_of(law, kind) in PARTS[kind]


@in_turn(2)
def test_a_gradient_of_zeros_earns_nothing_and_the_rest_all(zeros: Report) -> None:
    assert shares(zeros) == {"forward": 1, "dx": 0, "dw": 1, "db": 1, "contract": 1}


def test_a_part_tells_its_laws_and_its_smallest_counterexample(zeros: Report) -> None:
    (dx,) = (part for part in parts_of(zeros) if part.name == "dx")

    assert dx.state == "wrong"
    assert "BROKEN      dx equals the loops" in dx.text
    assert "smallest input that shows it" in dx.text
    assert dx.function == "dx_of_zeros"


def test_a_pooling_has_a_forward_a_backward_and_ties() -> None:
    report = check_pool(fast.max_pool_forward, fast.max_pool_backward, examples=2)

    assert list(shares(report)) == ["forward", "backward", "ties", "contract"]


PAIR = (
    Part("conv", "dx", "f", "right", 1.0, ""),
    Part("max_pool", "backward", "g", "wrong", 0.5, ""),
    Part("avg_pool", "backward", "h", "right", 1.0, ""),
)


@pytest.mark.parametrize(
    ("points", "won", "out_of"),
    [
        (None, 2.5, 3),
        ({"dx": 3.0}, 3, 3),
        ({"backward": 3.0}, 2.5, 3),  # every gradient, a third each
        ({"pool": 4.0}, 3, 4),
        ({"dx": 3.0, "max_pool.backward": 2.0}, 4, 5),
        ({"forward": 4.0, "dx": 1.0}, 1, 5),  # there is no forward
        ({"backward": 1.0, "pool.backward": 4.0}, 4, 5),  # the more exact word counts
    ],
)
def test_points_go_to_the_parts_that_a_word_names(
    points: Any, won: float, out_of: float
) -> None:
    assert total_of(scores_of(PAIR, points)) == (won, out_of)


def test_what_is_worth_points_and_not_there_is_said() -> None:
    (_, missing) = scores_of(PAIR[:1], {"dx": 1, "db": 2})

    assert (missing.name, missing.won, missing.out_of) == ("db", 0, 2)
    assert "is not there" in missing.text


@pytest.mark.parametrize(
    ("points", "kind", "said"),
    [
        ({"gravity": 2}, ValueError, "'gravity' is no part; parts are avg_pool"),
        ({"conv.ties": 2}, ValueError, "'conv.ties' is no part"),
        ({"dx": -1}, ValueError, "the points of dx must be a number from 0 on, got -1"),
        ({"dx": float("nan")}, ValueError, "from 0 on, got nan"),
        ({"dx": True}, ValueError, "from 0 on, got True"),
        ({"dx": 0}, ValueError, "points must be more than 0 for some part"),
        ([("dx", 1)], TypeError, 'must be like {"forward": 4, "dx": 3}'),
    ],
)
def test_points_that_make_no_sense_are_refused(
    points: Any, kind: type[Exception], said: str
) -> None:
    with pytest.raises(kind, match=said.replace("{", r"\{").replace("(", r"\(")):
        as_points(points)


def test_a_name_to_report_on_is_a_word() -> None:
    assert as_selectors("conv_backward") == ("conv_backward",)
    assert as_selectors([]) == ()  # all, as where the command is given no --only
    with pytest.raises(ValueError, match="'d x' is neither a function nor a part"):
        as_selectors(["d x"])


@pytest.mark.parametrize(
    ("only", "laws"),
    [
        ("dw", {"dw equals the loops"}),
        ("conv.forward", {"forward equals the loops", "the bias is added once"}),
    ],
)
def test_a_part_selects_its_laws(zeros: Report, only: str, laws: set[str]) -> None:
    assert {v.law.name for v in zeros.verdicts if is_selected(v, (only,))} == laws


@in_turn(2)
def test_a_function_is_not_blamed_for_the_other() -> None:
    def forward(x: Array, w: Array, b: Array) -> tuple[Array, Any]:
        y, cache = fast.conv_forward(x, w, b)
        x += 1  # the caller still needs it
        return y, cache

    report = check_conv(forward, fast.conv_backward, examples=3)

    def broken(only: str) -> set[str]:
        own = (v for v in report.verdicts if is_selected(v, (only,)))
        return {v.law.name for v in own if v.status == "broken"}

    assert "arguments are left alone" in broken("forward")
    assert "arguments are left alone" not in broken("conv_backward")
