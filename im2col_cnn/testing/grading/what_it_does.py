"""What an implementation does instead of what is right, in a sentence.

A bug of the museum has a name, a reason and a cure. Any other one still does something:
which products it adds up is found with single ones (see `impulse_response`), and told
here by what differs from the right ones:

    how often    "of the images only the last counts"
    which        "windows move by 1 pixel, as if there were no stride"

A sentence is told only if the products explain the wrong numbers of a draw to the last
one, and if that is so of all draws that are looked at.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain, product
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

RICH_DRAWS, MAX_DRAWS = 5, 12  # that show much; with those that are quickly asked
ENOUGH_DRAWS = 2  # in which each thing that is told must be seen


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
    failures = (trial.failure for trial in trials)
    wrong = (each.what for each in failures if isinstance(each, BrokenLawError))
    first = next(wrong, "")
    failed = [trial for trial in trials if is_sum(subject.kind, trial, first)]
    # What is told must be true of the call that is shown, too.
    shown = [trial for trial in failed if trial is trials[0]]
    others = sorted(failed[len(shown) :], key=richness, reverse=True)
    rich, small = others[:RICH_DRAWS], others[: RICH_DRAWS - 1 : -1]
    told: list[list[Told]] = []
    for trial in [*shown, *rich, *small][:MAX_DRAWS]:
        if subject.deadline.is_over():
            break
        with suppress(SubjectError, SubjectStoppedError, TimeIsUpError):
            readings_of_it = described(subject, trial)
            if readings_of_it is None:
                continue
            if not readings_of_it:
                return ""
            told.append(readings_of_it)
    return true_of_all(told)


def true_of_all(told: Sequence[Sequence[Told]]) -> str:
    """Return what is true of all draws, of each of which one of several readings is.

    In some draws less of it can be seen than in others. An answer of 0 may have many
    reasons: it only makes some of them likelier. Numbers are told only if they are the
    same in all draws.
    """
    zeros = [each for each in told if each[0] == NOTHING]
    told = [each for each in told if each[0] != NOTHING] or told
    fitting = [
        (reading, [[one for one in each if one.gist <= reading.gist] for each in told])
        for reading in chain.from_iterable(told)
    ]
    true = [
        (reading, draws)
        for reading, draws in fitting
        if all(draws)
        and all(
            sum(any(gist in one.gist for one in each) for each in draws) >= ENOUGH_DRAWS
            for gist in reading.gist
        )
    ]
    if not true:
        return ""
    best, draws = min(
        true,
        key=lambda each: (
            len(each[0].gist),
            -sum(any(one.gist <= each[0].gist for one in zero) for zero in zeros),
        ),
    )
    sentences: list[str] = []
    for gist, _ in best.parts:
        said = chain.from_iterable(one.parts for one, *_ in draws)
        words = {words for other, words in said if other == gist}
        sentences.append(words.pop() if len(words) == 1 else gist)
    return "; ".join(sentences)


def is_sum(kind: str, trial: Trial, what: str) -> bool:
    """Tell whether a trial found wrong numbers where a sum of products should be."""
    failure = trial.failure
    return (
        isinstance(failure, BrokenLawError)
        and failure.what == what
        and (kind, what) in PARTS
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


def described(subject: Subject, trial: Trial) -> list[Told] | None:
    """List readings of what is done in one draw, if that explains its numbers.

    None if its arrays are too large to ask about, or nothing is added up where all is
    right.
    """
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
        if right is None or not len(right.times):
            return None
        if found is None:
            return []
        left = left - found.sum(numbers, failure.what, left.shape)
        if not told and not same_products(found, right):
            told = compared(found, right, call, failure.what, numbers["x"])
            told = told or which_order(found, right, call, failure.what)
            told = [of_bias(each) for each in told] if part.ones == "b" else told
            if not told:
                return []
    unexplained = ~equal(left, np.zeros_like(left), tolerance(left, failure.wanted))
    return [] if unexplained.any() else told


def same_products(one: Products, other: Products) -> bool:
    """Tell whether the same numbers are added up, and as often."""
    names = sorted(one.at)
    rows = [
        np.stack([*(each.at[n] for n in names), each.times]) for each in (one, other)
    ]
    found, right = (each[:, np.lexsort(each)] for each in rows)
    return found.shape == right.shape and np.allclose(found, right)


def of_bias(told: Told) -> Told:
    """Say of the bias what was said of a whole answer."""
    if told == NOTHING:
        return Told.of("the bias is left out")
    said = "as to the bias, {}".format
    return Told(tuple((said(gist), said(words)) for gist, words in told.parts))


def compared(
    found: Products, right: Products, call: CallAxes, answer: str, x: Array
) -> list[Told]:
    """Describe how products differ from the right ones, if in something simple."""
    where, wanted = call.places(found), call.places(right)
    axes = by_axis(wanted, call)
    handed_back = call.kind == "max_pool" and answer == "dx"
    if handed_back:
        where |= winners(where, axes, call)
    ways = rules_of(where, call) if len(right.times) else []
    told: list[Told] = []
    for rules in ways:
        other = [each for rule in rules.values() for each in rule.told]
        meant, at, weights = wanted, axes, right.times
        if other:
            all_ = axes if handed_back else all_of(sorted(found.at), call)
            meant, at = follow(rules, all_, call)
            if call.kind == "max_pool" and answer == "y":
                meant, at = largest(meant, at, call, x)
            weights = np.full(len(at["n"]), np.median(weights))
        added = added_up(found, where, meant, call)
        if added is not None:
            told += readings(other, counted(added, weights, at, call, other))
    return told


def added_up(
    found: Products,
    where: Mapping[str, Array],
    wanted: Mapping[str, Array],
    call: CallAxes,
) -> Array | None:
    """Return how often each product that is wanted counts; None if others do, too."""
    arrays = sorted(found.at)
    keys = call.keys(wanted, arrays).tolist()
    times = dict.fromkeys(keys, 0.0)
    for key, often in zip(
        call.keys(where, arrays).tolist(), found.times.tolist(), strict=True
    ):
        if key not in times:
            return None
        times[key] += often
    return np.array([times[key] for key in keys])


def counted(
    added: Array,
    right: Array,
    axes: Mapping[str, Array],
    call: CallAxes,
    other: Sequence[Sequence[Told]],
) -> Sequence[Sequence[Told]]:
    """List what it may mean how often products count."""
    if call.kind == "avg_pool":
        means = [[told] for told in divided(added, right, call)]
        if means and np.allclose(added / right, added[0] / right[0]):
            means += how_often(added / right, axes, call)
        if means or (other and added.all()):
            return means or [[]]
    return how_often(added / right, axes, call)


def readings(
    told: Sequence[Sequence[Told]], others: Sequence[Sequence[Told]]
) -> list[Told]:
    """Join readings of each of some things with each reading of the rest."""
    all_ = [joined([*each, *other]) for each in product(*told) for other in others]
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


def divided(added: Array, right: Array, call: CallAxes) -> Iterator[Told]:
    """Describe a mean that divides by the same number everywhere, but a wrong one."""
    if not added[0] or not np.allclose(added, added[0]) or np.allclose(added, right):
        return
    by = 1 / float(added[0])
    if np.isclose(by, 1):
        yield Told.of("pixels are added up, and not divided by their number")
    sizes = [axis.kernel for axis in call.axes]
    if np.isclose(by, prod(sizes)):
        yield Told.of("padding counts as pixels of a mean")
    for a, size in enumerate(sizes):
        if np.isclose(by, size) and len(sizes) > 1:
            _, many, *_ = DIRECTIONS[len(sizes)][a]
            words = f"the sum is divided by the number of {many} of a window only"
            yield Told.of(words)


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
        whole = [[told] for told in as_a_whole(float(share[0]), axes, call)]
        return whole + over_pixels(share, axes, call)
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


NOTHING = Told.of("it is 0 everywhere")


def as_a_whole(times: float, axes: Iterable[str], call: CallAxes) -> Iterator[Told]:
    """Describe what counts the same everywhere; what it may mean comes first."""
    if np.isclose(times, 0):
        yield NOTHING
        for one in (noun_of(name, call)[0] for name in axes if call.sizes[name] == 1):
            yield Told.of(f"the first {one} is left out")
            yield Told.of(f"the last {one} is left out")
        return
    sign = ", with the wrong sign" if times < 0 else ""
    size = abs(times)
    if np.isclose(size, 1):
        yield Told.of("it has the wrong sign")
        return
    by = max(size, 1 / size)
    word = "multiplied" if size > 1 else "divided"
    for meaning, count in counts(call):
        if np.isclose(count, by):
            words = f"all of it is {word} by {by:.4g}, {meaning}{sign}"
            yield Told.of(f"all of it is {word} by {meaning}{sign}", words)
    words = f"all of it is {word} by {by:.4g}{sign}"
    yield Told.of(
        f"all of it is too large or too small by the same factor{sign}", words
    )


def counts(call: CallAxes) -> Iterator[tuple[str, int]]:
    """Yield what may be counted by mistake, and how many there are."""
    N, C, F = (call.sizes[name] for name in "ncf")
    stops = prod(axis.output_size for axis in call.axes)
    yield "the number of images", N
    yield "the number of windows", stops
    yield "the number of windows of all images", N * stops
    yield "the number of pixels in a window", prod(axis.kernel for axis in call.axes)
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
        yield Told.of(f"of the {many} only the {ordinal(live[0], n)} counts")
    if not odd and (len(live) != 1 or n == 2):
        lost = [place for place in range(n) if place not in live]
        which = positions(lost, n)
        what = f"{one} is" if len(lost) == 1 else f"{many} are"
        yield Told.of(f"the {which} {what} left out")
    if odd and len(live) == n and len({round(each[place], 6) for place in odd}) == 1:
        which = positions(odd, n)
        what = f"{one} counts" if len(odd) == 1 else f"{many} count"
        gist = f"the {which} {what} for too much or too little"
        yield Told.of(gist, f"the {which} {what} {each[odd[0]]:.3g} times")


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
    told: list[list[Told]] = []
    for name, places in lost.items():
        each = [float(place not in places) for place in range(call.sizes[name])]
        if places:
            told.append(list(along(name, each, call)))
    return [list(each) for each in product(*told)]


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
        told = Told.of("what several windows give one pixel is averaged, not added up")
        return [[told]]
    last = np.ones(len(share), bool)
    for a, axis in enumerate(call.axes):
        window = (axes[f"i{a}"] + axis.before) // axis.stride
        last &= axes[f"o{a}"] == np.minimum(window, axis.output_size - 1)
    if last.all() or not last.any() or share[~last].any():
        return []
    told = Told.of("of the windows over a pixel only the last counts")
    left = {name: index[last] for name, index in axes.items()}
    return [[told, *more] for more in how_often(share[last], left, call)]
