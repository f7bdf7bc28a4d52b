"""Read photographs with Pillow, all of them at one size.

Whatever the file is, what comes out is an array of uint8 of one shape: upright, as the
camera meant it; on white, where it was transparent; in colour or grey.
"""

import warnings
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np

from .._checks import in_a_line
from .._typing import Array, Shape
from .hdf5.source import require_readable

__all__ = ["PHOTO_SUFFIXES", "Fit", "read_photo"]

PHOTO_SUFFIXES = (".jpeg", ".jpg", ".png")
PILLOW_MODES = {1: "L", 3: "RGB"}
Fit: TypeAlias = Literal["crop", "pad", "stretch"]


def read_photo(path: Path, shape: Shape, fit: Fit = "crop") -> Array:
    """
    Read an image file as an array.

    Parameters
    ----------
    path : path
        A PNG or JPEG file.
    shape : tuple of int
        ``(H, W, C)``, with C = 1 for grey and 3 for colour.
    fit : {"crop", "pad", "stretch"}, default "crop"
        Where the proportions differ: cut off what is too long, fill up with black what
        is too short, or distort.

    Returns
    -------
    array of uint8, shape `shape`

    Raises
    ------
    OSError
        If the file is missing, is no PNG or JPEG, is cut short, or claims more pixels
        than a photograph has. The message names the file, in one line.
    """
    from PIL import Image, ImageOps  # noqa: PLC0415  # an extra; see require_extra

    H, W, C = shape
    require_readable(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Pillow only warns of decompression bombs
            with Image.open(path, formats=("PNG", "JPEG")) as opened:
                photo = flat(ImageOps.exif_transpose(opened), PILLOW_MODES[C])
            if fit == "crop":
                photo = ImageOps.fit(photo, (W, H))
            elif fit == "pad":
                photo = ImageOps.pad(photo, (W, H))
            else:
                photo = photo.resize((W, H))
    except Exception as error:  # Pillow raises many kinds, all about the file
        raise OSError(f"{path}: {reason_of(error)}") from error
    return np.asarray(photo, np.uint8).reshape(shape)


def reason_of(error: Exception) -> str:
    """Return in one line why a file could not be read."""
    from PIL import UnidentifiedImageError  # noqa: PLC0415  # see above

    if isinstance(error, UnidentifiedImageError):  # it would repeat the path
        return "is no PNG or JPEG image"
    return f"cannot be read as an image: {in_a_line(error)}"


def flat(photo: Any, mode: str) -> Any:
    """Return an image in one mode, on white where it is transparent."""
    from PIL import Image  # noqa: PLC0415  # see above

    if photo.mode.startswith("I"):  # 16 bits: Pillow would cut off, not scale
        photo = Image.fromarray((np.asarray(photo) >> 8).astype(np.uint8))
    if photo.has_transparency_data:
        photo = photo.convert("RGBA")
        white = Image.new("RGBA", photo.size, "white")
        photo = Image.alpha_composite(white, photo)
    return photo.convert(mode)
