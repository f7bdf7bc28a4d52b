"""Write results as JUnit XML: a test suite per file, a test case per part.

The format has no standard; these are the elements and attributes that Jenkins, GitLab
and CodeGrade read: ``testsuites``, ``testsuite``, ``testcase``, and inside of that
``failure`` for what is wrong and ``error`` for what could not be graded.
"""

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from .graded_file import GradedFile
from .points import Points, Score, scores_of
from .submission import lines_of

__all__ = ["as_junit"]


def as_junit(files: Sequence[GradedFile], points: Points | None = None) -> str:
    """
    Write files as test suites.

    Parameters
    ----------
    files : sequence of GradedFile
    points : mapping, optional
        Points per part; what is worth points and not there is a test case that fails.

    Returns
    -------
    str
        A document without control codes, which XML does not allow.
    """
    root = ET.Element("testsuites", name="im2col-cnn check")
    for each in files:
        add_suite(root, each, points)
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    root.set("time", f"{sum(each.seconds for each in files):.3f}")
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def add_suite(root: ET.Element, file: GradedFile, points: Points | None) -> None:
    """Add a test suite for one file."""
    graded = file.status < 2
    scores = scores_of(file.parts, points) if graded else lines_of([file], points)
    wrong = [score for score in scores if score.won < score.out_of]
    counts = {
        "tests": len(scores),
        "failures": len(wrong) if graded else 0,
        "errors": 0 if graded else len(wrong),
        "skipped": 0,
    }
    suite = ET.SubElement(
        root,
        "testsuite",
        {"name": file.file, **{name: str(number) for name, number in counts.items()}},
        time=f"{file.seconds:.3f}",
    )
    for score in scores:
        add_case(suite, file, score)


def add_case(suite: ET.Element, file: GradedFile, score: Score) -> None:
    """Add a test case for one part."""
    case = ET.SubElement(suite, "testcase", classname=file.file, name=score.name)
    if score.won == score.out_of:
        return
    kind = "failure" if file.status < 2 else "error"
    message = f"{score.won:g} of {score.out_of:g} points"
    told = ET.SubElement(case, kind, message=message, type=file.result)
    told.text = score.text
