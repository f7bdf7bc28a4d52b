"""Write a report for a course's autograder: JSON with a score per law."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from .report import Finding, Report, call_of

__all__ = ["as_json"]


def as_json(report: Report, weights: Mapping[str, float] | None = None) -> str:
    """
    Write a report as JSON.

    Parameters
    ----------
    report : Report
    weights : mapping, optional
        Points per law, by name. The others are worth 1, advice 0.

    Returns
    -------
    str
        The same report and weights give the same text.
    """
    weights = weights or {}
    score, out_of = report.score(weights)
    numbers = {id(finding): n for n, finding in enumerate(report.findings)}
    return json.dumps(
        {
            "file": report.title,
            "dialect": report.dialect,
            "seed": report.seed,
            "examples": report.examples,
            "ok": report.ok,
            "score": score,
            "out_of": out_of,
            "laws": [
                {
                    "function": verdict.function,
                    "law": verdict.law.name,
                    "demands": verdict.law.sentence,
                    "status": verdict.status,
                    "points": weights.get(
                        verdict.law.name, float(report.counts(verdict))
                    ),
                    "bug": numbers.get(id(verdict.finding)),
                }
                for verdict in report.verdicts
            ],
            "bugs": [bug(report, finding) for finding in report.findings],
            "remarks": list(report.remarks),
            "printed": report.printed,
        },
        indent=2,
        ensure_ascii=False,
    )


def bug(report: Report, finding: Finding) -> dict[str, Any]:
    """Write down one bug."""
    exhibit = finding.exhibit
    return {
        "function": finding.function,
        "laws": report.laws_of(finding),
        "problem": finding.problem,
        "key": exhibit.key if exhibit else None,
        "name": exhibit.name if exhibit else None,
        "why": exhibit.why if exhibit else None,
        "fix": exhibit.fix if exhibit else None,
        "source": exhibit.source if exhibit else None,
        "does": finding.does or None,
        "when": finding.when or None,
        "code": finding.code or None,
        "input": {
            name: as_list(value) for name, value in call_of(finding.trial, finding.kind)
        },
        "expected": as_list(finding.expected),
        "got": as_list(finding.got),
    }


def as_list(value: Any) -> Any:
    """Write arrays as lists; NaN and infinity, which JSON has not, as words."""
    if isinstance(value, np.ndarray):
        return as_list(value.tolist())
    if isinstance(value, list | tuple):
        return [as_list(entry) for entry in value]
    if isinstance(value, float) and not np.isfinite(value):
        return repr(value)
    return value if isinstance(value, int | float | str | None) else repr(value)
