"""Examine what was offered: what it takes, how it ties, and which laws it breaks."""

from dataclasses import replace
from math import inf

from .._checks import as_choice, as_int
from .._typing import Ties
from .deadline import Deadline
from .dialects.dialect import Offer
from .dialects.probing import tried
from .judging import judge
from .kinds import subject_of
from .laws.pooling import TIE_RULES
from .laws.table import FIRST
from .report import Report, Verdict
from .subject import SubjectStoppedError
from .support import Support
from .surveying import first_look
from .trials import Trial, stopped_by
from .tying import find_tie_rule, has_ties, in_words

__all__ = ["check_offer", "judge_offer", "require_drawn"]


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
    require_drawn(seed, examples, ties)
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


def require_drawn(seed: int, examples: int, ties: Ties | None) -> None:
    """Refuse what cannot be drawn, and a rule for ties that nobody knows."""
    as_int(seed, "seed", at_least=0)
    as_int(examples, "examples", at_least=1)
    if ties is not None:
        as_choice(ties, "ties", TIE_RULES)


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
            begun = {FIRST.name: stopped_by(stop, FIRST)}
        except Exception:  # the laws will meet it again
            pass
        else:
            remarks.append(f"tied maxima {in_words(rule, subject)}")
        subject = replace(subject, ties=ties or rule)
    # Not before: what was waited for in vain costs the laws no time.
    subject = replace(subject, deadline=Deadline(seconds))
    verdicts = judge(subject, seed=seed, examples=examples, begun=begun)
    if subject.deadline.met:
        few = f"time was short, so it got fewer than {examples} examples per law"
        remarks.append(f"{few}; --total-seconds gives more")
    return verdicts, [f"{offer.name}: {remark}" for remark in remarks]
