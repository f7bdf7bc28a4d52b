"""`im2col-cnn train` learns, reports and stops the way it says."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

from im2col_cnn.cli import run
from tests.commands.command import QUICK, Answer, command, environment, process
from tests.files.hdf5 import arrays, write
from tests.profile import in_turn


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Answer, Path]:
    """Train on the digits for one epoch, saving and plotting."""
    folder = tmp_path_factory.mktemp("run")
    answer = process(
        *QUICK, "--save", folder / "weights.h5", "--plot", folder / "curve.svg"
    )
    assert answer.status == 0, answer.err
    return answer, folder


@in_turn(3)
def test_into_a_pipe_it_writes_plain_lines(first_run: tuple[Answer, Path]) -> None:
    answer, _ = first_run

    assert answer.err == ""
    assert re.findall(r"[^\n -~]", answer.out) == []
    assert re.search(
        r"^epoch 1/1  loss \d\.\d{4}  accuracy  \d\d\.\d %$", answer.out, re.MULTILINE
    )


@in_turn(2)
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


@in_turn(3)
def test_it_shows_the_network_and_every_class(first_run: tuple[Answer, Path]) -> None:
    lines = [line.split() for line in first_run[0].out.splitlines()]

    assert ["layer", "output", "parameters"] in lines
    assert ["conv2", "8x8x32", "4,640"] in lines
    assert ["total", "71,754"] in lines
    classes = [line for line in lines if len(line) == 4 and line[2] == "%"]
    assert [line[0] for line in classes] == list("0123456789")
    assert sum(int(line[3]) for line in classes) == 360
    assert any(line[-3:] == ["seconds", "of", "training"] for line in lines)


@in_turn(3)
def test_accuracy_is_the_share_of_the_images_counted(
    first_run: tuple[Answer, Path],
) -> None:
    found = re.search(r"test accuracy (.+) %, (\d+) of 360 images", first_run[0].out)

    assert found is not None
    assert found[1] == f"{100 * int(found[2]) / 360:.1f}"
    assert float(found[1]) > 80


@in_turn(3)
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


def interrupted(*arguments: str | Path) -> Answer:
    """Train, and press Ctrl-C in the middle of an epoch."""
    with subprocess.Popen(
        command("train", *arguments),
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
    return Answer(running.returncode, out, err)


@in_turn(2)
def test_ctrl_c_stops_after_the_step_and_saves_what_was_learned(tmp_path: Path) -> None:
    path = tmp_path / "weights.h5"

    status, out, err = interrupted("--epochs", "500", "--save", path)

    assert (status, err) == (0, "")
    assert re.search(r"^stopped in epoch \d+, after step \d+/45$", out, re.MULTILINE)
    assert "of 360 images" in out
    with h5py.File(path) as file:
        assert np.isfinite(file["dense2/w"][()]).all()


@in_turn(3)
def test_what_ctrl_c_interrupted_goes_on_as_if_it_had_not(tmp_path: Path) -> None:
    kept, resumed, whole = (tmp_path / f"{n}.h5" for n in ("kept", "resumed", "whole"))
    options = ["--validation", "0.1", "--shift", "1"]

    stopped = interrupted(*options, "--epochs", "500", "--checkpoint", kept)
    found = re.search(r"^stopped in epoch (\d+),", stopped.out, re.MULTILINE)
    assert found is not None
    epochs = str(int(found[1]) + 1)
    told = rf"^--resume {kept} goes on after epoch \d+$"
    assert re.search(told, stopped.out, re.MULTILINE)
    usual = ["train", *options, "--epochs", epochs]
    going_on = process(*usual, "--resume", kept, "--save", resumed)
    process(*usual, "--save", whole)

    assert (stopped.status, stopped.err) == (going_on.status, going_on.err) == (0, "")
    assert resumed.read_bytes() == whole.read_bytes()


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
