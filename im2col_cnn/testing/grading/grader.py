"""Grade functions or a file: try them, check the laws, name the bugs, report.

`check_module` grades a file in a process of its own, `check_conv`, `check_pool` and
`check_im2col` functions in this one.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from math import inf
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

from ..._checks import as_above_zero, as_choice, as_int, as_path, require_kind
from ..._interrupts import interruptible, without_interrupt
from ..._typing import Ties
from ..dialects.capabilities import Crash, limits, tried
from ..dialects.dialect import Offer
from ..dialects.native import column_offer, pair_offer
from ..dialects.table import DIALECTS, GUESSES
from ..errors import MISCALLED, SubjectError, SubjectStoppedError, TimeIsUpError
from ..isolation.loader import HomeworkError, require_file
from ..isolation.process import IsolatedModule, offers_in
from ..laws.subject import Deadline, Subject
from ..laws.table import FIRST, laws_for
from ..laws.ties import TIE_RULES
from ..strategies import Case
from ..support import Support
from .diagnosis import diagnose, find_tie_rule, has_ties, in_words, mutant
from .kinds import KINDS, subject_of, with_right_output
from .points import as_selectors, is_offered, is_selected
from .reading import (
    choose,
    how_it_is_read,
    most_common,
    offered,
    pasted,
    usual_words,
    with_unread,
    words_of,
)
from .report import Finding, Report, Verdict
from .search import Trial, first_look, same_failure, stopped_by, try_again

__all__ = [
    "as_drawn",
    "check_conv",
    "check_function",
    "check_im2col",
    "check_module",
    "check_pool",
    "grade",
]

MAX_EXAMPLES = 2**20  # per law


@without_interrupt()  # but in what is graded: `np.errstate` might be left as set here
def check_function(
    offer: Offer,
    support: Support | None,
    seed: int,
    examples: int,
    *,
    strict: bool,
    ties: Ties | None = None,
) -> Report:
    """Grade one implementation in this process."""
    seed, examples = as_drawn(seed, examples, ties)
    if support is not None:
        require_kind(support, "support", Support)
        offer = replace(offer, support=support, claims=False)
    verdicts, remarks = grade(offer, seed, examples, ties)
    return Report(
        offer.name,
        tuple(verdicts),
        remarks=tuple(remarks),
        seed=seed,
        examples=examples,
        strict=strict,
    )


def as_drawn(seed: int, examples: int, ties: Ties | None) -> tuple[int, int]:
    """Return seed and examples; check the rule for ties."""
    if ties is not None:
        as_choice(ties, "ties", TIE_RULES)
    examples = as_int(examples, "examples", at_least=1)
    if examples >= MAX_EXAMPLES:
        raise ValueError(f"examples must be less than 2**20, got {examples}")
    return as_int(seed, "seed", at_least=0), examples


def grade(
    offer: Offer, seed: int, examples: int, ties: Ties | None, seconds: float = inf
) -> tuple[list[Verdict], list[str]]:
    """Grade one kind of function in four steps; return verdicts and remarks.

    The steps: probe what it accepts, make small calls, detect the tie rule, check the
    laws. A call that hangs ends the grading at that step.
    """
    support, left_out, crashes, begun = probed(offer)
    subject = subject_of(
        offer.kind,
        offer.forward,
        offer.backward,
        support,
        graded=offer.graded,
        name=offer.name,
    )
    remarks = []
    if left_out:
        remarks.append(f"refused when tried, so not asked for: {', '.join(left_out)}")
    remarks += told(crashes)
    begun = begun or first_look(subject)
    if has_ties(subject) and not any(trial.stopped for trial in begun.values()):
        rule: Ties | None = None
        try:
            rule = find_tie_rule(subject)
        except SubjectStoppedError as stop:
            begun = {FIRST.name: stopped_by(stop, FIRST)}
        except (Exception, TimeIsUpError):  # the laws will meet it again
            pass
        else:
            remarks.append(f"tied maxima {in_words(rule, subject)}")
        subject = replace(subject, ties=ties or rule)
    # Not before: what was waited for in vain costs the laws no time.
    subject = replace(subject, deadline=Deadline(seconds))
    verdicts = diagnose(
        subject, seed=seed, examples=examples, begun=begun, template=offer.template
    )
    if (asked := by_template(verdicts, offer, subject)) and (
        less := narrowed(offer, support)
    ):
        # What the course's template makes everyone write is told once, as advice.
        again = replace(
            subject_of(
                offer.kind,
                offer.forward,
                offer.backward,
                less,
                graded=offer.graded,
                name=offer.name,
            ),
            ties=subject.ties,
            deadline=subject.deadline,
        )
        with suppress(TimeIsUpError):
            verdicts = diagnose(again, seed=seed, examples=examples)
            law = replace(asked.law, advice=True)
            verdicts.append(Verdict(offer.name, law, "advice", asked))
            remarks.append(
                f"asked only where the course's template works: {asked.headline}"
            )
    verdicts = [*verdicts_of_backward(verdicts, offer, subject, seed, examples)]
    for crash in [each for each in crashes.values() if each.is_named][:1]:
        law = replace(FIRST, advice=True)
        case = Case(crash.arrays, crash.settings)
        trial = Trial(law, (("case", case),), crash.error)
        finding = Finding(offer.name, offer.kind, law, trial)
        verdicts.append(Verdict(offer.name, law, "advice", finding))
    if offer.uncalled:
        put = {verdict.law.name for verdict in verdicts}
        verdicts += (v for v in not_checked(offer) if v.law.name not in put)
    if subject.deadline.met:
        few = f"time was short, so it got fewer than {examples} examples per law"
        remarks.append(f"{few}; --total-seconds gives more")
    verdicts = [replace(verdict, kind=offer.kind) for verdict in verdicts]
    return verdicts, [f"{offer.name}: {remark}" for remark in remarks]


def told(crashes: Mapping[str, Crash]) -> list[str]:
    """Say what crashed when it was tried, and in which line."""
    by_line: dict[str, list[str]] = {}
    for words, crash in crashes.items():
        by_line.setdefault(str(crash.error).rpartition(" (")[2], []).append(words)
    return [
        f"crashed when tried, so not asked for: {', '.join(words)}: "
        f"{str(crashes[words[0]].error).partition(' raised ')[2]}"
        for words in by_line.values()
    ]


def verdicts_of_backward(
    verdicts: list[Verdict], offer: Offer, subject: Subject, seed: int, examples: int
) -> Iterator[Verdict]:
    """Yield verdicts; those of a backward whose forward crashes, of it by itself."""
    again: dict[str, Verdict] = {}
    left = {v.law.name for v in verdicts if v.status == "not checked" and v.finding}
    if left and offer.cached and offer.backward:
        cached = with_right_output(subject.oracle, offer.cached)
        alone = replace(subject, forward=cached, graded=("backward",))
        with suppress(TimeIsUpError):
            found = diagnose(alone, seed=seed, examples=examples)
            again = {each.law.name: each for each in found}
    for verdict in verdicts:
        name = verdict.law.name
        yield again[name] if name in left and name in again else verdict


def not_checked(offer: Offer) -> list[Verdict]:
    """Say of every law that it was not put to a function."""
    backward, graded = offer.backward, offer.graded
    if offer.uncalled:
        backward, graded = offer.forward, ("forward", "backward")
    subject = subject_of(
        offer.kind, offer.forward, backward, offer.support, graded=graded
    )
    return [
        Verdict(offer.name, law, "not checked", kind=offer.kind)
        for law in laws_for(subject)
    ]


def by_template(
    verdicts: list[Verdict], offer: Offer, subject: Subject
) -> Finding | None:
    """Return the finding of a bug that the course's own template asks for.

    It is no excuse for what only resembles it.
    """
    for verdict in verdicts:
        finding = verdict.finding
        exhibit = finding.exhibit if finding else None
        if (
            exhibit
            and finding
            and any(key in offer.template for key in exhibit.key.split(" and "))
        ):
            again = try_again(mutant(exhibit, subject), finding.trial)
            if same_failure(again.failure, finding.trial.failure):
                return finding
    return None


def narrowed(offer: Offer, support: Support) -> Support | None:
    """Return what is left to ask for where the template's bug does not show."""
    if offer.kind != "conv":
        return replace(support, stride_is_kernel=True)
    if "int" in support.paddings:
        return replace(support, pads=(1, 2))
    if centred := tuple(p for p in support.paddings if p.startswith("centred")):
        return replace(support, paddings=centred, kernels=(3,))
    return None


def probed(
    offer: Offer,
) -> tuple[Support, tuple[str, ...], dict[str, Crash], dict[str, Trial]]:
    """Return what an offer takes, what it refused or crashed at, and how it stopped."""
    if isinstance(offer.stopped, SubjectStoppedError):
        return offer.support, (), {}, {FIRST.name: stopped_by(offer.stopped, FIRST)}
    offer = replace(offer, forward=interruptible(offer.forward))
    try:
        if offer.claims:
            return *tried(offer), {}
        if "forward" in offer.graded:
            return *limits(offer), {}
    except SubjectStoppedError as stop:
        return offer.support, (), {}, {FIRST.name: stopped_by(stop, FIRST)}
    return offer.support, (), {}, {}


EXAMPLES = 25
TOTAL_SECONDS = (
    20.0  # seconds that so many examples may take, for all functions of a file
)


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
    return check_function(offer, support, seed, examples, strict=strict)


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
    as_choice(mode, "mode", ("max", "average"))
    kind = "max_pool" if mode == "max" else "avg_pool"
    offer = pair_offer(kind, forward, backward)
    return check_function(offer, support, seed, examples, strict=strict, ties=ties)


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
    return check_function(offer, support, seed, examples, strict=strict)


@without_interrupt()  # or a process, or a file of it, might be left
def check_module(
    path: str | os.PathLike[str],
    *,
    dialect: str | None = None,
    ties: Ties | None = None,
    seed: int = 0,
    examples: int = EXAMPLES,
    strict: bool = False,
    only: str | Sequence[str] | None = None,
    seconds: float = 5.0,
    total_seconds: float | None = None,
    megabytes: int = 2048,
    python: str | None = None,
    adapter: str | os.PathLike[str] | None = None,
    also: Sequence[str | os.PathLike[str]] = (),
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
    only : str or sequence of str, optional
        The functions and parts to report on: ``"conv_backward"``, ``"dx"``,
        ``"max_pool.backward"``. By default all that are there.
    seconds : float
        How long a call may take. After each that did not return, the next may take
        half as long, down to one second.
    total_seconds : float, optional
        How long all of it may take, to the second: 20, and more for more than 25
        examples. Where time is short, functions that are slow get fewer examples, or
        none, and the report says which.
    megabytes : int
        How much address space the process may have.
    python : str, optional
        The interpreter that runs the file, with a NumPy of its own from 1.23 on; by
        default the one that runs this.

    adapter : str or Path, optional
        A file that says how to call functions that no dialect knows: ``SCRIPTS``, or
        functions with the names of this package and a ``SUPPORT``.
    also : sequence of path, optional
        Other files with functions that belong to it.

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
    >>> report = check_module(loops.conv.__file__, examples=2)
    >>> report.dialect, report.ok
    ('native', True)
    """
    its_adapter = None if adapter is None else as_path(adapter, "adapter")
    path = as_path(path, "path")
    others = [as_path(each, "also") for each in also]
    for file in filter(None, (path, its_adapter, *others)):
        require_file(file)
    seed, examples = as_drawn(seed, examples, ties)
    if dialect is not None:
        as_choice(dialect, "dialect", tuple(DIALECTS))
    only = as_selectors(only)
    as_above_zero(seconds, "seconds")
    as_int(megabytes, "megabytes", at_least=256)
    if total_seconds is None:
        total_seconds = TOTAL_SECONDS * max(1.0, examples / EXAMPLES)
    end = monotonic() + total_seconds
    with IsolatedModule(
        path,
        dialect,
        seconds=seconds,
        megabytes=megabytes,
        python=python,
        adapter=its_adapter,
        until=end,
        also=others,
    ) as homework:
        try:
            found = homework.load()
        except (SubjectError, SubjectStoppedError) as error:
            raise HomeworkError(f"{path}: {error}") from error
        over = f"the {total_seconds:g} s were over; --total-seconds gives more"
        try:
            chosen, remarks = choose(
                offers_in(homework, found), found["promised"]["inside"]
            )
        except TimeIsUpError as error:
            raise HomeworkError(f"{path}: nothing was checked: {over}") from error
        if not chosen:
            raise HomeworkError(unread(path, found, homework.obstacles()))
        if its_adapter is not None:
            require_runnable(chosen)
        chosen, left = with_unread(chosen, found["promised"])
        left += (f"the homework does not fit {lack}" for lack in found["lacks"])
        remarks = [*left, *how_it_is_read(chosen), *remarks]
        read_as = most_common(chosen)
        remarks += missing(found, read_as)
        verdicts: list[Verdict] = []
        for _, offer in chosen:
            if only and not is_offered(offer.kind, offer.name, only):
                continue
            half = (end - monotonic()) / 2  # of the time left, for others want some
            try:
                its_verdicts, its_remarks = grade(offer, seed, examples, ties, half)
            except TimeIsUpError:
                its_verdicts = not_checked(offer)
                its_remarks = [f"{offer.name}: not checked: {over}"]
            verdicts += its_verdicts
            remarks += its_remarks
        verdicts = [v for v in verdicts if not only or is_selected(v, only)]
        require_checked(verdicts, only, path, unread(path, found), over)
        remarks += homework.notes()
        remarks += (
            f"it imports {tool}, which can convolve by itself"
            for tool in dict.fromkeys(found["tools"])
        )
        report = Report(
            path.name,
            tuple(verdicts),
            {
                kind: {**usual_words(read_as, kind), **words_of(chosen, kind)}
                for kind in KINDS
            },
            tuple(remarks),
            homework.printed(),
            read_as,
            seed,
            examples,
            strict,
        )
        offers = {offer.name: offer for _, offer in chosen}
        return replace(report, calls=pasted(report, offers))


def missing(found: dict[str, Any], read_as: str) -> Iterator[str]:
    """Say which names of a dialect a file does not define, and what did not run."""
    there, wanted = (found[key].get(read_as, ()) for key in ("names", "wanted"))
    names = [name for name in wanted if name not in there]
    if names and read_as not in GUESSES:  # those are no course's, to be asked for
        yield f"not there: {', '.join(names)}"
    for trouble in dict.fromkeys(found["trouble"]):
        yield f"passed over, {trouble}"


def require_runnable(chosen: Sequence[tuple[str, Offer]]) -> None:
    """Refuse an adapter of which a line cannot be run on the simplest call."""
    for _, offer in chosen:
        subject = offered(offer)
        try:
            y, cache = subject.run(subject.small[0])
            if offer.backward:
                subject.gradients(np.ones_like(y), cache)
        except SubjectError as error:
            if error.kind == MISCALLED:
                raise HomeworkError(str(error)) from error
        except (Exception, SubjectStoppedError, TimeIsUpError):  # the laws meet it too
            pass


def require_checked(
    verdicts: list[Verdict], only: Sequence[str], path: Path, unread: str, over: str
) -> None:
    """Say why nothing was checked, if nothing was."""
    if only and not verdicts:
        raise HomeworkError(f"{path}: has no {' and no '.join(only)} to check")
    if not verdicts:
        raise HomeworkError(unread)
    if all(v.status == "not checked" or v.law.advice for v in verdicts):
        gone = next((v.finding for v in verdicts if v.is_missing and v.finding), None)
        why = gone.problem if gone else over
        raise HomeworkError(f"{path}: nothing was checked: {why}")


def unread(path: Path, found: dict[str, Any], obstacles: Sequence[str] = ()) -> str:
    """Say that nothing could be checked, and what was tried."""
    tried = ", ".join(dict.fromkeys(offer.name for _, offer in found["offers"]))
    more = dict.fromkeys([*obstacles, *found["trouble"]])
    trouble = "".join(f"; {each}" for each in more)
    return (
        f"{path}: nothing was checked: {tried} could not be called in any known way"
        f"{trouble}; --dialect NAME or --adapter FILE.py says how"
    )
