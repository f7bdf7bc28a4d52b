"""Comparing: cases are what they say, and everybody finds the same."""

import importlib.util
import json
import subprocess
import sys

import numpy as np
import pytest

from im2col_cnn.compare.case import Case, cut
from im2col_cnn.compare.contestant import CannotError, arrays_of
from im2col_cnn.compare.contestants import CONTESTANTS
from im2col_cnn.compare.timed_layers import CASES, LAYERS, NETWORKS, POOLS
from im2col_cnn.compare.worker import is_equal
from im2col_cnn.nn import AvgPool, Conv, Dense, Flatten, MaxPool, ReLU

SMALL = Case("small", (2, 7, 6, 4), (Conv(5, (3, 2), stride=2, padding=1),))
KINDS = {
    "convolution": SMALL,
    "groups": Case("groups", (2, 7, 6, 4), (Conv(6, 3, groups=2),)),
    "maximum": Case("maximum", (2, 7, 7, 3), (MaxPool(3, stride=2),)),
    "average": Case("average", (2, 7, 7, 3), (AvgPool(3, stride=2),)),
    "network": Case(
        "network",
        (2, 8, 8, 3),
        (
            *(Conv(4, 3, padding="same"), ReLU(), MaxPool(2)),
            *(Conv(5, 2, padding="same"), ReLU(), Flatten(), Dense(3)),
        ),
        learns=True,
    ),
}


def equals_the_loops(name: str, case: Case) -> bool | str:
    """Tell whether a contestant is right, or why it does not take part."""
    try:
        return is_equal(CONTESTANTS[name](case, arrays_of(case, whole=True)), case)
    except CannotError as error:
        return str(error)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["loops", "columns", "fast", "product"])
def test_every_rung_finds_what_the_loops_find(name: str, kind: str) -> None:
    declines = (name, kind) == ("columns", "groups") or (
        name == "product" and kind != "convolution"
    )

    found = equals_the_loops(name, KINDS[kind])

    assert isinstance(found, str) if declines else found is True


@pytest.mark.frameworks
@pytest.mark.parametrize(
    "name", ["torch", "torch-channels-first", "torch-channels-last", "jax", "mygrad"]
)
def test_every_library_finds_what_the_loops_find(name: str) -> None:
    if importlib.util.find_spec(name.split("-", maxsplit=1)[0]) is None:
        pytest.skip(f"{name} is not installed")

    corners = {case: cut(CASES[case], 500) for case in CASES}
    found = {case: equals_the_loops(name, corner) for case, corner in corners.items()}

    declined = {case for case, answer in found.items() if isinstance(answer, str)}
    assert all(found.values()), found
    if name == "jax":  # it declines transposed convolutions, and says so
        declined -= {"transposed_2x2", "transposed_4x4"}
    if name != "mygrad":
        assert not declined


@pytest.mark.parametrize("whole", [True, False])
def test_parameters_are_a_plain_dict(*, whole: bool) -> None:
    arrays = arrays_of(KINDS["network"], whole=whole)

    assert type(arrays.parameters) is dict  # JAX takes any other for one number


def test_what_is_not_equal_is_noticed() -> None:
    arrays = arrays_of(SMALL, whole=True)
    other = arrays._replace(x=arrays.x + 1)

    assert not is_equal(CONTESTANTS["fast"](SMALL, other), SMALL)


def test_a_step_of_training_moves_the_parameters_of_nobody_else() -> None:
    case = KINDS["network"]
    arrays = arrays_of(case, whole=False)
    before = {name: array.copy() for name, array in arrays.parameters.items()}
    runner = CONTESTANTS["fast"](case, arrays)
    scores = runner.results().y

    runner.step()

    assert not np.array_equal(runner.results().y, scores)
    for name, array in before.items():
        assert np.array_equal(arrays.parameters[name], array)


@pytest.mark.parametrize("name", CASES)
def test_a_case_is_read_as_it_was_written(name: str) -> None:
    case = CASES[name]
    written = json.loads(json.dumps(case.written()))

    again = Case.read(written)

    assert (again.input, again.operations) == (case.input, case.operations)
    assert str(again) == str(case)


@pytest.mark.parametrize("name", CASES)
def test_a_corner_is_smaller_and_ends_alike(name: str) -> None:
    case = CASES[name]

    corner = cut(case, 3000)

    assert corner.images == 1
    assert corner.operations <= case.operations
    ends = [stage.divides for stage in case.stages()]
    assert [stage.divides for stage in corner.stages()] == ends


def test_operations_are_counted() -> None:
    conv, pool = KINDS["groups"], KINDS["maximum"]

    assert conv.operations == 2 * (2 * 5 * 4 * 6) * (3 * 3 * 2)
    assert pool.operations == (2 * 3 * 3 * 3) * (3 * 3)


def test_the_catalogue_has_what_is_known() -> None:
    assert (len(LAYERS), len(POOLS), len(NETWORKS)) == (12, 8, 3)
    assert "depthwise" in CASES
    assert all(case.operations > 0 for case in CASES.values())


def test_a_worker_that_is_asked_nothing_ends_in_silence() -> None:
    module = "im2col_cnn.compare.worker"
    done = subprocess.run(
        [sys.executable, "-m", module],
        input="",
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
