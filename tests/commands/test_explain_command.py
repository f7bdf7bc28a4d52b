"""The explain command tells a layer's numbers, and what is wrong with it."""

from pathlib import Path

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
