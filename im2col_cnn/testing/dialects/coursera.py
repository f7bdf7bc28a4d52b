"""Read the names of the course Convolutional Neural Networks, first week.

Channels last, square filters, settings in a dict, a bias of shape (1, 1, 1, n_C). The
notebook that this package grew from has the same shapes and words of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..support import Support
from .caller import offer_of
from .dialect import Dialect, Offer, parameters_of
from .family import CONVOLUTION, POOLING
from .script import Script, fits, in_its_words

__all__ = ["COURSERA", "NOTEBOOK", "takes_a_dict"]

HELPER = Support(dtypes=("float32",))
CONV_SETTINGS = {"stride", "padding", "dilation", "groups"}
WORDS = {"x": "A_prev", "w": "W", "y": "Z", "dy": "dZ", "dw": "dW", "dx": "dA_prev"}
CONV = Script(
    "conv",
    "Z, cache = conv_forward(A_prev, W, b, {'stride': stride, 'pad': padding})",
    "dA_prev, dW, db = conv_backward(dZ, cache)",
    words=WORDS,
    layouts={"b": "111F"},
    support=replace(CONVOLUTION, kernel="one"),
    cache="cache = (A_prev, W, b, {'stride': stride, 'pad': padding})",
    template=("S4", "C2"),
)
MAX = Script(
    "max_pool",
    "A, cache = pool_forward(A_prev, {'f': K, 'stride': stride}, 'max')",
    "dA_prev = pool_backward(dA, cache, 'max')",
    words={"x": "A_prev", "y": "A", "dy": "dA", "dx": "dA_prev"},
    support=replace(POOLING, kernel="one"),
    cache="cache = (A_prev, {'f': K, 'stride': stride})",
)
MEAN = Script(
    "avg_pool",
    MAX.forward.replace("'max'", "'average'"),
    MAX.backward.replace("'max'", "'average'"),
    words=MAX.words,
    support=MAX.support,
    cache=MAX.cache,
)
MASK = Script(
    "mask",
    "mask = create_mask_from_window(x)",
    words={"y": "mask"},
    support=HELPER,
)
SHARE = Script(
    "share",
    "a = distribute_value(dz, shape)",
    words={"y": "a"},
    support=HELPER,
)


def offers_of(names: Mapping[str, Any], *scripts: Script) -> list[Offer]:
    """Find what there is of a course's functions."""
    return [
        offer_of(script, names, parts)
        for script in (in_its_words(each, names) for each in scripts)
        if (parts := fits(script, names))
    ]


def takes_a_dict(names: Mapping[str, Any]) -> bool:
    """Tell whether conv_forward wants its settings in one argument."""
    function = names.get("conv_forward")
    if function is None:
        return True
    parameters = list(parameters_of(function))
    return len(parameters) == 4 and not CONV_SETTINGS & set(parameters)


def words(dx: str, dw: str, db: str, dy: str, *, padding: str) -> dict[str, str]:
    """Say what the laws' words are here."""
    same = {"x": "A_prev", "w": "W", "b": "b", "y": "Z", "kernel_size": "f"}
    return {**same, "dx": dx, "dw": dw, "db": db, "dy": dy, "padding": padding}


def other_words(dy: str, *, window: str, share: str) -> dict[str, dict[str, str]]:
    """Say what the laws' words are in poolings, and in helpers that see one window."""
    pooling = {"y": "A", "dy": dy}
    return {
        "max_pool": pooling,
        "avg_pool": pooling,
        "mask": {"x": window, "y": "the mask"},
        "share": {"dz": share, "y": "the shares"},
    }


NOTEBOOK_SCRIPTS = (
    CONV.but(
        forward="Z, cache = conv_forward_propogation("
        "A_prev, W, b, {'stride': stride, 'padding': padding})",
        backward="dJ_dA, dJ_dW, dJ_db = conv_backward_propogation(dJ_dZ, cache)",
        cache="cache = (A_prev, W, b, {'stride': stride, 'padding': padding})",
        words={
            "x": "A_prev",
            "w": "W",
            "y": "Z",
            "dy": "dJ_dZ",
            "dx": "dJ_dA",
            "dw": "dJ_dW",
            "db": "dJ_db",
        },
    ),
    MAX.but(backward="dJ_dA = pool_backward(dJ_dZ, cache, 'max')").but(
        words={**MAX.words, "dy": "dJ_dZ", "dx": "dJ_dA"}
    ),
    MEAN.but(backward="dJ_dA = pool_backward(dJ_dZ, cache, 'average')").but(
        words={**MAX.words, "dy": "dJ_dZ", "dx": "dJ_dA"}
    ),
    MASK.but(forward="mask = max_pool(Z_slice)", words={"x": "Z_slice", "y": "mask"}),
    SHARE.but(
        forward="shares = average_pool(dJ_dZ_slice, shape)",
        words={"dz": "dJ_dZ_slice", "y": "shares"},
    ),
)
COURSERA = Dialect(
    "coursera",
    (
        "conv_forward",
        "conv_backward",
        "pool_forward",
        "pool_backward",
        "create_mask_from_window",
        "distribute_value",
    ),
    lambda names: offers_of(names, CONV, MAX, MEAN, MASK, SHARE),
    takes_a_dict,
    words("dA_prev", "dW", "db", "dZ", padding="pad"),
    other_words("dA", window="x", share="dz"),
)
NOTEBOOK = Dialect(
    "notebook",
    (
        "conv_backward_propogation",
        "max_pool",
        "average_pool",
        "conv_forward_propogation",
        "pool_forward",
        "pool_backward",
    ),
    lambda names: offers_of(names, *NOTEBOOK_SCRIPTS),
    lambda names: (
        not names.keys().isdisjoint({"conv_backward_propogation", "max_pool"})
        or "average_pool" in names
    ),
    words("dJ_dA", "dJ_dW", "dJ_db", "dJ_dZ", padding="padding"),
    other_words("dJ_dZ", window="Z_slice", share="dJ_dZ_slice"),
)
