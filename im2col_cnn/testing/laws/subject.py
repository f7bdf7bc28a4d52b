"""An implementation under test: its functions, its draws, its oracle.

Whatever a course calls its functions and wherever it puts its channels, a law sees
``forward(*arrays, **settings) -> (y, cache)`` and ``backward(dy, cache) -> gradients``,
channels last. im2col has such a pair too: its backward is col2im.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from math import inf
from time import monotonic
from typing import Any, NamedTuple

import hypothesis.strategies as st
import numpy.typing as npt

from ..._interrupts import interruptible
from ..._typing import Array, Ties
from ..errors import SubjectError
from ..strategies import Case

__all__ = ["Cases", "Deadline", "Oracle", "Subject", "blaming"]


class Deadline:
    """
    A point in time after which no more is asked than must be.

    Parameters
    ----------
    seconds : float
        From now on. By default there is time without end.

    Attributes
    ----------
    met : bool
        Whether something was given up because of it.
    """

    def __init__(self, seconds: float = inf) -> None:
        self.until, self.met = monotonic() + seconds, False

    def is_over(self) -> bool:
        """Tell whether to give up."""
        self.met = self.met or monotonic() > self.until
        return self.met


Cases = Callable[[npt.DTypeLike], st.SearchStrategy[Case]]


class Oracle(NamedTuple):
    """The functions that say what is right."""

    forward: Callable[..., tuple[Array, Any]]
    backward: Callable[..., Any] | None = None


@dataclass(frozen=True, eq=False)
class Subject:
    """
    One implementation under test.

    Parameters
    ----------
    kind : str
        What it claims to be: ``"conv"``, ``"max_pool"``, ...
    cases : callable
        From a dtype to a strategy for the calls it takes.
    forward : callable
        ``forward(*arrays, **settings) -> (y, cache)``.
    backward : callable, optional
        ``backward(dy, cache)``: one gradient, or a tuple with one per array.
    oracle : Oracle, optional
        What says what is right.
    arrays : tuple of str
        The names of the arrays that forward takes.
    strict : bool
        Whether numbers must be equal to the last bit, and dtypes with them. Where it
        is False, rounding is forgiven; see `tolerance`.
    inputs, dtypes : tuple of str
        The dtypes to feed it, and those it should keep.
    multiple : int
        What upstream gradients are multiples of, so that means of them are exact.
    graded : tuple of str
        ``"forward"``, ``"backward"`` or both. The other is not the author's.
    ties : str or None
        The rule by which tied maxima share; None is no rule.
    small : tuple of Case
        Calls to begin with, from the simplest on; none where no first look is needed.
    without : tuple of str
        The arrays whose gradient is not asked for.
    bias : bool
        Whether it adds one.
    name : str
        How to call it, where that is not its kind.
    varied : callable, optional
        Like `cases`, with larger images and other numbers now and then.
    varies : bool
        Whether those are drawn, and such gradients.
    deadline : Deadline
        When to ask it no more than must be.
    """

    kind: str
    cases: Cases
    forward: Callable[..., tuple[Array, Any]]
    backward: Callable[..., Any] | None = None
    oracle: Oracle | None = None
    arrays: tuple[str, ...] = ("x",)
    strict: bool = True
    inputs: tuple[str, ...] = ("float64",)
    dtypes: tuple[str, ...] = ("float16", "float32", "float64")
    multiple: int = 1
    graded: tuple[str, ...] = ("forward", "backward")
    ties: Ties | None = "first"
    small: tuple[Case, ...] = ()
    without: tuple[str, ...] = ()
    bias: bool = True
    name: str = ""
    varied: Cases | None = None
    varies: bool = False
    deadline: Deadline = field(default_factory=Deadline)

    def at_large(self) -> "Subject":
        """Return it with the draws that find most, and not those that say most."""
        return replace(self, cases=self.varied or self.cases, varies=True)

    def run(self, case: Case) -> tuple[Array, Any]:
        """Call forward."""
        with blaming("forward") if not self.strict else nullcontext():
            arrays = map(self.protected, case.arrays)
            return interruptible(self.forward)(*arrays, **case.settings)

    def gradients(self, dy: Array, cache: Any) -> list[Array]:
        """Return the gradients of all arrays, in a list whatever backward returns."""
        assert self.backward is not None
        with blaming("backward") if not self.strict else nullcontext():
            return as_list(interruptible(self.backward)(self.protected(dy), cache))

    def named(self, *several: list[Array]) -> Iterator[tuple[Any, ...]]:
        """Yield the name of each array with its gradients, unless it has none."""
        for name, *gradients in zip(self.arrays, *several, strict=True):
            if name not in self.without:
                yield name, *gradients

    def protected(self, array: Array) -> Array:
        """Pass our own code the read-only array, other people's code a copy.

        An implementation that writes into its arguments then fails one law, not all.
        """
        return array if self.strict else array.copy(order="K")

    def right(self, case: Case) -> tuple[Array, Any]:
        """Return the right output, and a cache for `right_gradients`."""
        assert self.oracle is not None
        return self.oracle.forward(*case.arrays, **case.settings)

    def right_gradients(self, dy: Array, cache: Any) -> list[Array]:
        """Return the right gradients."""
        assert self.oracle is not None
        assert self.oracle.backward is not None
        return as_list(self.oracle.backward(dy, cache))


@contextmanager
def blaming(part: str) -> Iterator[None]:
    """Say in an error which part it comes from, whatever was raised."""
    try:
        yield
    except SubjectError as error:
        error.part = error.part or part
        raise
    except Exception as error:
        kind, detail = type(error).__name__, str(error)
        failure = SubjectError(f"{kind}: {detail}", kind, detail, part)
        failure.crashed = True
        raise failure from error


def as_list(found: Any) -> list[Array]:
    """Return gradients in a list."""
    return list(found) if isinstance(found, tuple) else [found]
