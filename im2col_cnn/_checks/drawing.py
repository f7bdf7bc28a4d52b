"""Refuse to draw what nobody could read."""

from math import prod

from .._typing import Shape
from .quoting import by

__all__ = ["drawable", "require_drawable"]

MOST_PIXELS = 600
MOST_ENTRIES = 700


def drawable(spatial: Shape, padded: Shape, columns: Shape) -> bool:
    """Tell whether a sheet has room for an image and its column matrix."""
    room = prod(padded) <= MOST_PIXELS and prod(columns) <= MOST_ENTRIES
    return len(spatial) <= 2 and room


def require_drawable(spatial: Shape, padded: Shape, columns: Shape) -> None:
    """Refuse a window with too many axes, pixels or entries of its column matrix."""
    if len(spatial) > 2:
        raise ValueError(
            f"a picture shows one or two spatial axes, got {len(spatial)}: "
            f"{by(spatial)}; draw two of them"
        )
    if not drawable(spatial, padded, columns):
        raise ValueError(
            f"a picture has room for {MOST_PIXELS} padded pixels and a column matrix "
            f"of {MOST_ENTRIES} entries, got {by(padded)} and {by(columns)}: draw a "
            f"smaller image, the pattern is the same"
        )
