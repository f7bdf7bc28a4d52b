"""Say how much the tests look at: some of it each time, or all of it in the ci profile.

What Hypothesis draws follows the profile by itself. A test that picks from a list asks
here, and is marked as `drawn`: ``pytest -m drawn`` runs what differs from profile to
profile.
"""

import os
from collections.abc import Iterable
from datetime import date
from typing import TypeVar

import pytest

__all__ = ["IN_FULL", "TODAY", "drawn", "in_full", "some_of"]

T = TypeVar("T")

IN_FULL = os.environ.get("HYPOTHESIS_PROFILE") == "ci"

drawn = pytest.mark.drawn
TODAY = date.today().toordinal()
in_full = pytest.mark.skipif(not IN_FULL, reason="takes long: only in the ci profile")


def some_of(things: Iterable[T], every: int) -> list[T]:
    """Return one of so many things, another each day; in the ci profile, all."""
    things = list(things)
    return things if IN_FULL else things[TODAY % every :: every]
