"""An unfolding is read by what it takes and makes, in the signature of its author."""

from pathlib import Path

import pytest

from im2col_cnn.testing import HomeworkError, check_here, check_module
from tests.profile import in_turn

PRELUDE = """
import numpy as np


def unfold_(x, KH, KW, s, p):  # (N, OH, OW, KH, KW, C) of (N, H, W, C)
    x = np.pad(x, ((0, 0), (p, p), (p, p), (0, 0)))
    view = np.lib.stride_tricks.sliding_window_view(x, (KH, KW), (1, 2))
    return view[:, ::s, ::s].transpose(0, 1, 2, 4, 5, 3).copy()


def fold_(windows, shape, KH, KW, s, p):
    N, H, W, C = shape
    x = np.zeros((N, H + 2 * p, W + 2 * p, C))
    for i, j in np.ndindex(windows.shape[1:3]):
        x[:, i * s : i * s + KH, j * s : j * s + KW] += windows[:, i, j]
    return x[:, p : p + H, p : p + W]


"""
SQUARE = """
def im2col(x, k, s=1, p=0):
    return unfold_(x, k, k, s, p).reshape(-1, k * k * x.shape[3])


def col2im(cols, shape, k, s=1, p=0):
    N, H, W, C = shape
    OH, OW = ((n + 2 * p - k) // s + 1 for n in (H, W))
    return fold_(cols.reshape(N, OH, OW, k, k, C), shape, k, k, s, p)
"""
COLUMNS = """
def im2col(x, kernel, stride=1, pad=0):
    windows = unfold_(x.transpose(0, 2, 3, 1), *kernel, stride, pad)
    columns = windows.transpose(5, 3, 4, 0, 1, 2)
    return columns.reshape(np.prod(columns.shape[:3]), -1)


def col2im(cols, x_shape, kernel, stride=1, pad=0):
    N, C, H, W = x_shape
    OH, OW = ((n + 2 * pad - k) // stride + 1 for n, k in zip((H, W), kernel))
    windows = cols.reshape(C, *kernel, N, OH, OW).transpose(3, 4, 5, 1, 2, 0)
    dx = fold_(windows, (N, H, W, C), *kernel, stride, pad)
    return dx.transpose(0, 3, 1, 2)
"""
ONE_IMAGE = """
def im2col(image, kh, kw):
    return unfold_(image[None, :, :, None], kh, kw, 1, 0).reshape(-1, kh * kw)


def col2im(cols, kh, kw, H, W):
    windows = cols.reshape(1, H - kh + 1, W - kw + 1, kh, kw, 1)
    return fold_(windows, (1, H, W, 1), kh, kw, 1, 0)[0, :, :, 0]
"""
USED = """

def my_conv(image, kernel):
    OH, OW = (n - k + 1 for n, k in zip(image.shape, kernel.shape))
    return (im2col(image, *kernel.shape) @ kernel.ravel()).reshape(OH, OW)
"""
PAD_FIRST = """
def im2col(matrix, size, pad, stride):
    windows = unfold_(matrix, size, size, stride, pad)
    return windows.reshape(-1, size * size * matrix.shape[3])


def col2im(matrix, image_shape, size, pad, stride):
    N, H, W, C = image_shape
    OH, OW = ((n + 2 * pad - size) // stride + 1 for n in (H, W))
    windows = matrix.reshape(N, OH, OW, size, size, C)
    return fold_(windows, image_shape, size, size, stride, pad)
"""
SIGNATURES = {
    "square windows": SQUARE,
    "windows as columns": COLUMNS,
    "one image, two sizes": ONE_IMAGE,
    "one image, and a convolution by it": ONE_IMAGE + USED,
    "a padding before the stride": PAD_FIRST,
}


@in_turn(3)
@pytest.mark.parametrize("name", SIGNATURES)
def test_a_right_pair_passes_and_one_that_assigns_does_not(
    name: str, tmp_path: Path
) -> None:
    source = PRELUDE + SIGNATURES[name]
    path = tmp_path / "homework.py"
    path.write_text(source, encoding="utf-8")
    right = check_module(path, examples=3)
    path.write_text(source.replace("+= windows", "= windows"), encoding="utf-8")
    wrong = check_module(path, examples=3)

    assert right.ok, str(right)
    assert "im2col, col2im: read as functions" in str(right)
    assert not wrong.ok
    assert {v.function for v in wrong.verdicts if v.status == "broken"} == {
        "im2col, col2im"
    }


@in_turn(2)
def test_windows_in_a_wrong_order_are_read_by_their_number(tmp_path: Path) -> None:
    source = PRELUDE + SQUARE
    source = source.replace("* x.shape[3])", "* x.shape[3])[::-1]")
    path = tmp_path / "homework.py"
    path.write_text(source, encoding="utf-8")

    report = check_module(path, examples=3)

    said = {verdict.law.name: verdict.status for verdict in report.verdicts}
    assert said["forward equals the loops"] == "broken"
    assert said["small calls return"] == "holds"


def test_what_no_call_fits_is_not_graded(tmp_path: Path) -> None:
    path = tmp_path / "homework.py"
    source = SQUARE.replace("(x, k,", "(x, plan,").replace("k * k", "plan.k * plan.k")
    path.write_text(PRELUDE + source, encoding="utf-8")

    with pytest.raises(HomeworkError, match="could not be called in any known way"):
        check_module(path, examples=3)


def test_a_folding_that_no_call_fits_is_said_and_does_not_pass(tmp_path: Path) -> None:
    path = tmp_path / "homework.py"
    source = ONE_IMAGE.replace("(cols, kh, kw, H, W)", "(cols, plan)") + USED
    told = "    kh, kw, H, W = plan.all\n"
    source = source.replace("    windows =", f"{told}    windows =")
    path.write_text(PRELUDE + source, encoding="utf-8")

    report = check_module(path, examples=3)

    assert not report.ok
    assert "not read: col2im, which looks like the backward of my_conv" in str(report)


def test_a_notebook_is_read_so_too(capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, object] = {"__name__": "__main__"}
    exec(PRELUDE + SQUARE, names)

    found = check_here(names, examples=3)

    assert found.score == 1, capsys.readouterr().out
