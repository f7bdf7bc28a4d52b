"""List every operation with its backward and its oracle, for laws that hold for all.

An operation that joins this list is held to every law in ``test_promises.py``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import hypothesis.strategies as st
import numpy.typing as npt
from numpy.testing import assert_array_equal

import im2col_cnn as fast
from im2col_cnn import loops
from im2col_cnn._typing import Array
from im2col_cnn.testing.laws.subject import Oracle, Subject
from im2col_cnn.testing.strategies import (
    Case,
    convolutions,
    poolings,
    whole_arrays,
)
from tests.laws.cases import (
    batches,
    binnings,
    normalizations,
    products,
    score_batches,
    transposed_convolutions,
    whole_images,
    with_options,
)

__all__ = ["INPUTS", "OPERATIONS", "WITH_LOOPS", "Operation", "upstream"]


# What drawn windows and bins divide by: products of numbers up to 6.
DIVISIBLE = 2**3 * 3**3 * 5**3 * 7

ARRAYS = {
    **dict.fromkeys(("conv", "conv_transpose", "dense"), ("x", "w", "b")),
    "batch_norm": ("x", "gamma", "beta"),
}
INPUTS = ("float64", "float32", "float16", "int64", "uint8", "int16", "bool")
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
            inputs=INPUTS,
            multiple=DIVISIBLE if self.divides else 1,
        )

    def run(self, case: Case) -> tuple[Array, Any]:
        """Call forward."""
        return self.forward(*case.arrays, **case.settings)

    def gradients(self, dy: Array, cache: Any) -> list[Array]:
        """Return the gradients of all arrays, in a list whatever backward returns."""
        return listed(self.backward(dy, cache))


def listed(found: Any) -> list[Array]:
    return list(found) if isinstance(found, tuple) else [found]


def upstream(operation: Operation, y: Array) -> st.SearchStrategy[Array]:
    """Draw whole gradients that every mean divides exactly; never all ones."""
    factor = DIVISIBLE if operation.divides else 1
    return whole_arrays(y.shape).map(lambda dy: (dy * factor).astype(y.dtype))


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


def assert_same(found: list[Any], wanted: list[Any]) -> None:
    """Compare arrays number by number, shapes and dtypes included; None equals None."""
    for ours, theirs in zip(found, wanted, strict=True):
        if ours is None or theirs is None:
            assert ours is theirs
            continue
        assert ours.dtype == theirs.dtype
        assert_array_equal(ours, theirs, strict=True)
