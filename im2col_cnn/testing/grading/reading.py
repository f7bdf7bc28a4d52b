"""Find out in which dialect a file is written: signatures first, then tiny calls.

Several readings may fit a function: channels first or last, one image or many. Each is
called on tiny arrays of which no two axes are equally long; the reading that gives most
right numbers is taken, then the one that gives right shapes.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from ..dialects.capabilities import SPATIAL
from ..dialects.dialect import Offer
from ..dialects.pairs import is_plain
from ..dialects.table import DIALECTS, GUESSES
from ..errors import NOT_WRITTEN, SubjectError, SubjectStoppedError
from ..laws.comparison import BrokenLawError, equal, tolerance
from ..laws.subject import Subject
from ..strategies import Case
from ..support import Support
from .kinds import call_of, choices, subject_of
from .report import Report

__all__ = [
    "choose",
    "functions_of",
    "how_it_is_read",
    "most_common",
    "offered",
    "pasted",
    "score",
    "usual_words",
    "with_unread",
    "words_of",
]

RIGHT, RIGHT_SHAPE, RUNS = 6, 3, 1  # points of a call
HELPERS = ("mask", "share")
FIT = 0.8


def choose(
    candidates: Iterable[tuple[str, Offer]],
    inside: Mapping[str, Sequence[str]] | None = None,
) -> tuple[list[tuple[str, Offer]], list[str]]:
    """
    Choose one reading for every function of a file.

    Parameters
    ----------
    candidates : iterable of (str, Offer)
        The dialect and what it makes of the file.
    inside : mapping, optional
        Which functions others of the file do their work with, and which others.

    Returns
    -------
    chosen : list of (str, Offer)
    remarks : list of str
        Where two readings give the same numbers.
    """
    groups: dict[str, list[tuple[str, Offer]]] = {}
    for dialect, offer in candidates:
        groups.setdefault(functions_of(offer)[0], []).append((dialect, offer))
    chosen: list[tuple[str, Offer]] = []
    remarks = []
    all_ranked = [ranked for group in groups.values() if (ranked := rank(group))]
    firsts = [ranked[0][1] for ranked in all_ranked]
    most = max(firsts, key=firsts.count, default="")
    for ranked in (at_home(each, most) for each in all_ranked):
        best, dialect, _ = ranked[0]
        of_best = [each for each in ranked if each[1] == dialect]
        kinds: dict[tuple[str, int], Offer] = {}
        left: dict[int, str] = {}  # of how many axes, and why
        for points, _, offer in of_best:
            is_helper = offer.kind in HELPERS
            others = {axes for kind, axes in kinds if kind == offer.kind}
            axes = offer.support.axes[0]
            if others - {axes} and points < RIGHT_SHAPE:  # it takes no other images
                left[axes] = without_axes(offer)
                continue
            if not kinds or (ranked[0][2].kind in HELPERS) == is_helper:
                kinds.setdefault((offer.kind, axes), offer)
        read = {axes for _, axes in kinds}
        remarks += [why for axes, why in left.items() if axes not in read]
        chosen += [(dialect, offer) for offer in told_apart([*kinds.values()])]
        other = next((e for e in ranked if e[1] != dialect and e[0] >= best), None)
        if other and best >= 2 * RIGHT and other[2].described != ranked[0][2].described:
            remarks.append(
                f"{ranked[0][2].name} could be read as {other[1]} too; "
                f"--dialect {other[1]} does"
            )
    chosen = without_helpers(without_halves(chosen), inside or {})
    chosen, left_out = without_strangers(chosen)
    return chosen, [*remarks, *left_out]


def at_home(
    ranked: list[tuple[float, str, Offer]], most: str
) -> list[tuple[float, str, Offer]]:
    """Return readings without the best, if that is a stranger and others are none.

    A function that crashes in every call has the name of a course, maybe, and its
    arguments are those of none.
    """
    points, dialect, offer = ranked[0]
    if points >= RIGHT_SHAPE or dialect == most or offer.stopped or offer.is_sure:
        return ranked
    others = [each for each in ranked if each[1] == most or each[2].is_sure]
    return others if others and is_written(others[0][2]) else ranked


def is_written(offer: Offer) -> bool:
    """Tell whether a function is more than a template: that says nothing of a name."""
    subject = offered(offer)
    try:
        subject.run(subject.small[0])
    except SubjectError as error:
        return error.kind != NOT_WRITTEN
    except SubjectStoppedError:
        return True
    return True


def without_axes(offer: Offer) -> str:
    """Say why something is not asked for images with so many axes."""
    subject = offered(offer)
    try:
        y, cache = subject.run(subject.small[0])
        subject.gradients(np.ones_like(y), cache)
    except Exception as error:  # whatever homework may raise
        why = str(error)
    else:
        why = "its results have other shapes"
    images = SPATIAL[offer.support.axes[0]]
    return f"{offer.name}: not asked for images with {images}: {why}"


def told_apart(offers: list[Offer]) -> list[Offer]:
    """Put what differs behind the names of several offers of one function."""
    modes = {"max_pool": 'mode="max"', "avg_pool": 'mode="average"'}
    several = {
        "mode": {offer.kind for offer in offers} >= modes.keys(),
        "axes": len({offer.support.axes[0] for offer in offers}) > 1,
    }
    named = []
    for offer in offers:
        more = [modes[offer.kind]] if several["mode"] and offer.kind in modes else []
        more += [f"axes={offer.support.axes[0]}"] if several["axes"] else []
        named.append(replace(offer, name=", ".join([offer.name, *more])))
    return named


def functions_of(offer: Offer) -> list[str]:
    """Return the functions and classes that an offer calls."""
    return [name for name in offer.name.split(", ") if "=" not in name] or [offer.name]


def rank(
    group: list[tuple[str, Offer]],
) -> list[tuple[float, str, Offer]]:
    """Put the readings of one function in order, the best first."""
    scored = []
    alone = len({(dialect, offer.described) for dialect, offer in group}) == 1
    for dialect, offer in group:
        is_guess = dialect in GUESSES or offer.is_loose
        if alone and not is_guess:
            scored.append((0.0, dialect, offer))
            continue
        try:
            points = score(offer)
        except SubjectStoppedError as stop:  # the others would hang as well
            return [(0.0, dialect, replace(offer, stopped=simpler(stop, offer)))]
        if points < RIGHT_SHAPE and is_guess and not offer.is_sure:
            continue  # nothing speaks for it
        scored.append((points, dialect, offer))
    # Where a course has the layouts of a guess and gives as much, it is meant.
    known = [
        (points, offer)
        for points, dialect, offer in scored
        if dialect not in GUESSES and points >= RIGHT_SHAPE
    ]
    scored = [
        (points, dialect, offer)
        for points, dialect, offer in scored
        if dialect not in GUESSES
        or not any(
            gives_as_much(course, course_points, offer, points)
            for course_points, course in known
        )
    ]
    # Of a course and a guess that fit alike, the course is meant.
    scored = [
        (points * (FIT if dialect in GUESSES else 1), dialect, offer)
        for points, dialect, offer in scored
    ]
    return sorted(
        scored,
        key=lambda each: (
            -each[0],
            each[1] in GUESSES,
            -len(each[2].graded),
            -each[2].tightness,
        ),
    )


def gives_as_much(
    course: Offer, course_points: float, guess: Offer, guess_points: float
) -> bool:
    """Tell whether a course's call gives what a guess does, in the same layouts."""
    asked = [(o.support.input_gradient, o.support.bias) for o in (course, guess)]
    asks_more = any(
        in_course and not in_guess for in_course, in_guess in zip(*asked, strict=True)
    )
    enough = course_points >= guess_points or asks_more
    return layouts_of(course) == layouts_of(guess) and enough


def layouts_of(offer: Offer) -> tuple[str, ...]:
    """Return the layouts of the arrays of an offer, without their names."""
    return offer.kind, *re.findall(r"\(.*?\)", offer.described)


def without_strangers(
    chosen: list[tuple[str, Offer]],
) -> tuple[list[tuple[str, Offer]], list[str]]:
    """Leave out what only by its name is of another dialect than most of the file."""
    dialects = [dialect for dialect, _ in chosen]
    most = max(dialects, key=dialects.count, default="")
    kept, remarks = [], []
    for dialect, offer in chosen:
        sure = dialect == most or offer.stopped or offer.is_sure
        if sure or score(offer) >= RIGHT_SHAPE:
            kept.append((dialect, offer))
        else:
            remarks.append(f"{offer.name}: left out, it does not work as {dialect}")
    return kept, remarks


def without_helpers(
    chosen: list[tuple[str, Offer]], inside: Mapping[str, Sequence[str]]
) -> list[tuple[str, Offer]]:
    """Leave out what others that are read do their work with: it has its own ways.

    Of a pair both have to work for others, or nothing would be known of the other half.
    """
    read = {name for _, offer in chosen for name in functions_of(offer)}
    return [
        (dialect, offer)
        for dialect, offer in chosen
        if not all(read & set(inside.get(name, ())) for name in functions_of(offer))
        or (dialect not in GUESSES and score(offer) >= RIGHT_SHAPE)
    ]


def without_halves(chosen: list[tuple[str, Offer]]) -> list[tuple[str, Offer]]:
    """Leave out a backward by itself that belongs to a pair."""
    whole = {
        (offer.kind, name)
        for _, offer in chosen
        if len(offer.graded) == 2
        for name in functions_of(offer)
    }
    return [
        (dialect, offer)
        for dialect, offer in chosen
        if len(offer.graded) == 2
        or not all((offer.kind, name) in whole for name in functions_of(offer))
    ]


def simpler(stop: SubjectStoppedError, offer: Offer) -> SubjectStoppedError:
    """Return how the simplest call of all ends, if that ends no better."""
    subject = offered(offer)
    case = subject.small[0]
    try:
        y, cache = subject.run(case)
        if offer.backward:
            subject.gradients(np.ones_like(y), cache)
    except SubjectStoppedError as simplest:
        return simplest
    except Exception:  # it is the larger one that stops
        return stop
    return stop


def offered(offer: Offer) -> Subject:
    """Return what an offer holds as a subject of laws."""
    return subject_of(
        offer.kind,
        offer.forward,
        offer.backward,
        offer.support,
        graded=offer.graded,
        name=offer.name,
    )


def score(offer: Offer) -> float:
    """Return how much tiny calls speak for a reading."""
    if offer.claims:  # it may take one number only
        offer = replace(offer, support=narrow(offer.support))
    subject = offered(offer)
    points = 0.0
    calls = subject.small[:2] if offer.kind in HELPERS else telling_calls(offer)
    for case in calls:
        try:
            with np.errstate(all="ignore"):
                y, cache = subject.run(case)
                right, right_cache = subject.right(case)
                points += compared(y, right)
                oracle = subject.oracle
                if offer.backward and oracle and oracle.backward:
                    dy = np.arange(1.0, right.size + 1).reshape(right.shape)
                    wanted = subject.right_gradients(dy, right_cache)
                    found = subject.gradients(dy, cache)
                    pairs = subject.named(found, wanted)
                    points += min(compared(a, b) for _, a, b in pairs) / 2
        except Exception as error:  # a wrong reading raises what it will
            points -= "values to unpack" in str(error)
    return points


def narrow(support: Support) -> Support:
    """Return what even the plainest implementation takes of this."""
    return replace(
        support,
        axes=(2,),
        stride=min(support.stride, "one", key=("none", "one", "each").index),
        paddings=("int",) if support.paddings else (),
        dilation="none",
        groups=False,
    )


def compared(found: object, wanted: object) -> int:
    """Return the points of one result."""
    if not isinstance(found, np.ndarray) or not isinstance(wanted, np.ndarray):
        return 0
    if found.shape != wanted.shape:
        return RUNS
    if np.all(equal(found, wanted, tolerance(found, wanted))):
        return RIGHT
    return RIGHT_SHAPE


def telling_calls(offer: Offer) -> list[Case]:
    """Return a few calls in which axes differ in length, as far as they may."""
    support = offer.support
    turned = choices(offer.kind, support)
    simplest = {name: values[0] for name, values in turned.items()}
    simplest["stops"] = turned["stops"][-1]
    simplest["images"] = turned["images"][-1]
    simplest["channels"] = 3 if len(turned["channels"]) > 1 else turned["channels"][0]
    simplest["groups"] = 1
    plans = [simplest]
    plans += [simplest | {"stride": stride} for stride in turned["stride"][1:2]]
    plans += [simplest | {"padding": form} for form in turned["padding"][1:2]]
    square = simplest | {"stops": turned["stops"][0]}  # some take squares only
    plans.append(square)
    if support.one_image is False and 1 in turned["channels"][:-1]:
        plans.append(square | {"images": 1, "channels": 1})
    calls = [call_of(offer.kind, support, plan) for plan in plans]
    return [distinct(call, offer) for call in calls if call is not None]


def distinct(call: Case, offer: Offer) -> Case:
    """Let a convolution have as many filters as no other axis is long."""
    if offer.kind != "conv" or offer.support.one_filter or offer.support.filters:
        return call
    x, w, _ = call.arrays
    wide = np.concatenate([w] * 5, axis=-1)[..., :5]
    w = np.arange(1.0, wide.size + 1).reshape(wide.shape)
    b = np.arange(1.0, 6.0) if offer.support.bias else np.zeros(5)
    return replace_arrays(call, (x, w, b))


def replace_arrays(call: Case, arrays: tuple[np.ndarray, ...]) -> Case:
    """Return a call with other arrays."""
    return Case(arrays, call.settings)


def with_unread(
    chosen: list[tuple[str, Offer]], promised: Mapping[str, Any]
) -> tuple[list[tuple[str, Offer]], list[str]]:
    """
    Say what looks like a forward or a backward, and could not be called.

    Parameters
    ----------
    chosen : list of (str, Offer)
    promised : mapping
        As `promised` in the table of dialects says.

    Returns
    -------
    chosen : list of (str, Offer)
        Where the backward of a forward is not read, its laws are not checked.
    remarks : list of str
    """
    inside = promised["inside"]
    called = {
        name.partition(".")[0] for _, offer in chosen for name in functions_of(offer)
    }
    called |= {name for name, by in inside.items() if called & {*by}}
    unread = {name: "" for name in promised["forwards"] if name not in called}
    offers = [offer for _, offer in chosen]
    for name, forwards in promised["backwards"].items():
        users = {user for each in forwards for user in inside.get(each, ())}
        halves = [
            n
            for n, offer in enumerate(offers)
            if offer.backward is None and {*forwards, *users} & {*functions_of(offer)}
        ]
        if name in called or not {*forwards} & called:
            continue
        if halves:
            offers[halves[0]] = replace(offers[halves[0]], uncalled=name)
        elif is_plain(name):
            unread[name] = ""
    for (dialect, _), offer in zip(chosen, offers, strict=True):
        if offer.uncalled and dialect != "adapter":  # which says what is not there
            its_name = offer.uncalled
            if its_name not in promised["backwards"]:
                its_name = f"{offer.name}.{its_name}"
            unread[its_name] = f", which looks like the backward of {offer.name}"
    why = "no way to call it was found; --adapter FILE.py says how"
    remarks = [f"not read: {name}{what}: {why}" for name, what in unread.items()]
    return [(d, offer) for (d, _), offer in zip(chosen, offers, strict=True)], remarks


def how_it_is_read(chosen: list[tuple[str, Offer]]) -> list[str]:
    """Say in NumPy's terms how the arrays of every function are read."""
    return [
        f"{offer.name}: read as {dialect}, {offer.described}"
        for dialect, offer in chosen
        if offer.described
    ]


def most_common(chosen: list[tuple[str, Offer]]) -> str:
    """Return the dialect of most functions."""
    names = [dialect for dialect, _ in chosen]
    return max(names, key=names.count)


def usual_words(dialect: str, kind: str) -> Mapping[str, str]:
    """Return the words of a dialect for the arrays of a kind; none of an adapter."""
    known = DIALECTS.get(dialect)
    return known.words_for(kind) if known else {}


def words_of(chosen: list[tuple[str, Offer]], kind: str) -> Mapping[str, str]:
    """Return what functions of a kind call their arrays."""
    return next((offer.words for _, offer in chosen if offer.kind == kind), {})


def pasted(report: Report, offers: Mapping[str, Offer]) -> dict[int, str]:
    """Write the call of every finding as a program, where its dialect can."""
    calls = {}
    for number, finding in enumerate(report.findings):
        offer = offers.get(finding.function)
        trial = finding.trial
        if offer is None or offer.paste is None:
            continue
        drawn = dict(trial.drawn)
        failure = trial.failure
        what = getattr(failure, "what", "")
        wanted = failure.wanted if isinstance(failure, BrokenLawError) else None
        dy = drawn.get("dy")
        if dy is None and (
            what.startswith("d") or getattr(failure, "part", "") != "forward"
        ):
            subject = subject_of(offer.kind, offer.forward, None, offer.support)
            with suppress(Exception):  # what the loops refuse is shown without dy
                dy = np.ones(subject.right(trial.case)[0].shape)
        if offer.backward is None or what == "y":
            dy = None
        if not isinstance(wanted, np.ndarray):
            wanted = None
        arguments = trial.case.arrays, trial.case.settings, dy, wanted, what
        if text := offer.paste(*arguments):
            calls[number] = text
    return calls
