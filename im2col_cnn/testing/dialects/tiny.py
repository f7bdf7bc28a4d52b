"""A tiny convolution and a tiny pooling in which no two axes are equally long.

What a homework makes of them tells its layouts: an output of shape (5, 8, 7) from 5
filters is (F, OH, OW). The right numbers are known, so that a reading that only fits
the shapes is told from one that is meant.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, Iterator

import numpy as np

from ..support import Support
from .layouts import arrange, plain_layout, restore

__all__ = ["IMAGES", "Tiny", "layouts_of", "limited_to", "tiny_problems"]

IMAGES = ("NCHW", "NHWC", "CHW", "HWC", "NHW", "HW")
SIZES = {"N": 4, "F": 5}
POOLS = ("max_pool", "avg_pool")
CHANNELS = {"conv": 2, **dict.fromkeys(POOLS, 5)}
OFF = 3  # rows or columns that an output may have too many or too few
# Square images come last: they tell less. Some poolings take even sides alone.
SIDES = {"conv": ((10, 9), (9, 9)), **dict.fromkeys(POOLS, ((12, 8), (8, 8)))}


@dataclass(frozen=True)
class Tiny:
    """One image or several in one layout, kernels, and the right output."""

    kind: str
    layout: str
    height: int
    width: int
    channels: int
    kernel: int
    stride: int = 1
    filters: int = SIZES["F"]
    wider: int = 0  # how many columns a kernel has more than rows

    @property
    def images(self) -> int:
        """How many images there are."""
        if "N" not in self.layout:
            return 1
        return SIZES["N"] if self.kind == "conv" else SIZES["N"] - 1

    @property
    def is_square(self) -> bool:
        """Whether rows and columns are equally many."""
        return self.height == self.width

    def plain(self, role: str) -> Any:
        """Return an array of the problem in the layout of the laws."""
        rng = np.random.default_rng(len(role))
        N, C, F, K = self.images, self.channels, self.filters, self.kernel
        KW = K + self.wider
        if role == "x":
            x = rng.permutation(N * self.height * self.width * C)
            return x.reshape(N, self.height, self.width, C) / 8.0
        if role == "w":
            return rng.integers(1, 99, (K, KW, C, F)) / 8.0
        return np.arange(1.0, F + 1)

    def array(self, role: str, layout: str) -> Any:
        """Return an array of the problem in a layout of the homework."""
        return arrange(self.plain(role), plain_layout(role, 2), layout)

    def right(self, padding: int = 0) -> Any:
        """Return the right output, (N, OH, OW, F)."""
        K, p = self.kernel, padding
        x = np.pad(self.plain("x"), ((0, 0), (p, p), (p, p), (0, 0)))
        taps = K, K + self.wider
        view = np.lib.stride_tricks.sliding_window_view(x, taps, (1, 2))
        view = view[:, :: self.stride, :: self.stride]
        if self.kind == "conv":
            y = np.einsum("nijcyx,yxcf->nijf", view, self.plain("w"))
            return y + self.plain("b")
        if self.kind == "max_pool":
            return view.max((-1, -2))
        return view.mean((-1, -2))

    def likely(self, shape: Any) -> str:
        """Return the layout of an output whose sizes are a little off, if it is one."""
        layouts = [self.layout.replace("C", "F")]
        if self.filters == 1:
            layouts = [self.layout.replace("C", "")]
        elif self.kind == "conv" and "C" not in self.layout:
            layouts = [self.layout.replace("HW", word) for word in ("FHW", "HWF")]
        right = dict(zip("NHWF", self.right().shape))
        for layout in layouts:
            if len(layout) == len(shape) and all(
                abs(size - right[letter]) <= (OFF if letter in "HW" else 0)
                for letter, size in zip(layout, shape)
            ):
                return layout
        return ""

    def begins(self, y: Any, layout: str) -> bool:
        """Tell whether an output whose sizes are off is mostly right elsewhere."""
        found, right = restore(np.asarray(y), layout, "NHWF"), self.right()
        rows, columns = np.minimum(found.shape, right.shape)[1:3]
        if not rows * columns:
            return False
        both = (each[:, :rows, :columns] for each in (found, right))
        return bool(np.isclose(*both).mean() > 0.5)

    def bindings(self) -> dict[str, Any]:
        """Return what lines may use."""
        spatial = self.height, self.width
        K = self.kernel
        out = [(n - k) // self.stride + 1 for n, k in zip(spatial, (K, K + self.wider))]
        x = self.array("x", self.layout)
        return {
            "N": self.images,
            "C": self.channels,
            "F": self.filters,
            "K": K,
            "KH": K,
            "KW": K + self.wider,
            "OH": out[0],
            "OW": out[1],
            "kernel_size": (K, K + self.wider),
            "stride": self.stride,
            "S": self.stride,
            "padding": 0,
            "spatial": spatial,
            "x": x,
            "x_shape": x.shape,
        }

    def agrees(self, y: Any, layout: str, right: Any) -> bool:
        """Tell whether an output is the right one, in a layout."""
        found = restore(np.asarray(y), layout, "NHWF")
        return bool(found.shape == right.shape and np.allclose(found, right))

    def outputs(self, shape: Any, *, padded: bool = False) -> list[str]:
        """Return the layouts in which an array of a shape may be the output."""
        around = self.kernel - 1 if padded else 0
        axes = {
            "N": self.images,
            "F": self.filters if self.kind == "conv" else self.channels,
            "H": (self.height + around - self.kernel) // self.stride + 1,
            "W": (self.width + around - self.kernel - self.wider) // self.stride + 1,
        }
        if self.filters == 1:
            del axes["F"]
        needed = {"H", "W"} | ({"N"} & set(self.layout))
        return [
            layout
            for layout in layouts_of(shape, axes)
            if needed <= set(layout) and ("N" in layout) == ("N" in self.layout)
        ]


def layouts_of(shape: Any, sizes: Any) -> list[str]:
    """
    Return the layouts that a shape may have, rows before columns.

    Examples
    --------
    >>> from im2col_cnn.testing.dialects.tiny import layouts_of
    >>> layouts_of((5, 2, 3, 3), {"F": 5, "C": 2, "H": 3, "W": 3})
    ['FCHW']
    >>> layouts_of((1, 5), {"F": 5, "C": 2})
    ['1F']
    """
    choices = [
        [letter for letter, size in sizes.items() if size == length]
        or (["1"] if length == 1 else [])
        for length in shape
    ]
    words = ("".join(letters) for letters in product(*choices))
    found = [
        word
        for word in words
        if all(word.count(letter) == 1 for letter in word if letter != "1")
        and word.find("H") <= word.find("W")
    ]
    return found if len(shape) else []


def limited_to(
    support: Support, tiny: Tiny, lines: str, *, has_channels: bool
) -> Support:
    """
    Limit what may be asked of a homework that is right for a tiny problem.

    To be right for square images alone, or for one channel, is no limit but a mistake:
    it is one only if the lines hand over one side, or there is no axis for channels.

    Parameters
    ----------
    support : Support
    tiny : Tiny
    lines : str
        The lines that call the homework.
    has_channels : bool
        Whether it is told of channels, by an axis or by their number.
    """
    sides = [re.search(rf"\bspatial\[{n}\]", lines) for n in range(2)]
    return replace(
        support,
        one_channel=tiny.channels == 1 and not has_channels,
        square=bool(tiny.is_square and sides[0] and not sides[1]),
    )


def tiny_problems(
    kind: str, kernel: int, *, side_by_side: bool = False
) -> Iterator[Tiny]:
    """Yield problems, with rectangular images of several channels first."""
    stride = kernel if side_by_side else 1
    for C, (H, W) in product((CHANNELS[kind], 1), SIDES[kind]):
        # What takes one channel may take an axis for it, and is not meant so.
        for layout in IMAGES if C > 1 else IMAGES[::-1]:
            if "C" in layout or C == 1:
                yield Tiny(kind, layout, H, W, C, kernel, stride)
