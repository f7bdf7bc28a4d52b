"""Homework runs in a process of its own, says what it offers, and answers calls."""

import os
import time
from pathlib import Path

import numpy as np
import pytest

from im2col_cnn.testing.errors import NOT_WRITTEN, SubjectError
from im2col_cnn.testing.isolation import process, worker
from im2col_cnn.testing.isolation.process import IsolatedModule, offers_in
from im2col_cnn.testing.isolation.worker import MAX_CACHES
from tests.testing.families import source_of


def isolated(path: Path, source: str) -> IsolatedModule:
    path.write_text(source, encoding="utf-8")
    return IsolatedModule(path, None, seconds=5, megabytes=2048)


def test_offers_are_called_in_the_process(tmp_path: Path) -> None:
    x, w = np.ones((1, 3, 3, 1)), np.ones((2, 2, 1, 1))
    with isolated(tmp_path / "layers.py", source_of("gatech")) as homework:
        found = homework.load()
        offers = {offer.kind: offer for _, offer in offers_in(homework, found)}

        y, cache = offers["conv"].forward(x, w, np.zeros(1), stride=1, padding=0)
        assert offers["conv"].backward is not None
        dx, dw, db = offers["conv"].backward(y, cache)

    assert y.tolist() == [[[[4], [4]], [[4], [4]]]]
    assert dx[0, :, :, 0].tolist() == [[4, 8, 4], [8, 16, 8], [4, 8, 4]]
    assert (dw.shape, db.tolist()) == (w.shape, [16])


def test_what_is_not_written_is_told_apart(tmp_path: Path) -> None:
    source = "def max_pool_forward_naive(x, pool_param):\n    return None, None\n"
    with isolated(tmp_path / "layers.py", source) as homework:
        ((_, offer),) = offers_in(homework, homework.load())

        with pytest.raises(SubjectError) as error:
            offer.forward(np.ones((1, 3, 3, 1)), kernel_size=(2, 2), stride=1)

    assert error.value.kind == NOT_WRITTEN
    assert error.value.part == "forward"


FORKS = """
import os, time


def create_mask_from_window(x):
    if os.fork() == 0:
        time.sleep(60)
    with open(PATH, "a") as file:
        file.write(str(os.getpgid(0)) + "\\n")
    return x == x.max()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_what_homework_starts_ends_with_it(tmp_path: Path) -> None:
    told = tmp_path / "group"
    source = FORKS.replace("PATH", repr(str(told)))
    with isolated(tmp_path / "mask.py", source) as homework:
        ((_, offer),) = offers_in(homework, homework.load())
        offer.forward(np.ones((2, 2)))
    group = int(told.read_text(encoding="utf-8"))

    assert not is_there(group)


def is_there(group: int) -> bool:
    """Tell whether a process of a group is left, after a moment to end in."""
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.05)
    return True


def test_both_sides_keep_as_many_caches() -> None:
    assert process.MAX_CACHES == worker.MAX_CACHES == MAX_CACHES
