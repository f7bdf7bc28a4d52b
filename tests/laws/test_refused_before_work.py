"""A refusal is arithmetic on a few integers: it takes no memory and no time.

The sizes below are such that one number per window, per tap or per pixel would fill the
memory of any machine, or take minutes.
"""

import tracemalloc
from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
import pytest

from im2col_cnn import (
    Window,
    avg_pool_forward,
    col2im,
    conv_forward,
    conv_transpose_forward,
    im2col,
    loops,
    lp_pool_forward,
    max_pool_forward,
    max_unpool,
    step_by_step,
    windows,
)

MAX_BYTES = 2**20
MAX_SECONDS = 1.0
HUGE = 10**9

x, w, line = np.ones((2, 5, 4, 3)), np.ones((2, 2, 3, 1)), np.ones((1, 9, 1))
one = np.ones((2, 1, 1))
POOLS: dict[str, Callable[..., Any]] = {
    "max": max_pool_forward,
    "avg": avg_pool_forward,
    "lp": lp_pool_forward,
    "loops.max": loops.max_pool_forward,
    "loops.avg": loops.avg_pool_forward,
    "loops.lp": loops.lp_pool_forward,
}
BLIND: list[tuple[Any, dict[str, Any], str]] = [
    (x, {"padding": HUGE}, "padding must leave fewer than 2**48 pixels, got a 5x4 im"),
    (x, {"padding": ((HUGE, HUGE), 0)}, "leaves window 0 along spatial axis 0"),
    (x, {"padding": (HUGE, 0), "stride": 1}, "leaves window 0 along spatial axis 0"),
    (x, {"padding": ((0, 0), (0, HUGE))}, "leaves window 2 along spatial axis 1"),
    (x, {"padding": ((0, 0), (2, 1))}, "leaves window 0 along spatial axis 1"),
    (line, {"padding": HUGE, "dilation": HUGE}, "leaves window 5 along"),
    (line, {"padding": ((0, HUGE),), "ceil_mode": True}, "leaves window 5 along"),
    (
        line,
        {"padding": ((HUGE, 10),), "dilation": HUGE, "stride": 3},
        "leaves window 3",
    ),
]
CALLS: dict[str, tuple[Callable[[], Any], str]] = {
    "conv": (lambda: conv_forward(x, w, padding=HUGE), "padding .* 2\\*\\*48 pixels"),
    "loops.conv": (lambda: loops.conv_forward(x, w, padding=HUGE), "2\\*\\*48 pixels"),
    "conv, dilated": (
        lambda: conv_forward(x, w, dilation=HUGE, padding=HUGE, stride=HUGE),
        "padding .* 2\\*\\*48 pixels",
    ),
    "im2col": (lambda: im2col(x, 2, padding=HUGE), "padding .* 2\\*\\*48 pixels"),
    "windows": (lambda: windows(x, 2, padding=HUGE), "padding .* 2\\*\\*48 pixels"),
    "col2im": (
        lambda: col2im(np.ones((1, 1)), (1, HUGE, HUGE, 1), 1, stride=HUGE),
        "shape must hold fewer than 2\\*\\*48 numbers, got 1x1000000000x1000000000x1",
    ),
    "Window": (
        lambda: Window((HUGE, HUGE), 2),
        "spatial must hold fewer than 2\\*\\*48 numbers, got 1000000000x1000000000",
    ),
    "max_unpool": (
        lambda: max_unpool(
            x[:1, :1, :1, :1], np.zeros((1, 1, 1, 1), int), (HUGE, HUGE)
        ),
        "spatial must hold fewer than 2\\*\\*48 numbers, got 1000000000x1000000000",
    ),
    "average_pool": (
        lambda: step_by_step.average_pool(1.0, (HUGE, HUGE)),
        "shape must hold fewer than 2\\*\\*48 numbers, got 1000000000x1000000000",
    ),
    "conv_transpose": (
        lambda: conv_transpose_forward(line, one, stride=HUGE),
        "y must have fewer than 2.* got 8000000002: lower the stride or the dilation",
    ),
    "conv_transpose, two axes": (
        lambda: conv_transpose_forward(x, np.ones((2, 2, 1, 3)), stride=10**8),
        "y must have fewer than 2.* got 400000002x300000002: lower the stride",
    ),
    "conv_transpose, output_size": (
        lambda: conv_transpose_forward(line, one, output_size=HUGE),
        "output_size must be one that the convolution reduces to the size of x, 9, got",
    ),
}


def refusal_of(call: Callable[[], Any]) -> str:
    """Return what a call says when it refuses, which costs nothing."""
    tracemalloc.start()
    started = perf_counter()
    try:
        with pytest.raises(ValueError) as refused:  # noqa: PT011  # see the callers
            call()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert perf_counter() - started < MAX_SECONDS
    assert peak < MAX_BYTES
    return str(refused.value)


@pytest.mark.parametrize(("images", "settings", "message"), BLIND)
@pytest.mark.parametrize("pool", POOLS)
def test_a_pool_over_padding_alone_is_refused(
    pool: str, images: Any, settings: dict[str, Any], message: str
) -> None:
    assert message in refusal_of(lambda: POOLS[pool](images, 2, **settings))


@pytest.mark.parametrize("name", CALLS)
def test_what_no_memory_holds_is_refused_by_the_name_of_the_setting(name: str) -> None:
    call, message = CALLS[name]

    said = refusal_of(call)

    with pytest.raises(ValueError, match=message):
        raise ValueError(said)
