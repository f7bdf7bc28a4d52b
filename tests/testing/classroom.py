"""Small homework that is graded quickly, and results made by hand."""

from pathlib import Path

from im2col_cnn.testing import GradedFile
from im2col_cnn.testing.grading.graded_file import Bug, failed
from im2col_cnn.testing.grading.points import Part

__all__ = ["RIGHT", "RIGHT_SHARE", "UNREAD", "WRONG", "WRONG_SHARE", "write_class"]

SHARE = """import numpy as np

def distribute_value(dz, shape):
    H, W = shape
    return np.full(shape, dz / {size})
"""
RIGHT_SHARE, WRONG_SHARE = SHARE.format(size="(H * W)"), SHARE.format(size="H")

RIGHT = GradedFile(
    file="anna.py",
    status=0,
    summary="2 of 2 laws hold",
    text="anna.py: ...",
    parts=(
        Part("conv", "forward", "conv_forward", "right", 1.0, "holds forward"),
        Part("conv", "dx", "conv_backward", "right", 1.0, "holds dx"),
    ),
    seconds=1.5,
    data={"file": "anna.py", "ok": True, "laws": []},
    page="<!doctype html>",
)
WRONG = GradedFile(
    file="ben.py",
    status=1,
    summary="1 of 2 laws hold",
    text="ben.py: ...",
    parts=(
        Part("conv", "forward", "conv_forward", "right", 1.0, "holds forward"),
        Part("conv", "dx", "conv_backward", "wrong", 0.0, "BROKEN dx\nGrade :=>> 10"),
    ),
    bugs=(Bug("conv_backward", "C3", "dx is assigned with = (C3)"),),
    seconds=2.5,
    data={"file": "ben.py", "ok": False, "laws": []},
    page="<!doctype html>",
)
UNREAD = failed("cleo.py", "cleo.py:1: is no Python: '(' was never closed")


def write_class(folder: Path) -> Path:
    """Write a class of three: one right, one wrong, one that is no Python."""
    (folder / "class" / "anna").mkdir(parents=True)
    (folder / "class" / "anna" / "share.py").write_text(RIGHT_SHARE)
    (folder / "class" / "ben.py").write_text(WRONG_SHARE)
    (folder / "class" / "cleo.py").write_text("x = (")
    return folder / "class"
