"""Refuse to draw what nobody could read."""

from math import prod

from .._typing import Shape
from .settings import by

__all__ = ["require_drawable"]

MOST_PIXELS = 600
MOST_ENTRIES = 700


def require_drawable(spatial: Shape, padded: Shape, columns: Shape) -> None:
    """Refuse a window with too many axes, pixels or entries of its column matrix."""
    if len(spatial) > 2:
        raise ValueError(
            f"a picture shows one or two spatial axes, got {len(spatial)}: "
            f"{by(spatial)}; draw two of them"
        )
    if prod(padded) > MOST_PIXELS or prod(columns) > MOST_ENTRIES:
        raise ValueError(
            f"a picture has room for {MOST_PIXELS} padded pixels and a column matrix "
            f"of {MOST_ENTRIES} entries, got {by(padded)} and {by(columns)}: draw a "
            f"smaller image, the pattern is the same"
        )
