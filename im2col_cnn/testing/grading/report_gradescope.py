"""Write results as Gradescope's autograders do: results.json, a test per part.

https://gradescope-autograders.readthedocs.io/en/latest/specs/ lists the fields. The
files are one submission: their tests stand in one list, and their points are added up.
"""

import json
from collections.abc import Sequence

from .graded_file import GradedFile
from .points import Points
from .submission import lines_of, text_above

__all__ = ["as_gradescope"]


def as_gradescope(files: Sequence[GradedFile], points: Points | None = None) -> str:
    """
    Write the files of one submission as ``results.json``.

    Parameters
    ----------
    files : sequence of GradedFile
    points : mapping, optional
        Points per part; every part is worth 1 by default.

    Returns
    -------
    str
        A test for each part, which all may see; one that fails if nothing was graded.
    """
    scores = lines_of(files, points)
    tests = [
        {
            "name": score.name,
            "score": score.won,
            "max_score": score.out_of,
            "status": "passed" if score.won == score.out_of else "failed",
            "output": score.text,
            "visibility": "visible",
        }
        for score in scores
    ]
    seconds = sum(each.seconds for each in files)
    results = {
        "score": round(sum(score.won for score in scores), 4),
        "execution_time": round(seconds, 3),
        "output": text_above(files),
        "visibility": "visible",
        "tests": tests,
    }
    return json.dumps(results, indent=2, ensure_ascii=False) + "\n"
