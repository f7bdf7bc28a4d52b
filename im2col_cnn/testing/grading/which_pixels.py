"""Which pixels, images, channels and filters meet in the products of an answer.

    x.n = y.n        x.c = w.c        w.f = y.f        x.i = s * y.o + d * w.k - p

These rules hold where all is right. Of a wrong answer others are looked for, and told:
another stride, a kernel that is turned, one image for all.
"""

from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import NamedTuple

import numpy as np

from ..._typing import Array
from .call_axes import DIRECTIONS, NOUNS, CallAxes, Told, amount, ordinal

__all__ = ["Rule", "rules_of"]

MAX_STEP = 5  # pixels between windows or taps


class Rule(NamedTuple):
    """How an index follows from others, as a function of them, and what is wrong."""

    apply: Callable[[Mapping[str, Array]], Array]
    told: tuple[Told, ...] = ()


def rules_of(where: Mapping[str, Array], call: CallAxes) -> dict[str, Rule] | None:
    """Find by which rules the products of an answer go together."""
    rules: dict[str, Rule] = {}
    pairs = [("n", "y", "x"), ("c", "w", "x"), ("c", "y", "x"), ("f", "y", "w")]
    for name, one, other in [*pairs, ("f", "y", "b")]:
        if f"{one}.{name}" in where and f"{other}.{name}" in where:
            both = where[f"{one}.{name}"], where[f"{other}.{name}"]
            rule = number_rule(*both, name, call)
            if rule is None:
                return None
            rules[f"{other}.{name}"] = rule
    for a in range(len(call.axes)):
        if f"x.i{a}" in where and f"y.o{a}" in where:
            rule = place_rule(a, where, call)
            if rule is None:
                return None
            rules[f"x.i{a}"] = rule
    return rules


def number_rule(one: Array, other: Array, name: str, call: CallAxes) -> Rule | None:
    """Find how the number of an image, channel or filter follows from another."""
    noun, many = NOUNS[name]
    size = call.sizes[name]
    if np.array_equal(one, other):
        return Rule(lambda axes: axes[name])
    if len(other) and np.all(other == other[0]):
        always = int(other[0])
        words = f"the {ordinal(always, size)} {noun} is taken for all"
        told = Told.of(f"one {noun} for all", words)
        return Rule(lambda axes: np.full_like(axes[name], always), (told,))
    if np.array_equal(other, size - 1 - one):
        told = Told.of(f"{many} reversed", f"the {many} are taken in reverse order")
        return Rule(lambda axes: size - 1 - axes[name], (told,))
    return None


class Line(NamedTuple):
    """Where a tap reads along an axis: ``stride * o + dilation * k + start``."""

    stride: int
    dilation: int
    start: int
    stops: int  # the axis along which windows are counted
    taps: int  # the axis along which taps are
    border: str = "zero"

    def place(self, axes: Mapping[str, Array], size: int) -> Array:
        """Return the places that are read."""
        stops, taps = axes[f"o{self.stops}"], axes[f"k{self.taps}"]
        place = self.stride * stops + self.dilation * taps + self.start
        if self.border == "wrap":
            return np.asarray(place % size)
        if self.border == "edge":
            return np.asarray(np.clip(place, 0, size - 1))
        return np.asarray(place)


def place_rule(a: int, where: Mapping[str, Array], call: CallAxes) -> Rule | None:
    """Find how the place of a pixel follows from those of a window and a tap."""
    axis = call.axes[a]
    right = Line(axis.stride, axis.dilation, -axis.before, a, a)
    found = list(lines(a, right, where, call))
    if not found:
        return None
    best = min(found, key=lambda line: changes(line, right))
    told = tuple(told_of(best, right, a, call))
    return Rule(lambda axes: best.place(axes, axis.size), told)


def lines(
    a: int, right: Line, where: Mapping[str, Array], call: CallAxes
) -> Iterator[Line]:
    """Yield the lines on which all products lie."""
    size, place = call.axes[a].size, where[f"x.i{a}"]
    others = range(len(call.axes))
    axes = {f"o{b}": where[f"y.o{b}"] for b in others}
    taps = next((x for x in "wy" if f"{x}.k{a}" in where), None)
    if taps is None:  # of a mean any tap counts the same
        steps = [right.stride, *range(1, MAX_STEP + 1)]
        reach = call.axes[a].kernel * right.dilation
        for b, stride, start in product(others, steps, range(-reach, reach + 1)):
            tap = place - stride * axes[f"o{b}"] - start
            if np.all((tap >= 0) & (tap < reach) & (tap % right.dilation == 0)):
                yield right._replace(stride=stride, start=start, stops=b)
        return
    axes |= {f"k{b}": where[f"{taps}.k{b}"] for b in others}
    for border in "zero", "wrap", "edge":
        bordered = right._replace(border=border)
        if np.array_equal(bordered.place(axes, size), place):
            yield bordered
    strides = dict.fromkeys([right.stride, *range(MAX_STEP + 1)])
    dilations = dict.fromkeys([right.dilation, -right.dilation, *range(1, MAX_STEP)])
    for stride, dilation, b, c in product(strides, dilations, others, others):
        line = Line(stride, dilation, 0, b, c)
        starts = place - line.place(axes, size)
        if len(starts) and np.all(starts == starts[0]):
            yield line._replace(start=int(starts[0]))


def changes(line: Line, right: Line) -> tuple[int, int]:
    """Count what is different, and by how much windows begin elsewhere."""
    start = right.start
    if line.dilation < 0:
        start = line.start  # a turned kernel begins at its end
    count = sum(x != y for x, y in zip(line, right._replace(start=start), strict=True))
    return count + (line.border != "zero"), abs(line.start - right.start)


def told_of(line: Line, right: Line, a: int, call: CallAxes) -> Iterator[Told]:
    """Describe how one line of places differs from the right one."""
    one, many, on, back = DIRECTIONS[len(call.axes)][a]
    start = right.start
    if line.border == "wrap":
        yield Told.of("wrap", "beyond the border it reads the other side of the image")
    if line.border == "edge":
        yield Told.of("edge", "beyond the border it reads the pixels at the border")
    if line.stops != a:
        yield Told.of("windows swapped", "rows and columns of windows are exchanged")
    if line.taps != a:
        yield Told.of("taps swapped", "rows and columns of the kernel are exchanged")
    if line.stride != right.stride:
        step = (
            f"windows move by {amount(line.stride, one, many)}, not by {right.stride}"
        )
        why = ", as if there were no stride" if line.stride == 1 else ""
        if not line.stride:
            step = f"all windows begin at the first {one}"
        yield Told.of(f"stride{why}", step + why)
    if line.dilation == -right.dilation:
        start += right.dilation * (call.axes[a].kernel - 1)
        yield Told.of(f"turned {many}", f"the {many} of the kernel are reversed")
    elif line.dilation != right.dilation:
        apart = amount(line.dilation, one, many)
        yield Told.of("dilation", f"taps are {apart} apart, not {right.dilation}")
    if line.start != start:
        by = abs(line.start - start)
        way = on if line.start > start else back
        cause = ", as without the padding before" if line.start == 0 < -start else ""
        words = f"windows begin {amount(by, one, many)} further {way}{cause}"
        yield Told.of(f"start{cause}", words)
