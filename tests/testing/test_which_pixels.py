"""Rules say which pixels meet which taps; of right products they say nothing else."""

import numpy as np
import pytest

from im2col_cnn import loops
from im2col_cnn.testing.grading.call_axes import CallAxes
from im2col_cnn.testing.grading.impulse_response import PARTS, products_of
from im2col_cnn.testing.grading.which_pixels import Line, rules_of
from im2col_cnn.testing.strategies import Case


@pytest.mark.parametrize(
    ("border", "read"),
    [("zero", [-1, 0, 1, 2, 3]), ("wrap", [2, 0, 1, 2, 0]), ("edge", [0, 0, 1, 2, 2])],
)
def test_a_line_goes_on_beyond_the_border(border: str, read: list[int]) -> None:
    axes = {"o0": np.arange(5), "k0": np.zeros(5, int)}

    line = Line(stride=1, dilation=1, start=-1, stops=0, taps=0, border=border)

    assert line.place(axes, size=3).tolist() == read


def test_right_products_follow_the_right_rules() -> None:
    case = Case((np.zeros((2, 5, 4, 2)), np.zeros((3, 2, 2, 2)), np.zeros(2)), {})
    call = CallAxes("conv", case)
    part, *_ = PARTS["conv", "y"]
    found = products_of(
        lambda case: loops.conv_forward(*case.arrays, **case.settings),
        lambda *_: [],
        case,
        "y",
        part,
    )
    assert found is not None

    rules = rules_of(call.places(found), call)

    assert rules is not None
    assert set(rules) == {"x.n", "x.i0", "x.i1", "x.c", "w.f"}
    assert not any(rule.told for rule in rules.values())
