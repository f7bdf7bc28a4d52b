"""Describe one bug: what it is called, where it was seen, why it is one, what mends it.

Every exhibit runs. It is a right implementation with a step or two replaced, so that
the few lines of the bug stand alone, and nothing else is wrong.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

from ..._typing import Array

__all__ = ["NOTEBOOK", "SCRATCH", "UNREPORTED", "Exhibit", "spelt"]

NOTEBOOK = "the notebook Convolutional Neural Networks: Step by Step"
UNREPORTED = "no public report that we know of"
SCRATCH = "deep-learning-from-scratch"


@dataclass(frozen=True, eq=False)
class Exhibit:
    """
    A bug on show.

    Parameters
    ----------
    key : str
        A short name that stays: S1, S2, ... are defects of the notebook, C1, C2, ...
        classics, E1, E2, ... others that we met.
    kind : str
        What it is a bug of; one of `KINDS`.
    name, why, fix : str
        What is done, what comes of it, and what to write instead.
    source : str
        Where it can be seen in public.
    forward, backward : callable
        The buggy implementation.
    steps : mapping
        The steps that were replaced, where it is made of steps.
    unsteady : bool
        Whether the same call is answered with other numbers each time.
    spellings : tuple of Exhibit
        The same bug as others write it, with other wrong numbers.
    error : str
        What calls end with, as a pattern for the kind of the error and its words, if
        it is known by that alone.
    """

    key: str
    kind: str
    name: str
    why: str
    fix: str
    source: str
    forward: Callable[..., tuple[Array, Any]]
    backward: Callable[..., Any] | None = None
    steps: Mapping[str, Any] = field(default_factory=dict)
    unsteady: bool = False
    spellings: tuple["Exhibit", ...] = ()
    error: str = ""


def spelt(
    exhibit: Exhibit,
    pair: Callable[[Mapping[str, Any]], Any],
    spellings: Iterable[Mapping[str, Any]],
    right: Any = None,
) -> Exhibit:
    """Add spellings made of other steps; with right steps, those of one axis too."""
    halves = along_one_axis(exhibit.steps, right) if right else ()
    others = []
    for steps in (*spellings, *halves):
        forward, backward = pair(steps)
        others.append(replace(exhibit, forward=forward, backward=backward, steps=steps))
    return replace(exhibit, spellings=tuple(others))


def along_one_axis(steps: Mapping[str, Any], right: Any) -> list[dict[str, Any]]:
    """Return steps that go wrong along rows only, and along columns only."""
    return [
        {name: mixed(step, getattr(right, name), axis) for name, step in steps.items()}
        for axis in range(2)
    ]


def mixed(wrong: Any, right: Any, axis: int) -> Callable[..., Any]:
    """Take one axis of what a wrong step gives, and the other of what a right one does.

    A step gives a pair, or all pairs of some rows and columns.
    """

    def step(*arguments: Any) -> Any:
        both = [wrong(*arguments), right(*arguments)]
        chosen = both if axis == 0 else both[::-1]
        if isinstance(both[1], tuple):
            return chosen[0][0], chosen[1][1]
        rows, columns = (list(pairs) for pairs in chosen)
        return product(
            dict.fromkeys(i for i, _ in rows), dict.fromkeys(j for _, j in columns)
        )

    return step
