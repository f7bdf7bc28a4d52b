"""Make folders of photographs for tests."""

from pathlib import Path

import numpy as np
import pytest

__all__ = ["make_folder"]

Image = pytest.importorskip("PIL.Image", reason="the extra images brings Pillow")


def make_folder(folder: Path, each: int = 6) -> Path:
    """Make a folder of two classes of photographs: dark ones and bright ones."""
    rng = np.random.default_rng(0)
    for name, brightness in ("bright", 200), ("dark", 0):
        (folder / name).mkdir(parents=True)
        for i in range(each):
            size = (7 + i % 3, 9 - i % 2, 3)  # not all of one size
            pixels = brightness + rng.integers(0, 50, size, np.uint8)
            Image.fromarray(pixels).save(
                folder / name / f"{i}.{'jpg' if i % 2 else 'png'}"
            )
    return folder
