"""`im2col-cnn train` resumes bit for bit, streams what is large, and judges epochs."""

import re
from pathlib import Path

import pytest

from im2col_cnn.cli import run
from im2col_cnn.commands import train
from im2col_cnn.nn import Sequential
from tests.files.hdf5 import arrays, write

OPTIONS = ["--batch-size", "4", "--validation", "0.25", "--shift", "1", "--flip"]
OPTIONS += ["--clip", "1", "--weight-decay", "0.01", "--accumulate", "2"]


@pytest.fixture
def data(tmp_path: Path) -> str:
    return str(write(tmp_path / "data.h5", arrays()))


@pytest.mark.parametrize("streamed", [False, True])
def test_a_resumed_training_writes_the_file_it_would_have_written(
    tmp_path: Path, data: str, monkeypatch: pytest.MonkeyPatch, streamed: bool
) -> None:
    if streamed:
        monkeypatch.setattr(train, "MAX_BYTES_IN_MEMORY", 0)
    whole, resumed, kept = (
        str(tmp_path / f"{n}.h5") for n in ("whole", "resumed", "run")
    )

    assert run(["train", data, *OPTIONS, "--epochs", "5", "--save", whole]) == 0
    assert run(["train", data, *OPTIONS, "--epochs", "2", "--checkpoint", kept]) == 0
    assert (
        run(
            [
                "train",
                data,
                *OPTIONS,
                "--epochs",
                "5",
                "--resume",
                kept,
                "--save",
                resumed,
            ]
        )
        == 0
    )

    assert Path(resumed).read_bytes() == Path(whole).read_bytes()
    assert Sequential.load(whole).classes == ("one", "two", "three")


def test_held_out_images_judge_epochs_and_the_best_one_is_kept(
    data: str, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--validation", "0.25", "--patience", "1", "--schedule", "cosine"]

    assert run(["train", data, *options, "--learning-rate", "0.1"]) == 0

    out = capsys.readouterr().out
    assert re.search(r"epoch  1/25 .* held out +\d+\.\d %$", out, re.MULTILINE)
    assert "epoch 25/25" not in out  # patience ran out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--patience", "2"], "patience needs validation"),
        (["--validation", "0.01"], "validation must be a share .* of 12 images"),
        (["--clip", "0"], "clip must be above 0"),
        (["--resume", "none.h5"], "none.h5: there is no such file"),
        (["--resume", "data.h5"], "--checkpoint .*data.h5: is in use already"),
        (["--schedule", "steps"], "'--schedule'.*'steps'"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    data: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    words: str,
) -> None:
    monkeypatch.chdir(Path(data).parent)

    assert run(["train", data, "--epochs", "1", *options]) == 2

    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert re.search(words, err), err


def test_another_run_is_not_continued(
    tmp_path: Path, data: str, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = str(tmp_path / "run.h5")
    assert run(["train", data, "--epochs", "1", "--checkpoint", kept]) == 0

    assert (
        run(["train", data, "--epochs", "2", "--resume", kept, "--batch-size", "3"])
        == 2
    )

    assert re.search(
        r"run\.h5: was started with batch_size = 32, not 3\n", capsys.readouterr().err
    )


def test_other_images_held_out_are_named_by_their_option(
    tmp_path: Path, data: str, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = str(tmp_path / "run.h5")
    held = ["--validation", "0.25"]
    assert run(["train", data, "--epochs", "1", "--checkpoint", kept, *held]) == 0

    assert run(["train", data, "--epochs", "2", "--resume", kept]) == 2

    assert capsys.readouterr().err.endswith(
        "was started with held_out = 3, not 0: give the same validation "
        "(--validation)\n"
    )
