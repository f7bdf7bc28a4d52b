"""Which known bug an implementation has: one of the museum, or some of them at once.

A bug is named if it gives, on enough draws, the same wrong numbers as its exhibit.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache, partial
from itertools import chain, permutations, product
from typing import Any

import numpy as np

from ..._typing import Array, Ties
from ..bugs.conv_template import conv_bug
from ..bugs.exhibit import Exhibit
from ..bugs.museum import MUSEUM
from ..bugs.pool_template import max_bug, mean_bug
from ..errors import NOT_THERE, NOT_WRITTEN, SubjectError
from ..laws.comparison import BrokenLawError, tolerance
from ..laws.subject import Subject
from ..laws.table import FIRST, laws_for
from ..laws.ties import TIE_RULES
from ..strategies import Case
from ..support import Support
from .kinds import subject_of
from .one_axis import of_any_axes
from .report import Finding, Status, Verdict
from .search import (
    Trial,
    calls_again,
    draw_trials,
    find_broken_laws,
    first_look,
    in_small_numbers,
    numbers,
    same_failure,
    shrink,
    try_again,
)
from .what_it_does import what_it_does
from .when_it_fails import when_it_fails

__all__ = [
    "agrees",
    "diagnose",
    "find_tie_rule",
    "has_ties",
    "in_words",
    "mutant",
    "name_the_bug",
]


MAKE: dict[str, Callable[..., Exhibit]] = {
    "conv": conv_bug,
    "max_pool": max_bug,
    "avg_pool": mean_bug,
}


EVIDENCE_DRAWS = 16  # on which a bug must agree with an exhibit to be named after it


def diagnose(
    subject: Subject,
    *,
    seed: int,
    examples: int,
    begun: Mapping[str, Trial] | None = None,
    template: Sequence[str] = (),
) -> list[Verdict]:
    """
    Put all laws to an implementation.

    Parameters
    ----------
    subject : Subject
    seed, examples : int
        What is drawn, and how often for each law.
    begun : mapping, optional
        The laws that are known to be broken, if there was a first look already.
    template : sequence of str, optional
        Keys of bugs that are named however short time is: they may count for nothing.

    Returns
    -------
    list of Verdict
        In the order of the laws.
    """
    laws = laws_for(subject)
    begun = first_look(subject) if begun is None else begun
    broken, put = find_broken_laws(laws, subject, begun, seed=seed, examples=examples)
    stops = [trial for trial in broken.values() if trial.stopped]
    verdicts: list[Verdict] = []
    findings: list[Finding] = []
    for law in laws:
        stop = next((trial for trial in stops if calls_again(law, trial)), None)
        trial = broken.get(law.name, stop)
        if trial is None:
            left = law.name not in put
            cause = crash_of(findings, "forward") if left else None
            status: Status = "not checked" if left else "holds"
            verdicts.append(Verdict(subject.name, law, status, cause))
            continue
        if is_unwritten(trial):
            finding = next((f for f in findings if is_unwritten(f.trial)), None)
            if finding is None or part_of(finding.trial) != part_of(trial):
                finding = Finding(subject.name, subject.kind, law, trial)
                findings.append(finding)
            status = "not checked" if is_gone(trial) else "not written"
            verdicts.append(Verdict(subject.name, law, status, finding))
            continue
        more: tuple[Trial, ...] = ()
        drawn = subject
        finding = same_crash(trial, findings)
        if finding is None and stop is None:
            more = evidence(trial, drawn, seed)
            if not any(each.failure for each in more):
                drawn = subject.at_large()
                more = evidence(trial, drawn, seed)
            finding = known(trial, subject, findings, more)
            if finding is None:
                smallest = shrink(law, drawn, seed=seed, examples=2 * examples)
                trial = smallest or in_small_numbers(trial, drawn)
                finding = same_crash(trial, findings)
            if late := next((each for each in (*more, trial) if each.stopped), None):
                # Only now did it not return: begin again, knowing that.
                begun = {**begun, FIRST.name: replace(late, law=FIRST)}
                return diagnose(
                    subject,
                    seed=seed,
                    examples=examples,
                    begun=begun,
                    template=template,
                )
        if finding is None:
            finding = new_finding([trial, *more], drawn, findings, seed, template)
            findings.append(finding)
        status = "advice" if law.advice else "broken"
        if law.name not in broken:
            status = "not checked"
        verdicts.append(Verdict(subject.name, law, status, finding))
    return verdicts


def new_finding(
    trials: list[Trial],
    drawn: Subject,
    findings: list[Finding],
    seed: int,
    template: Sequence[str],
) -> Finding:
    """Return what broke a law: a known bug, or what is done instead."""
    trial, *more = trials
    bug = None
    if len(more) < EVIDENCE_DRAWS // 2:  # time is short
        bug = one_of(() if trial.law.advice else template, trials, drawn)
    elif not is_crash_after_wrong_numbers(trial, findings):
        bug = bug_behind(trials, drawn, seed)
    does = when = ""
    if bug is None:
        legal = [each for each in trials if each.law.oracle or each.law is FIRST]
        if isinstance(trial.failure, BrokenLawError):
            does = what_it_does(drawn, legal)
        when = "" if does else when_it_fails(drawn.kind, legal)
    return Finding(drawn.name, drawn.kind, trial.law, trial, bug, does, when)


def one_of(
    keys: Sequence[str], trials: list[Trial], subject: Subject
) -> Exhibit | None:
    """Return the first of some bugs that explains trials, however few they are."""
    bugs = (bug for bug in MUSEUM if bug.key in keys)
    return next((bug for bug in bugs if agrees(bug, subject, trials)), None)


def bug_behind(trials: list[Trial], drawn: Subject, seed: int) -> Exhibit | None:
    """Return the known bug that explains some trials; others where they only raise."""
    bug = name_the_bug(trials, drawn)
    raised = any(isinstance(t.failure, SubjectError) for t in trials[1:])
    if bug and not bug.error and (raised or AND in bug.key):
        # What is raised tells less than numbers do, and several bugs can explain a
        # lot: it takes more to tell.
        again = evidence(trials[0], drawn, seed + 1, 3 * EVIDENCE_DRAWS)
        bug = bug if agrees(bug, drawn, [trials[0], *again]) else None
    return bug


def is_crash_after_wrong_numbers(trial: Trial, findings: list[Finding]) -> bool:
    """Tell whether a call crashed where wrong numbers have had no name before.

    Many bugs crash alike: the one that has the wrong numbers is not among them.
    """
    nameless = any(f.law.oracle and f.exhibit is None for f in findings)
    return nameless and isinstance(trial.failure, SubjectError)


def is_unwritten(trial: Trial) -> bool:
    """Tell whether a call met a template left as it was, or a file not handed in."""
    failure = trial.failure
    written = isinstance(failure, SubjectError) and failure.kind == NOT_WRITTEN
    return written or is_gone(trial)


def is_gone(trial: Trial) -> bool:
    """Tell whether a call met a file that was not handed in."""
    failure = trial.failure
    return isinstance(failure, SubjectError) and failure.kind == NOT_THERE


def part_of(trial: Trial) -> str:
    """Return the part in which a call failed, if it is known."""
    return trial.failure.part if isinstance(trial.failure, SubjectError) else ""


def crash_of(findings: list[Finding], part: str) -> Finding | None:
    """Return the finding of a part that raised, if there is one."""
    return next((f for f in findings if part_of(f.trial) == part), None)


def evidence(
    trial: Trial, subject: Subject, seed: int, count: int = EVIDENCE_DRAWS
) -> tuple[Trial, ...]:
    """Draw some more trials that tell bugs apart."""
    laws = [trial.law]
    if trial.law is FIRST:
        # One small call tells little; the laws about numbers tell more, and where
        # forward raised, backward may have a bug of its own.
        numbers = [law for law in laws_for(subject) if law.oracle and not law.follows]
        laws = numbers[: 1 if part_of(trial) == "forward" else 2]
    drawn = draw_trials(laws, subject, count=count, seed=seed + 1)
    trials = chain.from_iterable(drawn.values())
    return tuple(trial for trial in trials if not trial.skipped)


def known(
    trial: Trial, subject: Subject, findings: list[Finding], more: tuple[Trial, ...]
) -> Finding | None:
    """Return the earlier finding that explains why this law is broken too."""
    for finding in findings:
        if finding.exhibit and agrees(finding.exhibit, subject, [trial, *more]):
            return finding
    # Sums and shapes are wrong where numbers are: that is no news.
    if trial.law.follows:
        return next((f for f in findings if f.law.array or f.law.oracle), None)
    return None


def same_crash(trial: Trial, findings: list[Finding]) -> Finding | None:
    """Return the finding of a call that failed in the same way."""
    if not isinstance(trial.failure, SubjectError):
        return None
    again = (f for f in findings if same_failure(trial.failure, f.trial.failure))
    return next(again, None)


def name_the_bug(trials: list[Trial], subject: Subject) -> Exhibit | None:
    """
    Find the exhibit of the museum, or some of them, that go wrong in the same way.

    Parameters
    ----------
    trials : list of Trial
        First the smallest input on which the law is broken; then some more, on all of
        which the exhibit must agree: be wrong in the same way, or right.
    subject : Subject

    Returns
    -------
    Exhibit or None
    """
    is_advice = trials[0].law.advice
    own = [exhibit for exhibit in MUSEUM if exhibit.kind == subject.kind]
    others = [spelling for exhibit in own for spelling in exhibit.spellings]
    agreeing = (
        bug
        for bug in chain(own, others)
        if agrees(bug, subject, trials) and (not is_advice or is_harmless(bug))
    )
    alone = next(agreeing, None)
    if alone is not None and any(isinstance(t.failure, SubjectError) for t in trials):
        # Bugs that both leave an array stick out by different numbers.
        every = [alone, *agreeing]
        alone = max(every, key=lambda bug: same_to_the_number(bug, subject, trials))
    # Advice is one thing at a time: what breaks it may have no numbers to compare.
    if alone is not None or is_advice:
        return alone
    return named_together(trials, subject, [*own, *others])


def known_by_its_error(trials: list[Trial], bugs: Iterable[Exhibit]) -> Exhibit | None:
    """Return the bug that is known by the error alone that all failures are."""
    failures = [trial.failure for trial in trials if trial.failure is not None]
    for bug in bugs:
        if (
            bug.error
            and failures
            and all(
                isinstance(each, SubjectError)
                and each.crashed  # else the call itself may be misread
                and re.match(bug.error, f"{each.kind}: {each.detail}")
                # What the loader left out is no mistake of the author's.
                and "was not set" not in str(each)
                for each in failures
            )
        ):
            return bug
    return None


AND = " and "  # between the keys of several bugs
MOST_BUGS = 3  # at once
BEAM = 6  # so many that explain most are followed up
MOST_TRIES = 500  # of several bugs at once
FEW_FAILURES = 4  # fewer tell nothing of several bugs


def named_together(
    trials: list[Trial], subject: Subject, bugs: Sequence[Exhibit]
) -> Exhibit | None:
    """
    Find bugs that together go wrong like an implementation, one after the other.

    One that explains some trials is the first, for there the others do not show; the
    next must explain some more, until none are left.
    """
    failing = {n for n, trial in enumerate(trials) if trial.failure is not None}
    if len(failing) < FEW_FAILURES:
        return None
    usable = [bug for bug in bugs if bug.steps and not bug.error and not bug.unsteady]
    alone = [(bug, *compared(bug, subject, trials)) for bug in usable]
    wrong = {id(bug): its_wrong for bug, _, its_wrong in alone}
    # What goes wrong in no trial does nothing beside another one.
    shown = [(missed, bug) for bug, missed, its_wrong in alone if its_wrong]
    found = [(missed, bug) for missed, bug in shown if len(missed) < len(failing)]
    tries = iter(range(MOST_TRIES))
    for _ in range(1, MOST_BUGS):
        best = sorted(found, key=lambda each: len(each[0]))[:BEAM]
        # Where each hides the other everywhere, they have to do the same step.
        last = [each for each in shown if "done" in each[1].steps]
        followed = product(best, shown) if best else permutations(last, 2)
        found = []
        for (missed, bug), (_, other) in followed:
            first = sorted(missed, key=lambda n: trials[n].size)[:2]
            if not wrong[id(other)].intersection(first):
                continue  # nor does it there
            both = together(bug, other)
            if both is None:
                continue
            if subject.deadline.is_over() or next(tries, None) is None:
                return None
            again, _ = compared(both, subject, [trials[n] for n in first])
            if len(again) == len(first):
                continue
            left, _ = compared(both, subject, trials)
            if not left:
                return both
            if len(left) < len(missed):
                found.append((left, both))
    return None


def compared(
    exhibit: Exhibit, subject: Subject, trials: list[Trial]
) -> tuple[set[int], set[int]]:
    """Return in which trials an exhibit does something else, and in which wrong."""
    stand_in = mutant(exhibit, subject)
    again = [try_again(stand_in, trial).failure for trial in trials]
    pairs = enumerate(zip(again, trials, strict=True))
    missed = {n for n, (one, t) in pairs if not same_failure(one, t.failure)}
    return missed, {n for n, failure in enumerate(again) if failure}


def together(one: Exhibit, other: Exhibit) -> Exhibit | None:
    """Return two exhibits as one, unless they replace the same step.

    What is done at the end can be done by both, one after the other.
    """
    steps = {**one.steps, **other.steps}
    for name in one.steps.keys() & other.steps.keys():
        if name != "done" or one.steps[name] is other.steps[name]:
            return None
        steps[name] = one_after_the_other(one.steps[name], other.steps[name])
    keys = {*one.key.split(AND), other.key}
    if other.key in one.key.split(AND):
        return None
    bugs = [bug for bug in MUSEUM if bug.key in keys]
    told = ("name", "why", "fix", "source")
    words = {word: "; and ".join(getattr(b, word) for b in bugs) for word in told}
    return MAKE[one.kind](key=AND.join(bug.key for bug in bugs), **words, **steps)


def one_after_the_other(
    first: Callable[..., Any], second: Callable[..., Any]
) -> Callable[..., Any]:
    """Return a step that does one thing to gradients, then another."""

    def done(*arguments: Any) -> Any:
        found = first(*arguments)
        gradients = found if isinstance(found, tuple) else (found,)
        return second(*gradients, *arguments[len(gradients) :])

    return done


@cache
def is_harmless(exhibit: Exhibit) -> bool:
    """Tell whether a bug gives right numbers in all small calls."""
    plane = Support(axes=(2,))
    subject = subject_of(exhibit.kind, exhibit.forward, exhibit.backward, plane)
    try:
        return all(map(partial(is_right, subject), subject.small))
    except Exception:  # some bugs raise
        return False


def is_right(subject: Subject, case: Case) -> bool:
    """Tell whether the numbers of a call are right, on the way back too."""
    (y, cache), (right, right_cache) = subject.run(case), subject.right(case)
    if not same(y, right) or subject.backward is None:
        return same(y, right)
    dy = np.arange(1.0, right.size + 1).reshape(right.shape)
    wanted = subject.right_gradients(dy, right_cache)
    return all(map(same, subject.gradients(dy, cache), wanted))


def mutant(exhibit: Exhibit, subject: Subject, *, around: bool = True) -> Subject:
    """Return a subject with its functions replaced by those of an exhibit."""
    forward = exhibit.forward
    backward = exhibit.backward if subject.backward is not None else None
    if exhibit.kind in ("conv", "max_pool", "avg_pool"):
        pair = forward, backward
        forward, backward = of_any_axes(exhibit.kind, *pair, around=around)
    return replace(subject, forward=forward, backward=backward)


# What NumPy says where a window or an index sticks out of an array.
OUT_OF_PLACE = re.compile(
    "out of bounds|broadcast|zero-size|empty|mismatch|not aligned|cannot reshape"
)


FEW_ERRORS = 3  # fewer that only are alike may have other reasons
# Of the arrays that exhibits can be put to.
KNOWN_AXES = {"conv": (3, 4), "max_pool": (3, 4), "avg_pool": (3, 4), "im2col": (4,)}


def agrees(exhibit: Exhibit, subject: Subject, trials: list[Trial]) -> bool:
    """Tell whether an exhibit does the same on all draws that it can be put to.

    What sticks out of an array raises an IndexError in one spelling and a ValueError in
    another. They count as the same if other draws show that not every call ends so, and
    some do.
    """
    if exhibit.backward is None and subject.backward is not None:
        return False
    if exhibit.error:
        return known_by_its_error(trials, [exhibit]) is not None
    if does_the_same(mutant(exhibit, subject), exhibit, subject, trials):
        return True
    if exhibit.kind != "conv" or trials[0].case.arrays[0].ndim != 3:
        return False
    other = mutant(exhibit, subject, around=False)
    return does_the_same(other, exhibit, subject, trials)


def does_the_same(
    stand_in: Subject, exhibit: Exhibit, subject: Subject, trials: list[Trial]
) -> bool:
    """Tell whether what stands in for an implementation does the same as it."""
    known = KNOWN_AXES.get(exhibit.kind)
    axes = trials[0].case.arrays[0].ndim
    if known and axes not in known:
        return False
    returned, alike, raised = False, False, []
    for trial in trials:
        if known and trial.case.arrays[0].ndim != axes:
            continue  # what it does over other axes it may do in another way
        failure = try_again(stand_in, trial).failure
        if same_failure(failure, trial.failure):
            returned |= failure is None or isinstance(failure, BrokenLawError)
            alike |= failure is not None
        elif is_out_of_place(failure) and is_out_of_place(trial.failure):
            raised.append(trial)
        elif not (exhibit.unsteady and is_unsteady(failure, subject, trial)):
            return False
    few = len(raised) < FEW_ERRORS or is_plain(raised, trials)
    return not raised or (returned and (alike or not few))


def is_plain(some: list[Trial], trials: list[Trial]) -> bool:
    """Tell whether some trials are those in which one thing is not as plain as can be.

    Many bugs show with padding only, say: that calls fail then tells none of them.
    """
    told = [any(trial is each for each in some) for trial in trials]
    columns = zip(*map(turned, trials), strict=True)
    return any(told == list(column) for column in columns)


def turned(trial: Trial) -> list[bool]:
    """Return which things are not as plain as they can be in a call."""
    arrays, settings = trial.case
    sizes = [arrays[0].shape[0], *(array.shape[-1] for array in arrays)]
    sizes += [max(numbers((settings.get(name), 1))) for name in ("stride", "dilation")]
    padding = settings.get("padding")
    return [*(size > 1 for size in sizes), padding == "same" or any(numbers(padding))]


def same_to_the_number(exhibit: Exhibit, subject: Subject, trials: list[Trial]) -> int:
    """Count the trials in which an exhibit fails with the very same words."""
    stand_in = mutant(exhibit, subject)
    failures = ((try_again(stand_in, trial).failure, trial.failure) for trial in trials)
    return sum(
        isinstance(one, SubjectError)
        and isinstance(other, SubjectError)
        and one.detail == other.detail
        for one, other in failures
    )


def is_out_of_place(failure: Exception | None) -> bool:
    """Tell whether a call failed because something stuck out of an array."""
    if failure is None or isinstance(failure, BrokenLawError):
        return False
    said = failure.detail if isinstance(failure, SubjectError) else str(failure)
    return OUT_OF_PLACE.search(said) is not None


def is_unsteady(failure: Exception | None, subject: Subject, trial: Trial) -> bool:
    """Tell whether a subject is wrong elsewhere, and not in the same way twice."""
    one, other = failure, trial.failure
    if not isinstance(one, BrokenLawError) or not isinstance(other, BrokenLawError):
        return False
    again = try_again(subject, trial).failure
    return one.what == other.what and not same_failure(other, again)


ONE_WINDOW = {"kernel_size": (2, 2), "stride": 2}
UPSTREAM = np.full((1, 1, 1, 1), 12.0)  # halves, thirds and quarters of it are whole


def has_ties(subject: Subject) -> bool:
    """Tell whether there are maxima that can tie, and a gradient to share."""
    pools = subject.kind == "max_pool" and subject.backward is not None
    return pools or subject.kind == "mask"


def find_tie_rule(subject: Subject) -> Ties | None:
    """Find the rule by which tied maxima share; None if they follow none."""
    left = list(TIE_RULES)
    rng = np.random.default_rng(0)
    for _ in range(8):
        window = rng.integers(0, 2, (2, 2)).astype(float)
        found = share(subject, window)
        left = [
            ties for ties in left if same(found, right_share(subject, window, ties))
        ]
    return left[0] if left else None


def in_words(rule: Ties | None, subject: Subject) -> str:
    """Say by which rule tied maxima share, and where that was seen.

    That each gets all of it is what some courses teach and what the museum shows as a
    bug: it gets its name, though it need not fail.
    """
    if rule is None:
        return "follow no rule"
    known = ""
    if rule == "split":
        known = ", as in the gradients of torch.amax and jax.numpy.max"
    if rule == "all" and (bug := exhibit_of(rule, subject)):
        known = f": {bug.name} ({bug.key}; seen: {bug.source}); {bug.why}"
    return f'share by the rule "{rule}"{known}'


def exhibit_of(rule: Ties, subject: Subject) -> Exhibit | None:
    """Return the bug on show by which tied maxima share in this way."""
    for bug in MUSEUM:
        if bug.kind == subject.kind:
            stand_in = replace(subject, forward=bug.forward, backward=bug.backward)
            with suppress(Exception):  # some bugs raise
                if find_tie_rule(stand_in) == rule:
                    return bug
    return None


def share(subject: Subject, window: Array) -> Array:
    """Ask how one window is shared: 1 to each winner from a mask, or 12 in all."""
    if subject.kind == "mask":
        return subject.run(Case((window,), {}))[0]
    _, cache = subject.run(Case((window.reshape(1, 2, 2, 1),), ONE_WINDOW))
    return subject.gradients(UPSTREAM, cache)[0]


def right_share(subject: Subject, window: Array, ties: Ties) -> Array:
    """Share one window by a rule."""
    assert subject.oracle is not None
    if subject.kind == "mask":
        return subject.oracle.forward(window, ties=ties)[0]
    image = window.reshape(1, 2, 2, 1)
    _, cache = subject.oracle.forward(image, **ONE_WINDOW, ties=ties)
    return subject.right_gradients(UPSTREAM, cache)[0]


def same(found: Array, wanted: Array) -> bool:
    """Tell whether two shares are equal, up to rounding."""
    return found.shape == wanted.shape and bool(
        np.all(np.abs(found - wanted) <= tolerance(found, wanted))
    )
