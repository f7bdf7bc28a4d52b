"""Write results as JSON: an object for one file, a list of them for several."""

import json
from collections.abc import Sequence
from typing import Any

from .graded_file import GradedFile
from .points import Points, total_of
from .submission import lines_of, share_of

__all__ = ["as_json_of_files"]


def as_json_of_files(files: Sequence[GradedFile], points: Points | None = None) -> str:
    """
    Write what `as_json` writes about each file, and its parts.

    Parameters
    ----------
    files : sequence of GradedFile
    points : mapping, optional
        Points per part: then ``score`` and ``out_of`` count them, and not the laws.

    Returns
    -------
    str
        Every object has ``file``, ``status``, ``ok``, ``score``, ``out_of``, ``share``
        from 0 to 1, ``parts`` and ``text``; ``error`` says why nothing was graded.
    """
    told: Any = [as_object(each, points) for each in files]
    if len(told) == 1:
        (told,) = told
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"


def as_object(file: GradedFile, points: Points | None) -> dict[str, Any]:
    """Return one file as an object."""
    scores = lines_of([file], points)
    won, out_of = total_of(scores)
    data = {"score": won, "out_of": out_of, **(file.data or {})}
    if points is not None:
        data |= {"score": won, "out_of": out_of}
    return {
        "file": file.file,
        "status": file.status,
        "ok": file.status == 0,
        **data,
        "error": file.summary if file.status == 2 else None,
        "share": share_of([file], points),
        "seconds": file.seconds,
        "parts": [
            {"part": s.name, "points": s.won, "out_of": s.out_of, "text": s.text}
            for s in scores
        ],
        "text": file.text,
    }
