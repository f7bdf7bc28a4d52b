"""Write results for CodeGrade's Capture Points: a number from 0 to 1, and the reasons.

https://help.codegrade.com says that the step captures one float of the output. It
stands on the first line, so that no other number comes before it.
"""

from collections.abc import Sequence

from .graded_file import GradedFile
from .points import Points
from .submission import lines_of, share_of, text_above

__all__ = ["as_codegrade"]


def as_codegrade(files: Sequence[GradedFile], points: Points | None = None) -> str:
    """
    Write the files of one submission as a share of the points, and what costs some.

    Parameters
    ----------
    files : sequence of GradedFile
    points : mapping, optional
        Points per part; every part is worth 1 by default.

    Returns
    -------
    str
    """
    lines = [f"{share_of(files, points):.4f}", "", text_above(files)]
    for score in lines_of(files, points):
        lines += ["", f"{score.name}: {score.won:g} of {score.out_of:g} points"]
        if score.won < score.out_of:
            lines += [f"  {line}".rstrip() for line in score.text.splitlines()]
    return "\n".join(lines) + "\n"
