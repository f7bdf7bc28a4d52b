"""How large an array may be to be drawn: one that is larger is refused."""

from math import prod

from .._checks import by
from .._typing import Shape

__all__ = ["drawable", "require_drawable"]

MAX_DRAWN_PIXELS = 600  # of the padded image
MAX_DRAWN_ENTRIES = 700  # of its column matrix


def drawable(spatial: Shape, padded: Shape, columns: Shape) -> bool:
    """Return whether an image and its column matrix are small enough to draw."""
    room = prod(padded) <= MAX_DRAWN_PIXELS and prod(columns) <= MAX_DRAWN_ENTRIES
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
            f"a picture has room for {MAX_DRAWN_PIXELS} padded pixels and a column "
            f"matrix of {MAX_DRAWN_ENTRIES} entries, got {by(padded)} and "
            f"{by(columns)}: draw a smaller image, the pattern is the same"
        )
