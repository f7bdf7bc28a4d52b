"""Say what an implementation takes, so that nothing else is asked of it.

A student who was asked for stride and padding is not failed for dilation. Every field
narrows the space that `strategies` draws from; the default is all of it.
"""

from dataclasses import dataclass
from typing import Literal

__all__ = ["EVERYTHING", "Freedom", "Support"]

Freedom = Literal["none", "one", "each"]


@dataclass(frozen=True, kw_only=True)
class Support:
    """
    The calls that an implementation takes.

    Parameters
    ----------
    axes : tuple of int
        How many spatial axes images may have.
    kernel : {"one", "each"}
        Whether kernels are square, or have a size for each axis.
    stride, dilation : {"none", "one", "each"}
        Whether the setting is left out, one int for all axes, or one for each.
    paddings : tuple of str
        Ways to write a padding: ``"int"``, ``"each"`` (one int per axis), ``"pairs"``,
        ``"valid"``, ``"same"``, ``"same_lower"``. With none, the setting is left out.
    groups, ceil_mode, count_include_pad : bool
        Whether the setting is known.
    remainder : bool
        Whether the stride need not divide, so that some pixels may stay unread.
    empty_batch : bool
        Whether a batch may have no images at all.
    bias_shapes : bool
        Whether a bias may have any shape, or only ``(F,)``.
    dtypes : tuple of str
        The dtypes whose results are expected in the same dtype.

    Examples
    --------
    >>> from im2col_cnn.testing.support import Support
    >>> Support(axes=(2,), kernel="one", dilation="none", groups=False).stride
    'each'
    """

    axes: tuple[int, ...] = (2, 1, 3)  # the first is the simplest
    kernel: Literal["one", "each"] = "each"
    stride: Freedom = "each"
    paddings: tuple[str, ...] = ("int", "each", "pairs", "valid", "same", "same_lower")
    dilation: Freedom = "each"
    groups: bool = True
    ceil_mode: bool = True
    count_include_pad: bool = False
    remainder: bool = True
    empty_batch: bool = True
    bias_shapes: bool = True
    dtypes: tuple[str, ...] = ("float16", "float32", "float64")


EVERYTHING = Support()
