"""Describe one bug: what it is called, where it was seen, why it is one, what mends it.

Every exhibit runs. It is a right implementation with a step or two replaced, so that
the few lines of the bug stand alone, and nothing else is wrong.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..._typing import Array

__all__ = ["NOTEBOOK", "SCRATCH", "UNREPORTED", "Exhibit"]

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
