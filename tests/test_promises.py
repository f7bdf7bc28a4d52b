"""Hold every operation to every promise: one law each, not a copy per operation."""

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from numpy.testing import assert_array_equal

from im2col_cnn._typing import Array
from im2col_cnn.testing.gradcheck import check_gradient
from im2col_cnn.testing.strategies import Case, whole_arrays
from tests.operations import OPERATIONS, WITH_LOOPS, Operation, upstream

FLOATS = [np.float16, np.float32, np.float64]
WHOLES = [np.bool_, np.uint8, np.int16, np.int64]

every_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.name)
with_loops = pytest.mark.parametrize("operation", WITH_LOOPS, ids=lambda o: o.name)


def assert_same(found: list[Any], wanted: list[Any]) -> None:
    """Compare arrays number by number, shapes and dtypes included; None equals None."""
    for ours, theirs in zip(found, wanted, strict=True):
        if ours is None or theirs is None:
            assert ours is theirs
            continue
        assert ours.dtype == theirs.dtype
        assert_array_equal(ours, theirs, strict=True)


@with_loops
@given(data=st.data())
def test_forward_equals_the_loops(operation: Operation, data: st.DataObject) -> None:
    dtype = data.draw(st.sampled_from([*FLOATS, *WHOLES]), label="dtype")
    case = data.draw(operation.cases(dtype), label="case")

    y, _ = operation.run(case)

    assert_same([y], [operation.run_loops(case)[0]])


@with_loops
@given(data=st.data())
def test_backward_equals_the_loops(operation: Operation, data: st.DataObject) -> None:
    # Gradients that every mean divides are too large for sums in float32.
    dtypes = [np.float64, np.int64] + ([] if operation.divides else [np.float32])
    dtype = data.draw(st.sampled_from(dtypes), label="dtype")
    case = data.draw(operation.cases(dtype), label="case")
    y, cache = operation.run(case)
    dy = data.draw(upstream(operation, y), label="dy")

    gradients = operation.gradients(dy, cache)

    assert_same(gradients, operation.loop_gradients(dy, operation.run_loops(case)[1]))


@with_loops
@given(data=st.data())
def test_nan_and_infinity_go_where_the_loops_send_them(
    operation: Operation, data: st.DataObject
) -> None:
    case = data.draw(operation.cases(np.float64), label="case")
    x, *others = case.arrays
    case = Case((data.draw(spoilt(x), label="spoilt x"), *others), case.settings)
    with np.errstate(invalid="ignore"):
        y, cache = operation.run(case)
        dy = data.draw(upstream(operation, y).flatmap(spoilt), label="dy")
        y_loops, cache_loops = operation.run_loops(case)

        assert_same([y], [y_loops])
        assert_same(
            operation.gradients(dy, cache), operation.loop_gradients(dy, cache_loops)
        )


@every_operation
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_gradients_are_slopes(
    operation: Operation, data: st.DataObject, seed: int
) -> None:
    case = data.draw(operation.cases(np.float64), label="case")
    if case.settings.get("ties") == "all":
        case = Case(case.arrays, {**case.settings, "ties": "first"})
    rng = np.random.default_rng(seed)
    arrays = [rng.normal(size=array.shape) for array in case.arrays]

    check_gradient(
        lambda *arrays: operation.run(Case(arrays, case.settings)),
        operation.backward,
        *arrays,
        trials=1,
        seed=seed,
    )


@every_operation
@given(data=st.data())
def test_gradients_have_the_shapes_of_the_arrays(
    operation: Operation, data: st.DataObject
) -> None:
    case = data.draw(operation.cases(np.float64), label="case")
    y, cache = operation.run(case)

    gradients = operation.gradients(np.ones_like(y), cache)

    assert [g.shape for g in gradients] == [a.shape for a in case.arrays]


@every_operation
@pytest.mark.parametrize("dtype", FLOATS)
@given(data=st.data())
def test_a_float_dtype_is_kept(
    operation: Operation, dtype: type, data: st.DataObject
) -> None:
    case = data.draw(operation.cases(dtype), label="case")

    y, cache = operation.run(case)
    gradients = operation.gradients(np.ones_like(y), cache)

    assert {y.dtype, *(gradient.dtype for gradient in gradients)} == {np.dtype(dtype)}


@every_operation
@pytest.mark.parametrize("dtype", WHOLES)
@given(data=st.data())
def test_whole_numbers_stay_whole_or_become_exact_means(
    operation: Operation, dtype: type, data: st.DataObject
) -> None:
    case = data.draw(operation.cases(dtype), label="case")

    y, _ = operation.run(case)

    if operation.selects:
        assert y.dtype == dtype
    else:
        assert y.dtype == (np.float64 if operation.means else np.int64)


@every_operation
@given(data=st.data())
def test_memory_layout_does_not_matter(
    operation: Operation, data: st.DataObject
) -> None:
    case = data.draw(operation.cases(np.float64), label="case")
    layouts = st.sampled_from([fortran, backwards, sliced, swapped])
    laid_out = [data.draw(layouts, label="layout")(array) for array in case.arrays]
    y, cache = operation.run(case)
    dy = data.draw(upstream(operation, y), label="dy")

    other_y, other_cache = operation.forward(*laid_out, **case.settings)
    other_dy = data.draw(layouts, label="layout of dy")(dy)

    assert_same([other_y], [y])
    assert_same(
        operation.gradients(other_dy, other_cache), operation.gradients(dy, cache)
    )


@every_operation
@given(data=st.data())
def test_backward_can_be_called_again(
    operation: Operation, data: st.DataObject
) -> None:
    case = data.draw(operation.cases(np.float64), label="case")
    y, cache = operation.run(case)
    dy = data.draw(upstream(operation, y), label="dy")
    once = operation.gradients(dy, cache)

    assert_same(operation.gradients(dy, cache), once)


@every_operation
@given(data=st.data())
def test_results_own_their_memory_or_view_without_writing(
    operation: Operation, data: st.DataObject
) -> None:
    case = data.draw(operation.cases(np.float64), label="case")
    y, cache = operation.run(case)
    dy = data.draw(upstream(operation, y), label="dy")
    once = operation.gradients(dy, cache)

    for gradient in once:
        if gradient.flags.writeable and not np.shares_memory(gradient, dy):
            gradient[...] = 77

    assert_same([operation.run(case)[0]], [y])


@every_operation
@given(data=st.data())
def test_a_batch_is_the_concatenation_of_its_images(
    operation: Operation, data: st.DataObject
) -> None:
    case = data.draw(operation.cases(np.float64), label="case")
    x, *others = case.arrays
    y, cache = operation.run(case)
    dy = data.draw(upstream(operation, y), label="dy")
    dx, *_ = operation.gradients(dy, cache)

    for n in range(len(x)):
        image = Case((x[n : n + 1], *others), case.settings)
        y_image, cache_image = operation.run(image)
        dx_image, *_ = operation.gradients(dy[n : n + 1], cache_image)

        assert_same([y_image, dx_image], [y[n : n + 1], dx[n : n + 1]])


@every_operation
@given(data=st.data())
def test_a_cache_of_another_operation_is_refused(
    operation: Operation, data: st.DataObject
) -> None:
    case = data.draw(operation.cases(np.float64), label="case")
    y, _ = operation.run(case)

    with pytest.raises(TypeError, match="_forward returned, got str"):
        operation.backward(y, "not a cache")


@every_operation
@given(data=st.data())
def test_an_upstream_gradient_of_another_shape_is_refused(
    operation: Operation, data: st.DataObject
) -> None:
    case = data.draw(operation.cases(np.float64), label="case")
    y, cache = operation.run(case)

    with pytest.raises(ValueError, match="dy must have the shape of y"):
        operation.backward(np.zeros((*y.shape, 1)), cache)


# Arrays that hold the same numbers in another way ----------------------------------


def fortran(array: Array) -> Array:
    return np.asfortranarray(array)


def backwards(array: Array) -> Array:
    """Store an array from its last number to its first, and view it the right way."""
    return np.flip(np.flip(array).copy())


def sliced(array: Array) -> Array:
    """View every other entry of a larger array."""
    larger = np.full([2 * n for n in array.shape], np.nan)
    view = larger[tuple(slice(None, None, 2) for _ in array.shape)]
    view[...] = array
    return view


def swapped(array: Array) -> Array:
    """Store numbers with their bytes in the other order, as some files do."""
    return array.astype(array.dtype.newbyteorder())


@st.composite
def spoilt(draw: st.DrawFn, array: Array) -> Array:
    """Replace some numbers by NaN and infinities."""
    picks = draw(whole_arrays(array.shape, np.int64, low=-20, high=20))
    values = np.array([np.nan, np.inf, -np.inf])
    spoilt = np.where(np.abs(picks) < 3, values[picks % 3], array)
    spoilt.flags.writeable = False
    return spoilt
