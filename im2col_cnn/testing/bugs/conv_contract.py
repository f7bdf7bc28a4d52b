"""Show convolutions that are right, and hard to live with."""

from typing import Any

import numpy as np

from ..._typing import Array, Bias, Images, Kernels
from .conv_template import ConvSteps, Plan, both, conv_bug, conv_pair
from .exhibit import NOTEBOOK, UNREPORTED, Exhibit

__all__ = ["MANNER_BUGS"]


def zero_dy(
    dx: Images, dw: Kernels, db: Bias, plan: Plan, dy: Images
) -> tuple[Images, Kernels, Bias]:
    dy[...] = 0
    return dx, dw, db


def add_to_the_last_call(
    dx: Images, dw: Kernels, db: Bias, plan: Plan, dy: Images
) -> tuple[Images, Kernels, Bias]:
    plan.left["dw"] = dw + plan.left.get("dw", 0)
    return dx, plan.left["dw"], db


def latest_pair() -> tuple[Any, Any]:
    """Keep what backward needs in one place for all calls."""
    forward, backward = conv_pair(ConvSteps())
    latest: list[Plan] = []

    def remember(*arrays: Array, **settings: Any) -> tuple[Images, None]:
        y, plan = forward(*arrays, **settings)
        latest[:] = [plan]
        return y, None

    def answer(dy: Images, cache: None) -> Any:
        return backward(dy, latest[0])

    return remember, answer


MANNER_BUGS = (
    conv_bug(
        "S6",
        "kernels for other channels are accepted",
        why="C is unpacked from x and again from w, and never compared; NumPy "
        "broadcasts one channel against many without a word",
        fix="if w.shape[2] != x.shape[3]: raise ValueError(...)",
        source=NOTEBOOK,
        check=lambda x, w, b, groups: None,
    ),
    conv_bug(
        "S7",
        "the shape of dy is never checked",
        why="loops run over dy's own sizes, so a small dy leaves a part out",
        fix="if dy.shape != y.shape: raise ValueError(...)",
        source=NOTEBOOK,
        check_upstream=lambda dy, shape: None,
    ),
    conv_bug(
        "S8",
        "a stride of 0 is accepted",
        why="settings are not checked: every window stands on the same place",
        fix="if stride < 1: raise ValueError(...)",
        source=NOTEBOOK,
        as_stride=lambda stride: tuple(max(1, step) for step in both(stride)),
    ),
    conv_bug(
        "S9",
        "arrays are made without a dtype",
        why="np.zeros makes float64, so float32 goes in and float64 comes out",
        fix="np.zeros(x.shape, x.dtype)",
        source=f"{NOTEBOOK}; deep-learning-from-scratch; numpy-ml col2im (C14)",
        dtype=lambda array: np.float64,
    ),
    conv_bug(
        "E5",
        "dy is overwritten",
        why="the caller, or another layer, still needs it",
        fix="work on dy.copy()",
        source=UNREPORTED,
        done=zero_dy,
    ),
    conv_bug(
        "E6",
        "dw goes on adding up from one call to the next",
        why="a gradient belongs to one call; sums are for the caller",
        fix="dw = np.zeros(w.shape) in every call",
        source="karpathy/micrograd PR 102",
        done=add_to_the_last_call,
    ),
    Exhibit(
        "E7",
        "conv",
        "what backward needs is kept in one place for all calls",
        "a second forward overwrites what the first backward needs",
        "return it as the cache",
        UNREPORTED,
        *latest_pair(),
    ),
)
