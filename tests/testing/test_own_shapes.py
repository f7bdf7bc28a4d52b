"""Layers and functions of no course are read by what they take and do."""

from pathlib import Path
from typing import Any

import pytest

from im2col_cnn.testing import check_module
from im2col_cnn.testing.dialects.dialect import Offer
from im2col_cnn.testing.dialects.table import readings
from im2col_cnn.testing.grading.grader import grade
from im2col_cnn.testing.grading.reading import choose
from tests.profile import drawn
from tests.testing.families import MISTAKES, POOL_MISTAKES, PRELUDE
from tests.testing.own_shapes import POOLS, SHAPES
from tests.testing.test_families import names_of


def read(name: str, old: str = "", new: str = "") -> Offer:
    """Return the only reading of its kind; what helps is of another."""
    source = PRELUDE + SHAPES[name]
    source = source.replace(old, new) if old else source
    kind = "max_pool" if name in POOLS else "conv"
    chosen, _ = choose(readings(names_of(source), None))
    (offer,) = (offer for _, offer in chosen if offer.kind == kind)
    return offer


def statuses(offer: Offer, examples: int) -> set[str]:
    verdicts, _ = grade(offer, 0, examples, None)
    return {verdict.status for verdict in verdicts if not verdict.law.advice}


@drawn
@pytest.mark.parametrize("name", SHAPES)
def test_what_is_right_is_read_with_its_backward_and_passes(name: str) -> None:
    offer = read(name)

    assert offer.graded == ("forward", "backward")
    assert statuses(offer, 4) == {"holds"}


@drawn
@pytest.mark.parametrize("name", [n for n in SHAPES if n not in POOLS])
def test_a_kernel_whose_gradients_are_assigned_does_not_pass(name: str) -> None:
    assert "broken" in statuses(read(name, *MISTAKES[1]), 4)


@drawn
@pytest.mark.parametrize("name", POOLS)
def test_a_maximum_in_the_wrong_place_does_not_pass(name: str) -> None:
    assert "broken" in statuses(read(name, *POOL_MISTAKES[2]), 20)


def checked(folder: Path, source: str) -> Any:
    path = folder / "layers.py"
    path.write_text(source, encoding="utf-8")
    return check_module(path, examples=3)


RIGHT_MASK = "def create_mask_from_window(x): return x == np.max(x)\n"


def test_what_calls_a_missing_file_is_neither_right_nor_wrong(tmp_path: Path) -> None:
    needs = "def distribute_value(dz, shape): return shared(dz, shape)\n"
    source = f"import numpy as np\nfrom beside import shared\n{RIGHT_MASK}{needs}"

    report = checked(tmp_path, source)

    states = {v.status for v in report.verdicts if v.function == "distribute_value"}
    assert report.ok
    assert states == {"not checked"}
    assert "beside (line 2) could not be imported" in str(report)


def test_what_import_star_should_have_brought_is_missing_too(tmp_path: Path) -> None:
    needs = "def distribute_value(dz, shape): return shared(dz, shape)\n"
    source = f"import numpy as np\nfrom beside import *\n{RIGHT_MASK}{needs}"

    assert "shared is not there" in str(checked(tmp_path, source))


def test_a_layer_that_could_not_be_called_is_named(tmp_path: Path) -> None:
    layer = "class Conv2D:\n    def __init__(self, mystery): ...\n"
    layer += "    def forward(self, x): return x\n"

    report = checked(tmp_path, f"import numpy as np\n{RIGHT_MASK}{layer}")

    assert "Conv2D: not read, for no way to call it was found" in str(report)


def test_sizes_do_not_go_where_others_belong(tmp_path: Path) -> None:
    layer = "class Conv2D:\n    def __init__(self, kernel_size): self.filters = 1\n"
    layer += "    def forward(self, x): return x\n"
    layer += "    def backprop(self, dy, learn_rate): return None\n"

    report = checked(tmp_path, f"import numpy as np\n{RIGHT_MASK}{layer}")

    assert report.ok  # and Zhou's takes the number of filters
