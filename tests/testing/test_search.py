"""What could not be made small is told in whole numbers, if these fail as well."""

from typing import Any

import numpy as np
import pytest

from im2col_cnn import loops
from im2col_cnn.testing.grading.kinds import subject_of
from im2col_cnn.testing.grading.search import Trial, in_small_numbers, try_again
from im2col_cnn.testing.laws.subject import Subject
from im2col_cnn.testing.laws.table import laws_for
from im2col_cnn.testing.strategies import Case


def wrong_for(fractions: tuple[float, ...]) -> Subject:
    """Return a convolution that is wrong where pixels have some fractions."""

    def forward(x: Any, w: Any, b: Any, **settings: Any) -> Any:
        y, cache = loops.conv_forward(x, w, b, **settings)
        return y + np.isin(x % 1, fractions).any(), cache

    return subject_of("conv", forward)


@pytest.mark.parametrize(
    ("fractions", "kept"), [((0.125, 0.0), 0.0), ((0.125,), 0.125)]
)
def test_numbers_are_whole_where_whole_ones_fail(
    fractions: tuple[float, ...], kept: float
) -> None:
    subject = wrong_for(fractions)
    law = next(law for law in laws_for(subject) if law.oracle)
    x = np.arange(9.0).reshape(1, 3, 3, 1) + 0.125
    case = Case((x, np.ones((2, 2, 1, 1)), np.zeros(1)), {})
    trial = try_again(subject, Trial(law, (("dtype", "float64"), ("case", case)), None))
    assert trial.failure is not None

    told = in_small_numbers(trial, subject)

    assert told.failure is not None
    assert (told.case.arrays[0] % 1 == kept).all()
