"""The recipes for networks of other frameworks run, and print what the page shows."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.notes.pages import ROOT, stale_outputs
from tests.pictures.test_looking_inside import shades

pytestmark = [
    pytest.mark.frameworks,
    pytest.mark.filterwarnings("ignore:.*:DeprecationWarning"),  # of Keras itself
]


@pytest.mark.usefixtures("keras", "torch")
def test_every_recipe_prints_what_the_page_shows() -> None:
    pytest.importorskip("safetensors", reason="needs safetensors")
    page = ROOT / "notes" / "bring-your-network.md"

    stale = stale_outputs(page, frameworks=True)

    assert not stale, "\n".join(map(str, stale))


def test_the_page_of_a_real_network_prints_and_draws_what_it_shows(
    tmp_path: Path,
) -> None:
    pytest.importorskip("onnx", reason="needs onnx")
    if "IM2COL_CNN_MODELS" not in os.environ:
        pytest.skip("IM2COL_CNN_MODELS names no folder of wheels, as .ci/run does")
    page = ROOT / "notes" / "19-first-kernels.md"
    names: dict[str, Any] = {}

    stale = stale_outputs(page, frameworks=True, names=names)

    drawn = tmp_path / "first-kernels.svg"
    drawn.write_text(names["picture"], encoding="utf-8", newline="\n")
    shown = ROOT / "notes" / "pictures" / "networks" / drawn.name
    assert not stale, "\n".join(map(str, stale))
    before, now = shades(shown.read_text("utf-8")), shades(names["picture"])
    assert before.keys() == now.keys()
    for name, pixels in now.items():  # rounded otherwise elsewhere, by a shade
        difference = abs(pixels - before[name])
        assert difference.max() <= 1, f"{drawn} is new"
        assert np.count_nonzero(difference) <= 0.01 * pixels.size, f"{drawn} is new"
