"""Draw numbers that are others in every call, as bugs do that answer differently."""

import numpy as np
import numpy.typing as npt

from ..._typing import Array, Shape

__all__ = ["draw_numbers", "rewind"]

_state = {"rng": np.random.default_rng(0)}


def draw_numbers(shape: Shape, dtype: npt.DTypeLike = np.float64) -> Array:
    """Return numbers around 0 that no call before has returned."""
    return _state["rng"].standard_normal(shape).astype(dtype)


def rewind() -> None:
    """Begin again with the first numbers, so that a picture shows the same ones."""
    _state["rng"] = np.random.default_rng(0)
