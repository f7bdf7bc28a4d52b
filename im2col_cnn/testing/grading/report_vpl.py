"""Write results for Moodle's Virtual Programming Lab: comments, and then a grade.

https://vpl.dis.ulpgc.es documents what an evaluation prints: a comment stands between
``<|--`` and ``--|>``, its titles begin with ``-``, what is shown as it is with ``>``.
The grade is taken from the last line that begins with ``Grade :=>>``; it counts on the
scale of the activity, which VPL gives in ``VPL_GRADEMIN`` and ``VPL_GRADEMAX``.
"""

import os
from collections.abc import Sequence

from .graded_file import GradedFile
from .points import Points
from .submission import lines_of, share_of, text_above

__all__ = ["as_vpl"]

LOWEST, HIGHEST = 0.0, 10.0  # grades, where the environment gives no others


def as_vpl(files: Sequence[GradedFile], points: Points | None = None) -> str:
    """
    Write the files of one submission as comments and a grade.

    Parameters
    ----------
    files : sequence of GradedFile
    points : mapping, optional
        Points per part; every part is worth 1 by default.

    Returns
    -------
    str
        Every line of a comment has a mark in front, so that nothing which homework
        prints or raises is taken for a grade.
    """
    comments = []
    for score in lines_of(files, points):
        comments.append(f"-{score.name}: {score.won:g} of {score.out_of:g}")
        if score.won < score.out_of:
            comments += [f">{line}" for line in score.text.splitlines()]
    low, high = bound("VPL_GRADEMIN", LOWEST), bound("VPL_GRADEMAX", HIGHEST)
    grade = low + (high - low) * share_of(files, points)
    above = [f"Comment :=>> {line}" for line in text_above(files).splitlines()]
    lines = [*above, "<|--", *comments, "--|>", f"Grade :=>> {grade:.2f}"]
    return "\n".join(lines) + "\n"


def bound(name: str, otherwise: float) -> float:
    """Return a bound of the scale, as the environment has it."""
    try:
        return float(os.environ.get(name, otherwise))
    except ValueError:
        return otherwise
