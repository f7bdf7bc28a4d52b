"""Steps whose computing is a sleep are steps in all else."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from im2col_cnn.nn import Cluster
from tests.notes import many_workers
from tests.notes.many_workers import network, step_seconds


def test_a_step_takes_as_long_as_a_shard_and_a_little(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(many_workers, "STEPS", 3)
    with ThreadPoolExecutor(4) as executor:
        seconds = step_seconds(network((4, 3, 2)), 4, 0.05, Cluster(executor))

    assert 0.05 < seconds < 4 * 0.05
