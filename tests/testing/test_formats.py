"""Results in the formats of courses' graders, each by its published description."""

import csv
import io
import json
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from im2col_cnn.testing import GradedFile
from im2col_cnn.testing.grading.formats import FORMATS
from im2col_cnn.testing.grading.report_class import as_class_page, pages_of
from im2col_cnn.testing.grading.report_csv import as_csv
from tests.testing.classroom import RIGHT, UNREAD, WRONG

POINTS = {"forward": 4.0, "dx": 3.0}


def test_gradescope_gets_a_test_per_part_with_text_for_the_student() -> None:
    results = json.loads(FORMATS["gradescope"].write([WRONG], POINTS))

    assert results["score"] == 4
    assert results["execution_time"] == 2.5
    assert [(t["score"], t["max_score"]) for t in results["tests"]] == [(4, 4), (0, 3)]
    assert [t["status"] for t in results["tests"]] == ["passed", "failed"]
    assert {t["visibility"] for t in results["tests"]} == {"visible"}
    assert results["tests"][1]["name"] == "conv_backward: dx"
    assert "BROKEN dx" in results["tests"][1]["output"]
    assert "dx is assigned with = (C3)" in results["output"]


def test_gradescope_gets_a_test_that_fails_where_nothing_could_be_graded() -> None:
    results = json.loads(FORMATS["gradescope"].write([UNREAD], POINTS))

    (test,) = results["tests"]
    assert (test["score"], test["max_score"], test["status"]) == (0, 7, "failed")
    assert "is no Python" in test["output"]


def test_files_of_one_submission_share_its_points() -> None:
    results = json.loads(FORMATS["gradescope"].write([UNREAD, WRONG], POINTS))

    assert [t["max_score"] for t in results["tests"]] == [4, 3]
    assert "is no Python" in results["output"]


def test_vpl_gets_comments_and_a_grade_on_the_scale_of_the_activity(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("VPL_GRADEMIN", "0")
    monkeypatch.setenv("VPL_GRADEMAX", "70")

    lines = FORMATS["vpl"].write([WRONG], POINTS).splitlines()

    assert lines[0] == "Comment :=>> ben.py: 1 of 2 laws hold"
    assert "-conv_backward: dx: 0 of 3" in lines[lines.index("<|--") : -2]
    assert ">BROKEN dx" in lines
    assert lines[-2:] == ["--|>", "Grade :=>> 40.00"]
    # What homework says is never taken for a grade.
    assert sum(line.startswith("Grade") for line in lines) == 1


@pytest.mark.parametrize("bounds", [{}, {"VPL_GRADEMIN": "x", "VPL_GRADEMAX": ""}])
def test_vpl_counts_to_10_where_nothing_else_is_said(
    monkeypatch: pytest.MonkeyPatch, bounds: dict[str, str]
) -> None:
    for name in ("VPL_GRADEMIN", "VPL_GRADEMAX"):
        monkeypatch.delenv(name, raising=False)
    for name, text in bounds.items():
        monkeypatch.setenv(name, text)

    assert FORMATS["vpl"].write([RIGHT], None).endswith("Grade :=>> 10.00\n")
    assert FORMATS["vpl"].write([UNREAD], None).endswith("Grade :=>> 0.00\n")


@pytest.mark.parametrize(
    ("file", "share"), [(RIGHT, "1.0000"), (WRONG, "0.5714"), (UNREAD, "0.0000")]
)
def test_codegrade_finds_the_share_before_any_other_number(
    file: GradedFile, share: str
) -> None:
    first, empty, *text = FORMATS["codegrade"].write([file], POINTS).splitlines()

    assert (first, empty) == (share, "")
    assert text


def test_junit_counts_what_fails_and_what_could_not_be_graded() -> None:
    root = ET.fromstring(FORMATS["junit"].write([RIGHT, WRONG, UNREAD], None))

    assert root.tag == "testsuites"
    assert {n: root.get(n) for n in ("tests", "failures", "errors")} == {
        "tests": "5",
        "failures": "1",
        "errors": "1",
    }
    assert [suite.get("name") for suite in root] == ["anna.py", "ben.py", "cleo.py"]
    assert [suite.get("tests") for suite in root] == ["2", "2", "1"]
    (failure,) = root.iter("failure")
    assert failure.get("message") == "0 of 1 points"
    assert "BROKEN dx" in (failure.text or "")
    (error,) = root.iter("error")
    assert "is no Python" in (error.text or "")
    assert not list(root.iter("properties"))  # CodeGrade does not take them


def test_json_is_an_object_for_one_file_and_a_list_for_several() -> None:
    one = json.loads(FORMATS["json"].write([UNREAD], POINTS))
    first, second = json.loads(FORMATS["json"].write([RIGHT, WRONG], POINTS))

    assert (one["ok"], one["status"], one["score"], one["out_of"]) == (False, 2, 0, 7)
    assert "is no Python" in one["error"]
    assert (first["ok"], first["share"], first["error"]) == (True, 1, None)
    assert [part["points"] for part in second["parts"]] == [4, 0]


def test_a_class_is_a_table_with_a_column_per_part() -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv([RIGHT, WRONG, UNREAD], POINTS))))

    assert [row["result"] for row in rows] == ["right", "wrong", "not graded"]
    assert [(row["points"], row["out_of"]) for row in rows] == [
        ("7", "7"),
        ("4", "7"),
        ("0", "7"),
    ]
    assert [row["conv.dx"] for row in rows] == ["1", "0", ""]
    assert rows[1]["bugs"] == "C3"


def test_a_name_is_no_formula_of_a_spreadsheet() -> None:
    (row,) = csv.DictReader(io.StringIO(as_csv([named("=1+1.py")])))

    assert row["file"] == "'=1+1.py"


def named(name: str) -> GradedFile:
    return replace(UNREAD, file=name)


def test_a_class_page_counts_bugs_and_lists_files_by_name() -> None:
    page = as_class_page([WRONG, RIGHT, UNREAD], POINTS, ["b.html", "a.html", "c.html"])

    assert "3 files: 1 right, 1 wrong, 1 not graded" in page
    assert page.index('href="a.html">anna.py') < page.index('href="c.html">cleo.py')
    assert "dx is assigned with = (C3)" in page
    assert "http" not in page


def test_every_file_has_a_page_whose_name_does_no_harm() -> None:
    names = ["../a/b.py", "a_b.py", "a/b.py", "<script>.py", "", "x" * 300]

    pages = pages_of([named(name) for name in names])

    assert len(pages) == len(names)
    assert all(not {*page} & set("/<>\"'&%#") for page in pages)
    assert all(len(page) < 200 for page in pages)
    assert not any("<script>" in page for page in pages.values())
