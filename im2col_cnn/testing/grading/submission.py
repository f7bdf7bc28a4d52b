"""Take the files of one submission together: one list of points, one text above it."""

from collections.abc import Sequence

from .graded_file import GradedFile
from .points import Points, Score, scores_of, total_of

__all__ = ["lines_of", "share_of", "text_above"]


def lines_of(files: Sequence[GradedFile], points: Points | None = None) -> list[Score]:
    """Return the points of all parts of some files; one that fails if there is none.

    Files in which nothing could be graded cost nothing beside others, for they may be
    imported by these.
    """
    parts = [part for each in files for part in each.parts]
    if parts:
        return scores_of(parts, points)
    why = "\n".join(each.summary for each in files) or "there is no file to grade"
    out_of = sum(points.values()) if points else 1.0
    return [Score("the homework can be graded", 0.0, out_of, why)]


def share_of(files: Sequence[GradedFile], points: Points | None = None) -> float:
    """Return the share of the points that was won, from 0 to 1."""
    won, out_of = total_of(lines_of(files, points))
    return won / out_of


def text_above(files: Sequence[GradedFile]) -> str:
    """Return a line or two per file, to be read before the points."""
    lines = []
    for each in files:
        name = "" if each.summary.startswith(each.file) else f"{each.file}: "
        lines.append(f"{name}{each.summary}")
        lines += [f"  {bug.function}: {bug.headline}" for bug in each.bugs]
    return "\n".join(lines)
