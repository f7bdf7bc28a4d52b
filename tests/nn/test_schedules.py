"""A schedule says how far each step goes."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from im2col_cnn.nn import cosine


@given(
    peak=st.floats(1e-4, 1),
    steps=st.integers(2, 50),
    warmup=st.integers(0, 1),
    end=st.floats(0, 1e-4),
)
def test_a_cosine_climbs_once_and_falls_to_its_end(
    peak: float, steps: int, warmup: int, end: float
) -> None:
    rate = cosine(peak, steps, warmup=warmup, end=end)

    rates = [rate(step) for step in range(steps + 3)]

    assert rates[warmup] == pytest.approx(peak)
    assert all(
        a >= b - 1e-12
        for a, b in zip(rates[warmup:], rates[warmup + 1 :], strict=False)
    )
    assert rates[steps] == rates[-1] == pytest.approx(end, abs=1e-12)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"peak": 0}, "peak must be above 0"),
        ({"steps": 0}, "steps must be at least 1"),
        ({"steps": 5, "warmup": 5}, "warmup must be less than steps = 5, got 5"),
        ({"end": -1}, "end must be at least 0"),
    ],
)
def test_bad_settings_are_refused(settings: dict[str, int], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        cosine(**{"peak": 1, "steps": 10, **settings})
