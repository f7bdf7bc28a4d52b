"""A stride or a padding by whatever name is found, and what is not found is said."""

from pathlib import Path

import pytest

from im2col_cnn.testing import Report, check_module
from tests.profile import in_turn
from tests.testing.families import PRELUDE

OWN = """
def my_conv(x, w, b, hop=1, border=0):
    y = convolve(x[:, :, ::AROUND], w, b, hop, hop, border, border)
    return y, (x, w, b)


def my_conv_backward(dy, cache, hop=1, border=0):
    x, w, b = cache
    return convolve_back(dy, x, w, hop, hop, border, border)
"""
PASSED = OWN.replace("hop=1, border=0", "hop=1, seen=7")
PASSED = PASSED.replace("border, border", "0, 0")


def read(source: str, tmp_path: Path, examples: int = 5) -> Report:
    prelude = PRELUDE.replace("convolve", "multiplied").replace("pool", "reduced")
    source = source.replace("convolve", "multiplied")
    path = tmp_path / "homework.py"
    path.write_text(prelude + source, encoding="utf-8")
    return check_module(path, examples=examples)


@in_turn(3)
def test_settings_by_any_name_are_found_and_held_to(tmp_path: Path) -> None:
    right = read(OWN.replace("::AROUND", ":"), tmp_path)
    wrong = read(OWN.replace("::AROUND", ":: -1 if border else 1"), tmp_path, 25)

    assert right.ok, str(right)
    assert not wrong.ok
    assert "left as it is" not in str(right)


@in_turn(2)
@pytest.mark.parametrize("name", ["seen", "wanted"])
def test_a_number_that_does_nothing_to_the_size_is_said(
    name: str, tmp_path: Path
) -> None:
    source = PASSED.replace("::AROUND", ":").replace("seen", name)

    report = read(source, tmp_path)

    assert report.ok, str(report)
    assert f"{name} left as it is, whatever it means" in str(report)
