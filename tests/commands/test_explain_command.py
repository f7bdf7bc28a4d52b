"""The explain command tells a layer's numbers, and what is wrong with it."""

import json
from pathlib import Path

import numpy as np
import pytest

from im2col_cnn import Window
from im2col_cnn.cli import run
from im2col_cnn.pictures import draw_window


def test_it_prints_what_the_window_explains(capsys: pytest.CaptureFixture[str]) -> None:
    layer = ["--input", "2x5x7x3", "--kernel", "3x2x3x8"]
    options = [*layer, "--stride", "2x1", "--padding", "0:1x2"]

    assert run(["explain", *options]) == 0

    window = Window((5, 7), (3, 2), stride=(2, 1), padding=((0, 1), 2))
    assert capsys.readouterr().out == window.explain(N=2, C=3, F=8) + "\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--input 1x3x4x1 --kernel 5x2", "a 5x2 kernel does not fit in a 3x4 image"),
        ("--input 1x3x4x1 --kernel a", "--kernel must be whole numbers joined by x"),
        (
            f"--input 1x{'9' * 5000}x4x1 --kernel 2",  # more than int() takes
            "--input must be whole numbers joined by x",
        ),
        (
            f"--input 1x3x4x1 --kernel 2 --padding {'9' * 5000}",
            "--padding must be valid, same",
        ),
        ("--input 3x4 --kernel 2", "--input must be images x pixels x channels"),
        ("--input 1x3x4x1 --kernel 2x2x3x8", "--kernel must read all channels"),
        ("--input 1x3x4x1 --kernel 2 --stride 0", "stride must be at least 1, got 0"),
        ("--input 1x3x4x1 --kernel 2 --padding 1,2", "--padding must be valid, same"),
        ("--input 1x3x4x1 --kernel 2 --padding -1", "padding must be at least 0"),
        ("--kernel 2", "Missing option '--input'"),
    ],
)
def test_bad_options_get_one_line(
    options: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["explain", *options.split()]) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert err.startswith("im2col-cnn: ")
    assert message in err


def test_it_draws_what_the_window_looks_like(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "window.svg"
    layer = ["--input", "1x5x7x3", "--kernel", "3x2", "--stride", "2"]

    assert run(["explain", *layer, "--draw", str(path)]) == 0

    window = Window((5, 7), (3, 2), stride=2)
    assert path.read_text(encoding="utf-8") == draw_window(window)
    assert capsys.readouterr().out.endswith(f"\ndrawn to {path}\n")


@pytest.mark.parametrize(
    ("layer", "name", "message"),
    [
        ("1x5x7x3", "window.png", "is drawn as SVG, so its name ends in .svg"),
        ("1x5x7x3", "missing/window.svg", "there is no folder"),
    ],
)
def test_what_cannot_be_drawn_leaves_no_file(
    layer: str,
    name: str,
    message: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    draw = ["--draw", str(tmp_path / name)]

    assert run(["explain", "--input", layer, "--kernel", "3", *draw]) == 2

    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert message in err
    assert list(tmp_path.iterdir()) == []


def test_one_image_without_its_number_of_images_is_hinted_at(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = "32x32x3 is read as 32 signals of 32: one image is 1x32x32x3"

    assert run(["explain", "--input", "32x32x3", "--kernel", "3"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == said
    assert run(["explain", "--input", "32x32x3", "--kernel", "3x3"]) == 2
    assert capsys.readouterr().err == f"im2col-cnn: --input {said}\n"
    assert run(["explain", "--input", "2x100x1", "--kernel", "3"]) == 0
    assert "signals" not in capsys.readouterr().out


def test_the_numbers_are_written_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    layer = ["--input", "2x5x7x3", "--kernel", "3x2x3x8", "--stride", "2"]

    assert run(["explain", *layer, "--json"]) == 0

    found = json.loads(capsys.readouterr().out)
    assert (found["output_size"], found["unread"]) == ([2, 3], 5)
    assert (found["columns"], found["columns_bytes"]) == ([12, 18], 864)
    assert found["multiply_adds"] == 12 * 18 * 8


def test_a_full_memory_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def allocate(*_: object, **__: object) -> None:
        np.empty(2**60, np.uint8)

    monkeypatch.setattr(Window, "explain", allocate)

    assert run(["explain", "--input", "1x5x5x1", "--kernel", "2"]) == 2
    assert capsys.readouterr().err == (
        "im2col-cnn: memory is full: Unable to allocate 1.00 EiB for an array with "
        "shape (1152921504606846976,) and data type uint8: give smaller images or "
        "batches\n"
    )
