"""Put two bugs into one function, for homework that has both."""

from collections.abc import Iterator
from itertools import combinations

from .conv_steps import conv_bug
from .exhibit import Exhibit
from .museum import MUSEUM
from .pool_steps import max_bug, mean_bug

__all__ = ["pairs"]

MAKE = {"conv": conv_bug, "max_pool": max_bug, "avg_pool": mean_bug}


def pairs(kind: str) -> Iterator[Exhibit]:
    """Yield any two exhibits as one, if they go wrong in different steps."""
    own = [exhibit for exhibit in MUSEUM if exhibit.kind == kind and exhibit.steps]
    for one, other in combinations(own, 2):
        if one.steps.keys().isdisjoint(other.steps):
            yield MAKE[kind](
                key=f"{one.key} and {other.key}",
                name=f"{one.name}; and {other.name}",
                why=f"{one.why}; and {other.why}",
                fix=f"{one.fix}; and {other.fix}",
                source=f"{one.source}; and {other.source}",
                **one.steps,
                **other.steps,
            )
