"""Whether an array was reshaped where its axes should have been moved.

A reshape leaves the numbers where they are in memory and gives their axes other names:
all of them are there, at places of one another. So products are looked for whose places
in one array are those of the right ones, once they are read in another order.
"""

from collections.abc import Iterator, Sequence
from itertools import permutations
from math import prod

import numpy as np

from ..._typing import Array, Shape
from .call_axes import CallAxes, Told
from .impulse_response import Products

__all__ = ["which_order"]

MAX_AXES = 4  # of an array: of more there are too many orders


def which_order(
    found: Products, right: Products, call: CallAxes, answer: str
) -> list[Told]:
    """
    List the orders that explain the products of an answer, each as a sentence.

    Parameters
    ----------
    found, right : Products
    call : CallAxes
    answer : str
        ``"y"``, ``"dx"``, ``"dw"`` or ``"db"``.

    Returns
    -------
    list of Told
        Empty if no order of one array does, or no other than the right one.
    """
    if len(found.times) != len(right.times) or not len(found.times):
        return []
    if not np.allclose(found.times, right.times[0]):
        return []
    sizes = {array: prod(call.shape(array)) for array in sorted(found.at)}
    wanted = keys(right.at, sizes)
    told: list[Told] = []
    if np.array_equal(keys(found.at, sizes), wanted):
        return told
    for array in sizes:
        name = (
            f"d{array}"
            if answer == f"d{array}" or array + answer[:1] == "yd"
            else array
        )
        for lies, taken in orders(call.axes_of(array)):
            moved = reread(call.shape(array), lies, taken)[found.at[array]]
            if np.array_equal(keys({**found.at, array: moved}, sizes), wanted):
                # Of an answer the wrong places are where numbers end up.
                ways = (
                    (taken, lies) if answer in (array, f"d{array}") else (lies, taken)
                )
                one, other = (written(call.axes_of(array), order) for order in ways)
                words = (
                    f"{name} is reshaped where its axes should be moved: what runs "
                    f"{one} is taken for {other}"
                )
                told.append(Told.of(words))
    return told


def keys(at: dict[str, Array], sizes: dict[str, int]) -> Array:
    """Return a number for each product, the same for the same places only, sorted."""
    places = tuple(at[array] for array in sizes)
    return np.sort(np.ravel_multi_index(places, tuple(sizes.values())))


def orders(names: Sequence[str]) -> Iterator[tuple[Sequence[int], Sequence[int]]]:
    """Yield pairs of orders of axes, one of them that of arrays in some course."""
    if len(names) > MAX_AXES:
        return
    last = tuple(range(len(names)))
    inner = [a for a in last if names[a][1:]]  # rows and columns
    outer = [a for a in last if not names[a][1:]]
    outer.sort(key=lambda a: "nfc".index(names[a]))
    first = *outer, *inner
    seen: set[tuple[Sequence[int], Sequence[int]]] = set()
    for layout in dict.fromkeys((first, last)):
        for order in permutations(last):
            for pair in ((layout, order), (order, layout)):
                if order != layout and pair not in seen:
                    seen.add(pair)
                    yield pair


def reread(shape: Shape, lies: Sequence[int], taken: Sequence[int]) -> Array:
    """Return for every place of an array the place that its number is taken for."""
    places = np.arange(prod(shape)).reshape(shape)
    other = np.empty(prod(shape), int)
    other[places.transpose(lies).ravel()] = places.transpose(taken).ravel()
    return other


def written(names: Sequence[str], order: Sequence[int]) -> str:
    """Write an order of axes like a shape."""
    letters = {"i": "hw", "o": "hw", "k": "hw"}
    words = (
        letters[names[a][0]][int(names[a][1:])] if names[a][1:] else names[a]
        for a in order
    )
    return f"({', '.join(words)})"
