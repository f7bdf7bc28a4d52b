"""Read photographs with Pillow, all of them at one size.

Whatever the file is, what comes out is an array of uint8 of one shape: upright, as the
camera meant it; on white, where it was transparent; in colour or grey.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np

from .._checks import in_a_line
from .._typing import Array, Shape
from .hdf5.source import require_readable

__all__ = ["IN_WORDS", "MAX_PIXELS", "PHOTO_SUFFIXES", "Fit", "read_photo"]

PHOTO_KINDS = {
    ".bmp": "BMP",
    ".gif": "GIF",
    ".jpeg": "JPEG",
    ".jpg": "JPEG",
    ".png": "PNG",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".webp": "WEBP",
}
PHOTO_SUFFIXES = tuple(PHOTO_KINDS)
IN_WORDS = "PNG, JPEG, WebP, BMP, TIFF or GIF"
MAX_PIXELS = 200_000_000  # as the largest sensors of telephones have
PILLOW_MODES = {1: "L", 3: "RGB"}
Fit: TypeAlias = Literal["crop", "pad", "stretch"]


def read_photo(
    path: Path, shape: Shape, fit: Fit = "crop", *, max_pixels: int = MAX_PIXELS
) -> Array:
    """
    Read an image file as an array.

    Parameters
    ----------
    path : path
        A PNG, JPEG, WebP, BMP, TIFF or GIF file; of several images, the first.
    shape : tuple of int
        ``(H, W, C)``, with C = 1 for grey and 3 for colour.
    fit : {"crop", "pad", "stretch"}, default "crop"
        Where the proportions differ: cut off what is too long, fill up with black what
        is too short, or distort.
    max_pixels : int, default 200 million
        A larger image is refused before it is unpacked: a small file can claim any
        number of pixels.

    Returns
    -------
    array of uint8, shape `shape`

    Raises
    ------
    OSError
        If the file is missing, is no such image, is cut short, or claims more pixels
        than `max_pixels`. The message names the file, in one line.

    Notes
    -----
    What is wrong beside the pixels, in the data on the camera say, is no matter.
    """
    from PIL import Image, ImageOps  # noqa: PLC0415  # an extra; see require_extra

    H, W, C = shape
    require_readable(path)
    try:
        with (
            warnings.catch_warnings(action="ignore"),
            unlimited(Image),
            Image.open(path, formats=list(PHOTO_KINDS.values())) as opened,
        ):
            require_few_pixels(opened, max_pixels)
            photo = flat(upright(opened), PILLOW_MODES[C])
            if fit == "crop":
                photo = ImageOps.fit(photo, (W, H))
            elif fit == "pad":
                photo = padded(photo, W, H)
            else:
                photo = photo.resize((W, H))
    except Exception as error:  # Pillow raises many kinds, all about the file
        raise OSError(f"{path}: {reason_of(error)}") from error
    return np.asarray(photo, np.uint8).reshape(shape)


@contextmanager
def unlimited(library: Any) -> Iterator[None]:
    """Let Pillow open images of any size; see `require_few_pixels`."""
    limit = library.MAX_IMAGE_PIXELS
    library.MAX_IMAGE_PIXELS = None
    try:
        yield
    finally:
        library.MAX_IMAGE_PIXELS = limit


def require_few_pixels(photo: Any, max_pixels: int) -> None:
    """Refuse an image with too many pixels, before they are unpacked."""
    W, H = photo.size
    if max_pixels < W * H:
        raise ValueError(
            f"has {W}x{H} = {W * H} pixels, {max_pixels} are read at most: raise "
            f"max_pixels (--max-pixels) if it is no trap"
        )


def reason_of(error: Exception) -> str:
    """Return in one line why a file could not be read."""
    from PIL import UnidentifiedImageError  # noqa: PLC0415  # see above

    if isinstance(error, UnidentifiedImageError):  # it would repeat the path
        return f"is no {IN_WORDS} image"
    return f"cannot be read as an image: {in_a_line(error)}"


def upright(photo: Any) -> Any:
    """Return an image turned as the camera was held, as far as that can be read."""
    from PIL import ImageOps  # noqa: PLC0415  # see above

    photo.load()  # a fault in the pixels is one; below, it would be taken for another
    try:
        return ImageOps.exif_transpose(photo)
    except Exception:  # of many kinds, as damage has many
        return photo


def padded(photo: Any, W: int, H: int) -> Any:
    """Return an image in the middle of a black one, however thin it is."""
    from PIL import Image  # noqa: PLC0415  # see above

    scale = min(W / photo.width, H / photo.height)
    inner = max(1, round(photo.width * scale)), max(1, round(photo.height * scale))
    whole = Image.new(photo.mode, (W, H))
    place = round((W - inner[0]) / 2), round((H - inner[1]) / 2)
    whole.paste(photo.resize(inner), place)
    return whole


def flat(photo: Any, mode: str) -> Any:
    """Return an image in one mode, on white where it is transparent."""
    from PIL import Image  # noqa: PLC0415  # see above

    if photo.mode == "F" or (photo.mode == "I" and photo.format != "PNG"):
        raise ValueError("its pixels have 32 bits, and nothing says what white is")
    if photo.mode.startswith("I"):  # 16 bits: Pillow would cut off, not scale
        deep = np.asarray(photo)
        pixels = (deep >> 8).astype(np.uint8)
        pixels[deep == photo.info.get("transparency", -1)] = 255
        photo = Image.fromarray(pixels)
    if photo.has_transparency_data:
        photo = photo.convert("RGBA")
        white = Image.new("RGBA", photo.size, "white")
        photo = Image.alpha_composite(white, photo)
    return photo.convert(mode)
