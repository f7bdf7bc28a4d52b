"""Draw calls of operations that are neither a convolution nor a pooling."""

from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
import numpy.typing as npt

from im2col_cnn import Window
from im2col_cnn.testing.strategies import Case, convolutions, whole_arrays

__all__ = [
    "batches",
    "binnings",
    "normalizations",
    "products",
    "score_batches",
    "transposed_convolutions",
    "whole_images",
    "with_options",
]

Cases = Callable[[npt.DTypeLike], st.SearchStrategy[Case]]


@st.composite
def with_options(
    draw: st.DrawFn,
    /,
    dtype: npt.DTypeLike,
    cases: Cases,
    **options: st.SearchStrategy[Any],
) -> Case:
    """Draw a case and, on top, a value for each option of one operation."""
    case = draw(cases(dtype))
    drawn = {name: draw(values, label=name) for name, values in options.items()}
    return Case(case.arrays, {**case.settings, **drawn})


@st.composite
def batches(draw: st.DrawFn, dtype: npt.DTypeLike) -> Case:
    """Draw a batch of anything, for operations that look at one number at a time."""
    shape = draw(st.lists(st.integers(0, 3), min_size=1, max_size=4), label="shape")
    return Case((draw(whole_arrays(tuple(shape), dtype), label="x"),), {})


@st.composite
def products(draw: st.DrawFn, dtype: npt.DTypeLike) -> Case:
    """Draw the arguments of a dense layer."""
    N, D, F = (draw(st.integers(0, 4), label=name) for name in "NDF")
    shapes = {"x": (N, D), "w": (D, F), "b": (F,)}
    drawn = [draw(whole_arrays(shapes[name], dtype), label=name) for name in shapes]
    return Case(tuple(drawn), {})


@st.composite
def transposed_convolutions(draw: st.DrawFn, dtype: npt.DTypeLike) -> Case:
    """Turn a drawn convolution around: its output size is what comes in."""
    case = draw(convolutions(dtype))
    x, w, _ = case.arrays
    *_, depth, F = w.shape
    settings = dict(case.settings)
    groups = settings.pop("groups")
    window = Window(x.shape[1:-1], w.shape[:-2], **settings)
    images = draw(whole_arrays((len(x), *window.output_size, F), dtype), label="x")
    b = draw(whole_arrays((depth * groups,), dtype), label="b")
    settings |= {"groups": groups, "output_size": window.spatial}
    return Case((images, w, b), settings)


@st.composite
def binnings(draw: st.DrawFn, dtype: npt.DTypeLike) -> Case:
    """Draw images and a number of bins that need not divide them, per axis."""
    axes = draw(st.integers(1, 3), label="axes")
    spatial, bins = (
        tuple(draw(st.lists(st.integers(1, 6), min_size=axes, max_size=axes)))
        for _ in range(2)
    )
    N, C = draw(st.sampled_from([1, 2, 3, 0])), draw(st.integers(1, 3))
    x = draw(whole_arrays((N, *spatial, C), dtype, low=-3, high=3), label="x")
    return Case((x,), {"output_size": bins})


def whole_images(dtype: npt.DTypeLike) -> st.SearchStrategy[Case]:
    """Draw images and no settings at all."""
    return binnings(dtype).map(lambda case: Case(case.arrays, {}))


@st.composite
def score_batches(draw: st.DrawFn, dtype: npt.DTypeLike) -> Case:
    """Draw scores of at least one class."""
    shape = draw(st.lists(st.integers(0, 3), min_size=1, max_size=3), label="batch")
    K = draw(st.integers(1, 4), label="K")
    return Case((draw(whole_arrays((*shape, K), dtype), label="x"),), {})


@st.composite
def normalizations(draw: st.DrawFn, dtype: npt.DTypeLike) -> Case:
    """Draw the arguments of a batch normalization, at inference."""
    shape = draw(st.lists(st.integers(0, 3), min_size=1, max_size=3), label="batch")
    C = draw(st.integers(1, 3), label="C")
    x = draw(whole_arrays((*shape, C), dtype), label="x")
    gamma, beta = (draw(whole_arrays((C,), dtype)) for _ in range(2))
    mean = draw(whole_arrays((C,)))
    var = draw(whole_arrays((C,), low=1))
    settings = {"running_mean": mean, "running_var": var, "training": False}
    return Case((x, gamma, beta), settings)
