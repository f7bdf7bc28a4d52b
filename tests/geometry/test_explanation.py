"""An explanation fills the formulas in: they are evaluated again here."""

import re
from math import ceil

import numpy as np
import pytest
from hypothesis import given

from im2col_cnn import Window, im2col
from im2col_cnn.testing.strategies import Case, poolings, unfoldings


@given(case=poolings())
def test_every_formula_comes_to_the_number_behind_it(case: Case) -> None:
    (x,) = case.arrays
    window = Window(x.shape[1:-1], **case.settings)

    lines = window.explain(len(x), x.shape[-1]).splitlines()

    for line, axis in zip(lines, window.axes, strict=False):
        found = re.fullmatch(r"\w+ +(.+?)( - 1 that .*)? = ([\d,]+) windows?", line)
        assert found, line
        formula, dropped, stops = found.groups()
        assert eval(formula, {"ceil": ceil}) - bool(dropped) == axis.output_size
        assert int(stops.replace(",", "")) == axis.output_size


@given(case=unfoldings())
def test_the_matrix_and_the_products_are_those_of_the_convolution(case: Case) -> None:
    (x,) = case.arrays
    window = Window(x.shape[1:-1], **case.settings)
    columns = im2col(x, **case.settings)

    text = window.explain(len(x), C=x.shape[-1], F=5, dtype=x.dtype)

    rows, width = columns.shape
    assert f"{rows:,} x {width:,} of float64, {columns.nbytes:,} byte" in text
    products = (columns @ np.ones((width, 5))).size * width
    assert text.endswith(f"multiply-adds  {products:,}")
    assert f"unread         {window.unread:,} of " in text


def test_a_dropped_window_is_named() -> None:
    text = Window(4, 2, stride=2, padding=((0, 3),), ceil_mode=True).explain()

    assert "ceil((4 + 0 + 3 - 2) / 2) + 1 - 1 that starts behind the image = 3" in text


@pytest.mark.parametrize(
    ("axes", "names"),
    [(1, ["length"]), (2, ["rows", "columns"]), (3, ["depth", "rows", "columns"])],
)
def test_axes_have_the_names_people_give_them(axes: int, names: list[str]) -> None:
    lines = Window((3,) * axes, 2).explain().splitlines()

    assert [line.split()[0] for line in lines[:axes]] == names
