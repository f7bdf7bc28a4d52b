"""One image without its batch axis is a batch of signals, and a hint says so."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from im2col_cnn import (
    adaptive_avg_pool_forward,
    adaptive_max_pool_forward,
    avg_pool_forward,
    global_avg_pool_forward,
    global_max_pool_forward,
    im2col,
    lp_pool_forward,
    max_pool_forward,
    windows,
)

CALLS: dict[str, Callable[..., Any]] = {
    "max_pool": lambda x, size=2: max_pool_forward(x, size),
    "avg_pool": lambda x, size=2: avg_pool_forward(x, size),
    "lp_pool": lambda x, size=2: lp_pool_forward(x, size),
    "adaptive_max_pool": lambda x, size=2: adaptive_max_pool_forward(x, size),
    "adaptive_avg_pool": lambda x, size=2: adaptive_avg_pool_forward(x, size),
    "global_max_pool": global_max_pool_forward,
    "global_avg_pool": global_avg_pool_forward,
    "im2col": lambda x, size=2: im2col(x, size),
    "windows": lambda x, size=2: windows(x, size),
}
WITH_SIZES = [name for name in CALLS if not name.startswith("global")]


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    "x", [np.ones((8, 8, 3)), np.ones((28, 28, 1)), np.ones((8, 9, 4), np.uint8)]
)
def test_a_batch_that_looks_like_an_image_gets_a_hint(name: str, x: Any) -> None:
    hint = rf"x of shape \({len(x)}, .*\) is read as {len(x)} signals: x\[None\] is one"

    with pytest.warns(UserWarning, match=hint) as hints:
        CALLS[name](x)

    assert name.startswith("global") or hints[0].filename == __file__


@pytest.mark.parametrize("name", WITH_SIZES)
def test_who_means_signals_says_so_with_a_size_per_axis(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        CALLS[name](np.ones((8, 8, 3)), (2,))


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    "x",
    [np.ones((8, 9, 3)), np.ones((8, 8, 2)), np.ones((4, 4, 1)), np.ones((0, 8, 3))],
)
def test_what_looks_like_signals_gets_none(name: str, x: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        CALLS[name](x)
