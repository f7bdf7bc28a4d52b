"""The law of tied maxima: their gradients follow one of three rules.

Three rules are in use: the first in reading order takes all (PyTorch, TensorFlow), all
share (some textbooks), each takes all (some courses: it pays out more than it got). A
gradient that follows none of them is wrong.
"""

from ..._typing import Ties
from .comparison import BrokenLawError, assert_equal
from .drawing import Draw, draw_case, draw_upstream, instead
from .subject import Subject

__all__ = ["TIE_RULES", "tied_maxima_follow_the_rule"]

TIE_RULES: tuple[Ties, ...] = ("first", "split", "all")


def tied_maxima_follow_the_rule(subject: Subject, draw: Draw) -> None:
    """Where maxima tie, dx follows one rule: first, split or all, and no other."""
    case = draw_case(subject, draw, dtype="float64")
    (x,) = case.arrays
    settings = dict(case.settings)
    asked = settings.pop("ties", subject.ties)  # some take the rule as a setting
    case = instead(draw, case, (x > 0).astype(x.dtype))
    found, cache = subject.run(case)
    assert subject.oracle is not None
    if subject.backward is None:  # a mask: its rule shows at once
        wanted = subject.oracle.forward(*case.arrays, ties=subject.ties or "first")[0]
        assert_equal(found, wanted, "the mask")
        return
    assert subject.oracle.backward is not None
    dy = None
    problems = []
    gradient = None
    for ties in TIE_RULES if asked is None else (asked,):
        y, right = subject.oracle.forward(*case.arrays, **settings, ties=ties)
        if gradient is None:
            dy = draw_upstream(subject, draw, y)
            (gradient,) = subject.gradients(dy, cache)
        try:
            assert_equal(gradient, subject.oracle.backward(dy, right), "dx")
        except BrokenLawError as broken:
            problems.append(broken)
        else:
            return
    raise problems[0]
