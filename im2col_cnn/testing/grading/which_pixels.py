"""Which pixels, images, channels and filters meet in the products of an answer.

    x.n = y.n        x.c = w.c        w.f = y.f        x.i = s * y.o + d * w.k - p

These rules hold where all is right. Of a wrong answer others are looked for, and told:
another stride, a kernel that is turned, one image for all.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import product
from typing import NamedTuple

import numpy as np

from ..._typing import Array
from .call_axes import DIRECTIONS, NOUNS, CallAxes, Told, amount, ordinal

__all__ = ["Rule", "rules_of"]

MAX_STEP = 5  # pixels between windows or taps
MAX_LINES = 4  # on which the same places may lie, where few of them are seen


class Rule(NamedTuple):
    """How an index follows from others, as a function of them, and what is wrong.

    Of each thing that is wrong there are the sentences that may be true of it.
    """

    apply: Callable[[Mapping[str, Array]], Array]
    told: tuple[list[Told], ...] = ()


def rules_of(where: Mapping[str, Array], call: CallAxes) -> list[dict[str, Rule]]:
    """List by which rules the products of an answer may go together, likely ones first.

    There is none if they do not follow rules, and several if a small answer does not
    show by which of them they go.
    """
    rules: dict[str, Rule] = {}
    pairs = [("n", "y", "x"), ("c", "w", "x"), ("c", "y", "x"), ("f", "y", "w")]
    for name, one, other in [*pairs, ("f", "y", "b")]:
        if f"{one}.{name}" in where and f"{other}.{name}" in where:
            both = where[f"{one}.{name}"], where[f"{other}.{name}"]
            rule = number_rule(*both, name, call)
            is_other = rule is not None
            rule = rule or number_rule(both[1], both[0], name, call)
            if rule is None:
                return []
            rules[f"{other if is_other else one}.{name}"] = rule
    moving = [
        a for a in range(len(call.axes)) if f"x.i{a}" in where and f"y.o{a}" in where
    ]
    ways = product(*(place_rules(a, where, call) for a in moving))
    return [
        rules | {f"x.i{a}": rule for a, rule in zip(moving, way, strict=True)}
        for way in ways
    ]


def number_rule(one: Array, other: Array, name: str, call: CallAxes) -> Rule | None:
    """Find how the number of an image, channel or filter follows from another."""
    noun, many = NOUNS[name]
    size = call.sizes[name]
    if np.array_equal(one, other):
        return Rule(lambda axes: axes[name])
    if len(other) and np.all(other == other[0]):
        always = int(other[0])
        words = f"the {ordinal(always, size)} {noun} is taken for all"
        told = Told.of(words)
        return Rule(lambda axes: np.full_like(axes[name], always), ([told],))
    if np.array_equal(other, size - 1 - one):
        told = Told.of(f"the {many} are taken in reverse order")
        return Rule(lambda axes: size - 1 - axes[name], ([told],))
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


def place_rules(a: int, where: Mapping[str, Array], call: CallAxes) -> list[Rule]:
    """List how the place of a pixel may follow from those of a window and a tap."""
    axis = call.axes[a]
    right = Line(axis.stride, axis.dilation, -axis.before, a, a)
    found = dict.fromkeys(lines(a, right, where, call))
    best = sorted(found, key=lambda line: changes(line, right))[:MAX_LINES]
    if right in best:
        best = [right]
    return [
        Rule(partial(line.place, size=axis.size), tuple(told_of(line, right, a, call)))
        for line in best
    ]


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
    moved = {name for name, index in axes.items() if len(np.unique(index)) > 1}
    for stride, dilation, b, c in product(strides, dilations, others, others):
        line = Line(stride, dilation, 0, b, c)
        # What does not move shows neither how far it would nor along which axis.
        if not moved & {f"o{a}", f"o{b}"} and (stride, b) != (right.stride, a):
            continue
        starts = place - line.place(axes, size)
        if not len(starts) or np.any(starts != starts[0]):
            continue
        line = line._replace(start=int(starts[0]))
        is_shown = moved & {f"k{a}", f"k{c}"} or (dilation, c) == (right.dilation, a)
        if is_shown or line.start == begin(line, right, call.axes[a].kernel):
            yield line


def begin(line: Line, right: Line, kernel: int) -> int:
    """Return where a line begins if windows are in place: at its end if turned."""
    is_turned = line.dilation == -right.dilation
    return right.start + is_turned * right.dilation * (kernel - 1)


def changes(line: Line, right: Line) -> tuple[int, int]:
    """Count what is different, and by how much windows begin elsewhere."""
    start = right.start
    if line.dilation < 0:
        start = line.start  # a turned kernel begins at its end
    count = sum(x != y for x, y in zip(line, right._replace(start=start), strict=True))
    return count + (line.border != "zero"), abs(line.start - right.start)


def told_of(line: Line, right: Line, a: int, call: CallAxes) -> Iterator[list[Told]]:
    """Describe each thing in which one line of places differs from the right one."""
    N = len(call.axes)
    one, many, on, back = DIRECTIONS[N][a]
    start = begin(line, right, call.axes[a].kernel)
    if line.border == "wrap":
        yield [Told.of("beyond the border it reads the other side of the image")]
    if line.border == "edge":
        yield [Told.of("beyond the border it reads the pixels at the border")]
    if line.stops != a:
        yield [Told.of("rows and columns of windows are exchanged")]
    if line.taps != a:
        yield [Told.of("rows and columns of the kernel are exchanged")]
    if line.stride != right.stride:
        yield list(stride_told(line.stride, right.stride, a, call))
    if line.dilation == -right.dilation:
        yield [Told.of(f"the {many} of the kernel are reversed")]
    elif line.dilation != right.dilation:
        apart = amount(line.dilation, one, many)
        gist = "taps are not as far apart as the dilation says"
        yield [Told.of(gist, f"taps are {apart} apart, not {right.dilation}")]
    if line.start != start:
        by = abs(line.start - start)
        way = on if line.start > start else back
        ways = [axis[2 if line.start > start else 3] for axis in DIRECTIONS[N]]
        gist = f"windows begin too far {' or '.join(ways)}"
        words = f"windows begin {amount(by, one, many)} further {way}"
        cause = ", as if there were no padding"
        likely = [Told.of(gist + cause, words + cause)] * (line.start == 0 < -start)
        rest = Told.of(gist, words), Told.of("windows begin at the wrong place")
        yield [*likely, *rest]


def stride_told(found: int, right: int, a: int, call: CallAxes) -> Iterator[Told]:
    """Describe windows that do not move by the stride, the likeliest first."""
    one, many, *_ = DIRECTIONS[len(call.axes)][a]
    words = f"windows move by {amount(found, one, many)}, not by {right}"
    if not found:
        yield Told.of("all windows begin at the same place")
    if found == 1:
        why = ", as if there were no stride"
        yield Told.of(f"windows move by 1 pixel{why}", words + why)
    if found == call.axes[a].kernel:
        yield Told.of("windows move by their own size, not by the stride")
    yield Told.of("windows do not move by the stride", words)
