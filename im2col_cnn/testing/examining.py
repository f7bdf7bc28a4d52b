"""Examine what was offered: find out its rule for ties, and put the laws to it."""

from dataclasses import replace

import numpy as np

from .._typing import Array, Ties
from .dialects.dialect import Offer
from .judging import judge
from .kinds import subject_of
from .laws.pooling import TIE_RULES
from .laws.verdict import tolerance
from .report import Report, Verdict
from .strategies import Case
from .subject import Subject, SubjectStoppedError
from .support import Support

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
        try:
            rule = find_tie_rule(subject)
        except (Exception, SubjectStoppedError):  # the laws will meet it again
            rule = None
        else:
            words = f'share by the rule "{rule}"' if rule else "follow no rule"
            remarks.append(f"{offer.name}: tied maxima {words}")
        subject = replace(subject, ties=ties or rule)
    return judge(subject, seed=seed, examples=examples), remarks


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
