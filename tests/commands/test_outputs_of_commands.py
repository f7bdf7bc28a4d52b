"""What commands print: to any terminal, in any encoding, of any name, to full disks."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from im2col_cnn.cli import run
from im2col_cnn.nn import Dense, Flatten, Sequential
from tests.commands.command import command, environment, in_here
from tests.commands.terminals import on_a_terminal
from tests.files.hdf5 import arrays, write
from tests.files.photos import make_folder
from tests.profile import in_turn

ESCAPE = "\x1b[31mred\nim2col-cnn: forged"
FOREIGN = b"caf\xe9".decode("utf-8", "surrogateescape")  # as Linux hands it to Python
CAT = "\N{CJK UNIFIED IDEOGRAPH-732B}"
pytestmark = pytest.mark.skipif(os.name != "posix", reason="names and signals of POSIX")


def saved(path: Path, classes: tuple[str, ...] = ("bright", "dark")) -> Path:
    """Save a network that names one of two classes."""
    network = Sequential([Flatten(), Dense(2)])
    network.build((4, 4, 3), rng=np.random.default_rng(0))
    network.classes = classes
    network.save(path)
    return path


def with_classes(path: Path, *names: str) -> Path:
    """Write a dataset whose classes have these names."""
    return write(path, arrays() | {"list_classes": [n.encode() for n in names]})


def shown_at(
    columns: int, monkeypatch: pytest.MonkeyPatch, *arguments: Any, encoding: str
) -> str:
    """Return what a command writes to a terminal."""
    statuses = []
    for name in "NO_COLOR", "TTY_COMPATIBLE":
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    # rich asks the terminal of the process, which here is another one, or this.
    monkeypatch.setenv("COLUMNS", str(columns))

    def act(stream: Any) -> None:
        monkeypatch.setattr(sys, "stdout", stream)
        statuses.append(run([*map(str, arguments)]))
        monkeypatch.setattr(sys, "stdout", sys.__stdout__)

    shown = on_a_terminal(columns, encoding, act)
    assert statuses == [0]
    return shown


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
@pytest.mark.parametrize("columns", [40, 80, 200])
def test_training_is_shown_on_any_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, columns: int, encoding: str
) -> None:
    data = with_classes(tmp_path / "data.h5", CAT, "dog", "fox")

    shown = shown_at(
        columns,
        monkeypatch,
        *("train", data, "--epochs", "2", "--validation", "0.3"),
        encoding=encoding,
    )

    assert (CAT if encoding == "utf-8" else "?") in shown
    assert "test accuracy" in shown


@in_turn(2)
@pytest.mark.parametrize("encoding", ["cp1252"])
def test_names_that_an_encoding_lacks_do_not_end_a_training(
    tmp_path: Path, encoding: str
) -> None:
    data = with_classes(tmp_path / "data.h5", CAT, "dog", "fox")

    done = subprocess.run(
        command("train", data, "--epochs", "1"),
        capture_output=True,
        env=environment() | {"PYTHONIOENCODING": encoding, "LANG": "C"},
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, b"")
    assert b"?" in done.stdout


COMMANDS = ("train", "make-h5", "predict", "evaluate", "explain", "check", "compare")


@in_turn(3)
@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_help_is_shown_on_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch, name: str, encoding: str
) -> None:
    shown = shown_at(40, monkeypatch, name, "--help", encoding=encoding)

    assert f"im2col-cnn {name} " in shown


@pytest.mark.parametrize("columns", [80, 200])
def test_no_word_of_a_prediction_is_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    names = ("an animal of the night", "a-very-long-name-of-a-class")
    weights = saved(tmp_path / "weights.h5", names)
    folder = make_folder(tmp_path / "photos", each=1)
    monkeypatch.chdir(folder)

    shown = shown_at(
        columns, monkeypatch, "predict", weights, "dark/0.png", encoding="utf-8"
    )

    for word in "image", "class", "probability", "dark/0.png", *names, "%":
        assert word in shown
    assert "\N{HORIZONTAL ELLIPSIS}" not in shown


def folder_of(tmp_path: Path, name: str) -> Path:
    """Make a folder of photographs with files of a name that cannot be read, or not."""
    folder = make_folder(tmp_path / "photos")
    (folder / "dark" / f"{name}.png").write_bytes(b"no image")
    (folder / "dark" / f"{name}.txt").write_bytes(b"")
    (folder / f"{name} loose").write_bytes(b"")
    return folder


def assert_clean(text: str, lines: int) -> None:
    """Assert that no name has written more than its place."""
    assert text.count("\n") == lines
    assert not any(line.startswith("im2col-cnn: forged") for line in text.split("\n"))
    assert all(letter.isprintable() for letter in text.replace("\n", ""))


@pytest.mark.parametrize("name", [ESCAPE, FOREIGN, CAT])
def test_names_of_files_write_no_codes_into_the_report_of_make_h5(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    folder = folder_of(tmp_path, name)

    answer = in_here(capsys, "make-h5", folder, tmp_path / f"{name}.h5")

    assert (answer.status, answer.err) == (1, "")
    assert_clean(answer.out, lines=5)


@pytest.mark.parametrize("name", [ESCAPE, FOREIGN])
@pytest.mark.parametrize(
    "words",
    [
        "make-h5 NAME out.h5",
        "make-h5 photos NAME/out.h5",
        "train NAME",
        "train --test-data NAME",
        "train --save NAME/w.h5",
        "train --resume NAME",
        "train --plot NAME",
        "train NAME.h5",
        "predict NAME a.png",
        "evaluate NAME",
        "explain --input NAME --kernel 2",
        "explain --input 1x5x5x1 --kernel 2 --padding NAME",
        "explain --input 1x5x5x1 --kernel 2 --draw NAME",
        "check NAME",
        "check NAME.py --examples 1",
        "check NAME.py --weights NAME",
        "compare NAME",
        "compare lenet1 --against NAME",
        "compare lenet1 --batch NAME",
        "NAME",
        "--NAME",
    ],
)
def test_no_refusal_writes_what_a_name_says(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: str,
    name: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    make_folder(tmp_path / "photos")
    (tmp_path / f"{name}.h5").write_bytes(b"no data")
    (tmp_path / f"{name}.py").write_text("raise ValueError('\\x1b[31m\\nim2col-cnn: ')")
    arguments = [word.replace("NAME", name) for word in words.split(" ")]

    answer = in_here(capsys, *arguments)

    assert (answer.status, answer.out) == (2, "")
    assert_clean(answer.err, lines=1)


@pytest.mark.parametrize("name", [ESCAPE, FOREIGN])
def test_names_write_no_codes_into_tables(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    weights = saved(tmp_path / f"{name}.h5")
    photo = make_folder(tmp_path / "photos", each=1) / "dark" / "0.png"
    photo = photo.rename(tmp_path / f"{name}.png")

    answer = in_here(capsys, "predict", weights, photo)

    assert (answer.status, answer.err) == (0, "")
    assert_clean(answer.out, lines=2)


@pytest.mark.parametrize("name", [ESCAPE, FOREIGN])
def test_names_write_no_codes_into_reports(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    data = write(tmp_path / f"{name}.h5", arrays())
    saves = ("--save", tmp_path / f"{name} w.h5", "--checkpoint", tmp_path / name)

    trained = in_here(capsys, "train", data, "--epochs", "1", *saves)
    judged = in_here(
        capsys,
        *("evaluate", tmp_path / f"{name} w.h5", data),
        *("--confusion", tmp_path / f"{name}.svg"),
    )
    drawn = in_here(
        capsys,
        *("explain", "--input", "1x5x5x1", "--kernel", "2"),
        *("--draw", tmp_path / f"{name} e.svg"),
    )

    for answer in trained, judged, drawn:
        assert (answer.status, answer.err) == (0, "")
        assert_clean(answer.out, lines=answer.out.count("\n"))


FULL = Path("/dev/full")


@in_turn(2)
@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize(
    "words",
    ["--help", "explain --input 1x5x5x1 --kernel 2"],
)
def test_a_full_output_is_one_line(words: str) -> None:
    with FULL.open("w") as full:
        done = subprocess.run(
            command(*words.split()),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(),
            check=False,
        )

    said = "im2col-cnn: standard output: No space left on device\n"
    assert (done.returncode, done.stderr) == (2, said)


@in_turn(2)
@pytest.mark.parametrize("words", ["train --epochs 2", "--help"])
def test_a_reader_that_leaves_ends_the_command_quietly(words: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        command(*words.split()),
        stdout=writer,
        stderr=subprocess.PIPE,
        env=environment(),
        check=False,
    )
    os.close(writer)

    assert (done.returncode, done.stderr) == (141, b"")


@in_turn(2)
@pytest.mark.parametrize("closed", [">&-", ">&- 2>&-"])
def test_streams_may_be_closed(closed: str) -> None:
    line = f'"$0" -m im2col_cnn explain --input 1x5x5x1 --kernel 2 {closed}'
    done = subprocess.run(
        ["sh", "-c", line, sys.executable], capture_output=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, b"")
