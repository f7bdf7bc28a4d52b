"""Put all laws to one implementation, and name the bugs that they find."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import chain

from .bugs.exhibit import Exhibit
from .bugs.museum import MUSEUM
from .bugs.pairs import pairs
from .hunting import hunt
from .laws.table import FIRST, Law, laws_for
from .report import Finding, Status, Verdict
from .subject import Subject, SubjectError
from .surveying import calls_again, first_look, survey
from .trials import Trial, draw_trials, same_failure, try_again

__all__ = ["agrees", "judge", "name_the_bug"]

MORE_DRAWS = 16  # on which a bug must agree with an exhibit to be named after it


def judge(
    subject: Subject,
    *,
    seed: int,
    examples: int,
    begun: Mapping[str, Trial] | None = None,
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

    Returns
    -------
    list of Verdict
        In the order of the laws.
    """
    laws = laws_for(subject)
    begun = first_look(subject) if begun is None else begun
    broken = survey(laws, subject, begun, seed=seed, examples=examples)
    stops = [trial for trial in broken.values() if trial.stopped]
    verdicts: list[Verdict] = []
    findings: list[Finding] = []
    for law in laws:
        stop = next((trial for trial in stops if calls_again(law, trial)), None)
        trial = broken.get(law.name, stop)
        if trial is None:
            verdicts.append(Verdict(subject.name, law, "holds"))
            continue
        more: tuple[Trial, ...] = ()
        finding = same_crash(trial, findings)
        if finding is None and stop is None:
            more = evidence(law, subject, seed)
            finding = known(trial, subject, findings, more)
            if finding is None:
                trial = hunt(law, subject, seed=seed, examples=2 * examples) or trial
                finding = same_crash(trial, findings)
            if late := next((each for each in (*more, trial) if each.stopped), None):
                # Only now did it not return: begin again, knowing that.
                begun = {**begun, FIRST.name: replace(late, law=FIRST)}
                return judge(subject, seed=seed, examples=examples, begun=begun)
        if finding is None:
            bug = name_the_bug([trial, *more], subject) if more else None
            finding = Finding(subject.name, subject.kind, trial.law, trial, bug)
            findings.append(finding)
        status: Status = "advice" if law.advice else "broken"
        if law.name not in broken:
            status = "not checked"
        verdicts.append(Verdict(subject.name, law, status, finding))
    return verdicts


def evidence(law: Law, subject: Subject, seed: int) -> tuple[Trial, ...]:
    """Draw some more trials that tell bugs apart."""
    # One small call tells little; the laws about numbers tell more.
    numbers = [each for each in laws_for(subject) if each.oracle and not each.follows]
    laws = numbers[:2] if law is FIRST else [law]
    drawn = draw_trials(laws, subject, count=MORE_DRAWS, seed=seed + 1)
    return tuple(chain.from_iterable(drawn.values()))


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
    # Advice is one thing at a time: what breaks it may have no numbers to compare.
    two = () if trials[0].law.advice else pairs(subject.kind)
    return next((e for e in chain(own, two) if agrees(e, subject, trials)), None)


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
