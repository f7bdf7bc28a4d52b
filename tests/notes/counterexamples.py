"""Find a small input that shows each bug of the museum, and keep it in a picture.

Where one does, it is an image of 1, 2, 3, ... with windows of two rows and two columns,
with as little changed as need be: an image of one pixel would show the bug and explain
nothing. Elsewhere it is the smallest, and that search takes minutes. What was found is
kept in the picture itself, as metadata, so that a test can put it to the bug again, and
draw it again, in no time.
"""

import functools
import html
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np

from im2col_cnn.testing.bugs.exhibit import Exhibit
from im2col_cnn.testing.bugs.fresh import rewind
from im2col_cnn.testing.grading.counterexample_picture import draw_counterexample
from im2col_cnn.testing.grading.kill_matrix import on_show
from im2col_cnn.testing.grading.kinds import KINDS
from im2col_cnn.testing.grading.search import Trial, shrink, try_again
from im2col_cnn.testing.laws.comparison import BrokenLawError
from im2col_cnn.testing.laws.table import LAWS, Law
from im2col_cnn.testing.strategies import Case
from tests.notes.svg import SVG

__all__ = ["FOLDER", "MAX_CHARACTERS", "draw", "find", "picture_of", "read"]

FOLDER = Path(__file__).parents[2] / "notes" / "pictures" / "museum"
MAX_CHARACTERS = 12_000  # of a picture: two images of three channels are too much
SEEDS = range(6)
THOROUGHLY = {"examples": 100, "patience": 1500}


def picture_of(exhibit: Exhibit) -> Path:
    """Return where the picture of a bug is kept."""
    return FOLDER / f"{exhibit.key}.svg"


def find(exhibit: Exhibit, killers: tuple[str, ...]) -> Trial:
    """Search for an input that shows a bug, by a law about numbers if any."""
    laws = [law for law in LAWS if law.name in killers]
    law = next((law for law in laws if law.oracle and not law.follows), laws[0])
    shown = plain(exhibit, law)
    if shown is not None and len(draw(exhibit, shown)) < MAX_CHARACTERS:
        return shown
    for each in silent(law), law:  # wrong numbers are worse than none, and say more
        hunted = (
            shrink(each, on_show(exhibit), seed=seed, **THOROUGHLY) for seed in SEEDS
        )
        found = [trial for trial in hunted if trial is not None]
        if found:
            rewind()
            return try_again(
                on_show(exhibit), replace(min(found, key=simplicity), law=law)
            )
    raise LookupError(f"{exhibit.key} does not break the law: {law.name}")


def plain(exhibit: Exhibit, law: Law) -> Trial | None:
    """Return the plainest small call that gives wrong numbers, or else fails."""
    if not law.oracle or law.follows:
        return None
    subject, failed = on_show(exhibit), []
    for case in subject.small:
        y, _ = KINDS[exhibit.kind].oracle.forward(*case.arrays, **case.settings)
        dy = np.arange(1.0, y.size + 1).reshape(y.shape)
        if exhibit.kind == "avg_pool":  # so that shares are whole numbers
            dy *= math.prod(case.settings["kernel_size"])
        drawn = ("dtype", "float64"), ("case", case), ("dy", dy)
        rewind()
        trial = try_again(subject, Trial(law, drawn, None))
        if isinstance(trial.failure, BrokenLawError):
            return trial
        if trial.failure is not None:
            failed.append(trial)
    return failed[0] if failed else None


def simplicity(trial: Trial) -> tuple[Any, ...]:
    """Return what is less the smaller a trial is, and the smaller its numbers are."""
    arrays = [value for _, value in trial.drawn if isinstance(value, np.ndarray)]
    arrays += trial.case.arrays
    return trial.size, sum(float(np.nansum(np.abs(array))) for array in arrays)


def silent(law: Law) -> Law:
    """Return a law that looks away where a call fails."""

    @functools.wraps(law.demand)
    def demand(*arguments: Any) -> None:
        try:
            law.demand(*arguments)
        except BrokenLawError:
            raise
        except Exception:  # that is what it is for
            pass

    return replace(law, demand=demand)


def law_called(name: str) -> Law:
    """Return a law by its name."""
    return next(law for law in LAWS if law.name == name)


def draw(exhibit: Exhibit, trial: Trial) -> str:
    """Draw a bug, with its input in the picture, so that it can be tried again."""
    kept = {"law": trial.law.name, "drawn": [[n, as_json(v)] for n, v in trial.drawn]}
    title = f"{exhibit.key}: {exhibit.name}"
    metadata = html.escape(json.dumps(kept), quote=False)
    return draw_counterexample(trial, exhibit.kind, title, metadata=metadata)


def read(exhibit: Exhibit) -> Trial:
    """Put what a picture holds to its bug again."""
    picture = ET.fromstring(picture_of(exhibit).read_text(encoding="utf-8"))
    kept = json.loads(picture.findtext(f"{SVG}metadata") or "")
    drawn = tuple((name, from_json(value)) for name, value in kept["drawn"])
    trial = Trial(law_called(kept["law"]), drawn, None)
    rewind()
    return try_again(on_show(exhibit), trial)


def as_json(value: Any) -> Any:
    """Write what was drawn: a call, an array, or a value."""
    if isinstance(value, Case):
        return {"arrays": as_json(value.arrays), "settings": dict(value.settings)}
    if isinstance(value, np.ndarray):
        numbers = [n if np.isfinite(n) else str(n) for n in value.ravel().tolist()]
        return {"shape": value.shape, "dtype": value.dtype.name, "numbers": numbers}
    return [as_json(each) for each in value] if isinstance(value, tuple) else value


def from_json(value: Any) -> Any:
    """Read what was written; every list was a tuple."""
    match value:
        case {"arrays": arrays, "settings": settings}:
            return Case(
                from_json(arrays), {n: from_json(settings[n]) for n in settings}
            )
        case {"shape": shape, "dtype": dtype, "numbers": numbers}:
            array = np.array([float(n) for n in numbers], dtype).reshape(shape)
            array.flags.writeable = False
            return array
        case list():
            return tuple(map(from_json, value))
    return value
