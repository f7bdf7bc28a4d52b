"""Tiles: however small, on however many threads, by whichever way, nothing changes."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from im2col_cnn import Window, conv_backward, conv_forward, loops, threads
from im2col_cnn.axis import Axes
from im2col_cnn.testing.laws import every_entry_is_rounded_like_a_sum
from im2col_cnn.testing.laws.table import laws_for
from im2col_cnn.testing.strategies import unfoldings
from im2col_cnn.tiling import (
    depthwise,
    dispatch,
    gemm,
    phases,
    products,
    wide_windows,
)
from im2col_cnn.tiling.tiles import tiles
from im2col_cnn.tiling.wide_windows import Cost, cheapest
from im2col_cnn.tiling.workspace import workspace
from tests.imports import imports_of
from tests.laws.operations import WITH_LOOPS, Operation, assert_same
from tests.profile import at_most, in_turn

TINY = 1  # byte: as many tiles as there are windows
SMALL = 2000  # bytes: a few windows each, so that tiles begin and end in mid-line


@contextmanager
def folded() -> Iterator[None]:
    not_depthwise = patch.object(depthwise, "is_finite", return_value=False)
    with patch.object(phases, "is_finite", return_value=False), not_depthwise:
        yield


@contextmanager
def never_folded() -> Iterator[None]:
    with patch.object(phases, "folding_is_faster", return_value=False):
        yield


@contextmanager
def phases_together() -> Iterator[None]:
    with patch.object(phases, "MIN_COLUMNS", 2**30):
        yield


@contextmanager
def phases_apart() -> Iterator[None]:
    with patch.object(phases, "are_together", return_value=False):
        yield


@contextmanager
def small_products() -> Iterator[None]:
    with (
        patch.object(products, "has_small_products", return_value=True),
        patch.object(products, "MAX_SMALL_PRODUCT", 60),
        patch.object(products, "ROWS_AT_ONCE", 6),
        patch.object(products, "MAX_ROWS", 6),
        patch.object(products, "MIN_SUMMED_ROWS", 3),
        patch.object(products, "MIN_SLICED_ROWS", 5),
        patch.object(products, "MAX_COLUMNS", 4),
        patch.object(products, "SLICE_FILTERS", 2),
    ):
        yield


@contextmanager
def large_products() -> Iterator[None]:
    with patch.object(products, "has_small_products", return_value=False):
        yield


@contextmanager
def never_wide() -> Iterator[None]:
    with patch.object(wide_windows, "cheapest", return_value=1):
        yield


@contextmanager
def as_wide_as_can_be() -> Iterator[None]:
    def widest(axes: Axes, C: int, F: int, size: int, cost: Cost) -> int:
        return cheapest(axes, C, F, size, Cost(cost.line * 2**30, 0))

    with patch.object(wide_windows, "cheapest", widest):
        yield


@contextmanager
def gradients_side_by_side() -> Iterator[None]:
    with folded(), patch.object(dispatch, "MIN_COLUMN_BYTES", -1):
        yield


@contextmanager
def groups_apart() -> Iterator[None]:
    with patch.object(dispatch, "MAX_NARROW_CHANNELS", 0):
        yield


@contextmanager
def in_parts() -> Iterator[None]:
    with folded(), never_wide(), patch.object(gemm, "MAX_KERNEL_BYTES", 1):
        yield


WAYS: list[Callable[[], AbstractContextManager[None]]] = [
    nullcontext,
    folded,
    never_folded,
    phases_together,
    phases_apart,
    small_products,
    large_products,
    never_wide,
    as_wide_as_can_be,
    gradients_side_by_side,
    groups_apart,
    in_parts,
]


BY_WAYS = [
    (operation, way)
    for operation in WITH_LOOPS
    for way in (WAYS if "conv" in operation.name else [nullcontext])
]


def name_of(value: Any) -> str:
    """Return the name of an operation, or of a way."""
    return str(getattr(value, "name", None) or value.__name__)


@in_turn(2)
@pytest.mark.parametrize("size", [TINY, SMALL, 2**26])
@pytest.mark.parametrize(("operation", "way"), BY_WAYS, ids=name_of)
@at_most(50)
@given(data=st.data())
def test_every_seam_of_every_way_equals_the_loops(
    operation: Operation, size: int, way: type, data: st.DataObject
) -> None:
    subject = replace(operation.subject, inputs=("float32", "float64", "int64"))
    laws = [law for law in laws_for(subject) if law.oracle and not law.follows]
    law = data.draw(st.sampled_from(laws), label="law")

    with way(), workspace(size), threads(2):
        law(subject, data.draw)


@in_turn(2)
@pytest.mark.parametrize(
    ("operation", "way"),
    [pair for pair in BY_WAYS if pair[0].name.startswith("conv")],
    ids=name_of,
)
@at_most(50)
@given(data=st.data())
def test_every_way_rounds_every_entry_like_a_sum(
    operation: Operation, way: type, data: st.DataObject
) -> None:
    with way(), workspace(SMALL), threads(1):
        every_entry_is_rounded_like_a_sum(operation.subject, data.draw)


def test_what_is_dim_keeps_its_digits_beside_what_is_bright() -> None:
    x = np.ones((1, 32, 32, 64), np.float32)
    x[0, 9, 9] = 1e8
    w = np.zeros((3, 3, 64, 64), np.float32)
    w[1, 1] = np.eye(64)

    y, _ = conv_forward(x, w, padding=1)

    assert (y == x).all()


def test_a_heavy_row_of_a_kernel_costs_the_others_nothing() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((1, 16, 16, 64), np.float32)
    x[:, :8] = 0  # where only the light rows read, their digits are all there is
    w = rng.standard_normal((3, 3, 64, 64), np.float32)
    light = w.copy()
    w[0] *= 1e4
    light[0] = 0

    y, _ = conv_forward(x, w)
    right, _ = conv_forward(x.astype(float), light.astype(float))

    # The window that stops at row 6 reads rows 6, 7 and 8, and only row 8 has pixels.
    np.testing.assert_allclose(y[:, 6], right[:, 6], rtol=1e-4, atol=1e-5)


@given(data=st.data(), most=st.integers(1, 9), N=st.integers(0, 3))
def test_tiles_cover_every_window_once_and_read_what_it_reads(
    data: st.DataObject, most: int, N: int
) -> None:
    (x,), settings = data.draw(unfoldings())
    window = Window(x.shape[1:-1], **settings)
    stops = np.zeros((N, *window.output_size), int)
    reads = np.zeros((N, *window.spatial), int)
    fresh = np.zeros((N, *window.spatial), int)

    for tile in tiles(N, window.axes, most):
        assert tile.size <= most
        stops[tile.stops] += 1
        fresh[tile.fresh] += 1
        assert fresh[tile.pixels].all()  # what it reads, it or one before has reached
        for _, pixels in tile.taps:
            reads[tile.pixels][pixels] += 1

    assert (stops == 1).all()
    assert (reads == window.coverage()).all()
    assert (fresh == 1).all()


@pytest.mark.parametrize("padding", [0, 2, ((0, 1), (3, 0)), ((4, 4), (4, 4))])
@pytest.mark.parametrize("most", [1, 7, 1000])
def test_margins_are_all_of_a_padded_block_that_is_no_pixel(
    padding: Any, most: int
) -> None:
    window = Window((3, 4), (3, 2), stride=(2, 1), padding=padding)
    for tile in tiles(2, window.axes, most):
        block = np.ones(tile.padded)
        block[tile.inner] = 2

        for margin in tile.margins:
            block[margin] = 0

        assert (block[tile.inner] == 2).all()
        assert np.count_nonzero(block) == block[tile.inner].size


@pytest.mark.parametrize(
    "shape", [(3, 3, 1, 6), (3, 3, 8, 16), (3, 3, 64, 66), (1, 1, 8, 4)]
)
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("little", [-1, dispatch.MIN_COLUMN_BYTES])
def test_results_are_the_same_bit_by_bit_on_any_number_of_threads(
    shape: tuple[int, ...], stride: int, little: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "MIN_COLUMN_BYTES", little)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((5, 24, 24, shape[2]), np.float32)
    w = rng.standard_normal(shape, np.float32)
    found = []
    for count in 1, 2, 3, 7:
        with threads(count), workspace(2**18):
            y, cache = conv_forward(x, w, np.ones(shape[-1], np.float32), stride=stride)
            found.append([y, *conv_backward(np.cos(y), cache)])

    for others in found[1:]:
        assert_same(others, found[0])


def test_what_is_infinite_warns_no_more_than_the_loops_do() -> None:
    x, w = np.ones((1, 9, 9, 16)), np.ones((3, 3, 16, 16))
    x[0, 0, 0, 0] = np.inf

    y, cache = conv_forward(x, w, padding=1)
    _, dw, _ = conv_backward(np.ones(y.shape), cache)  # warnings are errors here

    _, right = loops.conv_forward(x, w, padding=1)
    assert_same([dw], [loops.conv_backward(np.ones(y.shape), right)[1]])


def test_what_never_meets_in_a_window_does_not_warn() -> None:
    x, dy = np.ones((1, 12, 1), np.float32), np.zeros((1, 12, 1), np.float32)
    x[0, 0] = dy[0, 6] = 1e30  # one wide window holds both, no window does
    w = np.ones((3, 1, 1), np.float32)

    _, cache = conv_forward(x, w, padding=1)
    _, dw, _ = conv_backward(dy, cache)  # warnings are errors here

    _, right = loops.conv_forward(x, w, padding=1)
    assert_same([dw], [loops.conv_backward(dy, right)[1]])


@pytest.mark.parametrize("channels", [1, 64])
def test_tiny_numbers_do_not_underflow_where_those_of_the_loops_do_not(
    channels: int,
) -> None:
    tiny = np.float32(2.0**-120)  # its square is no float32 any more
    x = np.full((1, 32, 32, channels), tiny)
    w = np.zeros((3, 3, channels, channels), np.float32)
    w[1, 1] = np.eye(channels)

    with np.errstate(all="raise"):
        y, cache = conv_forward(x, w, padding=1)
        dx, _, _ = conv_backward(np.ones_like(y), cache)

    np.testing.assert_array_equal(y, x)
    np.testing.assert_array_equal(dx, np.ones_like(x))


def test_what_users_call_never_reaches_the_loops() -> None:
    seen: set[str] = set()
    waiting = ["_public", "nn.__init__"]  # `loops` is imported where it is asked for
    while waiting:
        module = waiting.pop()
        if module not in seen:
            seen.add(module)
            waiting.extend(below for below, _ in imports_of(module))

    assert "tiling.gemm" in seen
    assert not [module for module in seen if module.split(".")[0] == "loops"]
