"""List every operation with its backward and its oracle, for laws that hold for all.

An operation that joins this list is held to every law in ``test_promises.py``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import hypothesis.strategies as st
import numpy.typing as npt

import im2col_cnn as fast
from im2col_cnn import Window, loops
from im2col_cnn._typing import Array
from im2col_cnn.testing.strategies import Case, convolutions, poolings, whole_arrays
from im2col_cnn.testing.subject import Oracle, Subject

__all__ = ["OPERATIONS", "WITH_LOOPS", "Operation", "upstream"]

# What drawn windows and bins divide by: products of numbers up to 6.
DIVISIBLE = 2**3 * 3**3 * 5**3 * 7

ARRAYS = {
    **dict.fromkeys(("conv", "conv_transpose", "dense"), ("x", "w", "b")),
    "batch_norm": ("x", "gamma", "beta"),
}
Cases = Callable[[npt.DTypeLike], st.SearchStrategy[Case]]


@dataclass(frozen=True)
class Operation:
    """A forward with its backward, and the loops that say what is right."""

    name: str
    forward: Callable[..., tuple[Array, Any]]
    backward: Callable[..., Any]
    cases: Cases
    loop_forward: Callable[..., tuple[Array, Any]] | None = None
    loop_backward: Callable[..., Any] | None = None
    means: bool = False  # of whole numbers, which are float64
    selects: bool = False  # values of its input, in whatever dtype they have
    divides: bool = False  # gradients by numbers of pixels

    @property
    def subject(self) -> Subject:
        """Return the operation as the laws see it: held to the letter."""
        oracle = None
        if self.loop_forward is not None:
            oracle = Oracle(self.loop_forward, self.loop_backward)
        return Subject(
            self.name,
            self.cases,
            self.forward,
            self.backward,
            oracle,
            ARRAYS.get(self.name, ("x",)),
            inputs=("float64", "float32", "float16", "int64", "uint8", "int16", "bool"),
            multiple=DIVISIBLE if self.divides else 1,
        )

    def run(self, case: Case) -> tuple[Array, Any]:
        """Call forward."""
        return self.forward(*case.arrays, **case.settings)

    def gradients(self, dy: Array, cache: Any) -> list[Array]:
        """Return the gradients of all arrays, in a list whatever backward returns."""
        return listed(self.backward(dy, cache))

    def run_loops(self, case: Case) -> tuple[Array, Any]:
        """Call the loops' forward."""
        assert self.loop_forward is not None
        return self.loop_forward(*case.arrays, **case.settings)

    def loop_gradients(self, dy: Array, cache: Any) -> list[Array]:
        """Return the gradients that the loops find."""
        assert self.loop_backward is not None
        return listed(self.loop_backward(dy, cache))


def listed(found: Any) -> list[Array]:
    return list(found) if isinstance(found, tuple) else [found]


def upstream(operation: Operation, y: Array) -> st.SearchStrategy[Array]:
    """Draw whole gradients that every mean divides exactly; never all ones."""
    factor = DIVISIBLE if operation.divides else 1
    return whole_arrays(y.shape).map(lambda dy: (dy * factor).astype(y.dtype))


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


ties = st.sampled_from(["first", "split", "all"])

OPERATIONS = [
    Operation(
        "conv",
        fast.conv_forward,
        fast.conv_backward,
        convolutions,
        loops.conv_forward,
        loops.conv_backward,
    ),
    Operation(
        "conv_transpose",
        fast.conv_transpose_forward,
        fast.conv_transpose_backward,
        transposed_convolutions,
        loops.conv_transpose_forward,
        loops.conv_transpose_backward,
    ),
    Operation(
        "max_pool",
        fast.max_pool_forward,
        fast.max_pool_backward,
        partial(with_options, cases=poolings, ties=ties),
        loops.max_pool_forward,
        loops.max_pool_backward,
        selects=True,
        divides=True,
    ),
    Operation(
        "avg_pool",
        fast.avg_pool_forward,
        fast.avg_pool_backward,
        partial(with_options, cases=poolings, count_include_pad=st.booleans()),
        loops.avg_pool_forward,
        loops.avg_pool_backward,
        means=True,
        divides=True,
    ),
    Operation(
        "lp_pool",
        fast.lp_pool_forward,
        fast.lp_pool_backward,
        # Of magnitudes, sums are exact; roots are compared in test_lp_pool.py.
        partial(with_options, cases=poolings, p=st.just(1)),
        loops.lp_pool_forward,
        loops.lp_pool_backward,
        means=True,
    ),
    Operation(
        "adaptive_max_pool",
        fast.adaptive_max_pool_forward,
        fast.adaptive_max_pool_backward,
        binnings,
        loops.adaptive_max_pool_forward,
        loops.adaptive_max_pool_backward,
        selects=True,
    ),
    Operation(
        "adaptive_avg_pool",
        fast.adaptive_avg_pool_forward,
        fast.adaptive_avg_pool_backward,
        binnings,
        loops.adaptive_avg_pool_forward,
        loops.adaptive_avg_pool_backward,
        means=True,
        divides=True,
    ),
    Operation(
        "global_max_pool",
        fast.global_max_pool_forward,
        fast.global_max_pool_backward,
        whole_images,
        loops.global_max_pool_forward,
        loops.global_max_pool_backward,
        selects=True,
    ),
    Operation(
        "global_avg_pool",
        fast.global_avg_pool_forward,
        fast.global_avg_pool_backward,
        whole_images,
        loops.global_avg_pool_forward,
        loops.global_avg_pool_backward,
        means=True,
        divides=True,
    ),
    Operation("dense", fast.dense_forward, fast.dense_backward, products),
    Operation("relu", fast.relu_forward, fast.relu_backward, batches, selects=True),
    Operation(
        "leaky_relu",
        fast.leaky_relu_forward,
        fast.leaky_relu_backward,
        partial(with_options, cases=batches, slope=st.sampled_from([0, 0.5, 2])),
        means=True,
    ),
    Operation(
        "sigmoid", fast.sigmoid_forward, fast.sigmoid_backward, batches, means=True
    ),
    Operation("tanh", fast.tanh_forward, fast.tanh_backward, batches, means=True),
    Operation(
        "softmax",
        fast.softmax_forward,
        fast.softmax_backward,
        score_batches,
        means=True,
    ),
    Operation(
        "log_softmax",
        fast.log_softmax_forward,
        fast.log_softmax_backward,
        score_batches,
        means=True,
    ),
    Operation(
        "batch_norm",
        fast.batch_norm_forward,
        fast.batch_norm_backward,
        normalizations,
        means=True,
    ),
    Operation(
        "flatten", fast.flatten_forward, fast.flatten_backward, batches, selects=True
    ),
]
WITH_LOOPS = [operation for operation in OPERATIONS if operation.loop_forward]
