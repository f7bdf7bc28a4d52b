"""Draw what the channels of a layer see in an image, one beside the other."""

from math import ceil, sqrt

import numpy as np

from .._checks import as_array, by
from .._typing import Array
from .captions import shown
from .film import Point
from .svg import MARGIN, Canvas, box, element

__all__ = ["draw_feature_maps"]

SHADES = 12
SIDE = 84.0  # of a map, at most
GAP = 18.0
MAX_PIXELS = 2**16  # in all maps: a picture of more would be megabytes


def draw_feature_maps(maps: Array, *, image: Array | None = None) -> str:
    """
    Draw the maps of a layer, darker where a channel finds more.

    Parameters
    ----------
    maps : array, shape (H, W, F)
        As `im2col_cnn.nn.feature_maps` returns them.
    image : array, shape (H, W) or (H, W, C), optional
        What the network was shown; of colours, their mean is drawn.

    Returns
    -------
    str
        An SVG that does not move. All maps share one scale, whose ends are written
        under it.

    Raises
    ------
    TypeError, ValueError
        If `maps` or `image` have other axes, hold no finite numbers, or are too large.
    """
    maps = as_array(maps, "maps")
    if maps.ndim != 3 or 0 in maps.shape or not np.isfinite(maps).all():
        raise ValueError(
            f"maps must have shape (H, W, F) and finite numbers, got {maps.shape}"
        )
    if maps.size > MAX_PIXELS:
        raise ValueError(
            f"maps must hold at most {MAX_PIXELS} pixels, got {by(maps.shape)}: draw "
            f"some of the channels, maps[..., :8], say"
        )
    H, W, F = maps.shape
    low, high = float(maps.min()), float(maps.max())
    canvas = Canvas(
        f"{F} channels of {H} by {W}",
        [f"paper is {shown(round(low, 2))}, ink {shown(round(high, 2))}, in every map"],
    )
    top, left = canvas.top + 24, MARGIN
    if image is not None:
        photo = as_array(image, "image")
        if photo.ndim not in (2, 3) or 0 in photo.shape:
            raise ValueError(f"image must have shape (H, W, C), got {photo.shape}")
        photo = photo.reshape(*photo.shape[:2], -1).mean(axis=2)
        ends = float(photo.min()), float(photo.max())
        draw_map(canvas, photo, Point(left, top), ends, "the image")
        left += SIDE + 3 * GAP
    across = ceil(sqrt(F))
    for channel in range(F):
        row, column = divmod(channel, across)
        at = Point(left + column * (SIDE + GAP), top + row * (SIDE + GAP + 20))
        draw_map(canvas, maps[..., channel], at, (low, high), f"channel {channel}")
    found = maps.max(axis=(0, 1))
    return canvas.write(
        f"{F} maps of {H} by {W} pixels, one for each channel of a layer, darker where "
        f"the channel finds more. The largest number is in channel "
        f"{int(found.argmax())}: {high:g}; the smallest of all is {low:g}."
    )


def draw_map(
    canvas: Canvas, pixels: Array, at: Point, ends: tuple[float, float], name: str
) -> None:
    """Draw pixels under a name: a path for every shade, a rectangle for every run."""
    H, W = pixels.shape
    low, high = ends
    shades = np.rint((pixels - low) * (SHADES / (high - low or 1))).astype(int)
    parts = [
        element(
            "path",
            style="fill:var(--ink)",
            fill_opacity=shade / SHADES,
            data_shade=int(shade),
            d="".join(f"M{j} {i}h{n}v1h{-n}z" for i, j, n in runs(shades == shade)),
        )
        for shade in np.unique(shades[shades > 0])
    ]
    pixel = SIDE / max(H, W)
    canvas.words(name, Point(at.x, at.y - 8), "small")
    frame = box("zero", at, W * pixel, H * pixel)
    inside = element(
        "g",
        "".join(parts),
        data_map=name,
        data_shape=f"{H} {W}",
        transform=f"translate({at.x:g} {at.y:g}) scale({pixel:g})",
    )
    canvas.put(frame + inside, until=Point(at.x + W * pixel, at.y + H * pixel))


def runs(mask: Array) -> list[tuple[int, int, int]]:
    """Return row, first column and length of what is True side by side."""
    edges = np.diff(np.pad(mask.astype(np.int8), ((0, 0), (1, 1))), axis=1)
    starts, ends = np.argwhere(edges == 1), np.argwhere(edges == -1)
    return [
        (int(i), int(j), int(end - j))
        for (i, j), (_, end) in zip(starts, ends, strict=True)
    ]
