"""Write the results of a class as a table for a spreadsheet: a row per file."""

import csv
import io
from collections.abc import Sequence

from .graded_file import GradedFile
from .points import PARTS, Points, scores_of, total_of

__all__ = ["as_csv"]

FORMULAS = ("=", "+", "-", "@")  # how a cell begins that a spreadsheet would run


def as_csv(files: Sequence[GradedFile], points: Points | None = None) -> str:
    """
    Write a row per file, with a column per part.

    Parameters
    ----------
    files : sequence of GradedFile
    points : mapping, optional
        Points per part; every part is worth 1 by default.

    Returns
    -------
    str
        Columns: file, result, points, out_of, one per part with its share from 0 to 1
        (empty where it is not there), bugs, seconds, summary.
    """
    columns = [
        f"{kind}.{part}"
        for kind, parts in PARTS.items()
        for part in parts
        if any(p.kind == kind and p.name == part for each in files for p in each.parts)
    ]
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerow(
        ["file", "result", "points", "out_of", *columns, "bugs", "seconds", "summary"]
    )
    for each in files:
        won, out_of = total_of(scores_of(each.parts, points))
        shares = {f"{p.kind}.{p.name}": f"{p.share:.4g}" for p in each.parts}
        bugs = "; ".join(
            bug.key or f"{bug.function}: {bug.headline}" for bug in each.bugs
        )
        table.writerow(
            [
                plain(each.file),
                each.result,
                f"{won:g}",
                f"{out_of:g}",
                *(shares.get(column, "") for column in columns),
                plain(bugs),
                f"{each.seconds:.1f}",
                plain(each.summary),
            ]
        )
    return out.getvalue()


def plain(text: str) -> str:
    """Keep a spreadsheet from running a text as a formula."""
    return f"'{text}" if text.startswith(FORMULAS) else text
