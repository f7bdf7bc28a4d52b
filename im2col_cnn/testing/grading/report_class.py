"""Write the results of a class as pages: which bug, how often, and a page per file."""

import re
from collections.abc import Sequence
from html import escape

from .graded_file import Bug, GradedFile
from .points import Points, scores_of, total_of
from .report_html import STYLE

__all__ = ["RESULTS", "as_class_page", "kind_of", "pages_of"]

RESULTS = ("right", "wrong", "not graded")
LAYOUT = """
table.class { border-collapse: collapse; width: 100%; }
table.class td, table.class th { border-bottom: 1px solid var(--line); text-align: left;
  padding: .2rem .6rem; vertical-align: top; overflow-wrap: anywhere; }
table.class td.number { text-align: right; white-space: nowrap; }
.right { color: var(--good); } .wrong, .not { color: var(--bad); }
"""


def as_class_page(
    files: Sequence[GradedFile],
    points: Points | None = None,
    links: Sequence[str] = (),
) -> str:
    """
    Write one page about all files: bugs by how often they come, files by name.

    Parameters
    ----------
    files : sequence of GradedFile
    points : mapping, optional
        Points per part; every part is worth 1 by default.
    links : sequence of str
        Where the page of each file is; none by default.

    Returns
    -------
    str
        A document that loads nothing.
    """
    counts = [(word, sum(f.result == word for f in files)) for word in RESULTS]
    title = f"{len(files)} files: " + ", ".join(f"{n} {word}" for word, n in counts)
    places = dict(zip((id(f) for f in files), links, strict=False))
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width">',
            f"<title>{title}</title><style>{STYLE}{LAYOUT}</style></head><body>",
            f"<h1>{title}</h1>",
            "<h2>Which bug, how often</h2>",
            bug_table(files, places),
            "<h2>Files</h2>",
            file_table(files, points, places),
            "</body></html>",
            "",
        ]
    )


def bug_table(files: Sequence[GradedFile], places: dict[int, str]) -> str:
    """List the bugs, each with how many files have it, and which."""
    found: dict[str, list[GradedFile]] = {}
    for each in files:
        for headline in dict.fromkeys(kind_of(bug) for bug in each.bugs):
            found.setdefault(headline, []).append(each)
    if not found:
        return "<p>None.</p>"
    rows = ["<tr><th>files</th><th>bug</th><th>where</th></tr>"]
    for headline, own in sorted(found.items(), key=lambda item: (-len(item[1]), item)):
        names = ", ".join(linked(each, places) for each in own)
        rows.append(
            f'<tr><td class="number">{len(own)}</td><td>{escape(headline)}</td>'
            f"<td>{names}</td></tr>"
        )
    return f'<table class="class">{"".join(rows)}</table>'


def kind_of(bug: Bug) -> str:
    """Return what files with the same bug have in common: its name, or where it is."""
    return bug.headline if bug.is_explained else f"{bug.function}: not named"


def file_table(
    files: Sequence[GradedFile], points: Points | None, places: dict[int, str]
) -> str:
    """List the files by name, with what became of each."""
    rows = ["<tr><th>file</th><th>result</th><th>points</th><th>what</th></tr>"]
    for each in sorted(files, key=lambda file: file.file):
        won, out_of = total_of(scores_of(each.parts, points))
        said = [bug.headline for bug in each.bugs] or [each.summary]
        rows.append(
            f"<tr><td>{linked(each, places)}</td>"
            f'<td class="{each.result}">{each.result}</td>'
            f'<td class="number">{won:g} of {out_of:g}</td>'
            f"<td>{'<br>'.join(map(escape, said))}</td></tr>"
        )
    return f'<table class="class">{"".join(rows)}</table>'


def linked(file: GradedFile, places: dict[int, str]) -> str:
    """Write the name of a file, with a link to its page if it has one."""
    name = escape(file.file)
    place = places.get(id(file))
    return f'<a href="{escape(place)}">{name}</a>' if place else name


def pages_of(files: Sequence[GradedFile]) -> dict[str, str]:
    """Return a page for every file, by a name that any system and any link can take."""
    pages: dict[str, str] = {}
    for each in files:
        name = re.sub(r"[^A-Za-z0-9.-]+", "_", each.file).strip(".")[:100] or "file"
        number = 1
        while (page := f"{name}{f'-{number}' if number > 1 else ''}.html") in pages:
            number += 1
        pages[page] = each.page or plain_page(each)
    return pages


def plain_page(file: GradedFile) -> str:
    """Write a page about a file that could not be graded."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(file.file)}</title><style>{STYLE}</style></head><body>"
        f"<h1>{escape(file.file)}</h1><p>{escape(file.summary)}</p></body></html>\n"
    )
