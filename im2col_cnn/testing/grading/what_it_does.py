"""What an implementation does instead of what is right, in a sentence.

A bug of the museum has a name, a reason and a cure. Any other one still does something:
which products it adds up is found with single ones (see `impulse_response`), and told
here by what differs from the right ones:

    how often    "of the images only the last counts"
    which        "windows move by 1 row, not by 2"

A sentence is told only if the products explain the wrong numbers of a draw to the last
one, and if it is true of most draws.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain
from math import prod

import numpy as np

from ..._typing import Array
from ..errors import SubjectError, SubjectStoppedError, TimeIsUpError
from ..laws.comparison import BrokenLawError, equal, tolerance
from ..laws.subject import Subject
from .call_axes import (
    DIRECTIONS,
    PLACES,
    CallAxes,
    Told,
    joined,
    noun_of,
    ordinal,
    positions,
)
from .impulse_response import PARTS, Products, products_of
from .search import Trial
from .which_order import which_order
from .which_pixels import Rule, rules_of

__all__ = ["what_it_does"]

MAX_DRAWS, MAX_TOLD_DRAWS = 12, 5  # to look at, and to tell something of
ENOUGH_DRAWS = 2  # of which the same must be true


def what_it_does(subject: Subject, trials: Sequence[Trial]) -> str:
    """
    Say what an implementation does instead of what is right.

    Parameters
    ----------
    subject : Subject
    trials : sequence of Trial
        Draws of a law that compares numbers, of which some failed.

    Returns
    -------
    str
        Without a full stop; empty if nothing simple is true of the draws.
    """
    failed = [trial for trial in trials if is_sum(subject.kind, trial)]
    failed.sort(key=richness, reverse=True)
    told: list[list[Told]] = []
    for trial in failed[:MAX_DRAWS]:
        if len(told) == MAX_TOLD_DRAWS or subject.deadline.is_over():
            break
        with suppress(SubjectError, SubjectStoppedError, TimeIsUpError):
            if readings_of_it := described(subject, trial):
                told.append(readings_of_it)
    # In some draws less of it can be seen than in others; but what is longer must be
    # true of more of them.
    best, most = None, 0
    for reading in chain.from_iterable(told):
        fits = sum(any(one.gist <= reading.gist for one in each) for each in told)
        is_enough = fits >= min(ENOUGH_DRAWS, len(failed)) and 2 * fits > len(told)
        if is_enough and fits + 1 - len(reading.gist) > most:
            best, most = reading, fits + 1 - len(reading.gist)
    return best.words if best else ""


def is_sum(kind: str, trial: Trial) -> bool:
    """Tell whether a trial found wrong numbers where a sum of products should be."""
    failure = trial.failure
    return (
        isinstance(failure, BrokenLawError)
        and (kind, failure.what) in PARTS
        and isinstance(failure.found, np.ndarray)
        and failure.found.shape == failure.wanted.shape
        and trial.case.settings.get("groups", 1) == 1
        and bool(np.isfinite(failure.found).all())
    )


def richness(trial: Trial) -> tuple[int, int]:
    """Count the axes along which places can be told apart; then fewer pixels first."""
    assert isinstance(trial.failure, BrokenLawError)
    shapes = [array.shape for array in trial.case.arrays] + [trial.failure.wanted.shape]
    return sum(min(size, 3) for shape in shapes for size in shape), -prod(shapes[0])


def described(subject: Subject, trial: Trial) -> list[Told]:
    """List readings of what is done in one draw, if that explains its numbers."""
    failure = trial.failure
    assert isinstance(failure, BrokenLawError)
    call = CallAxes(subject.kind, trial.case)
    numbers = dict(zip(("x", "w", "b"), trial.case.arrays, strict=False))
    for label, value in trial.drawn:
        if label == "dy":
            numbers["y"] = value
    left = failure.found.astype(np.float64)
    told: list[Told] = []
    for part in PARTS[subject.kind, failure.what]:
        question = trial.case, failure.what, part
        found = products_of(subject.run, subject.gradients, *question)
        right = products_of(subject.right, subject.right_gradients, *question)
        if found is None or right is None:
            return []
        left = left - found.sum(numbers, failure.what, left.shape)
        if not told:
            told = compared(found, right, call, failure.what, numbers["x"])
            told = told or which_order(found, right, call, failure.what)
            told = [of_bias(each) for each in told] if part.ones == "b" else told
    unexplained = ~equal(left, np.zeros_like(left), tolerance(left, failure.wanted))
    return [] if unexplained.any() else told


def of_bias(told: Told) -> Told:
    """Say of the bias what was said of a whole answer."""
    left_out = told == NOTHING
    words = "the bias is left out" if left_out else f"as to the bias, {told.words}"
    return Told(frozenset({f"bias {each}" for each in told.gist}), words)


def compared(
    found: Products, right: Products, call: CallAxes, answer: str, x: Array
) -> list[Told]:
    """Describe how products differ from the right ones, if in something simple."""
    arrays = sorted(found.at)
    where, wanted = call.places(found), call.places(right)
    axes, weights = by_axis(wanted, call), right.times
    handed_back = call.kind == "max_pool" and answer == "dx"
    if handed_back:
        where |= winners(where, axes, call)
    rules = rules_of(where, call)
    if rules is None or not len(weights):
        return []
    other = [told for rule in rules.values() for told in rule.told]
    if other:
        all_ = axes if handed_back else all_of(arrays, call)
        wanted, axes = follow(rules, all_, call)
        if call.kind == "max_pool" and answer == "y":
            wanted, axes = largest(wanted, axes, call, x)
        weights = np.full(len(axes["n"]), np.median(weights))
    times = dict.fromkeys(call.keys(wanted, arrays).tolist(), 0.0)
    for key, often in zip(
        call.keys(where, arrays).tolist(), found.times.tolist(), strict=True
    ):
        if key not in times:
            return []
        times[key] += often
    added = np.array([times[key] for key in call.keys(wanted, arrays).tolist()])
    if call.kind == "avg_pool":
        told = divided(added, weights, call)
        if told or (other and added.all()):
            return readings(other, [[told] if told else []])
    return readings(other, how_often(added / weights, axes, call))


def readings(told: Sequence[Told], others: Sequence[Sequence[Told]]) -> list[Told]:
    """Join what is told for sure with each of several readings of the rest."""
    all_ = [joined([*told, *other]) for other in others]
    return [each for each in all_ if each is not None]


def by_axis(places: Mapping[str, Array], call: CallAxes) -> dict[str, Array]:
    """Return the places of right products along each axis, taps worked out."""
    axes: dict[str, Array] = {}
    for array in "yxwb":
        for name in call.spread("ncfoki"):
            if f"{array}.{name}" in places:
                axes.setdefault(name, places[f"{array}.{name}"])
    for a, axis in enumerate(call.axes):
        if {f"i{a}", f"o{a}"} <= axes.keys():
            reached = axes[f"i{a}"] + axis.before - axes[f"o{a}"] * axis.stride
            axes.setdefault(f"k{a}", reached // axis.dilation)
    return {name: axes[name] for name in call.spread("ncfoki") if name in axes}


def winners(
    where: Mapping[str, Array], axes: Mapping[str, Array], call: CallAxes
) -> dict[str, Array]:
    """Return by which tap each window should have found its maximum."""
    names = call.axes_of("y")
    sizes = tuple(call.sizes[name] for name in names)
    windows = np.ravel_multi_index(tuple(axes[name] for name in names), sizes)
    here = np.ravel_multi_index(tuple(where[f"y.{name}"] for name in names), sizes)
    taps = call.spread("k")
    won = {name: np.zeros(prod(sizes), int) for name in taps}
    for name in taps:
        won[name][windows] = axes[name]
    return {f"y.{name}": won[name][here] for name in taps}


def all_of(arrays: Sequence[str], call: CallAxes) -> dict[str, Array]:
    """Return every product that there can be, by its place along each axis."""
    used = {letter for array in arrays for letter in PLACES[call.kind][array]}
    letters = [x for x in "ncfok" if x in used or (x == "k" and "x" in arrays)]
    names = call.spread("".join(letters))
    grids = np.indices([call.sizes[name] for name in names])
    return {name: grid.ravel() for name, grid in zip(names, grids, strict=True)}


def follow(
    rules: Mapping[str, Rule], axes: Mapping[str, Array], call: CallAxes
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Return where all products stand by some rules, in arrays and along axes."""
    places = {
        f"{array}.{name}": rules[f"{array}.{name}"].apply(axes)
        if f"{array}.{name}" in rules
        else axes[name]
        for array in PLACES[call.kind]
        for name in call.axes_of(array)
        if f"{array}.{name}" in rules or name in axes
    }
    inside = np.ones(len(axes["n"]), bool)
    for a, axis in enumerate(call.axes):
        if f"x.i{a}" in places:
            inside &= (places[f"x.i{a}"] >= 0) & (places[f"x.i{a}"] < axis.size)
    return (
        {name: index[inside] for name, index in places.items()},
        {name: index[inside] for name, index in axes.items()},
    )


def divided(added: Array, right: Array, call: CallAxes) -> Told | None:
    """Describe a mean that divides by the same number everywhere, but a wrong one."""
    if not added[0] or not np.allclose(added, added[0]) or np.allclose(added, right):
        return None
    by = 1 / float(added[0])
    if np.isclose(by, 1):
        return Told.of("a sum", "pixels are added up, and not divided by their number")
    sizes = [axis.kernel for axis in call.axes]
    if np.isclose(by, prod(sizes)):
        return Told.of("padding counts", "padding counts as pixels of a mean")
    for a, size in enumerate(sizes):
        if np.isclose(by, size) and len(sizes) > 1:
            _, many, *_ = DIRECTIONS[len(sizes)][a]
            words = f"the sum is divided by the number of {many} of a window only"
            return Told.of(f"divided by {many}", words)
    return None


def largest(
    places: Mapping[str, Array], axes: Mapping[str, Array], call: CallAxes, x: Array
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Return only the products of the largest pixel of each window."""
    order = np.argsort(-np.ravel(x)[call.keys(places, ["x"])], kind="stable")
    _, first = np.unique(call.keys(places, ["y"])[order], return_index=True)
    wins = np.sort(order[first])
    return (
        {name: index[wins] for name, index in places.items()},
        {name: index[wins] for name, index in axes.items()},
    )


def how_often(
    share: Array, axes: Mapping[str, Array], call: CallAxes
) -> list[list[Told]]:
    """List what it may mean how often products count; nothing if nothing simple."""
    if np.allclose(share, 1):  # or there are none
        return [[]]
    if np.allclose(share, share[0]):
        return [[told] for told in as_a_whole(float(share[0]), call)]
    told: list[list[Told]] = []
    several = {x: index for x, index in axes.items() if len(np.unique(index)) > 1}
    for name, index in several.items():
        levels = [share[index == place] for place in range(call.sizes[name])]
        if all(np.allclose(level, level[:1]) for level in levels):
            each = [float(level[0]) if len(level) else 1.0 for level in levels]
            told += [[one] for one in along(name, each, call)]
    if not told:
        told += left_out(share, several, call)
    return told + over_pixels(share, axes, call)


NOTHING = Told.of("nothing", "it is 0 everywhere")


def as_a_whole(times: float, call: CallAxes) -> Iterator[Told]:
    """Describe what counts the same everywhere; what it may mean comes first."""
    if np.isclose(times, 0):
        yield NOTHING
        return
    sign = ", with the wrong sign" if times < 0 else ""
    size = abs(times)
    if np.isclose(size, 1):
        yield Told.of("sign", "it has the wrong sign")
        return
    by = max(size, 1 / size)
    word = "multiplied" if size > 1 else "divided"
    for meaning, count in counts(call):
        if np.isclose(count, by):
            words = f"all of it is {word} by {by:.4g}, {meaning}{sign}"
            yield Told.of(f"{word} by {meaning}{sign}", words)
    yield Told.of(f"{word} by {by:.4g}{sign}", f"all of it is {word} by {by:.4g}{sign}")


def counts(call: CallAxes) -> Iterator[tuple[str, int]]:
    """Yield what may be counted by mistake, and how many there are."""
    N, C, F = (call.sizes[name] for name in "ncf")
    stops = prod(axis.output_size for axis in call.axes)
    yield "the number of images", N
    yield "the number of windows", stops
    yield "the number of windows of all images", N * stops
    yield "the number of taps", prod(axis.kernel for axis in call.axes)
    yield "the number of channels", C
    if call.kind == "conv":
        yield "the number of filters", F


def along(name: str, each: Sequence[float], call: CallAxes) -> Iterator[Told]:
    """Describe what counts more or less often, by its place along one axis."""
    one, many = noun_of(name, call)
    n = len(each)
    live = [place for place in range(n) if not np.isclose(each[place], 0)]
    odd = [place for place in live if not np.isclose(each[place], 1)]
    if not odd and len(live) == 1:
        words = f"of the {many} only the {ordinal(live[0], n)} counts"
        yield Told.of(f"only one {one}: {ordinal(live[0], n)}", words)
    elif not odd:
        lost = [place for place in range(n) if place not in live]
        which = positions(lost, n)
        what = f"{one} is" if len(lost) == 1 else f"{many} are"
        yield Told.of(f"without {one} {which}", f"the {which} {what} left out")
    elif len(live) == n and len({round(each[place], 6) for place in odd}) == 1:
        which = positions(odd, n)
        what = f"{one} counts" if len(odd) == 1 else f"{many} count"
        words = f"the {which} {what} {each[odd[0]]:.3g} times"
        yield Told.of(f"{one} {which} often", words)


def left_out(
    share: Array, axes: Mapping[str, Array], call: CallAxes
) -> list[list[Told]]:
    """Describe what counts once, but for places along several axes."""
    lost = {
        name: [
            place
            for place in np.unique(index).tolist()
            if np.allclose(share[index == place], 0)
        ]
        for name, index in axes.items()
    }
    if not np.array_equal(share, of_the_rest(len(share), lost, axes)):
        return []
    for name in reversed(list(lost)):  # of two ways to say the same, the first
        fewer = {other: places for other, places in lost.items() if other != name}
        if np.array_equal(share, of_the_rest(len(share), fewer, axes)):
            lost = fewer
    told: list[Told] = []
    for name, places in lost.items():
        each = [float(place not in places) for place in range(call.sizes[name])]
        told += along(name, each, call)
    return [told]


def of_the_rest(
    n: int, lost: Mapping[str, list[int]], axes: Mapping[str, Array]
) -> Array:
    """Return 0 for products at any of some places, and 1 for the others."""
    rest = np.ones(n)
    for name, places in lost.items():
        rest[np.isin(axes[name], places)] = 0
    return rest


def over_pixels(
    share: Array, axes: Mapping[str, Array], call: CallAxes
) -> list[list[Told]]:
    """Describe what becomes of the several windows over a pixel, if not their sum."""
    if not {"n", "i0", "o0"} <= axes.keys():
        return []
    pixels = [axes[name] for name in call.spread("nic") if name in axes]
    windows = [axes[name] for name in call.spread("o")]
    pairs = np.unique(np.stack([*pixels, *windows]), axis=1)[: len(pixels)]
    seen, several = np.unique(pairs, axis=1, return_counts=True)
    pixel = {tuple(place): n for place, n in zip(seen.T, several, strict=True)}
    count = np.array([pixel[tuple(place)] for place in np.stack(pixels).T])
    if np.allclose(share * count, 1):
        words = "what several windows give one pixel is averaged, not added up"
        return [[Told.of("averaged", words)]]
    last = np.ones(len(share), bool)
    for a, axis in enumerate(call.axes):
        window = (axes[f"i{a}"] + axis.before) // axis.stride
        last &= axes[f"o{a}"] == np.minimum(window, axis.output_size - 1)
    if last.all() or not last.any() or share[~last].any():
        return []
    told = Told.of("the last", "of the windows over a pixel only the last counts")
    left = {name: index[last] for name, index in axes.items()}
    return [[told, *more] for more in how_often(share[last], left, call)]
