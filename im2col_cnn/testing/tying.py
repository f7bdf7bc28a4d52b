"""Find out by which rule tied maxima share, and who else shares so."""

from contextlib import suppress
from dataclasses import replace

import numpy as np

from .._typing import Array, Ties
from .bugs.exhibit import Exhibit
from .bugs.museum import MUSEUM
from .laws.pooling import TIE_RULES
from .laws.verdict import tolerance
from .strategies import Case
from .subject import Subject

__all__ = ["find_tie_rule", "has_ties", "in_words"]

ONE_WINDOW = {"kernel_size": (2, 2), "stride": 2}
UPSTREAM = np.full((1, 1, 1, 1), 12.0)  # halves, thirds and quarters of it are whole


def has_ties(subject: Subject) -> bool:
    """Tell whether there are maxima that can tie, and a gradient to share."""
    pools = subject.kind == "max_pool" and subject.backward is not None
    return pools or subject.kind == "mask"


def find_tie_rule(subject: Subject) -> Ties | None:
    """Find the rule by which tied maxima share; None if they follow none."""
    left = list(TIE_RULES)
    rng = np.random.default_rng(0)
    for _ in range(8):
        window = rng.integers(0, 2, (2, 2)).astype(float)
        found = share(subject, window)
        left = [
            ties for ties in left if same(found, right_share(subject, window, ties))
        ]
    return left[0] if left else None


def in_words(rule: Ties | None, subject: Subject) -> str:
    """Say by which rule tied maxima share, and where that was seen.

    That each is paid in full is what some courses teach and what the museum shows as a
    bug: it gets its name, though it need not fail.
    """
    if rule is None:
        return "follow no rule"
    known = ""
    if rule == "split":
        known = ", as in the gradients of torch.amax and jax.numpy.max"
    if rule == "all" and (bug := exhibit_of(rule, subject)):
        known = f": {bug.name} ({bug.key}; seen: {bug.source}); {bug.why}"
    return f'share by the rule "{rule}"{known}'


def exhibit_of(rule: Ties, subject: Subject) -> Exhibit | None:
    """Return the bug on show by which tied maxima share in this way."""
    for bug in MUSEUM:
        if bug.kind == subject.kind:
            mutant = replace(subject, forward=bug.forward, backward=bug.backward)
            with suppress(Exception):  # some bugs raise
                if find_tie_rule(mutant) == rule:
                    return bug
    return None


def share(subject: Subject, window: Array) -> Array:
    """Ask how one window is shared: 1 to each winner from a mask, or 12 in all."""
    if subject.kind == "mask":
        return subject.run(Case((window,), {}))[0]
    _, cache = subject.run(Case((window.reshape(1, 2, 2, 1),), ONE_WINDOW))
    return subject.gradients(UPSTREAM, cache)[0]


def right_share(subject: Subject, window: Array, ties: Ties) -> Array:
    """Share one window by a rule."""
    assert subject.oracle is not None
    if subject.kind == "mask":
        return subject.oracle.forward(window, ties=ties)[0]
    image = window.reshape(1, 2, 2, 1)
    _, cache = subject.oracle.forward(image, **ONE_WINDOW, ties=ties)
    return subject.right_gradients(UPSTREAM, cache)[0]


def same(found: Array, wanted: Array) -> bool:
    """Tell whether two shares are equal, up to rounding."""
    return found.shape == wanted.shape and bool(
        np.all(np.abs(found - wanted) <= tolerance(found, wanted))
    )
