"""Find out what each bug of the museum looks like to the one who has it.

    python -m tests.notes.symptoms             say whether the page is out of date
    python -m tests.notes.symptoms --update    find it out again, in a minute, and write

Every bug is called in a plain way, a square image, stride 1, no padding, then with one
or two things changed. When it is wrong, which result, and how it differs, are what a
learner sees; so that is what the page ``notes/symptoms.md`` goes by.
"""

import argparse
import re
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from im2col_cnn._typing import Array
from im2col_cnn.testing.bugs.exhibit import Exhibit
from im2col_cnn.testing.bugs.fresh import rewind
from im2col_cnn.testing.bugs.museum import MUSEUM
from im2col_cnn.testing.grading.kinds import KINDS
from im2col_cnn.testing.laws.comparison import equal, tolerance
from tests.notes.museum import kept, place_of

__all__ = ["PAGE", "SYMPTOMS", "read_page", "symptoms_of", "write_page"]

PAGE = Path(__file__).parents[2] / "notes" / "symptoms.md"

CHANGES: dict[str, dict[str, Any]] = {
    "images": {"N": 2},
    "channels": {"C": 2},
    "filters": {"F": 2},
    "rectangle": {"W": 11},
    "rectangular kernel": {"KW": 5},
    "stride": {"stride": 2},
    "apart": {"stride": 3},  # as wide as the kernel
    "uneven": {"H": 10, "W": 10, "stride": 2},
    "padding": {"padding": 1},
    "same": {"padding": "same"},
    "dilation": {"dilation": 2},
    "ties": {"ties": True},
    "cold": {"cold": True},  # all pixels are negative
}
PLAIN: dict[str, Any] = {
    "N": 1,
    "C": 1,
    "F": 1,
    "H": 9,
    "W": 9,
    "KH": 3,
    "KW": 3,
    "stride": 1,
}
PLAIN |= {"padding": 0, "dilation": 1, "ties": False, "cold": False}
ONLY = {"filters": {"conv"}, "dilation": {"conv", "im2col"}}
ONLY |= {"ties": {"max_pool"}, "cold": {"max_pool"}}

WHEN = {
    "images": "It is right for one image, and wrong for several",
    "channels": "It is right for one channel, and wrong for several",
    "filters": "It is right for one filter, and wrong for several",
    "squares": "It is right on squares, and wrong on rectangles",
    "stride": "It is right until the stride is 2",
    "apart": "It is right until windows overlap",
    "uneven": "It is right only where the stride divides",
    "padding": "It is right without padding, and wrong with it",
    "same": "It is right until the padding is 'same'",
    "unpadded": "It is right with padding, and wrong without",
    "dilation": "It is right without dilation, and wrong with it",
    "ties": "It is right until two pixels tie",
    "cold": "It is right until all pixels are negative",
}
WHICH = {
    "y": "The output is wrong, the gradients are right",
    "dx": "The loss is right, and dx is wrong",
    "dw": "The loss is right, and dw is wrong",
    "db": "The loss is right, and db is wrong",
    "dx dw": "The loss is right, dx and dw are wrong",
    "": "The output is wrong, and so are gradients",
}
HOW = {
    "raises": "It stops with an error",
    "shape": "A result has the wrong shape",
    "factor": "A result is too large or too small by a factor",
    "border": "It is right inside, and wrong at the border",
    "places": "The right numbers stand in the wrong places",
    "zero": "A result is all zeros",
    "unsteady": "The same call gives other numbers each time",
}
BESIDE = {
    "a float dtype is kept": "The numbers are right, the dtype is not",
    "nan and infinity go where the loops send them": "A NaN is lost",
    "arguments are left alone": "An array that I handed over has changed",
    "backward can be called again": "Backward gives other numbers the second time",
    "backward goes with its own forward": "Backward mixes up two calls of forward",
    "memory layout does not matter": "It is wrong for an array that was transposed",
    "channels that do not match are refused": "What makes no sense is accepted",
    "a gradient of another shape is refused": "What makes no sense is accepted",
    "a stride of 0 is refused": "What makes no sense is accepted",
}
WINDOW = "It is a mask, or the share of one pixel"
SYMPTOMS = {
    "When is it wrong?": WHEN,
    "Which result is wrong?": WHICH,
    "How is it wrong?": HOW,
    "The numbers are right, and yet": BESIDE,
    "It is about one window": {"": WINDOW},
}

KIND_WORDS = {
    "conv": "convolution",
    "max_pool": "max pooling",
    "avg_pool": "average pooling",
    "im2col": "im2col",
}
INTRODUCTION = """\
# What is wrong with my gradient?

Find what you see; the links lead to bugs that look so, each with a small example and
what to write instead. A bug may stand in several places: when it is wrong, which
result, and how.

Not sure what you see? Call your function in a plain way first: one square image, one
channel, one filter, stride 1, no padding, numbers that all differ. Then change one
thing at a time. Or let `im2col-cnn check FILE.py` do it: it compares your numbers with
those of all these bugs, and names yours.
"""
HOW_FOUND = """\
---

Every bug was called in a plain way, then with one or two things changed, and stands
where its numbers put it. `python -m tests.notes.symptoms --update` wrote this page.
"""

Wrong = dict[str, str]  # how each wrong result differs
Outcomes = dict[frozenset[str], Wrong]


def symptoms_of(exhibit: Exhibit, killers: tuple[str, ...]) -> tuple[str, ...]:
    """Return the sentences under which a learner would look for a bug."""
    if exhibit.kind not in KIND_WORDS:
        return (WINDOW,)
    outcomes = dict(outcomes_of(exhibit))
    wrong = {changes: found for changes, found in outcomes.items() if found}
    if not wrong:
        found = [words for law, words in BESIDE.items() if law in killers]
        return tuple(dict.fromkeys(found))
    found = [WHEN[key] for key in conditions(outcomes, wrong)]
    hit = {name for each in wrong.values() for name in each}
    combined = next((key for key in WHICH if hit == set(key.split())), "")
    if combined or len(hit & {"y", "dx", "dw"}) > 1:
        found.append(WHICH[combined])
    first, *_ = wrong.values()  # with the fewest changes
    ways = {"unsteady"} if exhibit.unsteady else set(first.values())
    found += [words for way, words in HOW.items() if ways == {way}]
    return tuple(found)


def conditions(
    outcomes: Outcomes, wrong: Mapping[frozenset[str], Wrong]
) -> Iterator[str]:
    """Yield what makes it wrong: it is right whenever that is missing."""
    changed = set().union(*outcomes)
    for key in WHEN:
        if key == "squares":
            causes = {"rectangle", "rectangular kernel"}
        elif key == "stride":
            causes = {"stride", "apart", "uneven"}
        elif key == "padding":
            causes = {"padding", "same"}
        else:
            causes = {key}
        if key in ("apart", "unpadded"):  # it is wrong until that is there
            mends = frozenset({"padding" if key == "unpadded" else key})
            if frozenset() in wrong and mends not in wrong:
                yield key
        elif causes & changed and all(causes & each for each in wrong):
            yield key


def outcomes_of(exhibit: Exhibit) -> Iterator[tuple[frozenset[str], Wrong]]:
    """Call a bug in all ways; yield what is changed, and what is wrong then."""
    kind = exhibit.kind
    known = [change for change in CHANGES if kind in ONLY.get(change, {kind})]
    for count in range(3):
        for changes in combinations(known, count):
            call = PLAIN.copy()
            for change in changes:
                call |= CHANGES[change]
            if sum(CHANGES[c].get("stride", 0) > 0 for c in changes) <= 1:
                yield frozenset(changes), wrong_in(exhibit, call)


def wrong_in(exhibit: Exhibit, call: Mapping[str, Any]) -> Wrong:
    """Compare a call with the right one, result by result."""
    arrays, settings, y, dy, right = right_call(exhibit.kind, tuple(call.items()))
    names = ["y", *(f"d{name}" for name in KINDS[exhibit.kind].arrays)]
    rewind()
    try:
        found_y, found_cache = exhibit.forward(*map(np.copy, arrays), **settings)
    except Exception:  # whatever a bug may raise
        return {"y": "raises"}
    wrong = {"y": difference(found_y, y, call)}
    try:
        found = as_tuple(exhibit.backward(dy.copy(), found_cache))  # type: ignore[misc]
        ways = (difference(a, b, call) for a, b in zip(found, right, strict=True))
        wrong |= dict(zip(names[1:], ways, strict=True))
    except Exception:
        wrong |= {"dx": "raises"}
    return {name: way for name, way in wrong.items() if way}


@cache
def right_call(kind: str, call: tuple[tuple[str, Any], ...]) -> tuple[Any, ...]:
    """Make a call, once for all bugs; return what goes in and what should come out."""
    arrays, settings = arguments(kind, dict(call))
    oracle = KINDS[kind].oracle
    y, kept = oracle.forward(*arrays, **settings)
    rng = np.random.default_rng(1)
    dy = 900.0 * rng.integers(1, 99, y.shape)
    right = as_tuple(oracle.backward(dy, kept))  # type: ignore[misc]
    return arrays, settings, y, dy, right


def arguments(kind: str, call: Mapping[str, Any]) -> tuple[list[Array], dict[str, Any]]:
    """Make the arrays and settings of a call."""
    rng = np.random.default_rng(0)
    N, C, F, H, W, KH, KW = (
        call[name] for name in ("N", "C", "F", "H", "W", "KH", "KW")
    )
    x = 1.0 + rng.permutation(N * H * W * C).reshape(N, H, W, C)
    if call["ties"]:
        x = np.ceil(x / 5)
    if call["cold"]:
        x -= x.max() + 1
    settings = {"stride": call["stride"], "padding": call["padding"]}
    if kind == "conv":
        w = 1.0 + rng.permutation(KH * KW * C * F).reshape(KH, KW, C, F)
        return [x, w, np.arange(1.0, F + 1)], {**settings, "dilation": call["dilation"]}
    return [x], {**settings, "kernel_size": (KH, KW)}


def as_tuple(gradients: Any) -> tuple[Any, ...]:
    """Return gradients as a tuple, whatever backward returns."""
    return gradients if isinstance(gradients, tuple) else (gradients,)


def difference(found: Any, right: Array, call: Mapping[str, Any]) -> str:
    """Name the way in which a result differs; nothing if it does not."""
    if not isinstance(found, np.ndarray) or found.shape != right.shape:
        return "shape"
    wrong = ~equal(found, right, tolerance(found, right))
    if not wrong.any():
        return ""
    there = right != 0
    ratios = found[there] / right[there]
    ways = {
        "zero": not found.any(),
        "factor": not found[~there].any() and np.ptp(ratios) < 1e-9,
        "places": np.array_equal(np.sort(found, None), np.sort(right, None)),
        "border": not inside(wrong, call).any(),
    }
    return next((way for way, is_so in ways.items() if is_so), "numbers")


def inside(wrong: Array, call: Mapping[str, Any]) -> Array:
    """Leave out the border: of an image as wide as windows reach, of others by one."""
    if wrong.ndim != 4:
        return wrong
    is_image = wrong.shape[1:3] == (call["H"], call["W"])
    rows, cols = (call["KH"] - 1, call["KW"] - 1) if is_image else (1, 1)
    within = wrong[:, rows:-rows, cols:-cols]
    return within if within.size else wrong


def write_page(found: Mapping[str, tuple[str, ...]]) -> str:
    """Return the page, given the symptoms of each bug."""
    parts = [INTRODUCTION]
    for title, sentences in SYMPTOMS.items():
        parts.append(f"## {title}\n")
        for words in dict.fromkeys(sentences.values()):
            shown = [bug for bug in MUSEUM if words in found[bug.key]]
            if shown:
                parts += [f"### {words}\n", listed(shown)]
    return "\n".join([*parts, HOW_FOUND])


def listed(bugs: list[Exhibit]) -> str:
    """List bugs, those of several operations on one line."""
    lines: dict[str, list[str]] = {}
    order = [*KINDS]
    for bug in sorted(bugs, key=lambda bug: order.index(bug.kind)):
        word = KIND_WORDS.get(bug.kind, bug.kind)
        lines.setdefault(bug.name, []).append(f"[{word}]({place_of(bug)})")
    return "".join(f"- {name}: {', '.join(of)}\n" for name, of in lines.items())


def read_page(page: str) -> dict[str, tuple[str, ...]]:
    """Read the symptoms of each bug back from the page."""
    found: dict[str, tuple[str, ...]] = {bug.key: () for bug in MUSEUM}
    for section in re.split(r"^### ", page, flags=re.MULTILINE)[1:]:
        words, _, rest = section.partition("\n")
        for key in re.findall(r"\(museum-[a-z0-9]+\.md#(\w+)\)", rest):
            found[key] += (words,)
    return found


def main() -> int:
    """Say whether the page is out of date, or write it; return 1 if it stays so."""
    parser = argparse.ArgumentParser(prog="python -m tests.notes.symptoms")
    parser.add_argument("--update", action="store_true", help="find it out again")
    update = parser.parse_args().update
    killers = kept()
    with np.errstate(all="ignore"):
        found = {bug.key: symptoms_of(bug, killers[bug.key]) for bug in MUSEUM}
    page = write_page(found)
    old = not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page
    if old and update:
        PAGE.write_text(page, encoding="utf-8", newline="\n")
    if old:
        print(f"{'written' if update else 'out of date'}: {PAGE}")  # noqa: T201 - speaks
    return int(old and not update)


if __name__ == "__main__":
    sys.exit(main())
