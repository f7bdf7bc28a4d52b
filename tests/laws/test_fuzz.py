"""Whatever the arguments are: an answer, or a refusal that names one of them."""

import inspect
import re
from collections.abc import Callable
from contextvars import copy_context
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

import im2col_cnn
from im2col_cnn import loops, nn, pictures, step_by_step
from tests.profile import at_most, in_turn

PUBLIC = {
    f"{module.__name__}.{name}".removeprefix("im2col_cnn."): getattr(module, name)
    for module in (im2col_cnn, loops, nn, pictures, step_by_step)
    for name in module.__all__
}
NOT_CALLED = {
    *("nn.Layer", "nn.MergeLayer", "nn.Network", "nn.Optimizer"),  # abstract
    *("nn.Evaluation", "nn.History", "nn.Progress", "nn.Summary", "nn.SummaryRow"),
    "nn.WorkerError",
    *("nn.ProgressLine", "recycling", "threads"),  # of terminal and process
}
CALLS = {
    name: call
    for name, call in PUBLIC.items()
    if callable(call) and name not in NOT_CALLED
}
BACKWARDS = [
    name
    for name in CALLS
    if name.endswith("_backward") and not name.startswith("step_by_step")
]

numbers = st.sampled_from([0, 1, 2, 3, -1, 1.5, True, None, "1", 2**31, 10**30, np.nan])
words = st.sampled_from(["same", "valid", "first", "mean", "all", "", "full"])
sizes = st.lists(numbers, max_size=4) | st.lists(st.integers(0, 4), max_size=4)
shapes = st.lists(st.integers(0, 4), max_size=5).map(tuple)
dtypes = st.sampled_from(
    ["f2", "f4", "f8", ">f8", "i1", "u8", "?", "c16", "O", "U1", "S1", "M8[s]", "V2"]
)
arrays = st.builds(np.zeros, shapes, dtypes) | st.builds(np.ones, shapes)
holds_itself: list[Any] = []
holds_itself.append(holds_itself)
oddities = (
    st.sampled_from([None, object(), {}, {1}, range(3), lambda: 0, b"1", slice(2), 1j])
    | st.sampled_from([[[1], [2, 3]], holds_itself, "a\0b", {"f": 2, "stride": 2}])
    | st.sampled_from([np.float16(2), -np.inf, np.int8, np.array(3), np.eye(2) * 1j])
    | st.sampled_from(
        [np.ma.masked_array([1, 2], [False, True]), np.random.default_rng(0)]
    )
    | st.builds(iter, st.just([1]))
)
anything = numbers | words | sizes | sizes.map(tuple) | arrays | oddities
sensible = st.builds(
    np.ones, st.tuples(*[st.integers(0, 3)] * 4), st.sampled_from(["f4", "i8", "?"])
)


OPERATIONS = sorted(name for name in CALLS if not name.startswith(("nn.", "step_")))
OTHERS = sorted(CALLS.keys() - set(OPERATIONS))


@in_turn(2)
@pytest.mark.parametrize("name", OPERATIONS)
@at_most(50)
@given(data=st.data())
def test_every_operation_returns_or_names_an_argument(
    name: str, data: st.DataObject
) -> None:
    assert_answers(*a_call(name, data))


@given(name=st.sampled_from(OTHERS), data=st.data())
@settings(max_examples=10 * settings().max_examples)
def test_every_layer_and_function_returns_or_names_an_argument(
    name: str, data: st.DataObject
) -> None:
    assert_answers(*a_call(name, data))


def a_call(name: str, data: st.DataObject) -> tuple[Callable[[], object], set[str]]:
    """Draw the arguments of a call, and say which names its refusal may use."""
    call = CALLS[name]
    parameters = inspect.signature(call).parameters.values()
    arguments: list[Any] = []
    by_name: dict[str, Any] = {}
    for parameter in parameters:
        values = (sensible | anything) if not arguments else (anything | sensible)
        if parameter.kind is parameter.KEYWORD_ONLY:
            needed = parameter.default is parameter.empty
            if needed or data.draw(st.booleans(), label=f"{parameter.name}?"):
                by_name[parameter.name] = data.draw(values, label=parameter.name)
        else:
            arguments.append(data.draw(values, label=parameter.name))
    names = {parameter.name for parameter in parameters} | {
        "kernel",
        "kernel_size",
        "spatial",
    }
    if "cache" in names:
        names.add("hyperparameters")  # are part of the notebook's cache
    return lambda: call(*arguments, **by_name), names


def test_settings_without_a_size_are_refused_by_their_name() -> None:
    nothings: list[Any] = [(), [], np.zeros((0, 2)), iter([2])]
    for layer in (nn.MaxPool, nn.AvgPool, nn.LpPool):
        for nothing in nothings:
            assert_answers(lambda: layer(nothing), {"kernel_size"})  # noqa: B023


def test_a_number_in_an_array_is_no_list_of_layers() -> None:
    with pytest.raises(TypeError, match=r"layers must be a list, got array\(3\)"):
        nn.Sequential(np.array(3))


@pytest.mark.parametrize("name", sorted(BACKWARDS))
@given(dy=anything)
def test_every_backward_takes_any_gradient_or_names_it(name: str, dy: Any) -> None:
    forward = name.replace("_backward", "_forward")
    operation = name.removeprefix("loops.").removesuffix("_backward")
    _, cache = CALLS[forward](*ARGUMENTS[operation], **SETTINGS.get(operation, {}))

    assert_answers(lambda: CALLS[name](dy, cache), {"dy"})


def assert_answers(call: Callable[[], object], names: set[str]) -> None:
    """Call, and fail on anything but an answer or a refusal with a name in it."""
    refusal = ""
    try:
        with np.errstate(all="ignore"):
            copy_context().run(call)  # some set what holds from there on
    except (TypeError, ValueError) as error:
        refusal = str(error)
    except OSError:
        return  # no such file
    assert not refusal or names & set(re.findall(r"\w+", refusal)), refusal


images = np.ones((1, 2, 2, 2))
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "adaptive_avg_pool": (images, 1),
    "adaptive_max_pool": (images, 1),
    "avg_pool": (images, 2),
    "batch_norm": (images, np.ones(2), np.ones(2)),
    "conv": (images, np.ones((2, 2, 2, 1))),
    "conv_transpose": (images, np.ones((2, 2, 1, 2))),
    "dense": (np.ones((1, 2)), np.ones((2, 1))),
    "dropout": (images, 0.5),
    "flatten": (images,),
    "global_avg_pool": (images,),
    "global_max_pool": (images,),
    "leaky_relu": (images,),
    "log_softmax": (images,),
    "lp_pool": (images, 2),
    "max_pool": (images, 2),
    "relu": (images,),
    "sigmoid": (images,),
    "softmax": (images,),
    "tanh": (images,),
}
SETTINGS = {"dropout": {"rng": np.random.default_rng(0)}}
