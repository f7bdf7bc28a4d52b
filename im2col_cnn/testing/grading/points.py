"""Parts of a homework, and the points that each of them earns.

    conv                  forward  dx  dw  db  contract
    max_pool, avg_pool    forward  backward  ties  contract
    im2col                im2col  col2im  contract
    mask, share           mask  share  ties

Every law but the first belongs to one part. A part earns the share of its laws that
hold; laws that only follow from right numbers earn nothing where numbers are wrong, so
a function that returns zeros gets nothing for the pixels that are 0 indeed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from ..._checks import quoted
from ..laws.table import FIRST, Law
from ..laws.ties import tied_maxima_follow_the_rule
from .report import Finding, Report, Verdict

__all__ = [
    "PARTS",
    "Part",
    "Points",
    "Score",
    "as_points",
    "as_selectors",
    "is_offered",
    "is_selected",
    "part_of",
    "parts_of",
    "scores_of",
    "selects",
    "total_of",
]

PARTS = {
    "conv": ("forward", "dx", "dw", "db", "contract"),
    "max_pool": ("forward", "backward", "ties", "contract"),
    "avg_pool": ("forward", "backward", "contract"),
    "im2col": ("im2col", "col2im", "contract"),
    "mask": ("mask", "ties", "contract"),
    "share": ("share", "contract"),
}
OWN_WORDS = {
    "max_pool": {"dx": "backward"},
    "avg_pool": {"dx": "backward"},
    "im2col": {"forward": "im2col", "dx": "col2im"},
    "mask": {"forward": "mask"},
    "share": {"forward": "share"},
}
GROUPS = {"pool": ("max_pool", "avg_pool")}  # one word for several kinds
BACKWARD = ("dx", "dw", "db", "backward", "col2im")
WORDS = sorted(
    {*BACKWARD, *PARTS, *GROUPS, *(p for own in PARTS.values() for p in own)}
)

Points = Mapping[str, float]


@dataclass(frozen=True)
class Part:
    """
    One part of what was graded, and how much of it is right.

    Parameters
    ----------
    kind : str
        One of `PARTS`.
    name : str
        ``"forward"``, ``"dx"``, ...
    function : str
        What the homework calls the function that it is about.
    state : str
        ``"right"``, ``"wrong"`` or ``"not written"``.
    share : float
        How much of its points it earns, from 0 to 1.
    text : str
        Its laws and its bugs, to be read by the author.
    """

    kind: str
    name: str
    function: str
    state: str
    share: float
    text: str


@dataclass(frozen=True)
class Score:
    """The points of one line of a result: what it is about, won, to be won, and why."""

    name: str
    won: float
    out_of: float
    text: str


def part_of(law: Law, kind: str) -> str:
    """Return the part that a law belongs to; none for the first, which is a try."""
    if law.demand == FIRST.demand:
        return ""
    if law.demand == tied_maxima_follow_the_rule:
        return "ties"
    if len(law.concerns) == 2 or law.demand.__module__ == FIRST.demand.__module__:
        return "contract"
    part = "forward" if "forward" in law.concerns else f"d{law.array or 'x'}"
    return OWN_WORDS.get(kind, {}).get(part, part)


def parts_of(report: Report) -> list[Part]:
    """Return the parts of all functions of a report, in the order of `PARTS`."""
    groups: dict[tuple[str, str], dict[str, list[Verdict]]] = {}
    for verdict in report.verdicts:
        if report.counts(verdict) and (name := part_of(verdict.law, verdict.kind)):
            parts = groups.setdefault((verdict.function, verdict.kind), {})
            parts.setdefault(name, []).append(verdict)
    return [
        Part(
            kind,
            name,
            function_of(function, name),
            state_of(parts[name]),
            share_of(parts[name]),
            text_of(report, parts[name]),
        )
        for (function, kind), parts in groups.items()
        for name in PARTS.get(kind, tuple(parts))
        if name in parts
    ]


def names_in(function: str) -> list[str]:
    """Return the functions, or the class, that a report names together."""
    return [name for name in function.split(", ") if "=" not in name] or [function]


def function_of(function: str, part: str) -> str:
    """Return which of a forward and its backward a part is about."""
    first, *_, last = [*names_in(function), *names_in(function)]
    if part in ("contract", "ties"):
        return function
    return last if part in BACKWARD else first


def state_of(verdicts: Sequence[Verdict]) -> str:
    """Return whether a part is right, wrong or not written."""
    found = {verdict.status for verdict in verdicts}
    if found == {"holds"}:
        return "right"
    return "not written" if "not written" in found else "wrong"


def share_of(verdicts: Sequence[Verdict]) -> float:
    """Return which share of the laws of a part hold, and are worth something."""
    numbers = [v for v in verdicts if v.law.oracle and not v.law.follows]
    right = all(verdict.status == "holds" for verdict in numbers)
    held = [
        verdict.status == "holds" and (right or not verdict.law.follows)
        for verdict in verdicts
    ]
    return sum(held) / len(held)


def text_of(report: Report, verdicts: Sequence[Verdict]) -> str:
    """List the laws of a part, and describe the bugs that break them."""
    lines = []
    findings: dict[int, Finding] = {}
    for verdict in verdicts:
        mark = "BROKEN" if verdict.status == "broken" else verdict.status
        lines.append(f"{mark:12}{verdict.law.name}")
        if verdict.finding is not None and verdict.status != "holds":
            findings.setdefault(id(verdict.finding), verdict.finding)
    for finding in findings.values():
        lines += ["", f"{finding.function}: {report.headline(finding)}"]
        lines += [f"  {line}".rstrip() for line in report.story(finding)]
    return "\n".join(lines)


# What a teacher names: parts, kinds, both joined by a dot, or functions --------------


def selects(selector: str, kind: str, part: str) -> int:
    """Tell how exactly a word names a part: 3 kind and part, 2 part, 1 kind, 0 not."""
    kinds, dot, name = selector.rpartition(".")
    if dot:
        return 3 * (kind in GROUPS.get(kinds, (kinds,)) and is_part(name, part))
    if is_part(selector, part):
        return 2
    return int(kind in GROUPS.get(selector, (selector,)))


def is_part(name: str, part: str) -> bool:
    """Tell whether a word names a part; ``backward`` names every gradient."""
    return name == part or (name == "backward" and part in BACKWARD)


def as_points(points: Any) -> dict[str, float]:
    """Check points per part, such as ``{"forward": 4, "pool.backward": 2}``."""
    if not isinstance(points, Mapping):
        raise TypeError(
            f'points must be like {{"forward": 4, "dx": 3}}, got {points!r}'
        )
    for name, number in points.items():
        require_word(name, "points")
        is_number = isinstance(number, int | float) and not isinstance(number, bool)
        if not is_number or not 0 <= number < inf:
            raise ValueError(
                f"the points of {name} must be a number from 0 on, got {number!r}"
            )
    if not sum(points.values()) > 0:
        raise ValueError(
            f"points must be more than 0 for some part, got {dict(points)!r}"
        )
    return {name: float(number) for name, number in points.items()}


def require_word(name: Any, argument: str) -> None:
    """Refuse what names no part and no kind."""
    kinds, dot, part = str(name).rpartition(".")
    known = (part in WORDS) if not dot else is_known_pair(kinds, part)
    if not isinstance(name, str) or not known:
        raise ValueError(
            f"{argument}: {quoted(str(name))} is no part; parts are "
            f"{', '.join(WORDS)}, or both as in max_pool.backward"
        )


def is_known_pair(kinds: str, name: str) -> bool:
    """Tell whether kinds have a part of that name."""
    return any(
        is_part(name, part)
        for kind in GROUPS.get(kinds, (kinds,))
        for part in PARTS.get(kind, ())
    )


def as_selectors(only: Any) -> tuple[str, ...]:
    """Check a list of parts, kinds and functions."""
    if only is None:
        return ()
    if isinstance(only, str):
        only = (only,)
    if not isinstance(only, Iterable):
        raise TypeError(f"only must be a name or a list of names, got {quoted(only)}")
    for name in only:
        if not isinstance(name, str) or not name.replace(".", "_").isidentifier():
            raise ValueError(
                f"only: {quoted(str(name))} is neither a function nor a part; write "
                f"conv_backward, dx or max_pool.backward"
            )
    return tuple(only)


def is_offered(kind: str, function: str, only: Sequence[str]) -> bool:
    """Tell whether any part of a function was asked for."""
    words = [w for w in only if any(selects(w, kind, part) for part in PARTS[kind])]
    return bool(words) or any(name in only for name in names_in(function))


def is_selected(verdict: Verdict, only: Sequence[str]) -> bool:
    """Tell whether a verdict is about a part or a function that was asked for."""
    part = part_of(verdict.law, verdict.kind)
    if any(selects(selector, verdict.kind, part) for selector in only):
        return True
    names = names_in(verdict.function)
    return any(
        name in only and (len(names) == 1 or is_about(verdict, side))
        for name, side in zip(
            (names[0], names[-1]), ("forward", "backward"), strict=True
        )
    )


def is_about(verdict: Verdict, side: str) -> bool:
    """Tell whether a verdict is about a forward, or about its backward."""
    law = verdict.law
    if len(law.concerns) == 1 or verdict.status == "holds" or verdict.finding is None:
        return side in law.concerns
    failure = verdict.finding.trial.failure
    part = getattr(failure, "part", "")
    if not part:
        part = "backward" if getattr(failure, "what", "").startswith("d") else "forward"
    return bool(part == side)


# Points ------------------------------------------------------------------------------


def scores_of(parts: Sequence[Part], points: Points | None = None) -> list[Score]:
    """
    Return what each part earns.

    Parameters
    ----------
    parts : sequence of Part
    points : mapping, optional
        Points per part. Those of one word are shared equally among the parts that it
        names; where none is there, they are lost. By default every part is worth 1.

    Returns
    -------
    list of Score
        One per part, and one per word that names nothing that is there.
    """
    if points is None:
        return [score_of(part, 1.0) for part in parts]
    owners = {
        index: max(points, key=lambda word: selects(word, part.kind, part.name))
        for index, part in enumerate(parts)
        if any(selects(word, part.kind, part.name) for word in points)
    }
    scores = []
    for word, number in points.items():
        own = [parts[index] for index, owner in owners.items() if owner == word]
        scores += [score_of(part, number / len(own)) for part in own]
        if not own:
            scores.append(Score(word, 0.0, number, f"{word}: is not there"))
    return scores


def score_of(part: Part, number: float) -> Score:
    """Return what a part earns of its points."""
    name = f"{part.function}: {part.name}"
    return Score(name, round(number * part.share, 6), round(number, 6), part.text)


def total_of(scores: Sequence[Score]) -> tuple[float, float]:
    """Return the points that were won, and those to be won."""
    won, out_of = sum(s.won for s in scores), sum(s.out_of for s in scores)
    return round(won, 4), round(out_of, 4)
