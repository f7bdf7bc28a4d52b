"""`im2col-cnn train` refuses bad input in one line, with status 2, writing nothing."""

import re
import signal
import sys
from pathlib import Path

import numpy as np
import pytest

from im2col_cnn import __main__, __version__
from im2col_cnn.cli import run
from im2col_cnn.commands import train
from im2col_cnn.nn import Sequential
from tests.commands.command import QUICK, process
from tests.files.forging import network
from tests.files.hdf5 import BROKEN, arrays, write


def assert_refused(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status = run(arguments)

    out, err = capsys.readouterr()
    assert (status, out) == (2, "")
    assert err.startswith("im2col-cnn: ")
    assert err.count("\n") == 1
    assert re.search(words, err), err


@pytest.mark.parametrize("what", BROKEN)
def test_a_file_with_one_thing_wrong_is_refused_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    content, words = BROKEN[what]
    path = write(tmp_path / "data.h5", content)

    assert_refused(
        [*QUICK, str(path), "--save", str(tmp_path / "w.h5")],
        rf"data\.h5: .*{words}",
        capsys,
    )
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("none.h5", r"none\.h5: there is no such file"),
        (".", r"is a folder: `im2col-cnn make-h5 \. DATA\.h5` writes"),
        ("--shift 99999999999999999999", "'--shift'"),
        ("circle", "circle: there is no such file"),
        ("--test-data circle", "circle: there is no such file"),
        ("weights.h5", r"weights\.h5: holds weights, not labelled images"),
        ("text.h5", r"text\.h5: is not an HDF5 file"),
        ("data.h5 --test-data none.h5", r"none\.h5: there is no such file"),
        ("--epochs 0", "'--epochs'.*1"),
        ("--epochs 1.5", "'--epochs'"),
        ("--batch-size 0", "'--batch-size'.*1"),
        ("--seed -1", "'--seed'.*0"),
        ("--learning-rate 0", "learning_rate must be above 0, got 0"),
        ("--learning-rate -1", "learning_rate must be above 0, got -1"),
        ("--learning-rate nan", "learning_rate must be finite, got nan"),
        ("--learning-rate x", "'--learning-rate'"),
        ("--optimizer newton", "'--optimizer'.*'newton' is not one of 'adam', 'sgd'"),
        ("--colour", "No such option.*--colour"),
        ("data.h5 other.h5", r"unexpected extra argument.*other\.h5"),
        ("--save none/w.h5", "none/w.h5: there is no folder none to write it to"),
        ("--save .", "is a folder, and is not replaced by a file"),
        ("data.h5 --save data.h5", "--save data.h5: is in use already"),
        ("--save c.svg --plot c.svg", "--plot c.svg: is in use already"),
        ("--plot none/c.svg", "none/c.svg: there is no folder none"),
        ("--plot curve.png", "its name ends in .svg"),
    ],
)
def test_bad_usage_is_refused_in_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: str,
    words: str,
) -> None:
    write(tmp_path / "data.h5", arrays())
    (tmp_path / "text.h5").write_text("not HDF5")
    network().save(tmp_path / "weights.h5")
    (tmp_path / "circle").symlink_to("circle")
    before = contents(tmp_path)
    monkeypatch.chdir(tmp_path)

    assert_refused(["train", *arguments.split()], words, capsys)

    assert contents(tmp_path) == before


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.iterdir() if path.exists()}


def test_an_unknown_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert_refused(["learn"], "No such command", capsys)


def test_without_a_command_it_shows_the_help(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run([]) == 0

    assert "Usage: im2col-cnn [OPTIONS] COMMAND" in capsys.readouterr().out


def test_a_name_of_two_lines_is_refused_in_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert_refused(["train", "one\ntwo.h5"], "one two.h5: there is no", capsys)


def test_a_refusal_is_the_same_in_a_process_of_its_own() -> None:
    status, out, err = process("train", "none.h5", "--epochs", "0")

    assert (status, out) == (2, "")
    assert re.fullmatch(r"im2col-cnn: .*'--epochs'.*\n", err)


def test_a_learning_rate_that_is_too_high_says_where_it_led(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write(tmp_path / "data.h5", arrays())
    save = tmp_path / "weights.h5"

    status = run(["train", str(data), "--learning-rate", "1e30", "--save", str(save)])

    err = capsys.readouterr().err
    assert status == 2
    assert re.fullmatch(
        r"im2col-cnn: the loss is nan at step \d+ of epoch \d+.*\n", err
    )
    assert not save.exists()


def test_a_plot_without_matplotlib_is_refused_before_training(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("im2col_cnn.commands.arguments.find_spec", lambda _: None)

    assert_refused(
        ["train", "--plot", "curve.svg"],
        r"--plot needs matplotlib: python -m pip install 'im2col-cnn\[viz\]'",
        capsys,
    )


@pytest.mark.parametrize("missing", ["typer", "rich"])
def test_without_its_extra_the_command_says_what_brings_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], missing: str
) -> None:
    ours = ("im2col_cnn.cli", "im2col_cnn.commands")
    for name in [name for name in sys.modules if name.startswith(ours)]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]

    with pytest.raises(SystemExit) as exit_:
        __main__.main()

    assert exit_.value.code == 2
    assert signal.getsignal(signal.SIGINT) == before[0]
    signal.signal(signal.SIGTERM, before[1])
    assert capsys.readouterr().err == (
        f"im2col-cnn: the command needs {missing}: "
        f"python -m pip install 'im2col-cnn[cli]' "
        f"(pipx install and uvx --from take the same name)\n"
    )


def test_a_bug_of_ours_is_not_shown_as_a_mistake_of_the_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(*_: object, **__: object) -> None:
        raise ValueError("a bug")

    data = write(tmp_path / "data.h5", arrays())
    monkeypatch.setattr(Sequential, "forward", stumble)

    with pytest.raises(ValueError, match="a bug"):
        run([*QUICK, str(data)])


def test_pixels_that_turn_out_not_to_be_numbers_are_the_files_fault(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    content = arrays()
    for name in "train_set_x", "test_set_x":
        content[name] = content[name].astype("f4")
    content["test_set_x"][2, 1, 1] = np.nan
    data = write(tmp_path / "data.h5", content, {"pixel_maximum": 255})
    monkeypatch.setattr(
        train, "MAX_BYTES_IN_MEMORY", 0
    )  # so they are read as they come

    assert run([*QUICK, str(data)]) == 2

    assert re.fullmatch(
        r"im2col-cnn: \S+data\.h5: test_set_x must hold finite numbers, .*\n",
        capsys.readouterr().err,
    )


def test_control_codes_in_a_name_do_not_reach_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert_refused(["train", "\x1b[31m.h5"], r": \?\[31m\.h5: there is no", capsys)


def test_the_version_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0

    assert capsys.readouterr().out == f"im2col-cnn {__version__}\n"
