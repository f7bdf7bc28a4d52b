"""Say how much the tests look at: some of it each time, or all of it in the ci profile.

What Hypothesis draws follows the profile by itself, up to a number that a test of many
cases may set with ``@at_most(50)``. A test that takes long waits for its turn: with
``@in_turn(4)`` a quarter of its cases run, others each day, and a test without cases
runs every fourth day. A test that goes through a list asks `some_of`. Such tests are
marked as `drawn`: ``pytest -m drawn`` runs what differs from profile to profile. A test
that is asked for by its name is always run.
"""

import os
from collections import Counter
from collections.abc import Iterable
from datetime import date
from typing import TypeVar
from zlib import crc32

import pytest
from hypothesis import settings

__all__ = [
    "IN_FULL",
    "TODAY",
    "at_most",
    "drawn",
    "in_turn",
    "some_of",
    "wait_for_their_turn",
]

T = TypeVar("T")

IN_FULL = os.environ.get("HYPOTHESIS_PROFILE") == "ci"
# The same for all processes of a run, though midnight comes while they start.
TODAY = int(os.environ.setdefault("TODAY_OF_TESTS", str(date.today().toordinal())))

drawn = pytest.mark.drawn


def at_most(examples: int) -> settings:
    """Let Hypothesis draw no more examples than so many, whatever the profile says."""
    return settings(max_examples=min(examples, settings().max_examples))


def in_turn(every: int) -> pytest.MarkDecorator:
    """Mark a test that takes long: one case of so many runs, another each day."""
    return pytest.mark.in_turn(every)


def some_of(things: Iterable[T], every: int) -> list[T]:
    """Return one of so many things, another each day; in the ci profile, all."""
    things = list(things)
    return things if IN_FULL else things[TODAY % every :: every]


def wait_for_their_turn(
    items: list[pytest.Item], *, are_wanted: bool = IN_FULL
) -> list[pytest.Item]:
    """Take out the tests that are not run today, and return them."""
    today: list[pytest.Item] = []
    waiting: list[pytest.Item] = []
    number = Counter[str]()
    for item in items:
        every = max((mark.args[0] for mark in item.iter_markers("in_turn")), default=1)
        if every > 1:
            item.add_marker(drawn)
        function = item.nodeid.partition("[")[0]
        turn = crc32(function.encode()) + number[function] + TODAY
        number[function] += 1
        (today if are_wanted or turn % every == 0 else waiting).append(item)
    items[:] = today
    return waiting
