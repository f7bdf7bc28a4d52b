"""Which products an implementation adds up, told from its answers to single ones.

Convolutions and their gradients are sums of products, and so are most wrong ones. With
a single 1 in one array, and in another numbers whose sums tell where they came from,
an answer shows which products went into it, and how often:

    y[n, o, f]  =  sum of  m * x[n, i, c] * w[k, c, f]     m is 1, and i = s o - p + d k

`what_it_does` tells what these are instead. This needs no list of bugs.
"""

from collections.abc import Callable, Mapping
from functools import cache
from itertools import combinations
from math import prod
from typing import Any, NamedTuple

import numpy as np

from ..._typing import Array, Shape
from ..strategies import Case

__all__ = ["PARTS", "Part", "Products", "products_of"]

MAX_CALLS = 160  # for one answer
MAX_KNOWN = 256  # numbers told apart; of thousands no sum of two could be its own
MAX_TIMES = 36  # that a product counts, or parts of it that do


class Part(NamedTuple):
    """The array with single ones, and the one whose numbers are told apart."""

    ones: str  # none: every number of the answer is one of those known
    known: str = ""  # none: the answer itself says how often


# From the kind and the answer: the first part is what is told, unless it is right.
PARTS = {
    ("conv", "y"): (Part("w", "x"), Part("b")),
    ("conv", "dx"): (Part("dy", "w"),),
    ("conv", "dw"): (Part("dy", "x"),),
    ("conv", "db"): (Part("dy"),),
    ("avg_pool", "y"): (Part("x"),),
    ("avg_pool", "dx"): (Part("dy"),),
    ("max_pool", "y"): (Part("", "x"),),
    ("max_pool", "dx"): (Part("dy"),),
    ("im2col", "y"): (Part("", "x"),),
    ("im2col", "dx"): (Part("dy"),),
}

Forward = Callable[[Case], tuple[Array, Any]]
Backward = Callable[[Array, Any], list[Array]]


class Products(NamedTuple):
    """Products that were added up: where their numbers stand, and how often."""

    at: dict[str, Array]  # from the name of an array to places in it, raveled
    times: Array

    def sum(self, numbers: Mapping[str, Array], answer: str, shape: Shape) -> Array:
        """Add up products of other numbers, as an answer of a shape."""
        out = answer.removeprefix("d")
        terms = self.times
        for name, places in self.at.items():
            if name != out:
                terms = terms * np.ravel(numbers[name])[places]
        total = np.zeros(prod(shape))
        np.add.at(total, self.at[out], terms)
        return total.reshape(shape)


def products_of(
    forward: Forward, gradients: Backward, case: Case, answer: str, part: Part
) -> Products | None:
    """
    Ask for one answer again and again, with a single 1 in one array.

    Parameters
    ----------
    forward, gradients : callable
        What answers.
    case : Case
        Of which only shapes and settings count, and for max pooling who wins.
    answer : str
        ``"y"``, ``"dx"``, ``"dw"`` or ``"db"``.
    part : Part

    Returns
    -------
    Products or None
        None where an answer is no sum of a few products.
    """
    names = ("x", "w", "b")[: len(case.arrays)]
    arrays = {n: np.zeros(a.shape) for n, a in zip(names, case.arrays, strict=True)}
    if len(names) == 1 and part.ones != "x":
        arrays["x"] = in_order(case.arrays[0])  # who wins depends on it
    known = None
    if part.known and part.ones:
        if arrays[part.known].size > MAX_KNOWN:
            return None
        known = telling(arrays[part.known].size)
        arrays[part.known] = known.reshape(arrays[part.known].shape).copy()
    y, _ = forward(Case(tuple(arrays.values()), case.settings))
    if not part.ones:
        return found_again(y, arrays[part.known], part.known)
    ones, out = part.ones.removeprefix("d"), answer.removeprefix("d")
    shape = y.shape if ones == "y" else arrays[ones].shape
    if prod(shape) > MAX_CALLS:
        return None

    found: list[tuple[Array, ...]] = []
    for place in range(-1, prod(shape)):  # first none at all
        single = np.zeros(shape)
        if place >= 0:
            single.flat[place] = 1
        if ones in arrays:
            arrays[ones] = single
        y, cache = forward(Case(tuple(arrays.values()), case.settings))
        if answer != "y":
            y = gradients(single, cache)[names.index(out)]
        told = told_apart(np.ravel(np.asarray(y, np.float64)), known)
        if told is None or (place < 0 and len(told[0])):
            return None
        outs, places, times = told
        found.append((np.full(len(outs), place), places, outs, times))
    columns = zip(*found, strict=True)
    at, places, outs, times = map(np.concatenate, columns)
    named = {ones: at, out: outs}
    if part.known:
        named[part.known] = places
    return Products(named, times)


def in_order(x: Array) -> Array:
    """Return odd whole numbers that are in the same order as some others."""
    ranks = np.argsort(np.argsort(x, axis=None, kind="stable"))
    numbers: Array = 2.0 * (ranks - x.size // 2).reshape(x.shape) + 1
    return numbers


def found_again(y: Array, known: Array, name: str) -> Products | None:
    """Find where the numbers of an answer come from; 0 comes from nowhere."""
    order = np.argsort(known, axis=None)
    outs = np.flatnonzero(y)
    values = np.ravel(y)[outs]
    at = np.searchsorted(known.flat[order], values).clip(max=known.size - 1)
    if not np.array_equal(known.flat[order[at]], values):
        return None
    return Products({"y": outs, name: order[at]}, np.ones(len(outs)))


@cache
def telling(n: int) -> Array:
    """Return whole numbers below 2**22 of which no two sums of two are the same."""
    rng = np.random.default_rng(0)
    numbers: list[int] = []
    sums: set[int] = set()
    while len(numbers) < n:
        new = int(rng.integers(2**20, 2**22)) | 1
        more = {new + other for other in (*numbers, new)}
        if new not in numbers and not more & sums:
            numbers.append(new)
            sums |= more
    return np.array(numbers, np.float64)


def told_apart(answer: Array, known: Array | None) -> tuple[Array, Array, Array] | None:
    """Return where an answer is not 0, what known numbers it adds up, how often."""
    outs = np.flatnonzero(answer)
    values = answer[outs]
    if known is None:
        return outs, np.zeros_like(outs), values
    places = np.full(len(outs), -1)
    times = np.ones(len(outs))
    for parts in range(1, MAX_TIMES + 1):
        left = np.flatnonzero(places < 0)
        if not len(left):
            return outs, places, times
        often = values[left, None] * parts / known
        whole = np.rint(often)
        fits = (np.abs(often - whole) < 1e-6) & (whole != 0) & (abs(whole) <= MAX_TIMES)
        row, column = np.nonzero(fits)
        places[left[row]], times[left[row]] = column, whole[row, column] / parts
    left = np.flatnonzero(places < 0)
    pairs = {known[i] + known[j]: (i, j) for i, j in combinations(range(len(known)), 2)}
    two = [pairs.get(np.rint(value)) for value in values[left]]
    if None in two:
        return None
    second = np.array([pair[1] for pair in two if pair], int)
    places[left] = [pair[0] for pair in two if pair]
    return (
        np.concatenate([outs, outs[left]]),
        np.concatenate([places, second]),
        np.concatenate([times, np.ones(len(left))]),
    )
