"""Rules say which pixels meet which taps; of right products they say nothing else."""

import numpy as np
import pytest

from im2col_cnn import loops
from im2col_cnn.testing.grading.call_axes import CallAxes, Told
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

    (rules,) = rules_of(call.places(found), call)

    assert set(rules) == {"x.n", "x.i0", "x.i1", "x.c", "w.f"}
    assert not any(rule.told for rule in rules.values())


def test_what_few_places_do_not_tell_apart_is_listed() -> None:
    """Beyond the border of one pixel is the same pixel, from either side."""
    case = Case(
        (np.zeros((1, 1, 3, 1)), np.zeros((3, 1, 1, 1)), np.zeros(1)),
        {"padding": (1, 0)},
    )
    call = CallAxes("conv", case)
    column = np.repeat(np.arange(3), 3)
    zeros, taps = np.zeros(9, int), np.tile(np.arange(3), 3)
    where = {
        "x.i0": zeros,
        "x.i1": column,
        "y.o0": zeros,
        "y.o1": column,
        "w.k0": taps,
        "w.k1": zeros,
    }

    told = [rules["x.i0"].told[0] for rules in rules_of(where, call)]

    for side in "the other side of the image", "the pixels at the border":
        assert [Told.of(f"beyond the border it reads {side}")] in told
