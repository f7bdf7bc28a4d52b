"""Say what an implementation takes, so that nothing else is asked of it.

A student who was asked for stride and padding is not failed for dilation. Every field
narrows the space that `strategies` draws from; the default is all of it.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, fields
from typing import Literal

__all__ = ["EVERYTHING", "Centred", "Freedom", "Support"]

Freedom = Literal["none", "one", "each"]
FREEDOM = ("none", "one", "each")


class Centred(tuple):  # type: ignore[type-arg]  # pairs, as padding takes them
    """A padding that a course calls "same": pairs of half an odd kernel."""

    __slots__ = ()


# Python 3.9, in which homework may run, has no `kw_only`.
KEYWORDS: dict[str, bool] = {"kw_only": True} if sys.version_info >= (3, 10) else {}


@dataclass(frozen=True, **KEYWORDS)
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
    kernels, strides, pads : tuple of int
        The sizes of a kernel along each axis, the strides and the paddings that it
        takes; any if there are none. Of the forms of `paddings`, ``"centred"`` is one
        that odd kernels have where the size is kept, ``"centred at stride 1"`` the same
        without strides.
    channels, filters : tuple of int
        The numbers of channels and of filters that it takes, in each group; any if
        there are none.
    square, one_image, one_channel, one_filter : bool
        Whether images are square, come one at a time, have one channel; whether there
        is one filter.
    stride_is_kernel : bool
        Whether windows stand side by side.
    positive : bool
        Whether images, kernels and biases are positive: what a ReLU ends is right there
        if it is right before the ReLU.
    bias, input_gradient : bool
        Whether it adds a bias, and returns the gradient of the images.
    dtypes : tuple of str
        The dtypes whose results are expected in the same dtype.

    Examples
    --------
    >>> from im2col_cnn.testing.support import Support
    >>> Support(axes=(2,), kernel="one", dilation="none", groups=False).stride
    'each'
    >>> Support(channels=(3,), filters=(16,)).channels  # written for one network
    (3,)
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
    kernels: tuple[int, ...] = ()
    strides: tuple[int, ...] = ()
    pads: tuple[int, ...] = ()
    channels: tuple[int, ...] = ()
    filters: tuple[int, ...] = ()
    square: bool = False
    one_image: bool = False
    one_channel: bool = False
    one_filter: bool = False
    stride_is_kernel: bool = False
    positive: bool = False
    bias: bool = True
    input_gradient: bool = True
    dtypes: tuple[str, ...] = ("float16", "float32", "float64")

    def __post_init__(self) -> None:
        """Refuse what no field can be."""
        for field in fields(self):
            value, default = getattr(self, field.name), field.default
            if isinstance(default, tuple):
                kind = type(default[0]) if default else int
                fit = isinstance(value, tuple) and all(
                    isinstance(v, kind) for v in value
                )
                rule = f"a tuple of {kind.__name__}s"
            elif isinstance(default, bool):
                fit, rule = isinstance(value, bool), "True or False"
            else:
                words = ("one", "each") if field.name == "kernel" else FREEDOM
                fit, rule = value in words, f"one of {', '.join(words)}"
            if not fit:
                raise TypeError(f"{field.name} must be {rule}, got {value!r}")


EVERYTHING = Support()
