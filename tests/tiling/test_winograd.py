"""With fewer products, nothing changes: not a number, not a NaN, not a seam."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import hypothesis.strategies as st
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given

from im2col_cnn import Window, conv_backward, conv_forward, winograd
from im2col_cnn.nn import (
    SGD,
    Conv,
    Dense,
    Flatten,
    Sequential,
    evaluate,
    fit,
)
from im2col_cnn.testing.laws.table import Law, laws_for
from im2col_cnn.testing.strategies import Case, whole_arrays
from im2col_cnn.tiling import gemm
from im2col_cnn.tiling import winograd as scheme
from im2col_cnn.tiling.workspace import workspace
from tests.laws.operations import WITH_LOOPS
from tests.profile import at_most

CONV = next(operation for operation in WITH_LOOPS if operation.name == "conv")


@st.composite
def three_taps(draw: st.DrawFn, dtype: npt.DTypeLike) -> Case:
    """Draw a convolution with three taps along every axis, side by side."""
    axes = draw(st.sampled_from([2, 1, 3]), label="axes")
    sizes = st.integers(1, 6 if axes < 3 else 3)
    outputs = [draw(sizes) for _ in range(axes)]
    padding = tuple(
        draw(st.tuples(*[st.integers(0, min(3, (size + 1) // 2))] * 2))
        for size in outputs
    )
    spatial = [n + 2 - sum(around) for n, around in zip(outputs, padding, strict=True)]
    groups, depth, filters = (draw(st.integers(1, 2)) for _ in range(3))
    N, C, F = draw(st.integers(0, 3)), groups * depth, groups * filters
    shapes = (N, *spatial, C), (*(3,) * axes, depth, F), (F,)
    arrays = tuple(draw(whole_arrays(shape, dtype)) for shape in shapes)
    return Case(arrays, {"stride": 1, "padding": padding, "groups": groups})


@contextmanager
def whenever_possible() -> Iterator[None]:
    with (
        patch.object(scheme, "MIN_CHANNELS", 1),
        patch.object(scheme, "MIN_BLOCKS", 0),
        winograd(),
    ):
        yield


@contextmanager
def asked_for() -> Iterator[None]:
    with winograd():
        yield


SUBJECT = replace(CONV.subject, cases=three_taps)


@pytest.mark.parametrize("law", laws_for(SUBJECT), ids=lambda law: law.demand.__name__)
@at_most(50)
@given(data=st.data())
def test_every_law_holds(law: Law, data: st.DataObject) -> None:
    size = data.draw(st.sampled_from([2**26, 2000, 1]), label="workspace")
    with whenever_possible(), workspace(size):
        law(SUBJECT, data.draw)


def arrays() -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(0)
    shapes = (4, 17, 18, 64), (3, 3, 64, 65), (4, 17, 18, 65)
    return tuple(rng.integers(-9, 10, s).astype(np.float32) for s in shapes)


@asked_for()
def test_it_is_taken_where_it_pays_and_left_where_it_does_not() -> None:
    x, w, dy = arrays()
    axes = Window((17, 18), 3, padding=1).axes

    assert scheme.is_faster(axes, x, w)
    assert not scheme.is_faster(axes, x[:1], w)
    assert not scheme.is_faster(axes, x, w[..., :63, :])
    assert not scheme.is_faster(axes, x, w.astype(int))
    assert not scheme.is_faster(axes, x, np.resize(w, (3, 3, 512, 512)))
    for other in Window((17, 18), 3, stride=2), Window((17, 18), 3, dilation=2):
        assert not scheme.is_faster(other.axes, x, w)
    with patch.object(gemm, "correlate", side_effect=AssertionError):
        _, cache = conv_forward(x, w, padding=1)
        conv_backward(dy, cache)
        conv_backward(dy, cache, input_gradient=False)


def test_it_is_taken_only_where_it_is_asked_for() -> None:
    x, w, _ = arrays()
    axes = Window((17, 18), 3, padding=1).axes

    assert not scheme.is_faster(axes, x, w)
    with winograd():
        assert scheme.is_faster(axes, x, w)
        with winograd(False):
            assert not scheme.is_faster(axes, x, w)
    assert not scheme.is_faster(axes, x, w)


@pytest.mark.parametrize("on", [1, "yes", None])
def test_it_is_asked_for_by_true_or_false(on: Any) -> None:
    with pytest.raises(TypeError, match="on must be True or False"):
        winograd(on)


def test_networks_ask_for_it_unless_their_caller_refuses() -> None:
    network = Sequential([Conv(2, 3), Flatten(), Dense(2)])
    network.build((4, 4, 1), rng=np.random.default_rng(0))
    x, labels = np.ones((2, 4, 4, 1), np.float32), np.array([0, 1])
    seen: list[int | None] = []

    def spy(*_: Any) -> bool:
        seen.append(scheme._wanted.get())
        return False

    def use() -> set[int | None]:
        seen.clear()
        rng = np.random.default_rng(0)
        fit(network, x, labels, epochs=1, batch_size=2, optimizer=SGD(0.1), rng=rng)
        evaluate(network, x, labels)
        network.predict(x)
        return set(seen)

    with patch.object(scheme, "is_faster", spy):
        assert use() == {1}
        assert scheme._wanted.get() is None  # out here it is as it was
        with winograd(False):
            assert use() == {0}


@asked_for()
def test_large_numbers_that_overflow_on_the_way_go_the_long_way() -> None:
    x, w, dy = arrays()
    x *= np.float32(3e37)  # up to 2.7e38, and four of them are more than a float32
    w[...] = 0
    w[1, 1] = np.eye(64, 65)

    y, cache = conv_forward(x, w, padding=1)
    _, dw, _ = conv_backward(dy * np.float32(1e-37), cache)

    np.testing.assert_array_equal(y[..., :64], x)
    assert np.isfinite(dw).all()


def test_rounding_is_no_worse_than_that_of_the_products_it_saves() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2, 28, 28, 64), np.float32)
    w = rng.standard_normal((3, 3, 64, 64), np.float32)
    right, _ = conv_forward(x.astype(np.float64), w, padding=1)

    plain, _ = conv_forward(x, w, padding=1)
    with winograd():
        fewer, _ = conv_forward(x, w, padding=1)

    assert (fewer != plain).any()
    assert np.abs(fewer - right).max() < 2 * np.abs(plain - right).max()
