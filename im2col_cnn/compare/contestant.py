"""Say what a contestant is, and how one declines."""

from collections.abc import Callable
from typing import Any, NamedTuple

from .._typing import Array

__all__ = ["CannotError", "Contestant", "Found"]


class CannotError(Exception):
    """Why somebody takes no part in a case, in one line."""


class Found(NamedTuple):
    """What forward and backward give, in this package's layout."""

    y: Array
    dx: Array | None  # None where the case learns: nobody needs it then
    gradients: dict[str, Array]  # of the parameters


class Contestant(NamedTuple):
    """What is timed, and what it found: gradients of the output it was given."""

    forward: Callable[[], Any]
    step: Callable[[], Any]
    results: Callable[[], Found]
