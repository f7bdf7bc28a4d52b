"""Commands share their work among processes, and end as they do alone."""

import os
import platform
import re
import signal
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from im2col_cnn.commands import workers as workers_asked
from im2col_cnn.commands.openblas import CORETYPE_VARIABLE
from im2col_cnn.nn.workers import Workers
from im2col_cnn.tiling.blas import blas_library
from tests.commands.command import in_here, process, started
from tests.files.hdf5 import arrays, write
from tests.profile import in_turn

X86 = {"x86_64", "AMD64"}
TRAIN = ["--epochs", "4", "--batch-size", "4", "--accumulate", "2", "--shift", "1"]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write(tmp_path / "data.h5", arrays())


@in_turn(2)
def test_processes_train_the_file_and_find_the_numbers_of_one(
    tmp_path: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    alone, shared = tmp_path / "alone.h5", tmp_path / "shared.h5"

    in_here(capsys, "train", data, *TRAIN, "--save", alone)
    told = in_here(capsys, "train", data, *TRAIN, "--save", shared, "--workers", "2")

    assert (told.status, told.err) == (0, "")
    assert "%  2 workers\n" in told.out
    assert shared.read_bytes() == alone.read_bytes()
    found = in_here(capsys, "evaluate", alone, data, "--json")
    assert found == in_here(capsys, "evaluate", alone, data, "--json", "--workers", "1")


@in_turn(3)
def test_processes_predict_what_one_does(tmp_path: Path, data: Path) -> None:
    weights, photo = tmp_path / "weights.h5", tmp_path / "photo.png"
    process("train", data, "--epochs", "1", "--save", weights)
    Image.new("RGB", (9, 7), (200, 100, 50)).save(photo)
    question: list[str | Path] = ["predict", weights, photo, photo, "--json"]

    told = process(*question, "--workers", "2")

    assert (told.status, told.err) == (0, "")
    assert told == process(*question)


@in_turn(2)
def test_workers_without_a_batch_are_told_so(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = in_here(capsys, "train", data, "--epochs", "1", "--workers", "2")

    assert "the batches of a step, 1 here: --accumulate 2 has one for each" in told.out


@in_turn(2)
def test_a_worker_that_is_killed_is_one_line_and_resuming_writes_the_same_file(
    tmp_path: Path,
    data: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Dying(Workers):
        """Processes of which one is killed while a later step is under way."""

        count = 0

        def submit(self, *call: Any, **named: Any) -> Future[Any]:
            self.count += 1
            if self.count == 8:
                for process in self.running:
                    os.kill(process.pid, signal.SIGKILL)
            return super().submit(*call, **named)

    whole, resumed = tmp_path / "whole.h5", tmp_path / "resumed.h5"
    run = tmp_path / "run.h5"
    in_here(capsys, "train", data, *TRAIN, "--save", whole)
    monkeypatch.setattr(workers_asked, "Workers", Dying)

    told = in_here(capsys, "train", data, *TRAIN, "--checkpoint", run, "--workers", "1")

    assert told.status == 2
    assert re.match(r"im2col-cnn: worker \d+ on .* ended with signal 9, as", told.err)
    assert "memory is short: the network is as it was before step" in told.err
    assert told.err.count("\n") == 1
    in_here(capsys, "train", data, *TRAIN, "--resume", run, "--save", resumed)
    assert resumed.read_bytes() == whole.read_bytes()


@in_turn(2)
def test_ctrl_c_ends_after_the_step_and_leaves_no_process() -> None:
    train = "train", "--epochs", "9999", "--accumulate", "2", "--workers", "1"
    with started(*train) as running:
        assert running.stdout is not None
        for line in running.stdout:
            if line.startswith("epoch"):
                break
        children = Path(f"/proc/{running.pid}/task/{running.pid}/children")
        workers = children.read_text().split() if children.exists() else []
        os.killpg(running.pid, signal.SIGINT)
        out, err = running.communicate(timeout=60)

    assert (running.returncode, err) == (0, "")
    assert "stopped in epoch" in out
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers)


def other_kernels() -> str:
    """Return the name of kernels of OpenBLAS that run here, and are not in use."""
    library = blas_library()
    if library.get("internal_api") != "openblas" or platform.machine() not in X86:
        pytest.skip("chooses among kernels of OpenBLAS for x86")
    return next(k for k in ("Sandybridge", "Nehalem") if k != library["architecture"])


@in_turn(2)
@pytest.mark.filterwarnings("default")  # as they are outside of tests
def test_a_worker_of_other_kernels_is_refused_or_accepted_with_a_line(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kernels = other_kernels()
    monkeypatch.setenv(CORETYPE_VARIABLE, kernels)
    train = [*TRAIN, "--workers", "1"]

    refused = in_here(capsys, "train", data, *train)
    accepted = in_here(capsys, "train", data, *train, "--any-machine")

    words = rf"im2col-cnn: worker \d+ on .* has BLAS kernels {kernels}, this process .*"
    assert refused.status == 2
    assert re.fullmatch(rf"{words}\(--any-machine\) accepts that: .*\n", refused.err)
    assert accepted.status == 0
    assert re.fullmatch(
        rf"{words}: the last bits of results may differ\n", accepted.err
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--workers", "2", "--scheduler", "tcp://a:1"], "exclude each other"),
        (["--workers", "0"], "--workers"),
    ],
)
def test_workers_that_cannot_be_are_refused(
    data: Path, capsys: pytest.CaptureFixture[str], options: list[str], words: str
) -> None:
    told = in_here(capsys, "train", data, *options)

    assert told.status == 2
    assert words in told.err


def test_dask_that_is_missing_is_told_how_to_get(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("im2col_cnn.commands.arguments.find_spec", lambda _: None)

    told = in_here(capsys, "train", data, "--scheduler", "tcp://a:1")

    assert told.err == (
        "im2col-cnn: --scheduler needs distributed: python -m pip install "
        "'im2col-cnn[dask]'\n"
    )
