"""A report: verdicts, findings, and how they read as text."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from ..._typing import Array
from ..bugs.exhibit import Exhibit
from ..errors import NOT_THERE, SubjectError
from ..laws.comparison import BrokenLawError
from ..laws.table import Law
from .search import Trial

__all__ = ["Finding", "Report", "Status", "Verdict", "call_of", "in_words", "written"]


Status = Literal["holds", "broken", "advice", "not checked", "not written"]


@dataclass(frozen=True)
class Finding:
    """One bug: the smallest input that shows it, and its name if the museum has it.

    Of another one `does` says what it does instead of what is right, and `when` where
    it fails, as far as that is simple.
    """

    function: str
    kind: str
    law: Law
    trial: Trial
    exhibit: Exhibit | None = None
    does: str = ""
    when: str = ""

    @property
    def headline(self) -> str:
        """Return the name of the bug, or what it does, or what was seen of it."""
        if self.exhibit is not None:
            return f"{self.exhibit.name} ({self.exhibit.key})"
        if self.does:
            return f"{self.what} is wrong: {self.does}"
        return f"{self.problem}; only where {self.when}" if self.when else self.problem

    @property
    def what(self) -> str:
        """Return which answer is wrong, if one is."""
        failure = self.trial.failure
        return failure.what if isinstance(failure, BrokenLawError) else ""

    @property
    def code(self) -> str:
        """Return the line of the homework that raised an error, if one did."""
        failure = self.trial.failure
        return failure.code if isinstance(failure, SubjectError) else ""

    @property
    def is_explained(self) -> bool:
        """Whether the headline says more than what was seen."""
        return self.exhibit is not None or bool(self.does)

    @property
    def problem(self) -> str:
        """Say what went wrong."""
        return str(self.trial.failure)

    @property
    def expected(self) -> Any:
        """What is right, if numbers were compared."""
        failure = self.trial.failure
        return failure.wanted if isinstance(failure, BrokenLawError) else None

    @property
    def got(self) -> Any:
        """What was returned, if anything was."""
        failure = self.trial.failure
        return failure.found if isinstance(failure, BrokenLawError) else None


@dataclass(frozen=True)
class Verdict:
    """What one law said of one function."""

    function: str
    law: Law
    status: Status
    finding: Finding | None = None  # several laws may be broken by one bug
    kind: str = ""  # of the function, one of `KINDS`

    @property
    def is_missing(self) -> bool:
        """Whether nothing is known, since a file that is imported was not handed in."""
        failure = self.finding.trial.failure if self.finding else None
        return isinstance(failure, SubjectError) and failure.kind == NOT_THERE


@dataclass(frozen=True)
class Report:
    """
    What was found out about an implementation.

    Parameters
    ----------
    title : str
        What was checked.
    verdicts : tuple of Verdict
        One per function and law.
    words : mapping
        From a kind to what the laws call ``x``, ``dx``, ... in the words of the
        homework.
    remarks : tuple of str
        What was left out, and other things worth knowing.
    printed : str
        What the homework printed meanwhile.
    dialect : str
    seed, examples : int
        What was drawn, and how often: the same numbers draw the same.
    strict : bool
        Whether advice counts.
    calls : mapping
        From the number of a finding to its call, as a program in the homework's words.
    """

    title: str
    verdicts: tuple[Verdict, ...]
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    printed: str = ""
    dialect: str = ""
    seed: int = 0
    examples: int = 0
    strict: bool = False
    calls: Mapping[int, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether every law holds that counts."""
        counted = [v for v in self.verdicts if self.counts(v)]
        return bool(counted) and all(v.status == "holds" for v in counted)

    @property
    def findings(self) -> list[Finding]:
        """Return the bugs, each once, in the order of the laws that found them."""
        found: dict[int, Finding] = {}
        for verdict in self.verdicts:
            if verdict.finding is not None:
                found.setdefault(id(verdict.finding), verdict.finding)
        return list(found.values())

    def counts(self, verdict: Verdict) -> bool:
        """Tell whether a verdict decides about success."""
        return (self.strict or not verdict.law.advice) and not verdict.is_missing

    def laws_of(self, finding: Finding) -> list[str]:
        """Return the names of the laws that a bug breaks."""
        return [v.law.name for v in self.verdicts if v.finding is finding]

    def score(self, weights: Mapping[str, float] | None = None) -> tuple[float, float]:
        """Return the points that were won, and those to be won.

        `weights` gives points per law, by name; the others are worth 1, advice 0.
        """
        weights = weights or {}
        won = total = 0.0
        for verdict in self.verdicts:
            points = weights.get(verdict.law.name, float(self.counts(verdict)))
            total += points
            won += points * (verdict.status == "holds")
        return won, total

    def __str__(self) -> str:
        """Tell all of it, to be read at a terminal."""
        return "\n".join([*self.heading(), *self.table(), *self.bugs(), self.summary()])

    def heading(self) -> list[str]:
        """Say what was checked, and how."""
        dialect = f", read as {self.dialect}" if self.dialect else ""
        drawn = f"{self.examples} examples per law, seed {self.seed}"
        lines = [f"{self.title}{dialect}: {drawn}"]
        return [*lines, *(f"  {remark}" for remark in self.remarks), ""]

    def table(self) -> list[str]:
        """List the laws of every function, and which bug breaks one."""
        numbers = {id(finding): n for n, finding in enumerate(self.findings, start=1)}
        lines: list[str] = []
        function = None
        for verdict in self.verdicts:
            if verdict.function != function:
                function = verdict.function
                lines += [function]
            number = numbers.get(id(verdict.finding))
            see = f"  see {number}" if number else ""
            mark = "BROKEN" if verdict.status == "broken" else verdict.status
            lines.append(f"  {mark:12}{verdict.law.name}{see}")
        return [*lines, ""]

    def bugs(self) -> list[str]:
        """Describe every bug: its name, why it is one, the smallest input, the fix."""
        lines: list[str] = []
        for number, finding in enumerate(self.findings, start=1):
            word = "" if self.decides(finding) else "advice: "
            lines += [f"{number}. {finding.function}: {word}{self.headline(finding)}"]
            story = self.story(finding) if self.decides(finding) else self.hint(finding)
            lines += [f"   {line}".rstrip() for line in story]
            lines += [""]
        return lines

    def word(self, finding: Finding, name: str) -> str:
        """Return what the homework calls something."""
        return self.words.get(finding.kind, {}).get(name, name)

    def problem(self, finding: Finding) -> str:
        """Say what went wrong, in the words of the homework."""
        return in_words(finding.problem, self.words.get(finding.kind, {}))

    def headline(self, finding: Finding) -> str:
        """Return the name of a bug, or what it does, or what was seen of it."""
        if finding.exhibit is not None:
            return finding.headline
        return in_words(finding.headline, self.words.get(finding.kind, {}))

    def story(self, finding: Finding) -> list[str]:
        """Tell why a bug is one, what mends it, and on what input it shows."""
        lines = []
        if (exhibit := finding.exhibit) is not None:
            lines += [f"why   {exhibit.why}", f"fix   {exhibit.fix}"]
            lines += [f"seen  {exhibit.source}"]
        if finding.code:
            lines += [f"code  {finding.code}"]
        lines += [f"law   {finding.law.sentence}", ""]
        number = [id(each) for each in self.findings].index(id(finding))
        if number in self.calls:
            lines += ["smallest input that shows it; paste it below your code:"]
            lines += [f"  {line}" for line in self.calls[number].splitlines()]
        else:
            lines += ["smallest input that shows it:"]
            for name, value in call_of(finding.trial, finding.kind):
                lines += named(self.word(finding, name), value)
        lines += [""]
        if finding.is_explained:  # otherwise the headline has said it
            lines += [self.problem(finding)]
        if finding.expected is not None:
            lines += named("expected", finding.expected)
            lines += named("got", finding.got)
        return lines

    def decides(self, finding: Finding) -> bool:
        """Tell whether a bug breaks a law that counts."""
        return any(self.counts(v) for v in self.verdicts if v.finding is finding)

    def hint(self, finding: Finding) -> list[str]:
        """Say in a line or two what would be better."""
        if finding.exhibit is None:
            return []  # the headline says it all
        hint = self.problem(finding)
        return [hint, f"better: {finding.exhibit.fix}"]

    def summary(self) -> str:
        """Count, in one line."""
        counted = [verdict for verdict in self.verdicts if self.counts(verdict)]
        held = sum(verdict.status == "holds" for verdict in counted)
        advice = sum(v.status == "advice" for v in self.verdicts if not self.counts(v))
        one, many = "piece of advice, which does", "pieces of advice, which do"
        more = f"; {advice} {one if advice == 1 else many} not count" if advice else ""
        return f"{held} of {len(counted)} laws hold{more}"


def named(name: str, value: Any) -> list[str]:
    """Write an argument beside its name, or under it."""
    first, *rest = written(value).splitlines()
    return [f"  {name:9} {first}", *(f"            {line}" for line in rest)]


NAMES = {"conv": ("x", "w", "b"), "mask": ("x",), "share": ("dz",)}


def call_of(trial: Trial, kind: str) -> list[tuple[str, Any]]:
    """Return the arguments of a trial by name: arrays, settings, upstream gradient."""
    names = NAMES.get(kind, ("x",))
    arguments = list(zip(names, trial.case.arrays, strict=True))
    arguments += trial.case.settings.items()
    drawn = {
        label.removeprefix("spoilt "): value
        for label, value in trial.drawn
        if label in ("dy", "spoilt dy", "shape of dy") or label.startswith("memory of")
    }
    return [*arguments, *drawn.items()]


def written(value: Any) -> str:
    """Write an argument: numbers as they are, arrays as rows without needless axes."""
    if not isinstance(value, np.ndarray):
        return repr(value)
    shape = " x ".join(map(str, value.shape))
    numbers = np.array2string(squeezed(value), separator="  ", threshold=200)
    if value.size == 1 or "\n" not in numbers:
        return f"{numbers}   (shape {shape})"
    return f"shape {shape}\n{numbers}"


def squeezed(array: Array) -> Array:
    """Drop axes of length 1, but not all of them."""
    plain = array.squeeze()
    whole = (
        plain.dtype.kind == "f" and np.isfinite(plain).all() and (plain % 1 == 0).all()
    )
    return np.atleast_1d(plain.astype(int) if whole else plain)


def in_words(text: str, words: Mapping[str, str]) -> str:
    """Put the words of a homework in the place of ours: dA_prev for dx."""
    first, _, rest = text.partition(" ")
    return " ".join(filter(None, (words.get(first, first), rest)))
