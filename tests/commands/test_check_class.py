"""The check command on a class, and in the formats of courses' graders."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from im2col_cnn.commands.check_files import show_bugs, show_rows
from im2col_cnn.testing import GradedFile
from tests.commands.command import Check
from tests.profile import in_turn
from tests.testing.classroom import (
    RIGHT,
    RIGHT_SHARE,
    UNREAD,
    WRONG,
    WRONG_SHARE,
    write_class,
)

QUICK = ["--examples", "2", "--seconds", "2"]


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@in_turn(4)
def test_a_class_is_graded_in_one_command_and_once(
    check: Check, tmp_path: Path
) -> None:
    write_class(tmp_path)

    wanted = ["--csv", "class.csv", "--html", "pages", "--points", "share=4,dx=2"]
    once = check("class", *QUICK, *wanted, "--jobs", "2")
    pages = {path.name: path.read_text() for path in Path("pages").iterdir()}
    again = check("class", *QUICK, *wanted, "--format", "junit", "--output", "j.xml")

    assert (once.status, once.err) == (2, "")
    assert "anna/share.py right 4 of 6 2 of 2 laws hold" in plain(once.out)
    assert "cleo.py not graded class/cleo.py:1: is no Python" in plain(once.out)
    assert "3 files: 1 right, 1 wrong, 1 not graded" in once.out
    assert sorted(again.out.splitlines()) == sorted(once.out.splitlines())
    assert pages == {path.name: path.read_text() for path in Path("pages").iterdir()}
    assert sorted(pages) == [
        "anna_share.py.html",
        "ben.py.html",
        "cleo.py.html",
        "index.html",
    ]
    assert 'href="ben.py.html"' in pages["index.html"]
    table = Path("class.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(table.splitlines()))
    assert [row["points"] for row in rows] == ["4", "0", "0"]
    assert {row["out_of"] for row in rows} == {"6"}
    assert [suite.get("name") for suite in ET.parse("j.xml").getroot()] == [
        "anna/share.py",
        "ben.py",
        "cleo.py",
    ]


def test_a_homework_in_pieces_is_one_report(check: Check) -> None:
    Path("kim").mkdir()
    for name in ("0-conv_forward", "2-conv_backward"):
        Path("kim", f"{name}.py").write_text("def f(:\n")

    of_folder = check("kim")
    of_files = check("kim/0-conv_forward.py", "kim/2-conv_backward.py")

    assert of_folder.status == of_files.status == 2
    assert of_folder == of_files
    assert "files:" not in of_folder.out
    assert "0-conv_forward.py:1: is no Python" in of_folder.err
    assert "2-conv_backward.py:1: is no Python" in of_folder.err


def plain(text: str) -> str:
    """Return a text with one blank wherever there are any."""
    return " ".join(text.split())


@pytest.mark.parametrize("name", ["gradescope", "vpl", "codegrade", "junit", "json"])
def test_a_format_is_written_where_nothing_can_be_graded(
    check: Check, name: str
) -> None:
    answer = check("nobody.py", "--format", name)

    written = answer.out or Path("results.json").read_text(encoding="utf-8")
    assert answer.status == 2
    assert answer.err == "im2col-cnn: nobody.py: there is no such file\n"
    assert "nobody.py: there is no such file" in written
    assert (answer.out == "") == (name == "gradescope")


def test_a_format_is_written_where_the_options_make_no_sense(check: Check) -> None:
    answer = check("hw.py", "--points", "gravity=2", "--format", "gradescope")

    results = json.loads(Path("results.json").read_text(encoding="utf-8"))
    assert answer.status == 2
    assert "'gravity' is no part" in results["tests"][0]["output"]


def test_a_format_has_standard_output_to_itself(check: Check) -> None:
    Path("hw.py").write_text(WRONG_SHARE)

    answer = check("hw.py", *QUICK, "--format", "codegrade")

    assert answer.status == 1
    assert answer.out.startswith("0.0000\n\nhw.py: 1 of 2 laws hold")
    assert "the gradient is divided by the height only (E20)" in answer.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--points", "dx"], "--points must be like forward=4,dx=3, got 'dx'"),
        (["--points", "dx=-1"], "the points of dx must be a number from 0 on"),
        (["--only", "d x"], "'d x' is neither a function nor a part"),
        (["--output", "out"], "--output needs --format"),
        (["--csv", "hw.py"], "--csv hw.py: is in use already"),
        (["--csv", "no/a.csv"], "no/a.csv"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    check: Check, arguments: list[str], said: str
) -> None:
    Path("hw.py").write_text(WRONG_SHARE)

    answer = check("hw.py", *arguments)

    assert (answer.status, answer.out) == (2, "")
    assert said in answer.err
    assert len(answer.err.splitlines()) == 1


@in_turn(3)
def test_what_others_import_does_not_count_and_results_need_no_folder(
    check: Check,
) -> None:
    Path("hw").mkdir()
    Path("hw", "layers.py").write_text(f"from sizes import size\n{RIGHT_SHARE}")
    Path("hw", "sizes.py").write_text("size = 1\n")
    Path(".im2col_cnn_check").touch()  # where the folder would be

    answer = check("hw", *QUICK, "--csv", "hw.csv")

    assert answer.status == 0, answer.out
    assert "sizes.py is imported by others, so it does not count" in answer.out
    assert "1 file: 1 right, 0 wrong, 0 not graded" in answer.out
    assert "sizes.py" not in Path("hw.csv").read_text()


def test_a_folder_for_results_that_cannot_be_made_is_refused(check: Check) -> None:
    Path("a.py").touch()

    answer = check(".", "--results", "a.py/kept")

    assert answer.status == 2
    assert answer.err == "im2col-cnn: --results a.py/kept: Not a directory\n"


def test_a_folder_without_homework_is_refused(check: Check) -> None:
    Path("empty").mkdir()

    answer = check("empty")

    assert answer.status == 2
    assert "empty: has no file that ends in .py or .ipynb" in answer.err


def test_a_table_grows_row_by_row_and_counts_bugs_at_the_end(
    capsys: pytest.CaptureFixture[str],
) -> None:
    screen = Console(width=200, highlight=False)
    seen = []

    def coming() -> Iterator[GradedFile]:
        for each in RIGHT, WRONG, UNREAD:
            seen.append(capsys.readouterr().out)
            yield each

    done = show_rows(screen, coming(), ["anna.py", "ben.py", "cleo.py"], None)
    show_bugs(screen, done)

    assert seen[1].startswith("anna.py  right")
    assert plain(seen[2]) == "ben.py wrong 1 of 2 dx is assigned with = (C3)"
    assert "dx is assigned with = (C3)      1" in capsys.readouterr().out
