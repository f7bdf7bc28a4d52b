"""A cell of a notebook grades what the cells above it have defined."""

from typing import Any

import numpy as np
import pytest

import im2col_cnn as fast
from im2col_cnn.testing import HomeworkError, check_here
from tests.profile import in_turn


def share_of_height(dz: Any, shape: Any) -> Any:
    print("sharing")  # noqa: T201 - as students do
    return np.full(shape, dz / shape[0])


def backward(dy: Any, cache: Any) -> Any:
    dx, dw, db = fast.conv_backward(dy, cache)
    return -dx, dw, db


def forward(x: Any, w: Any, b: Any) -> Any:
    return fast.conv_forward(x, w, b)


CELLS = {"conv_forward": forward, "conv_backward": backward, "x": 3, "np": np}


@in_turn(2)
def test_a_cell_prints_the_report_and_gets_a_number(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = check_here(CELLS, examples=1)

    assert capsys.readouterr().out.startswith("this notebook, read as native: 1 ")
    assert not found.ok
    assert found.score == 0.8
    assert repr(found).startswith("score 0.8, 4 of 5 points: ")
    assert "conv_backward: dx 0/1" in repr(found)


@in_turn(3)
def test_points_and_parts_can_be_chosen() -> None:
    worth = check_here(CELLS, points={"forward": 1, "dx": 3}, examples=1)
    only = check_here(CELLS, only="dw", examples=1)

    assert worth.score == 0.25
    assert only.score == 1
    assert [part.name for part in only.parts] == ["dw"]


def test_prints_of_the_functions_are_kept_apart(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = check_here({"distribute_value": share_of_height}, examples=2)

    assert "sharing" not in capsys.readouterr().out
    assert found.report.printed.startswith("sharing\n")
    assert found.score == 0


def test_what_comes_from_this_package_is_not_the_students() -> None:
    with pytest.raises(HomeworkError, match="run the cell that defines conv_forward"):
        check_here({"conv_forward": fast.conv_forward})
    with pytest.raises(HomeworkError, match="there is no dx to check here"):
        check_here({"distribute_value": share_of_height}, only="dx", examples=1)
    with pytest.raises(TypeError, match=r"must be globals\(\), got list"):
        check_here([])  # type: ignore[arg-type]  # the point
