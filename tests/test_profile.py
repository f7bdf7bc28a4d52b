"""Tests that take long run in turn, and all of them in the end."""

from collections import Counter
from typing import Any
from unittest.mock import Mock

import pytest

from tests import profile
from tests.profile import in_turn, wait_for_their_turn


def item(name: str, *marks: pytest.MarkDecorator) -> Any:
    """Return what pytest collects for a test."""
    found = Mock(nodeid=name)
    found.iter_markers.side_effect = lambda _: iter(mark.mark for mark in marks)
    return found


def test_every_case_has_its_day_and_what_is_short_runs_always(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tests = [item(f"a.py::long[{case}]", in_turn(4)) for case in range(8)]
    tests += [item("a.py::alone", in_turn(4)), item("a.py::short")]
    runs = Counter[str]()

    for day in range(4):
        monkeypatch.setattr(profile, "TODAY", day)
        today = list(tests)
        wait_for_their_turn(today, are_wanted=False)
        assert sum("long" in test.nodeid for test in today) == 2
        runs.update(test.nodeid for test in today)

    assert runs.pop("a.py::short") == 4
    assert set(runs.values()) == {1}
    assert len(runs) == 9


def test_all_run_where_all_are_wanted() -> None:
    tests = [item(f"a.py::long[{case}]", in_turn(4)) for case in range(8)]

    assert wait_for_their_turn(tests, are_wanted=True) == []
    assert len(tests) == 8
    assert all(test.add_marker.called for test in tests)
