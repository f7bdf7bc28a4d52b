"""Grade the functions of a notebook from one of its cells."""

import io
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from typing import Any

from ..._checks import as_choice
from ..._interrupts import without_interrupt
from ..._typing import Ties
from ..dialects.table import DIALECTS, promised, readings
from ..isolation.loader import HomeworkError
from .grader import as_drawn, grade
from .kinds import KINDS
from .points import (
    Part,
    Score,
    as_points,
    as_selectors,
    is_offered,
    is_selected,
    parts_of,
    scores_of,
    total_of,
)
from .reading import choose, how_it_is_read, most_common, pasted, with_unread, words_of
from .report import Report, Verdict

__all__ = ["CheckedHere", "check_here"]

PACKAGE = __name__.split(".", maxsplit=1)[0]


@dataclass(frozen=True, repr=False, kw_only=True)
class CheckedHere:
    """
    What a cell gets: the report, and numbers for partial credit.

    Parameters
    ----------
    report : Report
    parts : tuple of Part
    points : tuple of Score
        What each part earns.
    """

    report: Report
    parts: tuple[Part, ...]
    points: tuple[Score, ...]

    @property
    def ok(self) -> bool:
        """Whether all laws hold that count."""
        return self.report.ok

    @property
    def score(self) -> float:
        """The share of the points that was won, from 0 to 1."""
        won, out_of = total_of(self.points)
        return won / out_of

    def __repr__(self) -> str:
        """Show the score, and what each part has earned."""
        won, out_of = total_of(self.points)
        earned = ", ".join(f"{s.name} {s.won:.4g}/{s.out_of:.4g}" for s in self.points)
        return f"score {self.score:.4g}, {won:.4g} of {out_of:.4g} points: {earned}"


def check_here(
    namespace: Mapping[str, Any],
    *,
    points: Mapping[str, float] | None = None,
    only: str | Sequence[str] | None = None,
    dialect: str | None = None,
    ties: Ties | None = None,
    seed: int = 0,
    examples: int = 25,
    strict: bool = False,
    total_seconds: float = 20.0,
) -> CheckedHere:
    """
    Grade the functions that a notebook has defined so far, and print the report.

    Parameters
    ----------
    namespace : mapping
        ``globals()``. What it has from this package is left out.
    points : mapping, optional
        Points per part, such as ``{"forward": 4, "dx": 3}``; every part that is there
        is worth 1 by default.
    only, dialect, ties, seed, examples, strict
        As for `check_module`.
    total_seconds : float
        How long all of it should take. The functions run in this process, so one that
        never returns has to be interrupted.

    Returns
    -------
    CheckedHere
        ``.score`` is a number from 0 to 1.

    Raises
    ------
    HomeworkError
        If no function to check is there.

    See Also
    --------
    check_module : Grade a file, in a process of its own.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn.testing import check_here
    >>> def distribute_value(dz, shape):
    ...     return np.full(shape, dz / shape[0])
    >>> found = check_here(globals(), examples=5)  # doctest: +ELLIPSIS
    this notebook, read as coursera: 5 examples per law, seed 0
    ...
    >>> found
    score 0, 0 of 1 points: distribute_value: share 0/1
    >>> found.score
    0.0
    """
    if not isinstance(namespace, Mapping):
        raise TypeError(f"namespace must be globals(), got {type(namespace).__name__}")
    only = as_selectors(only)
    points = None if points is None else as_points(points)
    seed, examples = as_drawn(seed, examples, ties)
    if dialect is not None:
        as_choice(dialect, "dialect", tuple(DIALECTS))
    own = {
        name: value
        for name, value in namespace.items()
        if callable(value) and not name.startswith("_")
        if not is_ours(value, namespace)
    }
    its_names = promised(own, forwards=dialect is None)
    chosen, choices = choose(readings(own, dialect), its_names["inside"])
    if not chosen:
        wanted = DIALECTS[dialect or "coursera"].names[:2]
        raise HomeworkError(
            f"no function to check is defined here yet: run the cell that defines "
            f"{', '.join(wanted)}, or the like"
        )
    verdicts: list[Verdict] = []
    chosen, unread = with_unread(chosen, its_names)
    remarks = [*unread, *how_it_is_read(chosen), *choices]
    printed = io.StringIO()
    offers = [
        offer
        for _, offer in chosen
        if not only or is_offered(offer.kind, offer.name, only)
    ]
    with without_interrupt(), redirect_stdout(printed):
        for offer in offers:
            share = total_seconds / len(offers)
            its_verdicts, its_remarks = grade(offer, seed, examples, ties, share)
            verdicts += its_verdicts
            remarks += its_remarks
    if only:
        verdicts = [verdict for verdict in verdicts if is_selected(verdict, only)]
    if not verdicts:
        raise HomeworkError(f"there is no {' and no '.join(only)} to check here")
    read_as = most_common(chosen)
    report = Report(
        "this notebook",
        tuple(verdicts),
        {
            kind: {**DIALECTS[read_as].words_for(kind), **words_of(chosen, kind)}
            for kind in KINDS
        },
        tuple(remarks),
        printed.getvalue()[:2000],
        read_as,
        seed,
        examples,
        strict,
    )
    report = replace(report, calls=pasted(report, {o.name: o for o in offers}))
    print(report)  # noqa: T201 - a cell shows what it prints
    parts = tuple(parts_of(report))
    return CheckedHere(
        report=report, parts=parts, points=tuple(scores_of(parts, points))
    )


def is_ours(value: Any, namespace: Mapping[str, Any]) -> bool:
    """Tell whether a namespace has imported something from this package."""
    module = str(getattr(value, "__module__", "") or "")
    return module.startswith(f"{PACKAGE}.") and module != namespace.get("__name__")
