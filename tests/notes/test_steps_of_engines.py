"""Steps are measured on any engine."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.notes import steps_of_engines
from tests.notes.steps_of_engines import milliseconds


def test_a_step_takes_a_time_here_and_on_workers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(steps_of_engines, "STEPS", 2)

    with ThreadPoolExecutor(2) as executor:
        assert 0 < milliseconds(4, 1, 2, executor) < 1000
    assert 0 < milliseconds(4, 1, 2, None) < 1000
