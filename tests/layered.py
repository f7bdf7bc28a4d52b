"""Draw built layers with images to put through them, for laws that hold for all."""

from typing import NamedTuple

import hypothesis.strategies as st
import numpy as np

from im2col_cnn._typing import Array, Shape
from im2col_cnn.nn import AvgPool, Conv, Dense, Flatten, Layer, MaxPool, ReLU, Rescale
from im2col_cnn.testing.strategies import convolutions, poolings

__all__ = ["KINDS", "Layered", "layered", "spread"]


class Layered(NamedTuple):
    """A layer, built in float64, and images that it reads."""

    layer: Layer
    x: Array


def spread(shape: Shape, rng: np.random.Generator) -> Array:
    """Return numbers that lie at least 1 apart and 0.5 from 0: far from every kink."""
    size = int(np.prod(shape))
    return (rng.permutation(size) - size // 2 + 0.5).reshape(shape)


@st.composite
def layered(draw: st.DrawFn, kind: str) -> Layered:
    """Draw a layer of one kind, with any settings."""
    layer, shape = draw(KINDS[kind])
    N = draw(st.integers(1, 3), label="N")
    rng = np.random.default_rng(draw(st.integers(0, 2**16), label="seed"))
    layer.build(shape, rng=rng, dtype=np.float64)
    for parameter in layer.parameters.values():
        parameter[...] = rng.normal(size=parameter.shape)  # biases too
    x = spread((N, *shape), rng)
    x.flags.writeable = False
    return Layered(layer, x)


@st.composite
def convs(draw: st.DrawFn) -> tuple[Layer, Shape]:
    """Draw a convolution of one, two or three spatial axes."""
    case = draw(convolutions())
    x, w, _ = case.arrays
    *kernel_size, _, F = w.shape
    conv = Conv(F, tuple(kernel_size), bias=draw(st.booleans()), **case.settings)
    return conv, x.shape[1:]


@st.composite
def pools(draw: st.DrawFn, make: type[MaxPool] | type[AvgPool]) -> tuple[Layer, Shape]:
    """Draw a pooling."""
    case = draw(poolings())
    settings = dict(case.settings)
    if make is MaxPool:
        settings["ties"] = draw(st.sampled_from(["first", "split", "all"]))
    else:
        settings["count_include_pad"] = draw(st.booleans())
    return make(**settings), case.arrays[0].shape[1:]


@st.composite
def denses(draw: st.DrawFn) -> tuple[Layer, Shape]:
    """Draw a dense layer."""
    return Dense(draw(st.integers(1, 4)), bias=draw(st.booleans())), (
        draw(st.integers(1, 4)),
    )


SHAPES = st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple)
KINDS: dict[str, st.SearchStrategy[tuple[Layer, Shape]]] = {
    "conv": convs(),
    "max_pool": pools(MaxPool),
    "avg_pool": pools(AvgPool),
    "dense": denses(),
    "relu": SHAPES.map(lambda shape: (ReLU(), shape)),
    "flatten": SHAPES.map(lambda shape: (Flatten(), shape)),
    "rescale": SHAPES.map(lambda shape: (Rescale(255), shape)),
}
