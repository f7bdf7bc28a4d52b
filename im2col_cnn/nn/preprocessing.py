"""Scale pixels, and vary training images at random: `Rescale`, `Augmentation`."""

from dataclasses import KW_ONLY, dataclass
from typing import Any, final

import numpy as np

from .._checks import as_above_zero, as_flag, as_images, as_int, as_real, as_rng
from .._typing import Array, Images
from .layer import PureLayer, Rules

__all__ = ["Augmentation", "Rescale"]


@final
@dataclass(frozen=True)
class Augmentation:
    """
    Shift images by up to some pixels along each axis, and mirror every other one.

    Parameters
    ----------
    shift : int, default 0
        The most pixels an image moves, along every spatial axis on its own. What comes
        in from outside is 0.
    flip : bool, default False
        Whether half of the images are mirrored along their last spatial axis: left and
        right change places. Not for letters and digits.

    Examples
    --------
    >>> import numpy as np
    >>> from im2col_cnn.nn import Augmentation
    >>> x = np.array([[1, 2, 3], [4, 5, 6]]).reshape(2, 3, 1)
    >>> Augmentation(shift=1, flip=True)(x, np.random.default_rng(0))[..., 0]
    array([[2, 3, 0],
           [5, 4, 0]])
    """

    _: KW_ONLY
    shift: int = 0
    flip: bool = False

    def __post_init__(self) -> None:
        as_int(self.shift, "shift", at_least=0)
        as_flag(self.flip, "flip")

    def __call__(self, images: Images, rng: np.random.Generator) -> Images:
        """
        Return images of the same shape and dtype, changed at random.

        Parameters
        ----------
        images : array, shape (N, *SPATIAL, C)
        rng : numpy.random.Generator
            It draws the same numbers whatever the pixels are.

        Raises
        ------
        TypeError, ValueError
            If these are no images, or no generator.
        """
        images, rng = as_images(images, "images", selects=True), as_rng(rng)
        if self.flip:
            mirrored = rng.random(len(images)) < 0.5
            images = np.where(across(mirrored, images), images[..., ::-1, :], images)
        if self.shift:
            most = int(self.shift)  # of uint8, -shift would be positive
            for axis in range(1, images.ndim - 1):
                steps = rng.integers(-most, most, len(images), endpoint=True)
                images = moved(images, steps, axis)
        return images


@final
class Rescale(PureLayer):
    """
    Divide pixels by the largest value they can have, so that they run from 0 to 1.

    With it as its first layer a network reads pixels as they are stored, and its users
    need not know how they were scaled. Some networks want them from -1 to 1: half of
    255 for the largest value and an `offset` of -1, which is added, do that.
    """

    kind = "rescale"
    rules = Rules(pixel_maximum=as_above_zero, offset=as_real)

    pixel_maximum: float
    _: KW_ONLY
    offset: float = 0.0

    def compute(self, x: Array) -> tuple[Array, Any]:
        """Divide, and add the offset."""
        y = x / float(self.pixel_maximum)
        return (y + float(self.offset) if self.offset else y), None

    def pull_back(self, dy: Array, cache: Any) -> Array:
        """Divide the gradient too."""
        return dy / float(self.pixel_maximum)


def moved(images: Images, steps: Array, axis: int) -> Images:
    """Move each image along one axis by its own number of pixels."""
    size = images.shape[axis]
    source = np.arange(size) - steps[:, np.newaxis]  # (N, size)
    inside = (source >= 0) & (source < size)
    shape = [1] * images.ndim
    shape[0], shape[axis] = source.shape
    found = np.take_along_axis(
        images, np.clip(source, 0, size - 1).reshape(shape), axis=axis
    )
    return np.where(inside.reshape(shape), found, images.dtype.type(0))


def across(values: Array, images: Images) -> Array:
    """Give one value per image as many axes as the images have."""
    return values.reshape(-1, *[1] * (images.ndim - 1))
