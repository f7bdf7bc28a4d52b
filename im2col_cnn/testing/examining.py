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


def find_tie_rule(subject: Subject) -> Ties | None:
    """Find the rule by which tied maxima share; None if they follow none."""
    left = list(TIE_RULES)
    rng = np.random.default_rng(0)
    for _ in range(8):
        window = rng.integers(0, 2, (2, 2)).astype(float)
        left = [ties for ties in left if shares(subject, window, ties)]
    return left[0] if left else None


def shares(subject: Subject, window: Array, ties: Ties) -> bool:
    """Tell whether one window is shared by a rule; a crash is not held against it."""
    assert subject.oracle is not None
    try:
        if subject.kind == "mask":
            found, _ = subject.run(Case((window,), {}))
            wanted = subject.oracle.forward(window, ties=ties)[0]
        else:
            settings = {"kernel_size": (2, 2), "stride": 2}
            case = Case((window.reshape(1, 2, 2, 1),), settings)
            _, cache = subject.run(case)
            dy = np.full((1, 1, 1, 1), 12.0)
            (found,) = subject.gradients(dy, cache)
            _, right = subject.oracle.forward(*case.arrays, **settings, ties=ties)
            (wanted,) = subject.right_gradients(dy, right)
    except (Exception, SubjectStoppedError):
        return True
    return found.shape == wanted.shape and bool(
        np.all(np.abs(found - wanted) <= tolerance(found, wanted))
    )
