"""The axes of the arrays of a call, their sizes, and what stands along them in words.

An axis has one name in all arrays: n for images, c for channels, f for filters; i0, i1
for the places of pixels, o0, o1 for those of windows, and k0, k1 for those of taps.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np

from ..._typing import Array, Shape
from ...placing import pooling_window
from ...window import Window
from ..strategies import Case
from .impulse_response import Products

__all__ = [
    "DIRECTIONS",
    "NOUNS",
    "PLACES",
    "CallAxes",
    "Told",
    "amount",
    "joined",
    "noun_of",
    "ordinal",
    "positions",
]

# The axes of arrays, in their order: images, places of pixels, of windows (outputs)
# and of taps (a kernel), channels, filters.
PLACES = {
    "conv": {"x": "nic", "w": "kcf", "b": "f", "y": "nof"},
    "avg_pool": {"x": "nic", "y": "noc"},
    "max_pool": {"x": "nic", "y": "noc"},
    "im2col": {"x": "nic", "y": "nokc"},
}


MAX_TOLD = 3  # more differences at once are nothing simple


class Told(NamedTuple):
    """Sentences about one draw, each with what it says of any: without its numbers."""

    parts: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, gist: str, words: str = "") -> "Told":
        """Return one sentence about any draw, and in other words about this one."""
        return cls(((gist, words or gist),))

    @property
    def gist(self) -> frozenset[str]:
        """What is said of any draw."""
        return frozenset(gist for gist, _ in self.parts)


class CallAxes:
    """How windows stand over the images of a call, and the sizes of all axes."""

    def __init__(self, kind: str, case: Case) -> None:
        x, *others = case.arrays
        N, *spatial, C = x.shape
        settings = {
            name: value
            for name, value in case.settings.items()
            if name in ("kernel_size", "stride", "padding", "dilation", "ceil_mode")
        }
        kernel_size = settings.pop("kernel_size", None)
        if kernel_size is None:
            kernel_size = others[0].shape[: len(spatial)]
        make: Callable[..., Window] = Window
        if kind.endswith("pool"):
            make = pooling_window
            usual = {"stride": None, "padding": 0, "dilation": 1, "ceil_mode": False}
            settings = usual | settings
        self.kind = kind
        self.axes = make(tuple(spatial), kernel_size, **settings).axes
        self.sizes = {"n": N, "c": C, "f": others[0].shape[-1] if others else C}
        for a, axis in enumerate(self.axes):
            sizes = {"i": axis.size, "o": axis.output_size, "k": axis.kernel}
            self.sizes |= {f"{letter}{a}": size for letter, size in sizes.items()}

    def spread(self, letters: str) -> list[str]:
        """List axes by name: "nic" are n, i0, i1 and c."""
        numbers = range(len(self.axes))
        named = ([f"{x}{a}" for a in numbers] if x in "iok" else [x] for x in letters)
        return [name for names in named for name in names]

    def shape(self, array: str) -> Shape:
        """Return the sizes of the axes of an array."""
        return tuple(self.sizes[name] for name in self.axes_of(array))

    def axes_of(self, array: str) -> list[str]:
        """List the axes of an array by name."""
        return self.spread(PLACES[self.kind][array])

    def places(self, products: Products) -> dict[str, Array]:
        """Return where numbers stand: "x.n" is the image of each pixel."""
        return {
            f"{array}.{name}": index
            for array, at in products.at.items()
            for name, index in zip(
                self.axes_of(array),
                np.unravel_index(at, self.shape(array)),
                strict=True,
            )
        }

    def keys(self, places: Mapping[str, Array], arrays: Sequence[str]) -> Array:
        """Return a number for each product, the same for the same places only."""
        names = [f"{array}.{name}" for array in arrays for name in self.axes_of(array)]
        sizes = tuple(self.sizes[name.partition(".")[2]] for name in names)
        index = tuple(places[name] for name in names)
        return np.asarray(np.ravel_multi_index(index, sizes))


def joined(told: Sequence[Told]) -> Told | None:
    """Return several sentences as one, each once; None if there are too many.

    What is true along both axes is said of both, and without the numbers of one.
    """
    once: dict[str, str] = {}
    for gist, words in chain.from_iterable(each.parts for each in told):
        once[gist] = words if once.get(gist, words) == words else gist
    return Told(tuple(once.items())) if 0 < len(once) <= MAX_TOLD else None


NOUNS = {
    "n": ("image", "images"),
    "c": ("channel", "channels"),
    "f": ("filter", "filters"),
}

# By the number of axes: what stands along each, and which way is on, which way back.
DIRECTIONS = {
    1: [("pixel", "pixels", "right", "left")],
    2: [("row", "rows", "down", "up"), ("column", "columns", "right", "left")],
    3: [
        ("plane", "planes", "on", "back"),
        ("row", "rows", "down", "up"),
        ("column", "columns", "right", "left"),
    ],
}
OF = {"i": "of pixels", "o": "of windows", "k": "of the kernel"}
ALONE = {"i": ("pixel", "pixels"), "o": ("window", "windows"), "k": ("tap", "taps")}


def noun_of(name: str, call: CallAxes) -> tuple[str, str]:
    """Return what stands along an axis, one and many: a row of windows."""
    letter, number = name[0], name[1:]
    if not number:
        return NOUNS[letter]
    if len(call.axes) == 1:
        return ALONE[letter]
    one, many, *_ = DIRECTIONS[len(call.axes)][int(number)]
    return f"{one} {OF[letter]}", f"{many} {OF[letter]}"


def ordinal(place: int, n: int) -> str:
    """Return a place among so many in words."""
    if place in (0, n - 1):
        return "last" if place else "first"
    words = {1: "second", 2: "third", 3: "fourth", 4: "fifth"}
    return words.get(place, f"{place + 1}th")


def positions(places: Sequence[int], n: int) -> str:
    """Return several places among so many in words."""
    if len(places) > 1 and list(places) == list(range(len(places))):
        return f"first {len(places)}"
    if len(places) > 1 and list(places) == list(range(n - len(places), n)):
        return f"last {len(places)}"
    return " and ".join(ordinal(place, n) for place in places)


def amount(count: int, one: str, many: str) -> str:
    """Write how many of something."""
    return f"{count} {one if count == 1 else many}"
