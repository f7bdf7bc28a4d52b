"""Images for the functions of the notebook."""

import numpy as np

from im2col_cnn._typing import Array


def counting(*shape: int) -> Array:
    """Return 1, 2, 3, ... in the given shape."""
    return np.arange(1.0, np.prod(shape) + 1).reshape(shape)
