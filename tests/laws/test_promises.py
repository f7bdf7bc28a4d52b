"""Hold every operation to every promise: one law each, not a copy per operation.

Most of them are the laws of `im2col_cnn.testing.laws`, which judge strangers too.
"""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from im2col_cnn.testing.gradcheck import check_gradient
from im2col_cnn.testing.laws.subject import Subject
from im2col_cnn.testing.laws.table import Law, laws_for
from im2col_cnn.testing.strategies import Case
from im2col_cnn.tiling.workspace import workspace
from tests.laws.operations import OPERATIONS, Operation, assert_same, upstream
from tests.laws.subjects import SUBJECTS
from tests.profile import at_most, in_turn

WHOLES = [np.bool_, np.uint8, np.int16, np.int64]

every_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.name)
every_law = pytest.mark.parametrize(
    ("law", "subject"),
    [
        pytest.param(law, subject, id=f"{name}-{law.demand.__name__}")
        for name, subject in SUBJECTS.items()
        for law in laws_for(subject)
    ],
)


@in_turn(3)
@every_law
@at_most(50)
@given(data=st.data())
def test_every_law_holds_in_tiles_of_any_size(
    law: Law, subject: Subject, data: st.DataObject
) -> None:
    # One window to a tile; a few, so that tiles end in mid-line; as many as usual.
    with workspace(data.draw(st.sampled_from([2**26, 2000, 1]), label="workspace")):
        law(subject, data.draw)


@every_operation
@at_most(50)
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


@in_turn(2)
@every_operation
@pytest.mark.parametrize("dtype", WHOLES)
@at_most(50)
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
@at_most(50)
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
@at_most(50)
@given(data=st.data())
def test_a_cache_is_short_at_the_prompt(
    operation: Operation, data: st.DataObject
) -> None:
    _, cache = operation.run(data.draw(operation.cases(np.float64), label="case"))

    assert len(repr(cache)) < 100


@every_operation
@at_most(50)
@given(data=st.data())
def test_a_cache_of_another_operation_is_refused(
    operation: Operation, data: st.DataObject
) -> None:
    case = data.draw(operation.cases(np.float64), label="case")
    y, _ = operation.run(case)

    with pytest.raises(TypeError, match="_forward returned, got str"):
        operation.backward(y, "not a cache")


@every_operation
@at_most(50)
@given(data=st.data())
def test_an_upstream_gradient_of_another_shape_is_refused(
    operation: Operation, data: st.DataObject
) -> None:
    case = data.draw(operation.cases(np.float64), label="case")
    y, cache = operation.run(case)

    with pytest.raises(ValueError, match="dy must have the shape of y"):
        operation.backward(np.zeros((*y.shape, 1)), cache)
