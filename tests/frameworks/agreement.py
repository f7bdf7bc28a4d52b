"""Hold ours against other people's: draw what they take, turn axes, compare.

Numbers are random float64, and gradients are compared with those of automatic
differentiation.
"""

from collections.abc import Mapping
from typing import Any

import hypothesis.strategies as st
import numpy as np
from numpy.testing import assert_allclose

from im2col_cnn import Window
from im2col_cnn._typing import Array
from im2col_cnn.testing.strategies import Case

__all__ = [
    "assert_close",
    "assert_near",
    "channels_first",
    "channels_last",
    "kernels_first",
    "kernels_last",
    "leaf",
    "pools",
    "randomized",
    "seeds",
    "window_of",
]

seeds = st.integers(0, 2**32 - 1)


def assert_close(found: Any, wanted: Any) -> None:
    """Compare two results in float64; only the order of additions may differ."""
    assert_allclose(found, wanted, rtol=1e-9, atol=1e-9)


def assert_near(found: Any, wanted: Any) -> None:
    """Compare two results in float32, to 1e-4 of the largest number."""
    assert found.shape == wanted.shape
    assert np.abs(found - wanted).max() <= 1e-4 * np.abs(wanted).max()


def channels_first(x: Array) -> Array:
    return np.ascontiguousarray(np.moveaxis(x, -1, 1))


def channels_last(x: Any) -> Array:
    return np.moveaxis(np.asarray(x), 1, -1)


def kernels_first(w: Array) -> Array:
    """Turn (*kernel, C, F) into (F, C, *kernel)."""
    return np.ascontiguousarray(np.moveaxis(w, (-1, -2), (0, 1)))


def kernels_last(w: Any) -> Array:
    return np.moveaxis(np.asarray(w), (0, 1), (-1, -2))


def leaf(torch: Any, array: Array) -> Any:
    """Let PyTorch keep the gradient of an array."""
    return torch.tensor(np.array(array), requires_grad=True)


def randomized(case: Case, seed: int) -> list[Array]:
    rng = np.random.default_rng(seed)
    return [rng.normal(size=array.shape) for array in case.arrays]


def window_of(x: Array, w: Array, settings: Mapping[str, Any]) -> Window:
    names = ("stride", "padding", "dilation")
    chosen = {name: settings[name] for name in names}
    return Window(x.shape[1:-1], w.shape[:-2], **chosen)


@st.composite
def pools(draw: st.DrawFn, *, dilated: bool) -> tuple[tuple[int, ...], dict[str, Any]]:
    """Draw a pooling that PyTorch takes: it pads by half a kernel at the most."""
    axes = draw(st.integers(1, 3))
    each = st.lists(st.integers(1, 3), min_size=axes, max_size=axes).map(tuple)
    kernel, stride, dilation = (draw(each) for _ in range(3))
    if not dilated:
        dilation = (1,) * axes
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    size = tuple(draw(st.integers(span, span + 5)) for span in spans)
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    settings = {
        "kernel_size": kernel,
        "stride": stride,
        "padding": padding,
        "ceil_mode": draw(st.booleans()),
    }
    return size, settings | ({"dilation": dilation} if dilated else {})
