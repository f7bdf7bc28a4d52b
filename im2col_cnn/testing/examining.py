"""Examine what was offered: find out its rule for ties, and put the laws to it."""

from dataclasses import replace
from math import inf

import numpy as np

from .._typing import Array, Ties
from .deadline import Deadline
from .dialects.dialect import Offer
from .dialects.probing import tried
from .judging import judge
from .kinds import subject_of
from .laws.pooling import TIE_RULES
from .laws.table import FIRST, TIES
from .laws.verdict import tolerance
from .report import Report, Verdict
from .strategies import Case
from .subject import Subject, SubjectStoppedError
from .support import Support
from .surveying import first_look
from .trials import Trial, stopped_by

__all__ = ["check_offer", "judge_offer"]

ONE_WINDOW = {"kernel_size": (2, 2), "stride": 2}
UPSTREAM = np.full((1, 1, 1, 1), 12.0)  # halves, thirds and quarters of it are whole


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
    if support is not None:
        offer = replace(offer, support=support, claims=False)
    verdicts, remarks = judge_offer(offer, seed, examples, ties)
    return Report(
        offer.name,
        tuple(verdicts),
        remarks=tuple(remarks),
        seed=seed,
        examples=examples,
        strict=strict,
    )


def judge_offer(
    offer: Offer, seed: int, examples: int, ties: Ties | None, seconds: float = inf
) -> tuple[list[Verdict], list[str]]:
    """Judge one kind of function; return the verdicts, and remarks about them.

    What never returns is met at the first of four steps that calls it, and is not
    called again: what it takes is tried, then come small calls, then the rule for ties
    is found out, and at last the laws are put.
    """
    support = offer.support
    left_out: tuple[str, ...] = ()
    begun: dict[str, Trial] = {}
    if offer.claims:
        try:
            support, left_out = tried(offer)
        except SubjectStoppedError as stop:
            begun = {FIRST.name: stopped_by(stop, FIRST)}
    subject = subject_of(
        offer.kind,
        offer.forward,
        offer.backward,
        support,
        judges=offer.judges,
        name=offer.name,
    )
    remarks = []
    if left_out:
        remarks.append(f"refused when tried, so not asked for: {', '.join(left_out)}")
    begun = begun or first_look(subject)
    if has_ties(subject) and not any(trial.stopped for trial in begun.values()):
        rule: Ties | None = None
        try:
            rule = find_tie_rule(subject)
        except SubjectStoppedError as stop:
            begun[TIES.name] = stopped_by(stop, TIES)
        except Exception:  # the laws will meet it again
            pass
        else:
            words = f'share by the rule "{rule}"' if rule else "follow no rule"
            remarks.append(f"tied maxima {words}")
        subject = replace(subject, ties=ties or rule)
    # Not before: what was waited for in vain costs the laws no time.
    subject = replace(subject, deadline=Deadline(seconds))
    verdicts = judge(subject, seed=seed, examples=examples, begun=begun)
    if subject.deadline.met:
        few = f"is slow, so it got fewer than {examples} examples per law"
        remarks.append(f"{few}; --total-seconds gives it more")
    return verdicts, [f"{offer.name}: {remark}" for remark in remarks]


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
