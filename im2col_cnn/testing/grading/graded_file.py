"""Grade one file into a result of plain text and numbers, whatever happens to it.

A `Report` holds functions and exceptions of this process. What comes of it here can be
sent to another process or machine, and kept as JSON.
"""

import json
import os
import traceback
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import monotonic
from typing import Any

from ..._checks import printable
from ..isolation.loader import HomeworkError
from .grader import check_module
from .points import Part, parts_of
from .report import Report
from .report_html import as_html
from .report_json import as_json

__all__ = ["Bug", "GradedFile", "clean", "failed", "grade_file", "graded"]


@dataclass(frozen=True)
class Bug:
    """A bug that decides: in which function, its key in the museum, and what it is."""

    function: str
    key: str
    headline: str
    is_explained: bool = True  # and not only seen


@dataclass(frozen=True, kw_only=True)
class GradedFile:
    """
    What became of one file.

    Parameters
    ----------
    file : str
        What to call it.
    status : int
        0 if all that counts holds, 1 if something does not, 2 if nothing was graded.
    summary : str
        One line: how many laws hold, or why nothing was graded.
    text : str
        The report, to be read.
    parts : tuple of Part
    bugs : tuple of Bug
    seconds : float
        How long it took.
    data : dict
        The report as `as_json` writes it.
    page : str
        The report as a page, as `as_html` writes it.
    """

    file: str
    status: int
    summary: str
    text: str
    parts: tuple[Part, ...] = ()
    bugs: tuple[Bug, ...] = ()
    seconds: float = 0.0
    data: Mapping[str, Any] | None = None
    page: str = ""

    @property
    def result(self) -> str:
        """Return one word for the status."""
        return ("right", "wrong", "not graded")[self.status]

    def to_json(self) -> str:
        """Write all of it down."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "GradedFile":
        """Read what `to_json` wrote."""
        fields = json.loads(text)
        fields["parts"] = tuple(Part(**part) for part in fields["parts"])
        fields["bugs"] = tuple(Bug(**bug) for bug in fields["bugs"])
        return cls(**fields)


def grade_file(
    path: str | os.PathLike[str],
    *,
    name: str | None = None,
    weights: Mapping[str, float] | None = None,
    **settings: Any,
) -> GradedFile:
    """
    Grade a file; what cannot be graded is a result as well.

    Parameters
    ----------
    path : str or Path
    name : str, optional
        What to call it; its path by default.
    weights : mapping, optional
        Points per law, for `as_json`.
    **settings
        As for `check_module`.

    Returns
    -------
    GradedFile
    """
    name = printable(str(path) if name is None else name)
    start = monotonic()
    try:
        report = check_module(path, **settings)
        return graded(report, name, monotonic() - start, weights)
    except HomeworkError as error:
        return failed(name, str(error), monotonic() - start)
    except Exception as error:  # a fault of ours must not stop a class
        frame = traceback.extract_tb(error.__traceback__)[-1]
        problem = (
            f"{name}: the grader failed, which is its fault and not the file's: "
            f"{type(error).__name__}: {error} ({Path(frame.filename).name}, line "
            f"{frame.lineno})"
        )
        return failed(name, problem, monotonic() - start)


def graded(
    report: Report,
    name: str,
    seconds: float,
    weights: Mapping[str, float] | None = None,
) -> GradedFile:
    """Return a report as plain text and numbers."""
    report = replace(report, title=name)
    bugs = tuple(
        Bug(
            finding.function,
            finding.exhibit.key if finding.exhibit else "",
            printable(report.headline(finding)),
            finding.is_explained,
        )
        for finding in report.findings
        if report.decides(finding)
    )
    return GradedFile(
        file=name,
        status=0 if report.ok else 1,
        summary=printable(report.summary()),
        text=clean(str(report)),
        parts=tuple(parts_of(report)),
        bugs=bugs,
        seconds=round(seconds, 3),
        data=json.loads(as_json(report, weights)),
        page=clean(as_html(report)),
    )


def failed(name: str, problem: str, seconds: float = 0.0) -> GradedFile:
    """Return the result of a file that could not be graded."""
    line = printable(problem)
    return GradedFile(
        file=name, status=2, summary=line, text=line, seconds=round(seconds, 3)
    )


def clean(text: str) -> str:
    """Replace what no terminal and no file should get, but for the ends of lines."""
    return "".join(c if c.isprintable() or c in "\n\t" else "?" for c in text)
