"""Draw built layers with images to put through them, for laws that hold for all."""

from math import prod
from typing import Any, ClassVar, NamedTuple

import hypothesis.strategies as st
import numpy as np

from im2col_cnn._typing import Array, Shape, Sizes
from im2col_cnn.nn import (
    LSTM,
    AdaptiveAvgPool,
    AdaptiveMaxPool,
    Add,
    AvgPool,
    BatchNorm,
    Clip,
    Concat,
    Conv,
    ConvTranspose,
    Crop,
    Dense,
    Dropout,
    Equal,
    Fill,
    Flatten,
    GlobalAvgPool,
    GlobalMaxPool,
    Graph,
    HardSigmoid,
    HardSwish,
    Layer,
    LeakyReLU,
    LocalResponseNorm,
    LpPool,
    LSTMStates,
    MatMul,
    Max,
    MaxPool,
    Mean,
    Min,
    Multiply,
    Pad,
    Power,
    PReLU,
    ReLU,
    ReLU6,
    Rescale,
    Reshape,
    Scale,
    Sequential,
    Sigmoid,
    SiLU,
    Slice,
    Softmax,
    Sum,
    Tanh,
    Transpose,
    Upsample,
)
from im2col_cnn.nn.arithmetic import Reduction
from im2col_cnn.nn.layer import Gradients
from im2col_cnn.testing.strategies import convolutions, poolings

__all__ = ["KINDS", "MERGES", "Layered", "fresh", "graphs", "layered", "spread"]


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
    layer, shape = draw((KINDS | MERGES)[kind])
    # One value per channel has no variance to train on.
    N = draw(st.integers(2 if kind == "batch_norm" else 1, 3), label="N")
    rng = np.random.default_rng(draw(st.integers(0, 2**16), label="seed"))
    layer.build(shape, rng=rng, dtype=np.float64)
    for parameter in layer.parameters.values():
        parameter[...] = rng.normal(size=parameter.shape)  # biases too
    x = spread((N, *shape), rng)
    x.flags.writeable = False
    return Layered(layer, x)


def fresh(layer: Layer) -> Layer:
    """Return a layer with the same settings that is not built."""
    return type(layer)(**layer.settings)


class Packed(Layer):
    """A layer of several inputs as one of vectors: its inputs, one after the other."""

    kind: ClassVar[str] = "packed"

    layer: Layer
    shapes: tuple[Shape, ...]

    def array_shapes(self, shape: Shape) -> dict[str, Shape]:
        return self.layer.array_shapes(self.shapes)

    def draw(
        self, shapes: dict[str, Shape], rng: np.random.Generator, dtype: np.dtype
    ) -> None:
        self.layer.draw(shapes, rng, dtype)
        self.parameters.update(self.layer.parameters)

    def apply(
        self, x: Array, training: bool, rng: np.random.Generator | None
    ) -> tuple[Array, Any]:
        ends = np.cumsum([int(np.prod(shape)) for shape in self.shapes])
        parts = np.split(x, ends[:-1], axis=1)
        xs = tuple(
            part.reshape(len(x), *shape)
            for part, shape in zip(parts, self.shapes, strict=True)
        )
        return self.layer.forward(xs, training=training, rng=rng)

    def differentiate(
        self, dy: Array, cache: Any, input_gradient: bool
    ) -> tuple[Array | None, Gradients]:
        dxs, gradients = self.layer.backward(dy, cache, input_gradient=input_gradient)
        if not input_gradient:
            assert dxs is None
            return None, gradients
        assert [dx.shape[1:] for dx in dxs] == list(self.shapes)
        sizes = [(len(dy), int(np.prod(shape))) for shape in self.shapes]
        flat = [dx.reshape(size) for dx, size in zip(dxs, sizes, strict=True)]
        return np.concatenate(flat, axis=1), gradients


def packed(layer: Layer, *shapes: Shape) -> tuple[Layer, Shape]:
    """Return a layer that reads all of these shapes in one vector."""
    return Packed(layer, shapes), (sum(int(np.prod(shape)) for shape in shapes),)


@st.composite
def broadcasts(
    draw: st.DrawFn, make: type[Add] | type[Multiply]
) -> tuple[Layer, Shape]:
    """Draw two or three shapes that broadcast, one of them whole."""
    whole = draw(SHAPES)
    shapes = [whole]
    for _ in range(draw(st.integers(1, 2))):
        fewer = whole[draw(st.integers(0, len(whole) - 1)) :]
        shapes.append(tuple(n if draw(st.booleans()) else 1 for n in fewer))
    return packed(make(), *draw(st.permutations(shapes)))


@st.composite
def concats(draw: st.DrawFn) -> tuple[Layer, Shape]:
    """Draw one to three shapes that differ along an axis."""
    shape = draw(SHAPES)
    place = draw(st.integers(0, len(shape) - 1))
    sizes = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3))
    shapes = [(*shape[:place], n, *shape[place + 1 :]) for n in sizes]
    axis = draw(st.sampled_from([place + 1, place - len(shape)]))
    return packed(Concat(axis=axis), *shapes)


@st.composite
def global_pools(
    draw: st.DrawFn, make: type[GlobalAvgPool] | type[GlobalMaxPool]
) -> tuple[Layer, Shape]:
    """Draw a pooling of all pixels."""
    return make(keepdims=draw(st.booleans())), draw(IMAGES)


@st.composite
def pads(draw: st.DrawFn) -> tuple[Layer, Shape]:
    """Draw a padding that has pixels enough to mirror and repeat."""
    shape = draw(IMAGES)
    mode: Any = draw(st.sampled_from(["constant", "edge", "reflect", "wrap"]))
    fewer = {"reflect": 1, "wrap": 0}.get(mode, -2)
    sides = [st.tuples(*[st.integers(0, size - fewer)] * 2) for size in shape[:-1]]
    return Pad(draw(st.tuples(*sides)), mode=mode, value=draw(st.integers(0, 2))), shape


@st.composite
def crops(draw: st.DrawFn) -> tuple[Layer, Shape]:
    """Draw a crop that leaves something."""
    *left, C = draw(IMAGES)
    padding = tuple(draw(st.tuples(*[st.integers(0, 2)] * 2)) for _ in left)
    shape = [size + sum(pair) for size, pair in zip(left, padding, strict=True)]
    return Crop(padding), (*shape, C)


@st.composite
def slices(draw: st.DrawFn) -> tuple[Layer, Shape]:
    """Draw a slice of an axis, forwards or backwards, that keeps something."""
    shape = draw(SHAPES)
    place = draw(st.integers(0, len(shape) - 1))
    size = shape[place]
    start = draw(st.none() | st.integers(-size, size - 1))
    step = draw(st.sampled_from([1, 2, -1, -3]))
    stop = None if start is None else draw(st.sampled_from([None, start + step]))
    if stop is not None and start is not None and (start < 0) != (stop < 0):
        stop = None  # it would count from the other end
    axis = draw(st.sampled_from([place + 1, place - len(shape)]))
    return Slice(start, stop, step=step, axis=axis), shape


@st.composite
def softmaxes(draw: st.DrawFn) -> tuple[Layer, Shape]:
    """Draw a softmax along any axis."""
    shape = draw(SHAPES)
    return Softmax(axis=draw(st.integers(1, len(shape)))), shape


@st.composite
def upsamples(draw: st.DrawFn) -> tuple[Layer, Shape]:
    """Draw blocks."""
    return Upsample(draw(st.tuples(*[st.integers(1, 3)] * 2))), draw(IMAGES)


@st.composite
def scales(draw: st.DrawFn) -> tuple[Layer, Shape]:
    """Draw one number per channel, or any that broadcast."""
    shape = draw(SHAPES)
    fewer = shape[draw(st.integers(0, len(shape) - 1)) :]
    size = tuple(n if draw(st.booleans()) else 1 for n in fewer)
    return Scale(size=draw(st.sampled_from([None, size]))), shape


@st.composite
def transposes(draw: st.DrawFn) -> tuple[Layer, Shape]:
    """Draw an order of axes."""
    shape = draw(SHAPES)
    return Transpose(tuple(draw(st.permutations(range(1, len(shape) + 1))))), shape


@st.composite
def reshapes(draw: st.DrawFn) -> tuple[Layer, Shape]:
    """Draw the same numbers along other axes, or along one, which an int says."""
    shape = draw(SHAPES)
    factors = [factor for size in shape for factor in (1, size)]
    axes = st.permutations(factors).map(tuple)
    sizes: st.SearchStrategy[Sizes] = st.just(prod(shape)) | axes
    return Reshape(draw(sizes)), shape


@st.composite
def reductions(draw: st.DrawFn, make: type[Reduction]) -> tuple[Layer, Shape]:
    """Draw some axes."""
    shape = draw(SHAPES)
    axes = st.lists(st.integers(1, len(shape)), min_size=1, unique=True)
    return make(tuple(draw(axes))), shape


@st.composite
def fills(draw: st.DrawFn) -> tuple[Layer, Shape]:
    """Draw an array, and one that broadcasts to it and says where it is filled."""
    shape = draw(SHAPES)
    return packed(
        Fill(draw(st.integers(-2, 2))), shape, shape[draw(st.integers(0, 1)) :]
    )


@st.composite
def matrices(draw: st.DrawFn) -> tuple[Layer, Shape]:
    """Draw two stacks of matrices that can be multiplied."""
    n, m, k = (draw(st.integers(1, 3)) for _ in range(3))
    stack = draw(st.sampled_from([(), (2,)]))
    return packed(MatMul(), (*stack, n, k), (k, m))


@st.composite
def lstms(draw: st.DrawFn) -> tuple[Layer, Shape]:
    """Draw sequences, and a layer that reads them step by step."""
    layer = LSTM(draw(st.integers(1, 3)), return_sequences=draw(st.booleans()))
    return layer, (draw(st.integers(1, 4)), draw(st.integers(1, 3)))


@st.composite
def lstm_states(draw: st.DrawFn) -> tuple[Layer, Shape]:
    """Draw sequences, and a state to start from or none."""
    units = draw(st.integers(1, 3))
    sequence = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    started = [(2 * units,)] if draw(st.booleans()) else []
    return packed(LSTMStates(units), sequence, *started)


@st.composite
def graphs(draw: st.DrawFn, *, dtype: type = np.float64) -> Graph:
    """Draw a graph of smooth layers, built, its nodes in any order."""
    names = [f"n{i}" for i in range(draw(st.integers(1, 6)))]
    nodes: dict[str, Any] = {}
    unread = set(names)
    for i, name in enumerate(names):
        # The first reads the input, so that it is read.
        before = st.sampled_from(["input", *names[:i]]) if i else st.just("input")
        layer = draw(st.sampled_from([Conv, Sigmoid, Add, Multiply, BatchNorm]))
        count = draw(st.integers(1, 3)) if layer in (Add, Multiply) else 1
        reads = [draw(before) for _ in range(count)]
        made = Conv(2, (2, 3), padding="same") if layer is Conv else layer()
        nodes[name] = (made, *reads)
        unread -= set(reads)
    order = draw(st.permutations(names))
    outputs = [name for name in names if name in unread]
    graph = Graph({name: nodes[name] for name in order}, outputs)
    return graph.build((2, 3, 2), rng=np.random.default_rng(0), dtype=dtype)


@st.composite
def convs(draw: st.DrawFn) -> tuple[Layer, Shape]:
    """Draw a convolution of one, two or three spatial axes."""
    case = draw(convolutions())
    x, w, _ = case.arrays
    *kernel_size, _, F = w.shape
    conv = Conv(F, tuple(kernel_size), bias=draw(st.booleans()), **case.settings)
    return conv, x.shape[1:]


@st.composite
def pools(
    draw: st.DrawFn, make: type[MaxPool] | type[AvgPool] | type[LpPool]
) -> tuple[Layer, Shape]:
    """Draw a pooling."""
    case = draw(poolings())
    settings = dict(case.settings)
    if make is MaxPool:
        settings["ties"] = draw(st.sampled_from(["first", "split", "all"]))
    elif make is LpPool:
        settings["p"] = draw(st.sampled_from([1, 2, 2.5, 3]))
    else:
        settings["count_include_pad"] = draw(st.booleans())
    return make(**settings), case.arrays[0].shape[1:]


@st.composite
def conv_transposes(draw: st.DrawFn) -> tuple[Layer, Shape]:
    """Draw a transposed convolution of rows and columns."""
    groups = draw(st.integers(1, 2))
    spatial = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    layer = ConvTranspose(
        groups * draw(st.integers(1, 2)),
        draw(st.tuples(st.integers(1, 3), st.integers(1, 3))),
        stride=draw(st.tuples(st.integers(1, 3), st.integers(1, 3))),
        dilation=draw(st.integers(1, 2)),
        groups=groups,
        bias=draw(st.booleans()),
    )
    return layer, (*spatial, groups * draw(st.integers(1, 2)))


@st.composite
def adaptive_pools(
    draw: st.DrawFn, make: type[AdaptiveMaxPool] | type[AdaptiveAvgPool]
) -> tuple[Layer, Shape]:
    """Draw a pooling into no more windows than there are pixels."""
    H, W = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    windows = draw(st.tuples(st.integers(1, H), st.integers(1, W)))
    return make(windows), (H, W, draw(st.integers(1, 3)))


@st.composite
def denses(draw: st.DrawFn) -> tuple[Layer, Shape]:
    """Draw a dense layer."""
    return Dense(draw(st.integers(1, 4)), bias=draw(st.booleans())), (
        draw(st.integers(1, 4)),
    )


SHAPE = (5, 6, 2)
SHAPES = st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple)
IMAGES = st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(1, 3))
KINDS: dict[str, st.SearchStrategy[tuple[Layer, Shape]]] = {
    "conv": convs(),
    "max_pool": pools(MaxPool),
    "avg_pool": pools(AvgPool),
    "dense": denses(),
    "relu": SHAPES.map(lambda shape: (ReLU(), shape)),
    "flatten": SHAPES.map(lambda shape: (Flatten(), shape)),
    "adaptive_avg_pool": adaptive_pools(AdaptiveAvgPool),
    "adaptive_max_pool": adaptive_pools(AdaptiveMaxPool),
    "batch_norm": SHAPES.map(lambda shape: (BatchNorm(), shape)),
    "conv_transpose": conv_transposes(),
    "equal": SHAPES.map(lambda shape: (Equal(0), shape)),
    "dropout": SHAPES.map(lambda shape: (Dropout(0.5), shape)),
    "global_avg_pool": global_pools(GlobalAvgPool),
    "global_max_pool": global_pools(GlobalMaxPool),
    "leaky_relu": SHAPES.map(lambda shape: (LeakyReLU(0.25), shape)),
    "lp_pool": pools(LpPool),
    "sigmoid": SHAPES.map(lambda shape: (Sigmoid(), shape)),
    "tanh": SHAPES.map(lambda shape: (Tanh(), shape)),
    "rescale": st.builds(
        lambda shape, offset: (Rescale(255, offset=offset), shape),
        SHAPES,
        st.sampled_from([0, -1]),
    ),
    # Kinks are at whole numbers, which `spread` avoids.
    "clip": SHAPES.map(lambda shape: (Clip(-2, 1), shape)),
    "crop": crops(),
    "hard_sigmoid": SHAPES.map(lambda shape: (HardSigmoid(slope=0.25), shape)),
    "hard_swish": SHAPES.map(lambda shape: (HardSwish(), shape)),
    "pad": pads(),
    "prelu": SHAPES.map(lambda shape: (PReLU(first_slope=0.5), shape)),
    "relu6": SHAPES.map(lambda shape: (ReLU6(), shape)),
    "local_response_norm": st.builds(
        lambda shape, size: (LocalResponseNorm(size, alpha=0.5, k=2), shape),
        SHAPES,
        st.integers(1, 4),
    ),
    "lstm": lstms(),
    "max": reductions(Max),
    "mean": reductions(Mean),
    "min": reductions(Min),
    "power": SHAPES.map(lambda shape: (Power(2), shape)),
    "reshape": reshapes(),
    "scale": scales(),
    "silu": SHAPES.map(lambda shape: (SiLU(), shape)),
    "slice": slices(),
    "softmax": softmaxes(),
    "sum": reductions(Sum),
    "transpose": transposes(),
    "upsample": upsamples(),
}
MERGES: dict[str, st.SearchStrategy[tuple[Layer, Shape]]] = {
    "add": broadcasts(Add),
    "concat": concats(),
    "fill": fills(),
    "lstm_states": lstm_states(),
    "matmul": matrices(),
    "multiply": broadcasts(Multiply),
}


def network(
    seed: int = 0, dtype: type = np.float64, *, smooth: bool = False
) -> Sequential:
    """Build a network of many kinds of layer; a smooth one leaves out the kinks."""
    layers = [
        Rescale(16),
        Conv(3, (2, 3), padding="same"),
        ReLU(),
        MaxPool(2, stride=1),
        Conv(2, 2),
        ReLU(),
        AvgPool(2),
        Flatten(),
        Dense(4),
        ReLU(),
        Dense(3),
    ]
    if smooth:
        layers = [one for one in layers if not isinstance(one, MaxPool | ReLU)]
    return Sequential(layers).build(SHAPE, rng=np.random.default_rng(seed), dtype=dtype)
