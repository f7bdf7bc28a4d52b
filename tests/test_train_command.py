"""`im2col-cnn train` learns, reports, stops and refuses the way it says."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
import pytest

from im2col_cnn import __main__
from im2col_cnn.cli import run
from tests.hdf5 import BROKEN, arrays, write

QUICK = ["train", "--epochs", "1"]


class Answer(NamedTuple):
    """How a run of the command ended, and what it wrote."""

    status: int
    out: str
    err: str


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "im2col_cnn", *map(str, arguments)]


def environment() -> dict[str, str]:
    """Return the environment without anything that asks for colours."""
    asks = ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLUMNS")
    return {name: value for name, value in os.environ.items() if name not in asks}


def process(*arguments: str | Path) -> Answer:
    """Run the command as people do, in a process of its own."""
    done = subprocess.run(
        command(*arguments),
        capture_output=True,
        text=True,
        env=environment(),
        check=False,
    )
    return Answer(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Answer, Path]:
    """Train on the digits for one epoch, saving and plotting."""
    folder = tmp_path_factory.mktemp("run")
    answer = process(
        *QUICK, "--save", folder / "weights.h5", "--plot", folder / "curve.svg"
    )
    assert answer.status == 0, answer.err
    return answer, folder


def test_into_a_pipe_it_writes_plain_lines(first_run: tuple[Answer, Path]) -> None:
    answer, _ = first_run

    assert answer.err == ""
    assert re.findall(r"[^\n -~]", answer.out) == []
    assert re.search(
        r"^epoch 1/1  loss \d\.\d{4}  accuracy  \d\d\.\d %$", answer.out, re.MULTILINE
    )


@pytest.mark.parametrize("colours", [True, False])
def test_on_a_terminal_a_bar_moves_in_colours_unless_they_are_unwanted(
    tmp_path: Path, colours: bool
) -> None:
    pty = pytest.importorskip("pty", reason="terminals are made by pty")
    data = write(tmp_path / "data.h5", arrays())
    reader, writer = pty.openpty()
    wish = {"TERM": "xterm-256color", **({} if colours else {"NO_COLOR": "1"})}

    with subprocess.Popen(
        command(*QUICK, data), stdout=writer, stderr=writer, env=environment() | wish
    ) as running:
        os.close(writer)
        shown = b""
        while block := read(reader):
            shown += block
    os.close(reader)

    assert running.returncode == 0
    assert "━".encode() in shown  # the bar
    assert b"epoch 1/1" in shown
    assert b"\x1b[?25l" in shown  # the cursor hides while the bar moves
    assert (b"\x1b[38;" in shown) == colours


def read(descriptor: int) -> bytes:
    """Read what a terminal shows next; nothing is left once its writers are gone."""
    try:
        return os.read(descriptor, 4096)
    except OSError:  # how Linux says so
        return b""


def test_it_shows_the_network_and_every_class(first_run: tuple[Answer, Path]) -> None:
    lines = [line.split() for line in first_run[0].out.splitlines()]

    assert ["layer", "output", "parameters"] in lines
    assert ["conv2", "8x8x32", "4,640"] in lines
    assert ["total", "71,754"] in lines
    classes = [line for line in lines if len(line) == 4 and line[2] == "%"]
    assert [line[0] for line in classes] == list("0123456789")
    assert sum(int(line[3]) for line in classes) == 360
    assert any(line[-3:] == ["seconds", "of", "training"] for line in lines)


def test_accuracy_is_the_share_of_the_images_counted(
    first_run: tuple[Answer, Path],
) -> None:
    found = re.search(r"test accuracy (.+) %, (\d+) of 360 images", first_run[0].out)

    assert found is not None
    assert found[1] == f"{100 * int(found[2]) / 360:.1f}"
    assert float(found[1]) > 80


def test_the_same_seed_gives_the_same_files_bit_for_bit(
    first_run: tuple[Answer, Path], tmp_path: Path
) -> None:
    _, folder = first_run

    answer = process(
        *QUICK, "--save", tmp_path / "weights.h5", "--plot", tmp_path / "curve.svg"
    )

    assert answer.status == 0
    for name in "weights.h5", "curve.svg":
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()
    assert (tmp_path / "curve.svg").read_text().startswith("<?xml")


@pytest.mark.parametrize(
    "options",
    [
        ["--seed", "1"],
        ["--batch-size", "31"],
        ["--learning-rate", "0.0019"],
        ["--optimizer", "sgd"],
        ["--epochs", "2"],
    ],
    ids=lambda options: options[0],
)
def test_every_option_changes_what_is_learned(
    tmp_path: Path, options: list[str]
) -> None:
    data = write(tmp_path / "data.h5", arrays())
    learned = []
    for name, extra in ("usual.h5", []), ("changed.h5", options):
        arguments = [*QUICK, str(data), "--batch-size", "5", *extra]
        if "--batch-size" in extra:
            arguments = [*QUICK, str(data), *extra]
        assert run([*arguments, "--save", str(tmp_path / name)]) == 0
        with h5py.File(tmp_path / name) as file:
            learned.append(file["dense2/w"][()])

    assert not np.array_equal(*learned)


def test_photos_in_two_files_are_learned_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    photos = {
        f"{part}_set_x": rng.integers(0, 256, (N, 64, 64, 3), np.uint8)
        for part, N in (("train", 8), ("test", 4))
    }
    labels = {"train_set_y": np.arange(8) % 6, "test_set_y": np.arange(4)}
    both = photos | labels
    parts = [
        write(
            tmp_path / f"{part}_signs.h5",
            {n: a for n, a in both.items() if n.startswith(part)}
            | {"list_classes": np.arange(6)},
        )
        for part in ("train", "test")
    ]

    status = run([*QUICK, str(parts[0]), "--test-data", str(parts[1])])

    out = capsys.readouterr().out
    assert status == 0
    assert "8 images to learn from, 4 to be tested on, 64x64x3, 6 classes" in out
    assert re.search(r"^5 +- +0$", out, re.MULTILINE)  # a class without test images


def test_ctrl_c_stops_after_the_step_and_saves_what_was_learned(tmp_path: Path) -> None:
    path = tmp_path / "weights.h5"
    with subprocess.Popen(
        command("train", "--epochs", "500", "--save", path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as running:
        assert running.stdout is not None
        for line in running.stdout:
            if line.startswith("epoch"):
                break
        time.sleep(0.05)  # into the next epoch
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=20)

    assert (running.returncode, err) == (0, "")
    assert re.search(r"^stopped in epoch \d+, after step \d+/45$", out, re.MULTILINE)
    assert "of 360 images" in out
    with h5py.File(path) as file:
        assert np.isfinite(file["dense2/w"][()]).all()


def test_a_reader_who_hangs_up_gets_no_traceback() -> None:
    with subprocess.Popen(
        command("train", "--epochs", "3"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    ) as running:
        assert running.stdout is not None
        running.stdout.readline()
        running.stdout.close()
        assert running.stderr is not None
        assert "Traceback" not in running.stderr.read()


# Refusals: one line on standard error, status 2, nothing written.


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
        (".", "is not a file but a folder"),
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
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    monkeypatch.chdir(tmp_path)

    assert_refused(["train", *arguments.split()], words, capsys)

    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("arguments", "words"), [([], "Missing command"), (["learn"], "No such command")]
)
def test_without_a_command_it_says_so(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert_refused(arguments, words, capsys)


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
    monkeypatch.setattr("im2col_cnn.commands.refusals.find_spec", lambda _: None)

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

    with pytest.raises(SystemExit) as exit_:
        __main__.main()

    assert exit_.value.code == 2
    assert capsys.readouterr().err == (
        f"im2col-cnn: the command needs {missing}: "
        f"python -m pip install 'im2col-cnn[cli]'\n"
    )
