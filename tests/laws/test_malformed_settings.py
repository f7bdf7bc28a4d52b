"""A malformed setting is refused alike wherever it is given."""

# mypy: disable-error-code="arg-type"
# Wrong types are the subject here.

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from im2col_cnn import (
    Window,
    avg_pool_forward,
    conv_forward,
    coverage,
    im2col,
    loops,
    max_pool_forward,
    windows,
)

x, w = np.ones((1, 3, 4, 2)), np.ones((2, 2, 2, 6))

SETTINGS = [
    ({"stride": 0}, ValueError, "stride must be at least 1, got 0"),
    ({"stride": -1}, ValueError, "stride must be at least 1, got -1"),
    ({"stride": 1.5}, TypeError, "stride must be an int or one int per .* got 1.5"),
    ({"stride": True}, TypeError, "stride must be an int or one int per .* got True"),
    ({"stride": "2"}, TypeError, "stride must be an int or one int per .* got '2'"),
    ({"stride": (1, 0)}, ValueError, r"stride must be at least 1, got \(1, 0\)"),
    ({"stride": (1, 2.0)}, TypeError, r"one int per spatial axis, got \(1, 2.0\)"),
    (
        {"stride": (1, 2, 3)},
        ValueError,
        r"stride must have 2 entries, one per spatial axis, got 3: \(1, 2, 3\)",
    ),
    (
        {"stride": 2**31},
        ValueError,
        r"stride must be less than 2\*\*31, got 2147483648",
    ),
    ({"dilation": 0}, ValueError, "dilation must be at least 1, got 0"),
    ({"padding": -1}, ValueError, "padding must be at least 0, got -1: to crop, slice"),
    ({"padding": (0, (1, -2))}, ValueError, "padding must be at least 0"),
    (
        {"padding": 0.5},
        TypeError,
        r"padding must be an int, one int or one \(before, a",
    ),
    ({"padding": False}, TypeError, "padding must be an int, .* got False"),
    ({"padding": "full"}, ValueError, 'padding must be one of "valid", "same", "same_'),
    (
        {"padding": (1,)},
        ValueError,
        "padding must have 2 entries, one per spatial axis",
    ),
    ({"padding": ((1, 2, 3), 0)}, ValueError, "padding must be an int, one int or one"),
    ({"padding": ((1,), (1,))}, ValueError, "padding must be an int, one int or one"),
    ({"padding": 2**31}, ValueError, r"padding must be less than 2\*\*31"),
]


@pytest.mark.parametrize(("settings", "error", "message"), SETTINGS)
@pytest.mark.parametrize(
    "call",
    [
        lambda **s: im2col(x, 2, **s),
        lambda **s: windows(x, 2, **s),
        lambda **s: coverage((3, 4), 2, **s),
        lambda **s: Window((3, 4), 2, **s),
        lambda **s: conv_forward(x, w, **s),
        lambda **s: loops.conv_forward(x, w, **s),
        lambda **s: max_pool_forward(x, 2, **{"stride": 1, **s}),
        lambda **s: avg_pool_forward(x, 2, **{"stride": 1, **s}),
    ],
    ids=["im2col", "windows", "coverage", "Window", "conv", "loops", "max", "avg"],
)
def test_a_malformed_setting_is_refused(
    call: Callable[..., Any],
    settings: dict[str, Any],
    error: type[Exception],
    message: str,
) -> None:
    with pytest.raises(error, match=message):
        call(**settings)
