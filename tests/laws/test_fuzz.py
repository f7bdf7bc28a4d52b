"""Whatever the arguments are: an answer, or a refusal that names one of them."""

import inspect
import re
from collections.abc import Callable
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import im2col_cnn
from im2col_cnn import loops

PUBLIC = {
    **{name: getattr(im2col_cnn, name) for name in im2col_cnn.__all__},
    **{f"loops.{name}": getattr(loops, name) for name in loops.__all__},
}
# Not functions of arrays: what threads are used is a setting of the process.
CALLS = {
    name: call for name, call in PUBLIC.items() if callable(call) and name != "threads"
}
BACKWARDS = [name for name in CALLS if name.endswith("_backward")]

numbers = st.sampled_from([0, 1, 2, 3, -1, 1.5, True, None, "1", 2**31, 10**30, np.nan])
words = st.sampled_from(["same", "valid", "first", "mean", "all", "", "full"])
sizes = st.lists(numbers, max_size=4) | st.lists(st.integers(0, 4), max_size=4)
shapes = st.lists(st.integers(0, 4), max_size=5).map(tuple)
dtypes = st.sampled_from(
    ["f2", "f4", "f8", ">f8", "i1", "u8", "?", "c16", "O", "U1", "S1", "M8[s]", "V2"]
)
arrays = st.builds(np.zeros, shapes, dtypes) | st.builds(np.ones, shapes)
oddities = st.sampled_from(
    [None, object(), {}, {1}, range(3), [[1], [2, 3]], lambda: 0, b"1", np.float16(2)]
)
anything = numbers | words | sizes | sizes.map(tuple) | arrays | oddities
sensible = st.builds(
    np.ones, st.tuples(*[st.integers(0, 3)] * 4), st.sampled_from(["f4", "i8", "?"])
)


@pytest.mark.parametrize("name", sorted(CALLS))
@given(data=st.data())
def test_every_call_returns_or_names_an_argument(
    name: str, data: st.DataObject
) -> None:
    call = CALLS[name]
    parameters = inspect.signature(call).parameters.values()
    arguments: list[Any] = []
    settings: dict[str, Any] = {}
    for parameter in parameters:
        values = (sensible | anything) if not arguments else (anything | sensible)
        if parameter.kind is parameter.KEYWORD_ONLY:
            if data.draw(st.booleans(), label=f"{parameter.name}?"):
                settings[parameter.name] = data.draw(values, label=parameter.name)
        else:
            arguments.append(data.draw(values, label=parameter.name))

    names = {parameter.name for parameter in parameters} | {"kernel"}
    assert_answers(lambda: call(*arguments, **settings), names)


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
            call()
    except (TypeError, ValueError) as error:
        refusal = str(error)
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
