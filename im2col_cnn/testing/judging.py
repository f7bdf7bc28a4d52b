"""Put all laws to one implementation, and name the bugs that they find."""

from dataclasses import replace
from functools import lru_cache
from itertools import chain

from .bugs.exhibit import Exhibit
from .bugs.museum import MUSEUM
from .bugs.pairs import pairs
from .hunting import hunt
from .laws.manners import small_calls_return
from .laws.table import Law, laws_for
from .report import Finding, Status, Verdict
from .subject import Subject, SubjectError
from .trials import Trial, draw_trials, same_failure, try_again

__all__ = ["agrees", "judge", "name_the_bug"]

MORE_DRAWS = 16  # on which a bug must agree with an exhibit to be named after it


def judge(subject: Subject, *, seed: int, examples: int) -> list[Verdict]:
    """
    Put all laws to an implementation.

    Parameters
    ----------
    subject : Subject
    seed, examples : int
        What is drawn, and how often for each law.

    Returns
    -------
    list of Verdict
        In the order of the laws.
    """
    verdicts: list[Verdict] = []
    findings: list[Finding] = []
    stopped: Finding | None = None
    for law in laws_for(subject):
        if stopped is not None and uses(law, stopped):
            verdicts.append(Verdict(subject.name, law, "not checked", stopped))
            continue
        once = law.demand is small_calls_return
        tries = 1 if once else examples
        trial = hunt(law, subject, seed=seed, examples=tries, shrink=False)
        if trial is None:
            verdicts.append(Verdict(subject.name, law, "holds"))
            continue
        finding = known(trial, law, subject, findings, seed)
        if finding is None:
            finding = look_closer(trial, law, subject, seed, tries)
            findings.append(finding)
        if trial.stopped:
            stopped = finding
        status: Status = "advice" if law.advice else "broken"
        verdicts.append(Verdict(subject.name, law, status, finding))
    return verdicts


def uses(law: Law, stopped: Finding) -> bool:
    """Tell whether a law would call again what did not return."""
    error = stopped.trial.failure
    in_forward = isinstance(error, SubjectError) and error.part == "forward"
    return in_forward or "backward" in law.judges


def look_closer(
    trial: Trial, law: Law, subject: Subject, seed: int, examples: int
) -> Finding:
    """Make a counterexample small, and find its name."""
    if trial.stopped:
        return Finding(subject.name, subject.kind, law, trial)
    small = hunt(law, subject, seed=seed, examples=examples, shrink=True) or trial
    exhibit = name_the_bug([small, *evidence(law, subject, seed)], subject)
    return Finding(subject.name, subject.kind, law, small, exhibit)


@lru_cache(maxsize=1)  # it is asked for twice in a row
def evidence(law: Law, subject: Subject, seed: int) -> tuple[Trial, ...]:
    """Draw some more trials that tell bugs apart."""
    # One small call tells little; the laws about numbers tell more.
    numbers = [each for each in laws_for(subject) if each.oracle and not each.follows]
    laws = numbers[:2] if law.demand is small_calls_return else [law]
    return tuple(
        trial
        for each in laws
        for trial in draw_trials(each, subject, count=MORE_DRAWS, seed=seed + 1)
    )


def known(
    trial: Trial, law: Law, subject: Subject, findings: list[Finding], seed: int
) -> Finding | None:
    """Return the earlier finding that explains why this law is broken too."""
    for finding in findings:
        if crashed(trial) and same_failure(trial.failure, finding.trial.failure):
            return finding
    named = [finding for finding in findings if finding.exhibit is not None]
    if named:
        trials = [trial, *evidence(law, subject, seed)]
        for finding in named:
            if finding.exhibit and agrees(finding.exhibit, subject, trials):
                return finding
    # Sums and shapes are wrong where numbers are: that is no news.
    if law.follows:
        return next((f for f in findings if f.law.array or f.law.oracle), None)
    return None


def crashed(trial: Trial) -> bool:
    """Tell whether a call failed, rather than gave a wrong answer."""
    return isinstance(trial.failure, SubjectError)


def name_the_bug(trials: list[Trial], subject: Subject) -> Exhibit | None:
    """
    Find the exhibit of the museum, or any two of them, that go wrong in the same way.

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
    own = (exhibit for exhibit in MUSEUM if exhibit.kind == subject.kind)
    both = chain(own, pairs(subject.kind))
    return next((e for e in both if agrees(e, subject, trials)), None)


def agrees(exhibit: Exhibit, subject: Subject, trials: list[Trial]) -> bool:
    """Tell whether an exhibit does the same on all draws that it can be put to."""
    if exhibit.backward is None and subject.backward is not None:
        return False
    mutant = replace(
        subject,
        forward=exhibit.forward,
        backward=exhibit.backward if subject.backward is not None else None,
    )
    is_first = True
    for trial in trials:
        x = trial.case.arrays[0]
        if exhibit.kind in ("conv", "max_pool", "avg_pool", "im2col") and x.ndim != 4:
            if is_first:
                return False  # the exhibits know rows and columns
            continue
        is_first = False
        if not same_failure(try_again(mutant, trial).failure, trial.failure):
            return False
    return True
