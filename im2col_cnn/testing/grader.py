"""Check an implementation, yours or a student's, and report what is wrong with it.

Three functions take the implementation itself and run it here; `check_module` takes a
file and runs it in a process of its own.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from .._typing import Ties
from .dialects.dialect import Offer
from .dialects.native import column_offer, pair_offer
from .dialects.table import DIALECTS
from .homework import HomeworkError
from .isolation import Isolated
from .judging import find_tie_rule, judge
from .kinds import subject_of
from .report import Report, Verdict
from .subject import Subject, SubjectStoppedError
from .support import Support

__all__ = ["check_conv", "check_im2col", "check_module", "check_pool"]

EXAMPLES = 25


def check_conv(
    forward: Callable[..., Any],
    backward: Callable[..., Any] | None = None,
    *,
    support: Support | None = None,
    seed: int = 0,
    examples: int = EXAMPLES,
    strict: bool = False,
) -> Report:
    """
    Hold a convolution to every law.

    Parameters
    ----------
    forward : callable
        ``forward(x, w, b, **settings) -> (y, cache)``, channels last.
    backward : callable, optional
        ``backward(dy, cache) -> (dx, dw, db)``.
    support : Support, optional
        What it takes. By default its signature says which settings it knows, and each
        way to write them is tried once.
    seed, examples : int
        What is drawn, and how often for each law.
    strict : bool, default False
        Whether advice counts: float32 kept, NaN passed on, nonsense refused.

    Returns
    -------
    Report
        ``report.ok`` says whether all laws hold; ``print(report)`` says the rest.

    See Also
    --------
    check_pool, check_im2col, check_module

    Examples
    --------
    >>> from im2col_cnn import conv_backward, conv_forward
    >>> from im2col_cnn.testing import check_conv
    >>> check_conv(conv_forward, conv_backward, examples=5).ok
    True
    """
    offer = pair_offer("conv", forward, backward)
    return check_offer(offer, support, seed, examples, strict=strict)


def check_pool(
    forward: Callable[..., Any],
    backward: Callable[..., Any] | None = None,
    *,
    mode: str = "max",
    ties: Ties | None = None,
    support: Support | None = None,
    seed: int = 0,
    examples: int = EXAMPLES,
    strict: bool = False,
) -> Report:
    """
    Hold a pooling to every law.

    Parameters
    ----------
    forward : callable
        ``forward(x, kernel_size, **settings) -> (y, cache)``, channels last.
    backward : callable, optional
        ``backward(dy, cache) -> dx``.
    mode : {"max", "average"}
    ties : {"first", "split", "all"}, optional
        The rule that tied maxima must follow. By default any will do, and the report
        says which it is.
    support, seed, examples, strict
        As for `check_conv`.

    Returns
    -------
    Report

    Examples
    --------
    >>> from im2col_cnn import max_pool_backward, max_pool_forward
    >>> from im2col_cnn.testing import check_pool
    >>> report = check_pool(max_pool_forward, max_pool_backward, examples=5)
    >>> report.ok, report.remarks[0]
    (True, 'max_pool_forward, max_pool_backward: tied maxima share by the rule "first"')
    """
    kind = {"max": "max_pool", "average": "avg_pool"}[mode]
    offer = pair_offer(kind, forward, backward)
    return check_offer(offer, support, seed, examples, strict=strict, ties=ties)


def check_im2col(
    im2col: Callable[..., Any],
    col2im: Callable[..., Any] | None = None,
    *,
    support: Support | None = None,
    seed: int = 0,
    examples: int = EXAMPLES,
    strict: bool = False,
) -> Report:
    """
    Hold an unfolding, and the folding that is its transpose, to every law.

    Parameters
    ----------
    im2col : callable
        ``im2col(x, kernel_size, **settings)``: one row per window.
    col2im : callable, optional
        ``col2im(columns, shape, kernel_size, **settings)``.
    support, seed, examples, strict
        As for `check_conv`.

    Returns
    -------
    Report

    Examples
    --------
    >>> from im2col_cnn import col2im, im2col
    >>> from im2col_cnn.testing import check_im2col
    >>> check_im2col(im2col, col2im, examples=5).ok
    True
    """
    offer = column_offer(im2col, col2im)
    return check_offer(offer, support, seed, examples, strict=strict)


def check_module(
    path: str | os.PathLike[str],
    *,
    dialect: str | None = None,
    ties: Ties | None = None,
    seed: int = 0,
    examples: int = EXAMPLES,
    strict: bool = False,
    seconds: float = 5.0,
    megabytes: int = 2048,
) -> Report:
    """
    Hold all functions of a file to every law, in a process of its own.

    Parameters
    ----------
    path : str or Path
        A script or a notebook. Only its imports, definitions and simple constants run.
    dialect : str, optional
        One of `DIALECTS`. By default the one of which the file defines most names.
    ties, seed, examples, strict
        As for `check_pool`.
    seconds, megabytes
        How long a call may take, and how much address space the process may have.

    Returns
    -------
    Report

    Raises
    ------
    HomeworkError
        If the file cannot be read, is no Python, or defines none of the names.

    Notes
    -----
    The process keeps accidents apart: endless loops, crashes, ``sys.exit``, floods of
    prints. It is no sandbox: homework that means harm runs with your rights.

    Examples
    --------
    >>> from im2col_cnn import loops
    >>> from im2col_cnn.testing import check_module
    >>> check_module(loops.conv.__file__, examples=2).dialect
    'native'
    """
    path = Path(path)
    limits = {"seconds": seconds, "megabytes": megabytes}
    with Isolated(path, dialect, **limits) as homework:  # type: ignore[arg-type]  # mixed
        try:
            found = homework.load()
        except SubjectStoppedError as stop:
            raise HomeworkError(f"{path}: {stop}") from stop
        remarks, verdicts = [], []
        if found["missing"]:
            remarks.append(f"not there: {', '.join(found['missing'])}")
        remarks += (f"passed over, {trouble}" for trouble in found["trouble"])
        for index, (kind, name, support, judges, left_out) in enumerate(
            found["offers"]
        ):
            offer = Offer(kind, name, nowhere, None, support, judges, left_out)
            forward_name, backward_name = offer.parts
            backward = partial(homework.backward, index, backward_name)
            offer = replace(
                offer,
                forward=remote_forward(homework, index, forward_name),
                backward=backward if found["backwards"][index] else None,
            )
            its_verdicts, its_remarks = judge_offer(
                offer, support, seed, examples, ties
            )
            verdicts += its_verdicts
            remarks += its_remarks
        printed = homework.printed()
    return Report(
        path.name,
        tuple(verdicts),
        DIALECTS[found["dialect"]].words,
        tuple(remarks),
        printed,
        found["dialect"],
        seed,
        examples,
        strict,
    )


def nowhere(*_: Any, **__: Any) -> tuple[Any, Any]:
    """Stand in for a function that is elsewhere."""
    raise NotImplementedError


def remote_forward(
    homework: Isolated, index: int, name: str
) -> Callable[..., tuple[Any, Any]]:
    """Return a forward that runs in the homework's process."""

    def forward(*arrays: Any, **settings: Any) -> tuple[Any, Any]:
        y, cache = homework.forward(index, name, arrays, settings)
        return y, cache

    return forward


def check_offer(
    offer: Offer,
    support: Support | None,
    seed: int,
    examples: int,
    *,
    strict: bool,
    ties: Ties | None = None,
) -> Report:
    """Judge one implementation in this process."""
    support = support or offer.support
    verdicts, remarks = judge_offer(offer, support, seed, examples, ties)
    return Report(
        offer.name,
        tuple(verdicts),
        remarks=tuple(remarks),
        seed=seed,
        examples=examples,
        strict=strict,
    )


def judge_offer(
    offer: Offer, support: Support, seed: int, examples: int, ties: Ties | None
) -> tuple[list[Verdict], list[str]]:
    """Judge one kind of function; return the verdicts, and remarks about them."""
    subject = subject_of(
        offer.kind,
        offer.forward,
        offer.backward,
        support,
        judges=offer.judges,
        name=offer.name,
    )
    remarks = []
    if offer.left_out:
        words = ", ".join(offer.left_out)
        remarks.append(f"{offer.name}: refused when tried, so not asked for: {words}")
    if has_ties(subject):
        rule = find_tie_rule(subject)
        words = f'share by the rule "{rule}"' if rule else "follow no rule"
        remarks.append(f"{offer.name}: tied maxima {words}")
        subject = replace(subject, ties=ties or rule)
    return judge(subject, seed=seed, examples=examples), remarks


def has_ties(subject: Subject) -> bool:
    """Tell whether there are maxima that can tie, and a gradient to share."""
    pools = subject.kind == "max_pool" and subject.backward is not None
    return pools or subject.kind == "mask"
