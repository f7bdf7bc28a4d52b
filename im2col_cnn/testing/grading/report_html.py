"""Write a report as one HTML page that needs nothing else, with its inputs drawn."""

from html import escape
from itertools import groupby
from typing import Any

import numpy as np

from ..._typing import Array
from ..laws.comparison import equal, tolerance
from .counterexample_picture import planes_of
from .report import Finding, Report, call_of

__all__ = ["STYLE", "as_html"]

STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1a1a1a; --soft: #595959;
  --line: #8886; --link: #0b57d0; --bad: #b3261e; --good: #1b6e1b; --wrong: #fbd9d5;
  --right: #d3efd3; }
@media (prefers-color-scheme: dark) { :root { --paper: #141414; --ink: #e8e8e8;
  --soft: #a8a8a8; --link: #9ecbff; --bad: #ff8a80; --good: #7fd67f; --wrong: #5a1f1b;
  --right: #1c4a1c; } }
html { background: var(--paper); color: var(--ink); } a { color: var(--link); }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto;
       padding: 0 1rem; }
h2 { margin-top: 2.5rem; border-top: 1px solid var(--line); padding-top: 1rem; }
table.laws { border-collapse: collapse; width: 100%; }
table.laws td { border-bottom: 1px solid var(--line); padding: .2rem .6rem; }
table.laws th { text-align: left; padding: 1.2rem 0 .3rem; overflow-wrap: anywhere; }
table.laws td:last-child { white-space: nowrap; }
h1, h2, li, p { overflow-wrap: anywhere; } h1 { font-size: 1.6rem; }
h2 { font-size: 1.25rem; } ul { padding-left: 1.2rem; }
.broken { color: var(--bad); font-weight: 600; } .holds { color: var(--good); }
.arrays { display: flex; flex-wrap: wrap; gap: 1.5rem; overflow-x: auto;
          align-items: flex-start; }
figure { margin: .5rem 0; } figcaption { font: 14px monospace; }
table.grid { border-collapse: collapse; display: inline-table; margin: .2rem; }
table.grid td { border: 1px solid var(--line); min-width: 2rem; padding: .15rem .4rem;
                text-align: right; font: 14px monospace; }
td.wrong { background: var(--wrong); outline: 2px solid var(--bad); }
td.right { background: var(--right); outline: 2px solid var(--good); }
table.grid caption { font: 12px monospace; color: var(--soft); text-align: left;
                     white-space: nowrap; }
pre { white-space: pre-wrap; }
"""
MAX_CELLS = 400  # cells of an array that are drawn


def as_html(report: Report) -> str:
    """
    Write a report as a page.

    Parameters
    ----------
    report : Report

    Returns
    -------
    str
        A document with its style and its pictures inside; it loads nothing.
    """
    title = escape(f"{report.title}: {report.summary()}")
    heading, *remarks = (line for line in report.heading() if line)
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width">',
        f"<title>{title}</title><style>{STYLE}</style></head><body>",
        f"<h1>{title}</h1><p>{escape(heading)}</p>",
        f"<ul>{''.join(f'<li>{escape(remark)}</li>' for remark in remarks)}</ul>",
        laws(report),
        *(bug(report, n, f) for n, f in enumerate(report.findings, start=1)),
    ]
    if report.printed:
        parts.append(f"<h2>It printed</h2><pre>{escape(report.printed)}</pre>")
    return "\n".join([*parts, "</body></html>", ""])


def laws(report: Report) -> str:
    """Write the table of laws, function by function."""
    numbers = {id(finding): n for n, finding in enumerate(report.findings, start=1)}
    rows = []
    for function, verdicts in groupby(
        report.verdicts, lambda verdict: verdict.function
    ):
        rows.append(
            f'<tr><th colspan="3" scope="rowgroup">{escape(function)}</th></tr>'
        )
        for verdict in verdicts:
            number = numbers.get(id(verdict.finding))
            link = f'<a href="#bug{number}">see {number}</a>' if number else ""
            rows.append(
                f'<tr><td class="{verdict.status}">{verdict.status}</td>'
                f'<td title="{escape(verdict.law.sentence)}">'
                f"{escape(verdict.law.name)}</td>"
                f"<td>{link}</td></tr>"
            )
    return f'<table class="laws">{"".join(rows)}</table>'


def bug(report: Report, number: int, finding: Finding) -> str:
    """Describe a bug, and draw the smallest input that shows it."""
    word = "" if report.decides(finding) else "advice: "
    title = escape(f"{number}. {finding.function}: {word}{report.headline(finding)}")
    parts = [f'<h2 id="bug{number}">{title}</h2>']
    if (exhibit := finding.exhibit) is not None:
        parts += [
            f"<p>Why: {escape(exhibit.why)}.</p>",
            f"<p>Instead: <code>{escape(exhibit.fix)}</code></p>",
            f"<p>Seen: {escape(exhibit.source)}.</p>",
        ]
    if finding.code:
        parts.append(f"<p>It stopped at <code>{escape(finding.code)}</code></p>")
    parts.append(f"<p>Law: {escape(finding.law.sentence)}</p>")
    figures, settings = [], []
    for name, value in call_of(finding.trial, finding.kind):
        called = report.word(finding, name)
        if isinstance(value, np.ndarray):
            figures.append(figure(called, value, is_kernel=name == "w"))
        else:
            settings.append(f"{called} = {value!r}")
    parts.append("<p>The smallest input that shows it:</p>")
    parts.append(f'<div class="arrays">{"".join(figures)}</div>')
    if settings:
        parts.append(f"<p><code>{escape(', '.join(settings))}</code></p>")
    parts.append(f"<p>{escape(report.problem(finding))}</p>")
    if isinstance(finding.expected, np.ndarray):
        parts.append(f'<div class="arrays">{compared(finding)}</div>')
    return "\n".join(parts)


def compared(finding: Finding) -> str:
    """Draw what is right beside what came, with the differences marked."""
    expected, got = finding.expected, finding.got
    if not isinstance(got, np.ndarray):
        return figure("expected", expected)
    marks = None
    if got.shape == expected.shape:
        marks = ~equal(got, expected, tolerance(got, expected))
    is_kernel = finding.law.array == "w"
    return figure("expected", expected, marks, "right", is_kernel=is_kernel) + figure(
        "got", got, marks, "wrong", is_kernel=is_kernel
    )


def figure(
    name: str,
    array: Array,
    marks: Any = None,
    mark: str = "",
    *,
    is_kernel: bool = False,
) -> str:
    """Draw an array: a grid for each image and channel."""
    caption = f"{escape(name)}, shape {' x '.join(map(str, array.shape))}"
    if array.size > MAX_CELLS:
        return f"<figure><figcaption>{caption}, too large to draw</figcaption></figure>"
    marks = np.zeros(array.shape, bool) if marks is None else marks
    planes = planes_of(name, array, is_kernel=is_kernel)
    marked = planes_of(name, marks, is_kernel=is_kernel)
    grids = [
        grid(plane.title if len(planes) > 1 else "", plane.rows, both.rows, mark)
        for plane, both in zip(planes, marked, strict=True)
    ]
    return (
        f"<figure><figcaption>{caption}</figcaption>"
        f'<div class="arrays">{"".join(grids)}</div></figure>'
    )


def grid(title: str, plane: Array, marks: Array, mark: str) -> str:
    """Draw one plane of numbers."""
    rows = [
        "".join(
            f'<td class="{mark if marked else ""}">{number:g}</td>'
            for number, marked in zip(row, marked_row, strict=True)
        )
        for row, marked_row in zip(plane, marks, strict=True)
    ]
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    caption = f"<caption>{escape(title)}</caption>" if "[" in title else ""
    return f'<table class="grid">{caption}{body}</table>'
